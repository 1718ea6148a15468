// Keeps the beginning of a request's and its reply's body for those who asked for it. Off unless switched on.

/** What is kept of one exchange's bodies: text, redacted, cut. */
export interface KeptBodies {
  /** The row's id. */
  id: string;
  atMs: number;
  request: string;
  reply: string;
  /** More was sent or answered than is kept. */
  isCut: boolean;
}

/** Where kept bodies go. */
export interface BodyStore {
  /** Queues; never waits and never throws. A full queue drops and counts. */
  append(bodies: KeptBodies): void;
}

/** Owns the bytes of one exchange until it is settled; at most `maxBytes` of each side. */
export class BodyCopy {
  readonly #maxBytes: number;
  #request: Uint8Array = new Uint8Array();
  readonly #reply: Uint8Array[] = [];
  #replyBytes = 0;
  #isCut = false;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  sawRequest(bytes: Uint8Array): void {
    this.#isCut ||= bytes.length > this.#maxBytes;
    this.#request = bytes.slice(0, this.#maxBytes);
  }

  sawReply(bytes: Uint8Array): void {
    const room = this.#maxBytes - this.#replyBytes;
    this.#isCut ||= bytes.length > room;
    if (room <= 0) return;
    const piece = bytes.slice(0, room);
    this.#reply.push(piece);
    this.#replyBytes += piece.length;
  }

  /** The texts so far; bytes that are no UTF-8 are replaced. */
  texts(): { request: string; reply: string; isCut: boolean } {
    const decoder = new TextDecoder();
    const reply =
      this.#reply.map((piece) => decoder.decode(piece, { stream: true })).join('') + decoder.decode();
    return { request: new TextDecoder().decode(this.#request), reply, isCut: this.#isCut };
  }
}
