// Splits a byte stream into server-sent events, whatever the chunking. Pure; follows the WHATWG event stream rules.

import { joinPieces } from './bytes.ts';

/** One event as far as a gateway needs it. Several data lines are joined by "\n". */
export interface ServerSentEvent {
  /** Value of the `event:` line, or '' when there was none. */
  event: string;
  data: string;
}

/** Longest unfinished event kept, in bytes. One base64 image in a `data:` line can be several MB. */
const MAX_EVENT_BYTES = 32 * 1024 * 1024;

const LF = 0x0a;
const CR = 0x0d;

/**
 * Incremental reader. Feed it the chunks in order; each call returns the events that have become complete. Invalid
 * UTF-8 is replaced, never thrown. An event longer than 32 MB is skipped whole.
 */
export class SseReader {
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  /** Bytes of the current line that came in earlier chunks; joined only when its end arrives. */
  #pieces: Uint8Array[] = [];
  #pieceBytes = 0;
  /** The previous chunk ended in CR: an LF at the start of the next one belongs to it. */
  #hasPendingCr = false;
  #isFirstLine = true;
  #event = '';
  #data: string[] = [];
  #eventBytes = 0;
  #isTooLong = false;

  feed(chunk: Uint8Array): ServerSentEvent[] {
    const events: ServerSentEvent[] = [];
    let start = 0;
    if (this.#hasPendingCr && chunk.length > 0) {
      if (chunk[0] === LF) start = 1;
      this.#hasPendingCr = false;
    }
    for (let at = start; at < chunk.length; at += 1) {
      const byte = chunk[at];
      if (byte !== LF && byte !== CR) continue;
      this.#line(chunk.subarray(start, at), events);
      if (byte === CR) {
        if (at + 1 === chunk.length) this.#hasPendingCr = true;
        else if (chunk[at + 1] === LF) at += 1;
      }
      start = at + 1;
    }
    if (start < chunk.length) this.#keep(chunk.slice(start));
    return events;
  }

  /** True while an event has begun and not ended: a comment or event written now would land inside it. */
  get isInsideEvent(): boolean {
    return this.#pieceBytes > 0 || this.#data.length > 0 || this.#event !== '';
  }

  #keep(piece: Uint8Array): void {
    if (this.#pieceBytes + this.#eventBytes > MAX_EVENT_BYTES) {
      this.#isTooLong = true;
      this.#pieces = [];
      return;
    }
    this.#pieces.push(piece);
    this.#pieceBytes += piece.length;
  }

  #line(end: Uint8Array, events: ServerSentEvent[]): void {
    let text = this.#text(end);
    if (this.#isFirstLine) {
      this.#isFirstLine = false;
      if (text.startsWith('\uFEFF')) text = text.slice(1);
    }
    if (text !== '') this.#field(text);
    else this.#dispatch(events);
  }

  #text(end: Uint8Array): string {
    if (this.#pieces.length === 0) {
      this.#pieceBytes = 0;
      return this.#decoder.decode(end);
    }
    const line = joinPieces([...this.#pieces, end], this.#pieceBytes + end.length);
    this.#pieces = [];
    this.#pieceBytes = 0;
    return this.#decoder.decode(line);
  }

  #field(line: string): void {
    const colon = line.indexOf(':');
    const name = colon < 0 ? line : line.slice(0, colon);
    const raw = colon < 0 ? '' : line.slice(colon + 1);
    const value = raw.startsWith(' ') ? raw.slice(1) : raw;
    if (name === 'event') this.#event = value;
    else if (name === 'data') {
      this.#data.push(value);
      this.#eventBytes += value.length;
    }
  }

  #dispatch(events: ServerSentEvent[]): void {
    if (this.#data.length > 0 && !this.#isTooLong) {
      events.push({ event: this.#event, data: this.#data.join('\n') });
    }
    this.#event = '';
    this.#data = [];
    this.#eventBytes = 0;
    this.#isTooLong = false;
  }
}
