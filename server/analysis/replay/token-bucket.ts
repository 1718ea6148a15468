// A token bucket one minute deep, full at the start: what a provider's limit per minute lets through.

import type { BucketLevel } from '../../routing/contender.ts';

const DEPTH_MS = 60_000;

export class ReplayBucket {
  readonly #refillTokensPerMs: number;
  readonly #countsUncachedOnly: boolean;
  #availableTokens: number;
  #atMs = 0;

  constructor(refillTokensPerMs: number, countsUncachedOnly: boolean) {
    this.#refillTokensPerMs = refillTokensPerMs;
    this.#countsUncachedOnly = countsUncachedOnly;
    this.#availableTokens = this.#capTokens;
  }

  get #capTokens(): number {
    return this.#refillTokensPerMs * DEPTH_MS;
  }

  /** Open as long as anything is left: the last request may take more than that. */
  isOpen(nowMs: number): boolean {
    return this.#bring(nowMs) > 0;
  }

  spend(nowMs: number, { inputTokens, readTokens }: { inputTokens: number; readTokens: number }): void {
    this.#bring(nowMs);
    this.#availableTokens -= this.#countsUncachedOnly ? inputTokens - readTokens : inputTokens;
  }

  level(nowMs: number): BucketLevel {
    return {
      capTokens: this.#capTokens,
      availableTokens: this.#bring(nowMs),
      refillTokensPerMs: this.#refillTokensPerMs,
      countsUncachedOnly: this.#countsUncachedOnly,
    };
  }

  #bring(nowMs: number): number {
    const gained = (nowMs - this.#atMs) * this.#refillTokensPerMs;
    this.#availableTokens = Math.min(this.#capTokens, this.#availableTokens + gained);
    this.#atMs = nowMs;
    return this.#availableTokens;
  }
}
