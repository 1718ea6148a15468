// A reply's body whose pieces are handed in as they fall due.

import { type UpstreamBody, UpstreamFault } from '../../../server/gateway/upstream.ts';
import { readAll } from '../../../server/upstream/pieces.ts';

type Piece = Uint8Array<ArrayBuffer> | null;

export class MockBody implements UpstreamBody {
  readonly #pieces: Piece[] = [];
  readonly #onCancel: () => void;
  #waiting: { resolve(piece: Piece): void; reject(error: UpstreamFault): void } | null = null;
  #isCancelled = false;

  constructor(onCancel: () => void = () => undefined) {
    this.#onCancel = onCancel;
  }

  /** Null ends the body. */
  push(piece: Piece): void {
    if (this.#waiting) this.#waiting.resolve(piece);
    else this.#pieces.push(piece);
    this.#waiting = null;
  }

  async read(): Promise<Piece> {
    if (this.#isCancelled) throw aborted();
    const next = this.#pieces.shift();
    if (next !== undefined) return next;
    return await new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  bytes(maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
    return readAll(this, maxBytes);
  }

  cancel(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    this.#waiting?.reject(aborted());
    this.#waiting = null;
    this.#onCancel();
  }
}

function aborted(): UpstreamFault {
  return new UpstreamFault('aborted', 'the reader has gone', { isSent: true });
}
