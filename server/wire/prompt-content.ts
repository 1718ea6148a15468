// Takes down the content of a prompt as hashed pieces, in the order in which it stands in its part.
//
// A block that is nothing but a text counts as its text, whether it stands alone or in an object. Any other block counts
// as its JSON without white space between tokens, without cache marks, and without the commas between its members.

import type { PromptPart } from './outline.ts';
import { ContentHash, type HashPair, STEP_BYTES } from './prompt-hash.ts';
import { isBillingNote, isMedia } from './prompt-shape.ts';
import { type Span, SpanStack } from './scan.ts';

/** A file counts as so many bytes of text: about 1,600 tokens, what an image of common size costs. */
const MEDIA_BYTES = 6_400;

export const PIECE = { head: 1, step: 2, end: 3 } as const;
const CONTENT = { text: 1, json: 2, member: 3 } as const;
const BACKSLASH = 0x5c;

/** A link of the prompt's chain: what comes before the blocks of a message, a step inside a block, or its end. */
export interface Piece extends HashPair {
  kind: (typeof PIECE)[keyof typeof PIECE];
  index: number;
  /** Bytes of its block up to here. */
  bytes: number;
  mark: '5m' | '1h' | null;
}

/** A value, or a member with its name, and which of the gaps and long texts lie in it. */
export interface Held extends Span {
  gapsFrom: number;
  gapsTo: number;
  longFrom: number;
  longTo: number;
}

export class PromptContent {
  readonly pieces: Readonly<Record<PromptPart, Piece[]>> = { tools: [], system: [], message: [] };
  /** White space and what is left out; with the long texts a stack, of which a block takes what lies above its beginning. */
  readonly gaps = new SpanStack();
  readonly longTexts = new SpanStack();
  readonly #bytes: Uint8Array;
  readonly #hash = new ContentHash();

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  hold(start: number): Held {
    const gaps = this.gaps.count;
    const long = this.longTexts.count;
    return { start, end: start, gapsFrom: gaps, gapsTo: gaps, longFrom: long, longTo: long };
  }

  /** Ends at the position what began with `hold`. */
  endHold(held: Held, end: number): Held {
    held.end = end;
    held.gapsTo = this.gaps.count;
    held.longTo = this.longTexts.count;
    return held;
  }

  /** Gives up the gaps and long texts since `hold`. */
  release({ gapsFrom, longFrom }: Held): void {
    this.gaps.count = gapsFrom;
    this.longTexts.count = longFrom;
  }

  addHead(index: number): Piece {
    const head: Piece = { kind: PIECE.head, index, high: 0, low: 0, bytes: 0, mark: null };
    this.pieces.message.push(head);
    return head;
  }

  /** A sum, so that the order of members does not matter. */
  addToHead(head: Piece, member: Held): void {
    addPair(head, this.digest(CONTENT.member, member));
  }

  addRole(head: Piece, role: string): void {
    const bytes = new TextEncoder().encode(`"role":"${role}"`);
    this.#hash.begin(CONTENT.member);
    this.#hash.add(bytes, 0, bytes.length);
    addPair(head, this.#hash.finish());
  }

  /** The end of the block, or null when the text is not shown to the model. `span` has the quotes. */
  addText(part: PromptPart, index: number, span: Span): Piece | null {
    const isNoted = part === 'system' && isBillingNote(this.#bytes, span.start);
    const start = isNoted ? lineEnd(this.#bytes, span) : span.start + 1;
    if (start === null) return null;
    this.#hash.begin(CONTENT.text);
    this.#hash.add(this.#bytes, start, span.end - 1);
    this.#hash.finish();
    this.#addSteps(part, index);
    return this.#addEnd(part, index, this.#hash.bytes);
  }

  /** The end of the block. */
  addJson(part: PromptPart, index: number, held: Held): Piece {
    const { bytes } = this.digest(CONTENT.json, held);
    let mediaCount = 0;
    let mediaBytes = 0;
    for (let at = held.longFrom; at < held.longTo; at += 1) {
      const start = this.longTexts.startOf(at);
      const end = this.longTexts.endOf(at);
      if (!isMedia(this.#bytes, start, end)) continue;
      mediaCount += 1;
      mediaBytes += end - start - 2;
    }
    if (mediaCount === 0) this.#addSteps(part, index);
    return this.#addEnd(part, index, bytes - mediaBytes + mediaCount * MEDIA_BYTES);
  }

  /** Holds until the next one. */
  digest(kind: number, { start, end, gapsFrom, gapsTo }: Held): ContentHash {
    this.#hash.begin(kind);
    let from = start;
    for (let at = gapsFrom; at < gapsTo; at += 1) {
      this.#hash.add(this.#bytes, from, this.gaps.startOf(at));
      from = this.gaps.endOf(at);
    }
    this.#hash.add(this.#bytes, from, end);
    return this.#hash.finish();
  }

  #addSteps(part: PromptPart, index: number): void {
    let bytes = 0;
    for (const { high, low } of this.#hash.steps) {
      bytes += STEP_BYTES;
      this.pieces[part].push({ kind: PIECE.step, index, high, low, bytes, mark: null });
    }
  }

  #addEnd(part: PromptPart, index: number, bytes: number): Piece {
    const { high, low } = this.#hash;
    const end: Piece = { kind: PIECE.end, index, high, low, bytes, mark: null };
    this.pieces[part].push(end);
    return end;
  }
}

export function addPair(sum: HashPair, { high, low }: HashPair): void {
  sum.high = (sum.high + high) | 0;
  sum.low = (sum.low + low) | 0;
}

/** After the first line of a quoted text; null when it has one line only. */
function lineEnd(bytes: Uint8Array, { start, end }: Span): number | null {
  for (let at = start + 1; at < end - 1; at += 1) {
    if (bytes[at] !== BACKSLASH) continue;
    if (bytes[at + 1] === 0x6e) return at + 2 < end - 1 ? at + 2 : null;
    at += 1;
  }
  return null;
}
