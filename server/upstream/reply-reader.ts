// Cuts what one connection receives into a reply's head, the data of its body, and its end. Knows no sockets.

import { Buffer } from 'node:buffer';
import { UpstreamFault } from '../gateway/upstream.ts';
import { ChunkedDecoder } from './chunked.ts';
import { parseReplyHead, type ReplyHead } from './reply-head.ts';

export interface ReplySink {
  onHead(head: ReplyHead): void;
  /** Never empty. */
  onBody(data: Uint8Array<ArrayBuffer>): void;
  /** The body has ended as its framing says. `hasMore`: bytes followed that nobody had asked for. */
  onEnd(hasMore: boolean): void;
}

const MAX_HEAD_BYTES = 64 * 1024;
/** Replies without a meaning of their own before the real one (100, 102, 103): a few are normal. */
const MAX_INTERIM_REPLIES = 16;
const HEAD_END = Buffer.from('\r\n\r\n');
const HEAD_START = Buffer.from('HTTP/1.');

export class ReplyReader {
  readonly #sink: ReplySink;
  #phase: 'head' | 'length' | 'chunked' | 'close' | 'done' = 'head';
  /** The first bytes of a head that came in pieces; null = none. */
  #headStart: Buffer<ArrayBuffer> | null = null;
  #interimReplies = 0;
  #bytesLeft = 0;
  #chunked: ChunkedDecoder | null = null;

  constructor(sink: ReplySink) {
    this.#sink = sink;
  }

  /** Takes over `bytes`. Throws UpstreamFault `bad-framing`. */
  feed(bytes: Uint8Array<ArrayBuffer>): void {
    let rest: Uint8Array<ArrayBuffer> | null = bytes;
    while (this.#phase === 'head' && rest) rest = this.#feedHead(rest);
    if (rest && (rest.length > 0 || this.#phase === 'done')) this.#feedBody(rest);
  }

  /** The peer has ended its side. Throws UpstreamFault `reset` when the reply was not complete. */
  finish(): void {
    if (this.#phase === 'done') return;
    if (this.#phase !== 'close') throw new UpstreamFault('reset', 'the reply broke off', { isSent: true });
    this.#phase = 'done';
    this.#sink.onEnd(false);
  }

  /** The bytes after the head, or null when the head is not complete. */
  #feedHead(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
    const seen = this.#headStart;
    const all = seen ? Buffer.concat([seen, bytes]) : bufferOf(bytes);
    const end = all.indexOf(HEAD_END, seen ? Math.max(0, seen.length - HEAD_END.length + 1) : 0);
    if (end > MAX_HEAD_BYTES || (end < 0 && all.length > MAX_HEAD_BYTES))
      throw bad('a reply head over 64 KB');
    if (end < 0) {
      refuseOtherProtocols(all);
      this.#headStart = all;
      return null;
    }
    this.#headStart = null;
    const head = parseReplyHead(all.toString('latin1', 0, end));
    if (head.status < 200) this.#skipInterim(head.status);
    else this.#begin(head);
    const rest = end + HEAD_END.length;
    return rest < all.length || this.#phase === 'done' ? all.subarray(rest) : null;
  }

  #skipInterim(status: number): void {
    if (status === 101 || ++this.#interimReplies > MAX_INTERIM_REPLIES)
      throw bad(`unexpected status ${status}`);
  }

  #begin(head: ReplyHead): void {
    this.#phase = head.framing.kind === 'none' ? 'done' : head.framing.kind;
    if (head.framing.kind === 'length') this.#bytesLeft = head.framing.bytes;
    if (head.framing.kind === 'chunked') this.#chunked = new ChunkedDecoder();
    this.#sink.onHead(head);
  }

  #feedBody(bytes: Uint8Array<ArrayBuffer>): void {
    if (this.#phase === 'length') this.#feedLength(bytes);
    else if (this.#phase === 'close') this.#sink.onBody(bytes);
    else if (this.#chunked) this.#feedChunked(bytes, this.#chunked);
    else this.#sink.onEnd(bytes.length > 0);
  }

  #feedChunked(bytes: Uint8Array<ArrayBuffer>, decoder: ChunkedDecoder): void {
    const { data, consumed } = decoder.decode(bytes);
    const { isDone } = decoder;
    if (isDone) this.#phase = 'done';
    if (data.length > 0) this.#sink.onBody(data);
    if (isDone) this.#sink.onEnd(consumed < bytes.length);
  }

  #feedLength(bytes: Uint8Array<ArrayBuffer>): void {
    const data = bytes.length > this.#bytesLeft ? bytes.subarray(0, this.#bytesLeft) : bytes;
    this.#bytesLeft -= data.length;
    const isDone = this.#bytesLeft === 0;
    if (isDone) this.#phase = 'done';
    this.#sink.onBody(data);
    if (isDone) this.#sink.onEnd(data.length < bytes.length);
  }
}

/** Sockets give buffers already; a view costs as much as the search in it. */
function bufferOf(bytes: Uint8Array<ArrayBuffer>): Buffer<ArrayBuffer> {
  if (bytes instanceof Buffer) return bytes;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** At once, instead of waiting for the end of a head that will not come. */
function refuseOtherProtocols(bytes: Buffer): void {
  const seen = Math.min(bytes.length, HEAD_START.length);
  if (bytes.compare(HEAD_START, 0, seen, 0, seen) !== 0) throw bad('something other than HTTP/1');
  if (bytes.includes('\n\n')) throw bad('unreadable line ends');
}

function bad(detail: string): UpstreamFault {
  return new UpstreamFault('bad-framing', detail, { isSent: true });
}
