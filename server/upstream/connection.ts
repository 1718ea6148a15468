// One connection to an upstream: carries one exchange at a time and is free in between. Belongs to the pool that keeps it.

import { UpstreamFault } from '../gateway/upstream.ts';
import { Exchange, type ExchangeHost, type Outgoing } from './exchange.ts';
import type { Socket } from './socket.ts';

/** Who keeps connections that are free, and hears of their end. */
export interface Keeper {
  /** Of all connections to the same place, the fastest. */
  readonly roundTripMs: number;
  onOpen(connection: Connection): void;
  /** The connection may carry the next request. `keepAliveMs`: what the peer says of its patience. */
  onFree(connection: Connection, keepAliveMs: number | null): void;
  onGone(connection: Connection): void;
}

export class Connection implements ExchangeHost {
  readonly socket: Socket;
  readonly #keeper: Keeper;
  #exchange: Exchange | null = null;
  #isGone = false;
  #requests = 0;

  constructor(socket: Socket, keeper: Keeper) {
    this.socket = socket;
    this.#keeper = keeper;
    keeper.onOpen(this);
  }

  /** Carries one request and settles it. */
  exchange(outgoing: Outgoing, connectMs: number): void {
    if (this.#isGone) {
      outgoing.reject(new UpstreamFault('connect', 'closed before use', { isSent: false }));
      return;
    }
    // Between the opening of a connection and its first request the signal has no listener.
    if (outgoing.signal.aborted) {
      outgoing.reject(new UpstreamFault('aborted', 'the request was given up', { isSent: false }));
      this.#keeper.onFree(this, null);
      return;
    }
    const roundTripMs = this.#requests++ > 0 ? this.#keeper.roundTripMs : null;
    const exchange = new Exchange(this, outgoing, { roundTripMs, connectMs });
    if (this.#isGone) exchange.closed(false, 'closed');
    else this.#exchange = exchange;
  }

  release(isReusable: boolean, keepAliveMs: number | null): void {
    this.#exchange = null;
    if (isReusable && !this.#isGone) this.#keeper.onFree(this, keepAliveMs);
    else this.destroy();
  }

  destroy(): void {
    this.socket.destroy();
    this.#gone();
  }

  onData(bytes: Uint8Array<ArrayBuffer>): void {
    // Nothing was asked: a late "408 Request Timeout", or an attempt to answer the next request in advance.
    if (this.#exchange) this.#exchange.receive(bytes);
    else this.destroy();
  }

  onClose(isClean: boolean, code: string): void {
    const exchange = this.#exchange;
    this.#gone();
    exchange?.closed(isClean, code);
  }

  #gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#exchange = null;
    this.#keeper.onGone(this);
  }
}
