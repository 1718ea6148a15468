// How often warm callers come back to each account, and with how much: by rates that fade, without knowing the callers.
//
// Every warm request adds to sums that fade with a time constant of five minutes, as the caches fade that brought it back.

import type { Clock } from '../gateway/ports.ts';

export interface ExpectedReturns {
  /** Warm requests that are in flight at once at the rate of late. */
  expectedWarmInFlight: number;
  /** Those that are in flight now. */
  warmInFlight: number;
  /** What a warm request has in the cache, on average, against the whole prompt that asks for its slot; 0..1. */
  warmTokensShare: number;
}

interface Sums {
  /** Monotonic: when the sums were last brought up to date. */
  atMs: number;
  warmRequests: number;
  warmTokens: number;
}

const FADING_MS = 300_000;
/** Fewer requests than this, faded, are as good as none. */
const NEGLIGIBLE = 1e-6;
/** Accounts kept; beyond it the one that was idle longest is forgotten. */
const MAX_ACCOUNTS = 10_000;

/** Owns a handful of numbers per account. */
export class ReturnRates {
  readonly #clock: Clock;
  /** Least lately used first. */
  readonly #sums = new Map<string, Sums>();
  /** Never 0 or less: an account without warm requests has no entry. */
  readonly #inFlight = new Map<string, number>();

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock;
  }

  /**
   * A request went to the account, with so many tokens of its prompt warm there. The returned function tells that it
   * has given its slot back, once, however often it is called.
   */
  sawRequest(accountId: string, { warmTokens }: { warmTokens: number }): () => void {
    if (warmTokens <= 0) return () => {};
    const sums = this.#upToDate(accountId);
    sums.warmRequests += 1;
    sums.warmTokens += warmTokens;
    this.#keep(accountId, sums);
    this.#inFlight.set(accountId, this.#warmInFlight(accountId) + 1);
    let isUnderWay = true;
    return () => {
      if (isUnderWay) this.#ended(accountId);
      isUnderWay = false;
    };
  }

  /** For a newcomer with a prompt of this size, at an account that is busy with one request for so long on average. */
  expected(
    accountId: string,
    { serviceMs, promptTokens }: { serviceMs: number; promptTokens: number },
  ): ExpectedReturns {
    const { warmRequests, warmTokens } = this.#upToDate(accountId);
    const warmInFlight = this.#warmInFlight(accountId);
    if (warmRequests < NEGLIGIBLE) return { expectedWarmInFlight: 0, warmInFlight, warmTokensShare: 0 };
    return {
      expectedWarmInFlight: (warmRequests / FADING_MS) * serviceMs,
      warmInFlight,
      warmTokensShare: Math.min(1, warmTokens / warmRequests / Math.max(1, promptTokens)),
    };
  }

  /** The account's cache is gone: nobody comes back to it. */
  forget(accountId: string): void {
    this.#sums.delete(accountId);
  }

  #warmInFlight(accountId: string): number {
    return this.#inFlight.get(accountId) ?? 0;
  }

  #ended(accountId: string): void {
    const left = this.#warmInFlight(accountId) - 1;
    if (left > 0) this.#inFlight.set(accountId, left);
    else this.#inFlight.delete(accountId);
  }

  #upToDate(accountId: string): Sums {
    const nowMs = this.#clock.monotonicMs();
    const sums = this.#sums.get(accountId);
    if (!sums) return { atMs: nowMs, warmRequests: 0, warmTokens: 0 };
    const left = Math.exp(-(nowMs - sums.atMs) / FADING_MS);
    sums.atMs = nowMs;
    sums.warmRequests *= left;
    sums.warmTokens *= left;
    return sums;
  }

  #keep(accountId: string, sums: Sums): void {
    this.#sums.delete(accountId);
    const idlest = this.#sums.keys().next().value;
    if (this.#sums.size >= MAX_ACCOUNTS && idlest !== undefined) this.#sums.delete(idlest);
    this.#sums.set(accountId, sums);
  }
}
