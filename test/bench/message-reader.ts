// Finds where HTTP/1.1 messages end, with little work for each, for the bench's own client and upstream. Pure.

const HEAD_END = '\r\n\r\n';
const LAST_CHUNK = Buffer.from('0\r\n\r\n');

/**
 * Neither side pipelines: the bytes after a head belong to its body, and nothing follows the end of a message. That a
 * chunked body is over is told by its last bytes; no body of the bench looks like that before its end.
 */
export class MessageReader {
  /** Of the message being read, or the last one. */
  head = '';
  /** Where the body begins in the bytes fed last. */
  bodyFrom = 0;
  #pending: Buffer | null = null;
  /** Of a body with a stated length; null within a chunked one. */
  #remaining: number | null = null;
  #tail: Buffer = Buffer.alloc(0);
  #isInBody = false;

  /** True when a message is whole. */
  feed(fed: Buffer): boolean {
    this.bodyFrom = 0;
    if (this.#isInBody) return this.#feedBody(fed, 0);
    const bytes = this.#pending === null ? fed : Buffer.concat([this.#pending, fed]);
    const headEnd = bytes.indexOf(HEAD_END);
    if (headEnd < 0) {
      this.#pending = bytes;
      this.bodyFrom = fed.length;
      return false;
    }
    this.#pending = null;
    this.head = bytes.toString('latin1', 0, headEnd);
    const length = /content-length: *(\d+)/i.exec(this.head)?.[1];
    this.#remaining = length !== undefined ? Number(length) : this.isChunked ? null : 0;
    this.#isInBody = true;
    this.bodyFrom = headEnd + HEAD_END.length - (bytes.length - fed.length);
    return this.#feedBody(bytes, headEnd + HEAD_END.length);
  }

  /** Of the message being read, or the last one. */
  get status(): number {
    return Number(this.head.slice(9, 12));
  }

  get isChunked(): boolean {
    return /transfer-encoding: *chunked/i.test(this.head);
  }

  #feedBody(bytes: Buffer, from: number): boolean {
    if (this.#remaining === null) this.#isInBody = !this.#endsChunked(bytes, from);
    else {
      this.#remaining -= bytes.length - from;
      this.#isInBody = this.#remaining > 0;
    }
    return !this.#isInBody;
  }

  #endsChunked(bytes: Buffer, from: number): boolean {
    const fresh = bytes.subarray(Math.max(from, bytes.length - LAST_CHUNK.length));
    const tail = fresh.length === LAST_CHUNK.length ? fresh : Buffer.concat([this.#tail, fresh]);
    const isEnd = tail.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK);
    this.#tail = isEnd ? Buffer.alloc(0) : Buffer.from(tail.subarray(-LAST_CHUNK.length));
    return isEnd;
  }
}
