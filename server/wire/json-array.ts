// Splits the bytes of one growing JSON array into its elements, whatever the chunking. Pure; knows nothing of what they mean.

import { joinPieces } from './bytes.ts';
import type { ServerSentEvent } from './sse.ts';

/** Longest element kept, in bytes: the same bound as for a server-sent event. */
const MAX_ELEMENT_BYTES = 32 * 1024 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/**
 * Incremental reader of a streamed JSON array, with the shape of `SseReader`: each complete element becomes one event
 * without a name. A text that is no array but a single object counts as its only element (an error may come so). An
 * element longer than 32 MB is skipped whole. It does not check the elements: who parses them sees whether they are JSON.
 */
export class JsonArrayReader {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  /** Bytes of the current element that came in earlier chunks; joined only when its end arrives. */
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  #isTooLong = false;
  /** The outermost `[` has been seen. */
  #hasOpened = false;
  /** Brackets and braces open inside the current element; 0 between elements and inside a scalar. */
  #depth = 0;
  #isInElement = false;
  #isInText = false;
  #isEscaped = false;

  feed(chunk: Uint8Array): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    let start = 0;
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] ?? 0;
      if (!this.#isInElement) {
        if (!this.#begins(byte)) continue;
        start = at;
      }
      const end = this.#step(byte);
      if (end === 'inside') continue;
      this.#finish(chunk.subarray(start, end === 'after' ? at + 1 : at), events);
    }
    if (this.#isInElement) this.#keep(chunk.slice(start));
    return events;
  }

  /** True while an element has begun and not ended: bytes written now would land inside it. */
  get isInsideEvent(): boolean {
    return this.#isInElement;
  }

  /** Does an element begin with this byte, met between elements? */
  #begins(byte: number): boolean {
    if (isSpace(byte) || byte === COMMA || byte === CLOSE_BRACKET) return false;
    if (byte === OPEN_BRACKET && !this.#hasOpened) {
      this.#hasOpened = true;
      return false;
    }
    this.#hasOpened = true;
    this.#isInElement = true;
    return true;
  }

  /** Takes one byte of an element: does the element go on, end `after` this byte, or had it ended `before` it? */
  #step(byte: number): 'inside' | 'after' | 'before' {
    if (this.#isInText) return this.#stepText(byte);
    if (byte === QUOTE) {
      this.#isInText = true;
      return 'inside';
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      this.#depth += 1;
      return 'inside';
    }
    if (this.#depth === 0)
      return byte === COMMA || byte === CLOSE_BRACKET || isSpace(byte) ? 'before' : 'inside';
    if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) this.#depth -= 1;
    return this.#depth === 0 ? 'after' : 'inside';
  }

  #stepText(byte: number): 'inside' | 'after' {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) {
      this.#isInText = false;
      if (this.#depth === 0) return 'after';
    }
    return 'inside';
  }

  #keep(piece: Uint8Array): void {
    if (this.#pieceBytes + piece.length > MAX_ELEMENT_BYTES) {
      this.#isTooLong = true;
      this.#pieces = [];
    }
    if (this.#isTooLong) return;
    this.#pieces.push(piece);
    this.#pieceBytes += piece.length;
  }

  #finish(end: Uint8Array, events: ServerSentEvent[]): void {
    this.#isInElement = false;
    if (!this.#isTooLong) events.push({ event: '', data: this.#text(end) });
    this.#pieces = [];
    this.#pieceBytes = 0;
    this.#isTooLong = false;
  }

  #text(end: Uint8Array): string {
    if (this.#pieces.length === 0) return this.#decoder.decode(end);
    const element = joinPieces([...this.#pieces, end], this.#pieceBytes + end.length);
    return this.#decoder.decode(element);
  }
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
