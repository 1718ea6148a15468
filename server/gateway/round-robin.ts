// Takes accounts in turn: by load, else in smooth weighted order.

import type { Candidate } from './catalog.ts';
import type { Account } from './ports.ts';

/** Pools whose rotation is remembered; one per (model, surface) in use. */
const MAX_POOLS = 1_000;

/** Owns the rotation of each pool: the running weights of nginx's smooth weighted round robin. */
export class RoundRobin {
  readonly #pools = new Map<string, Map<string, number>>();

  /** One that goes on from here on its own: to see whose turn it is without taking it. */
  copy(): RoundRobin {
    const copy = new RoundRobin();
    for (const [pool, weights] of this.#pools) copy.#pools.set(pool, new Map(weights));
    return copy;
  }

  /**
   * The account with the least load per weight; among equals the next in smooth weighted order, so that an idle
   * pool is shared out exactly by weight and without bursts. `candidates` must not be empty.
   */
  next(
    pool: string,
    candidates: readonly Candidate[],
    load: { inFlight(accountId: string): number; weight(account: Account): number },
  ): Candidate | null {
    const loads = candidates.map(({ account }) => load.inFlight(account.id) / load.weight(account));
    const least = Math.min(...loads);
    const idlest = candidates.filter((_, index) => loads[index] === least);
    return this.#smooth(this.#weights(pool), idlest, load.weight);
  }

  /** The next in smooth weighted order, whatever the load. */
  inTurn(
    pool: string,
    candidates: readonly Candidate[],
    weightOf: (account: Account) => number,
  ): Candidate | null {
    return this.#smooth(this.#weights(pool), candidates, weightOf);
  }

  // Each account gains its weight, the richest is taken and pays the sum: 5:1:1 gives a a b a c a a, not a a a a a b c.
  #smooth(
    weights: Map<string, number>,
    candidates: readonly Candidate[],
    weightOf: (account: Account) => number,
  ): Candidate | null {
    let sum = 0;
    let best: Candidate | null = null;
    let bestWeight = Number.NEGATIVE_INFINITY;
    for (const candidate of candidates) {
      const { id } = candidate.account;
      const weight = weightOf(candidate.account);
      const current = (weights.get(id) ?? 0) + weight;
      weights.set(id, current);
      sum += weight;
      if (current > bestWeight) {
        best = candidate;
        bestWeight = current;
      }
    }
    if (best) weights.set(best.account.id, bestWeight - sum);
    return best;
  }

  #weights(pool: string): Map<string, number> {
    const weights = this.#pools.get(pool) ?? new Map<string, number>();
    this.#pools.delete(pool);
    this.#pools.set(pool, weights);
    const oldest = this.#pools.keys().next().value;
    if (this.#pools.size > MAX_POOLS && oldest !== undefined) this.#pools.delete(oldest);
    return weights;
  }
}
