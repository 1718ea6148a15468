// Keeps the idle connections to one origin for the next request, the last used first, so that the others can expire.

import type { Connection, Keeper } from './connection.ts';

/** 512 busy clients free their connections in bursts; a cap below that would open one for nearly every request. */
const MAX_IDLE = 1_024;
/** Longer than the farthest round trip on earth: a longer measurement was of our own event loop. */
const MAX_ROUND_TRIP_MS = 300;
/** Below what an announced patience of the peer is cut, for the time its close needs to reach us. */
const KEEP_ALIVE_MARGIN_MS = 1_000;

interface Idle {
  connection: Connection;
  expiresAtMs: number;
}

export interface PoolStats {
  open: number;
  idle: number;
  /** Connections ever made. */
  dialed: number;
}

export class Pool implements Keeper {
  readonly #idleMs: number;
  readonly #now: () => number;
  readonly #open = new Set<Connection>();
  #idle: Idle[] = [];
  #dialed = 0;
  #isClosed = false;
  roundTripMs = MAX_ROUND_TRIP_MS;

  constructor(options: { idleMs: number; now: () => number }) {
    this.#idleMs = options.idleMs;
    this.#now = options.now;
  }

  /** The connection that was used last, or null. */
  take(): Connection | null {
    const nowMs = this.#now();
    for (let last = this.#idle.pop(); last; last = this.#idle.pop()) {
      if (last.expiresAtMs > nowMs) return last.connection;
      last.connection.destroy();
    }
    return null;
  }

  onOpen(connection: Connection): void {
    this.#open.add(connection);
    this.#dialed++;
    this.roundTripMs = Math.min(this.roundTripMs, connection.socket.roundTripMs);
    if (this.#isClosed) connection.destroy();
  }

  onFree(connection: Connection, keepAliveMs: number | null): void {
    const patienceMs = keepAliveMs === null ? this.#idleMs : keepAliveMs - KEEP_ALIVE_MARGIN_MS;
    if (this.#isClosed || patienceMs <= 0 || this.#idle.length >= MAX_IDLE) connection.destroy();
    else this.#idle.push({ connection, expiresAtMs: this.#now() + Math.min(patienceMs, this.#idleMs) });
  }

  onGone(connection: Connection): void {
    this.#open.delete(connection);
    const at = this.#idle.findLastIndex((idle) => idle.connection === connection);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  /** Closes what has been idle too long. */
  sweep(): void {
    const nowMs = this.#now();
    const expired = this.#idle.filter(({ expiresAtMs }) => expiresAtMs <= nowMs);
    for (const { connection } of expired) connection.destroy();
  }

  stats(): PoolStats {
    return { open: this.#open.size, idle: this.#idle.length, dialed: this.#dialed };
  }

  /** Closes what is idle now, and what is busy once it is free. */
  close(): void {
    this.#isClosed = true;
    for (const { connection } of [...this.#idle]) connection.destroy();
  }
}
