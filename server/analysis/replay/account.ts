// One simulated account: slots, token bucket, its own prompt cache, times when it is down, and who waits for it.

import type { Ask } from './ask.ts';

import type { PrefixCache } from './prefix-cache.ts';
import type { ReplayBucket } from './token-bucket.ts';

/** Every account is down for a while in turn. */
export interface Downtime {
  everyMs: number;
  forMs: number;
  /** It says when it will be back, as with a 429 that has a retry-after. */
  isAnnounced: boolean;
}

/** Memory of the smoothed load. */
const LOAD_TAU_MS = 300_000;

export class ReplayAccount {
  readonly index: number;
  readonly slots: number;
  /** Null = no limit but the slots. */
  readonly bucket: ReplayBucket | null;
  /** What is really warm there, whatever a policy believes. */
  readonly cache: PrefixCache;
  /** Requests that wait for it, in the order they arrived. */
  readonly line: Ask[] = [];
  readonly #downtime: Downtime | null;
  readonly #downFromMs: number;
  #inFlight = 0;
  #loadAverage = 0;
  #loadAtMs = 0;

  constructor(at: {
    index: number;
    /** How many accounts there are: they are down one after another. */
    count: number;
    slots: number;
    bucket: ReplayBucket | null;
    cache: PrefixCache;
    downtime: Downtime | null;
  }) {
    this.index = at.index;
    this.slots = at.slots;
    this.bucket = at.bucket;
    this.cache = at.cache;
    this.#downtime = at.downtime;
    this.#downFromMs = at.downtime ? Math.round((at.index * at.downtime.everyMs) / at.count) : 0;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Until it is back; 0 = it is not down. */
  downMs(nowMs: number): number {
    if (!this.#downtime) return 0;
    const { everyMs, forMs } = this.#downtime;
    return Math.max(0, forMs - ((nowMs + everyMs - this.#downFromMs) % everyMs));
  }

  /** The same as far as anyone can know. */
  announcedRestMs(nowMs: number): number {
    const downMs = this.downMs(nowMs);
    return downMs === 0 || this.#downtime?.isAnnounced ? downMs : Number.POSITIVE_INFINITY;
  }

  /** It would take a request now. */
  isOpen(nowMs: number): boolean {
    return this.#inFlight < this.slots && this.downMs(nowMs) === 0 && (this.bucket?.isOpen(nowMs) ?? true);
  }

  begin(nowMs: number): void {
    this.#follow(nowMs);
    this.#inFlight += 1;
  }

  end(nowMs: number): void {
    this.#follow(nowMs);
    this.#inFlight -= 1;
  }

  /** Smoothed used share of the slots. */
  loadAverage(nowMs: number): number {
    this.#follow(nowMs);
    return this.#loadAverage;
  }

  #follow(nowMs: number): void {
    if (nowMs === this.#loadAtMs) return;
    const used = this.#inFlight / this.slots;
    this.#loadAverage += (used - this.#loadAverage) * (1 - Math.exp((this.#loadAtMs - nowMs) / LOAD_TAU_MS));
    this.#loadAtMs = nowMs;
  }
}
