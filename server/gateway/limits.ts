// Concurrency slots per account: taken before an attempt, given back when its stream has ended.

import type { Account } from './ports.ts';

/** Owns the count of requests in flight per account; bounded by the number of accounts in use at once. */
export class Slots {
  readonly #inFlight = new Map<string, number>();

  inFlight(accountId: string): number {
    return this.#inFlight.get(accountId) ?? 0;
  }

  isFull(account: Account): boolean {
    return account.maxConcurrent !== null && this.inFlight(account.id) >= account.maxConcurrent;
  }

  /** Takes a slot; the returned function gives it back, once, however often it is called. */
  take(accountId: string): () => void {
    this.#inFlight.set(accountId, this.inFlight(accountId) + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      const left = this.inFlight(accountId) - 1;
      if (left > 0) this.#inFlight.set(accountId, left);
      else this.#inFlight.delete(accountId);
    };
  }

  /** Requests in flight over all accounts. */
  total(): number {
    let sum = 0;
    for (const count of this.#inFlight.values()) sum += count;
    return sum;
  }
}
