// Keeps the beginning of a request's and its reply's body for those who asked for it. Off unless switched on.

import { keptHeaders } from './kept-headers.ts';

/** What is kept of one exchange's bodies: text, redacted, cut. */
export interface KeptBodies {
  /** The row's id. */
  id: string;
  atMs: number;
  request: string;
  /** What the provider got; null = the same as the client sent, or nothing was sent. */
  upstreamRequest: string | null;
  /** JSON of the client's headers by name, without secrets. */
  requestHeaders: string | null;
  reply: string;
  /** More was sent or answered than is kept. */
  isCut: boolean;
}

/** Where kept bodies go. */
export interface BodyStore {
  /** Queues; never waits and never throws. A full queue drops and counts. */
  append(bodies: KeptBodies): void;
}

export type BodyTexts = Omit<KeptBodies, 'id' | 'atMs'>;

/** Owns the bytes of one exchange until it is settled; at most `maxBytes` of each side. */
export class BodyCopy {
  readonly #maxBytes: number;
  #request: Uint8Array = new Uint8Array();
  /** As it came, to tell whether something else was sent; until the reply begins. */
  #asked: Uint8Array | null = null;
  #upstream: Uint8Array | null = null;
  #headers: (readonly [string, string])[] = [];
  readonly #reply: Uint8Array[] = [];
  #replyBytes = 0;
  #isCut = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  sawRequest(bytes: Uint8Array): void {
    this.#isCut ||= bytes.length > this.#maxBytes;
    this.#request = bytes.slice(0, this.#maxBytes);
    this.#asked = bytes;
  }

  /** What goes to an account; the last attempt counts. */
  sawUpstream(bytes: Uint8Array): void {
    this.#upstream = bytes === this.#asked ? null : bytes.slice(0, this.#maxBytes);
    this.#isCut ||= bytes.length > this.#maxBytes;
  }

  sawHeaders(headers: Headers): void {
    this.#headers = [...headers];
  }

  sawReply(bytes: Uint8Array): void {
    this.#asked = null;
    const room = this.#maxBytes - this.#replyBytes;
    this.#isCut ||= bytes.length > room;
    if (room <= 0) return;
    const piece = bytes.slice(0, room);
    this.#reply.push(piece);
    this.#replyBytes += piece.length;
  }

  /** The texts so far, each as `clean` leaves it; bytes that are no UTF-8 are replaced. */
  texts(clean: (text: string) => string): BodyTexts {
    const decoder = new TextDecoder();
    const reply =
      this.#reply.map((piece) => decoder.decode(piece, { stream: true })).join('') + decoder.decode();
    return {
      request: clean(new TextDecoder().decode(this.#request)),
      upstreamRequest: this.#upstream && clean(new TextDecoder().decode(this.#upstream)),
      requestHeaders: keptHeaders(this.#headers, clean),
      reply: clean(reply),
      isCut: this.#isCut,
    };
  }
}
