// One request on one connection and its reply: feeds the reader, watches the signal, and settles exactly once. Never retries.

import {
  type ReplyHeaders,
  type UpstreamBody,
  UpstreamFault,
  type UpstreamReply,
} from '../gateway/upstream.ts';
import { DecodedBody } from './decoded-body.ts';
import { type Flow, ReplyBody } from './reply-body.ts';
import type { Field, ReplyHead } from './reply-head.ts';
import { ReplyReader, type ReplySink } from './reply-reader.ts';
import type { Socket } from './socket.ts';

/** A request as it goes out, and where its reply or fault goes. */
export interface Outgoing {
  /** Complete, one character a byte. */
  head: string;
  body: Uint8Array<ArrayBuffer> | null;
  signal: AbortSignal;
  resolve(reply: UpstreamReply): void;
  reject(fault: UpstreamFault): void;
  /** The connection was dead before the upstream can have worked on the request: it may go out on another one. */
  onStale(): void;
}

export interface ExchangeHost {
  readonly socket: Socket;
  /** The reply is complete. `isReusable`: the connection may carry another request. */
  release(isReusable: boolean, keepAliveMs: number | null): void;
  destroy(): void;
}

export interface ExchangeOptions {
  connectMs: number;
  /** The least time in which the peer can react; null = the connection is new, and does not count as stale. */
  roundTripMs: number | null;
}

export class Exchange implements ReplySink, Flow, EventListenerObject {
  readonly #host: ExchangeHost;
  readonly #outgoing: Outgoing;
  readonly #options: ExchangeOptions;
  readonly #reader = new ReplyReader(this);
  readonly #startedAtMs: number;
  #head: ReplyHead | null = null;
  #body: ReplyBody | null = null;
  #hasReplyBytes = false;
  #isPaused = false;
  #isOver = false;

  constructor(host: ExchangeHost, outgoing: Outgoing, options: ExchangeOptions) {
    this.#host = host;
    this.#outgoing = outgoing;
    this.#options = options;
    this.#startedAtMs = options.roundTripMs === null ? 0 : performance.now();
    outgoing.signal.addEventListener('abort', this);
    host.socket.send(outgoing.head, outgoing.body);
  }

  /** The signal has fired. */
  handleEvent(): void {
    this.#fail(new UpstreamFault('aborted', 'the request was given up', { isSent: true }));
  }

  receive(bytes: Uint8Array<ArrayBuffer>): void {
    this.#hasReplyBytes = true;
    try {
      this.#reader.feed(bytes);
    } catch (error) {
      this.#fail(faultOf(error));
    }
  }

  closed(isClean: boolean, code: string): void {
    if (this.#isOver) return;
    if (this.#isStale()) {
      this.#end();
      this.#outgoing.onStale();
      return;
    }
    try {
      if (!isClean) throw new UpstreamFault('reset', code, { isSent: true });
      this.#reader.finish();
    } catch (error) {
      this.#fail(faultOf(error));
    }
  }

  /**
   * An idle connection that the peer closes while we write on it looks like a request that killed the upstream, and a
   * POST sent again may be billed twice. It is taken for idle only if the request cannot have been worked on: part of it
   * never left, or the end came faster than one round trip, so that it was on its way before the request arrived.
   */
  #isStale(): boolean {
    const { roundTripMs } = this.#options;
    if (roundTripMs === null || this.#hasReplyBytes) return false;
    return !this.#host.socket.isFlushed || performance.now() - this.#startedAtMs < roundTripMs;
  }

  onHead(head: ReplyHead): void {
    this.#head = head;
    this.#body = new ReplyBody(this);
    this.#outgoing.resolve(new Reply(head, this.#options.connectMs, this.#body));
  }

  onBody(data: Uint8Array<ArrayBuffer>): void {
    this.#body?.push(data);
  }

  onEnd(hasMore: boolean): void {
    if (this.#isOver) return;
    this.#end();
    this.#body?.end();
    const isReusable = this.#head?.isReusable === true && !hasMore && this.#host.socket.isFlushed;
    if (isReusable) this.resume();
    this.#host.release(isReusable, this.#head?.keepAliveMs ?? null);
  }

  pause(): void {
    this.#isPaused = true;
    this.#host.socket.pause();
  }

  resume(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#host.socket.resume();
  }

  drop(): void {
    if (this.#isOver) return;
    this.#end();
    this.#host.destroy();
  }

  #fail(fault: UpstreamFault): void {
    if (this.#isOver) return;
    this.#end();
    this.#host.destroy();
    if (this.#body) this.#body.breakOff(fault);
    else this.#outgoing.reject(fault);
  }

  #end(): void {
    this.#isOver = true;
    this.#outgoing.signal.removeEventListener('abort', this);
  }
}

function faultOf(error: unknown): UpstreamFault {
  if (error instanceof UpstreamFault) return error;
  return new UpstreamFault('bad-framing', 'unreadable reply', { isSent: true, cause: error });
}

class Reply implements UpstreamReply {
  readonly status: number;
  readonly connectMs: number;
  readonly headers: ReplyHeaders;
  readonly body: UpstreamBody;

  constructor(head: ReplyHead, connectMs: number, body: ReplyBody) {
    const isDecoded = head.coding !== null;
    this.status = head.status;
    this.connectMs = connectMs;
    this.headers = new FieldList(head.fields, isDecoded ? DECODED_AWAY : null);
    this.body = head.coding === null ? body : new DecodedBody(body, head.coding);
  }
}

/** What no longer holds of a body that has been decoded. */
const DECODED_AWAY = new Set(['content-encoding', 'content-length']);

/** Fields that came more than once are joined, as Headers does. */
class FieldList implements ReplyHeaders {
  readonly #values = new Map<string, string>();

  constructor(fields: readonly Field[], without: ReadonlySet<string> | null) {
    for (const { name, value } of fields) {
      if (without?.has(name)) continue;
      const known = this.#values.get(name);
      this.#values.set(name, known === undefined ? value : `${known}, ${value}`);
    }
  }

  get(name: string): string | null {
    return this.#values.get(name) ?? null;
  }

  has(name: string): boolean {
    return this.#values.has(name);
  }

  [Symbol.iterator](): Iterator<[string, string]> {
    return this.#values[Symbol.iterator]();
  }
}
