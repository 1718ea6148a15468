// Chooses the account for one attempt: the bound one while it can take the request, else smooth weighted round robin.

import type { Candidate } from './catalog.ts';
import type { AccountCondition } from './health.ts';
import type { Account } from './ports.ts';

/** What is known of the accounts at the moment of choice. */
export interface RouteState {
  condition(account: Account, upstreamModel: string): AccountCondition;
  inFlight(accountId: string): number;
  isFull(account: Account): boolean;
}

export interface RouteWish {
  /** Accounts this request has tried already. */
  excluded: ReadonlySet<string>;
  /** Preferred accounts in order: the bound one, then where it was borrowed last. */
  preferred: readonly (string | null)[];
  nowMs: number;
}

export type RouteChoice =
  | { kind: 'chosen'; candidate: Candidate }
  /** Nobody can take it now; `retryAfterMs` when that will change by itself. */
  | { kind: 'full'; retryAfterMs: number }
  | { kind: 'cooling-down'; retryAfterMs: number }
  | { kind: 'none' };

/** A full account frees a slot when one of its requests ends; nobody knows when, so clients are told to try soon. */
const FULL_RETRY_MS = 1_000;

/** Pools whose rotation is remembered; one per (model, surface) in use. */
const MAX_POOLS = 1_000;

/** Owns the rotation of each pool: the running weights of nginx's smooth weighted round robin. */
export class RoundRobin {
  readonly #pools = new Map<string, Map<string, number>>();

  /**
   * The account with the least load per weight; among equals the next in smooth weighted order, so that an idle
   * pool is shared out exactly by weight and without bursts. `candidates` must not be empty.
   */
  next(
    pool: string,
    candidates: readonly Candidate[],
    inFlight: (accountId: string) => number,
  ): Candidate | null {
    const loads = candidates.map(({ account }) => inFlight(account.id) / account.weight);
    const least = Math.min(...loads);
    const idlest = candidates.filter((_, index) => loads[index] === least);
    return this.#smooth(this.#weights(pool), idlest);
  }

  // Each account gains its weight, the richest is taken and pays the sum: 5:1:1 gives a a b a c a a, not a a a a a b c.
  #smooth(weights: Map<string, number>, candidates: readonly Candidate[]): Candidate | null {
    let sum = 0;
    let best: Candidate | null = null;
    let bestWeight = Number.NEGATIVE_INFINITY;
    for (const candidate of candidates) {
      const { id, weight } = candidate.account;
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

/** Picks one candidate, or says why none can be picked. */
export function chooseAccount(
  pool: { name: string; candidates: readonly Candidate[]; rotation: RoundRobin },
  state: RouteState,
  wish: RouteWish,
): RouteChoice {
  const untried = pool.candidates.filter(({ account }) => !wish.excluded.has(account.id));
  const healthy = untried.filter(
    ({ account, upstreamModel }) => state.condition(account, upstreamModel).state === 'available',
  );
  const open = healthy.filter(({ account }) => !state.isFull(account));
  for (const accountId of wish.preferred) {
    const candidate = open.find(({ account }) => account.id === accountId);
    if (candidate) return { kind: 'chosen', candidate };
  }
  const candidate = open.length > 0 ? pool.rotation.next(pool.name, open, (id) => state.inFlight(id)) : null;
  if (candidate) return { kind: 'chosen', candidate };
  return whyNone(untried, healthy.length > 0, { state, nowMs: wish.nowMs });
}

function whyNone(
  untried: readonly Candidate[],
  isFull: boolean,
  { state, nowMs }: { state: RouteState; nowMs: number },
): RouteChoice {
  if (isFull) return { kind: 'full', retryAfterMs: FULL_RETRY_MS };
  const waits = untried.flatMap(({ account, upstreamModel }) => {
    const condition = state.condition(account, upstreamModel);
    return condition.state === 'cooling-down' ? [condition.untilMs - nowMs] : [];
  });
  return waits.length > 0 ? { kind: 'cooling-down', retryAfterMs: Math.min(...waits) } : { kind: 'none' };
}
