// Holds what has arrived of a reply's body until its one reader takes it, and slows the peer down when nobody reads.

import { type UpstreamBody, UpstreamFault } from '../gateway/upstream.ts';
import { joinPieces } from '../wire/bytes.ts';

/** What a body needs of the connection under it. */
export interface Flow {
  pause(): void;
  resume(): void;
  /** Lets go of the reply: closes the connection if the reply is not complete. */
  drop(): void;
}

/** Held for a reader that is behind; a single read of the socket may add up to 512 KB to it. */
const PAUSE_AT_BYTES = 256 * 1024;
const RESUME_AT_BYTES = 64 * 1024;

type Bytes = Uint8Array<ArrayBuffer>;

interface Waiting {
  resolve(bytes: Bytes | null): void;
  reject(error: Error): void;
}

export class ReplyBody implements UpstreamBody {
  readonly #flow: Flow;
  #pieces: Bytes[] = [];
  #heldBytes = 0;
  #isPaused = false;
  #hasEnded = false;
  #fault: UpstreamFault | null = null;
  #waiting: Waiting | null = null;
  /** Limit of a reader that wants everything; null = piece by piece. */
  #maxBytes: number | null = null;

  constructor(flow: Flow) {
    this.#flow = flow;
  }

  read(): Promise<Bytes | null> {
    if (this.#heldBytes > 0) return Promise.resolve(this.#take());
    if (this.#fault) return Promise.reject(this.#fault);
    return this.#hasEnded ? Promise.resolve(null) : this.#wait();
  }

  bytes(maxBytes: number): Promise<Bytes> {
    this.#maxBytes = maxBytes;
    this.#checkSize();
    if (this.#fault) return Promise.reject(this.#fault);
    if (this.#hasEnded) return Promise.resolve(this.#take());
    this.#resume();
    return this.#wait().then(() => this.#take());
  }

  cancel(): void {
    this.#fail(new UpstreamFault('aborted', 'the reader has gone', { isSent: true }));
    this.#pieces = [];
    this.#heldBytes = 0;
    this.#flow.drop();
  }

  push(piece: Bytes): void {
    this.#pieces.push(piece);
    this.#heldBytes += piece.length;
    if (this.#maxBytes !== null) this.#checkSize();
    else if (this.#waiting) this.#settle(this.#take());
    else if (this.#heldBytes > PAUSE_AT_BYTES && !this.#isPaused) {
      this.#isPaused = true;
      this.#flow.pause();
    }
  }

  end(): void {
    if (this.#fault) return;
    this.#hasEnded = true;
    this.#settle(null);
  }

  /** What had arrived before can still be read piece by piece. */
  breakOff(fault: UpstreamFault): void {
    if (!this.#hasEnded) this.#fail(fault);
  }

  #fail(fault: UpstreamFault): void {
    if (this.#fault) return;
    this.#fault = fault;
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.reject(fault);
  }

  #wait(): Promise<Bytes | null> {
    if (this.#waiting) return Promise.reject(new Error('Cannot read the reply: another read is under way'));
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }

  #settle(bytes: Bytes | null): void {
    const waiting = this.#waiting;
    this.#waiting = null;
    waiting?.resolve(bytes);
  }

  /** All that is held, as one piece: a reader that is behind catches up in few steps. */
  #take(): Bytes {
    const [first] = this.#pieces;
    const all = first && this.#pieces.length === 1 ? first : joinPieces(this.#pieces, this.#heldBytes);
    this.#pieces = [];
    this.#heldBytes = 0;
    this.#resume();
    return all;
  }

  #resume(): void {
    if (!this.#isPaused || (this.#maxBytes === null && this.#heldBytes > RESUME_AT_BYTES)) return;
    this.#isPaused = false;
    this.#flow.resume();
  }

  #checkSize(): void {
    if (this.#maxBytes === null || this.#heldBytes <= this.#maxBytes) return;
    this.#fail(new UpstreamFault('reply-too-large', `over ${this.#maxBytes} bytes`, { isSent: true }));
    this.#flow.drop();
  }
}
