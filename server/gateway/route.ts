// Chooses the account for one attempt: the bound one while it can take the request, else smooth weighted round robin.

import type { Surface } from '../wire/surface.ts';
import type { Candidate } from './catalog.ts';
import type { AccountCondition } from './health.ts';
import type { Account } from './ports.ts';

/** Where an attempt goes: an account at an endpoint. */
export type Destination = Pick<Candidate, 'account' | 'credential' | 'endpoint' | 'provider'>;

/** What is known of the accounts at the moment of choice. */
export interface RouteState {
  condition(candidate: Candidate): AccountCondition;
  /** The provider had no room lately: others are preferred. */
  isStrained(candidate: Candidate): boolean;
  /** Share of its weight an account should get, 0 to 1. */
  weightFactor(accountId: string): number;
  inFlight(accountId: string): number;
  isFull(account: Account): boolean;
}

export interface RouteWish {
  /** The caller's surface: endpoints that speak it are preferred to those that need a translation. */
  surface: Surface;
  /** Accounts this request has tried already, and hosts it could not reach. */
  excluded: ReadonlySet<string>;
  excludedHosts: ReadonlySet<string>;
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
    load: { inFlight(accountId: string): number; weight(account: Account): number },
  ): Candidate | null {
    const loads = candidates.map(({ account }) => load.inFlight(account.id) / load.weight(account));
    const least = Math.min(...loads);
    const idlest = candidates.filter((_, index) => loads[index] === least);
    return this.#smooth(this.#weights(pool), idlest, load.weight);
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

/**
 * Picks one candidate, or says why none can be picked. Ejected accounts are passed over, unless more than half of those
 * that could be used are ejected: then the fault is rather ours or the provider's than theirs, and all are tried again
 * (Envoy's panic mode). A cooldown that a provider has stated is kept in any case.
 */
export function chooseAccount(
  pool: { name: string; candidates: readonly Candidate[]; rotation: RoundRobin },
  state: RouteState,
  wish: RouteWish,
): RouteChoice {
  const preferred = firstFree(pool.candidates, state, wish);
  if (preferred) return { kind: 'chosen', candidate: preferred };
  const conditions = new Map(pool.candidates.map((candidate) => [candidate, state.condition(candidate)]));
  const isPanic = hasPanic([...conditions.values()]);
  const untried = pool.candidates.filter((candidate) => isUntried(candidate, wish));
  const healthy = untried.filter((candidate) => isUsable(conditions.get(candidate), isPanic));
  const open = healthy.filter(({ account }) => !state.isFull(account));
  for (const accountId of wish.preferred) {
    const candidate = open.find(({ account }) => account.id === accountId);
    if (candidate) return { kind: 'chosen', candidate };
  }
  const best = bestGroup(open, state, wish.surface);
  const load = {
    inFlight: (id: string) => state.inFlight(id),
    weight: ({ id, weight }: Account) => weight * state.weightFactor(id),
  };
  const candidate = best.length > 0 ? pool.rotation.next(pool.name, best, load) : null;
  if (candidate) return { kind: 'chosen', candidate };
  return whyNone(
    untried.map((candidate) => conditions.get(candidate)),
    healthy.length > 0,
    wish.nowMs,
  );
}

/** The bound account in its usual state: then the others need not be looked at. */
function firstFree(candidates: readonly Candidate[], state: RouteState, wish: RouteWish): Candidate | null {
  const [accountId] = wish.preferred;
  const bound = accountId === null ? undefined : candidates.find(({ account }) => account.id === accountId);
  if (!bound || !isUntried(bound, wish) || state.isFull(bound.account)) return null;
  return state.condition(bound).state === 'available' ? bound : null;
}

function isUntried({ account, host }: Candidate, { excluded, excludedHosts }: RouteWish): boolean {
  return !excluded.has(account.id) && !excludedHosts.has(host);
}

function hasPanic(conditions: readonly AccountCondition[]): boolean {
  const ejected = conditions.filter(({ state }) => state === 'ejected').length;
  const usable = conditions.filter(({ state }) => state === 'available' || state === 'half-open').length;
  return ejected > usable;
}

function isUsable(condition: AccountCondition | undefined, isPanic: boolean): boolean {
  if (condition?.state === 'half-open') return condition.freeProbes > 0 || isPanic;
  return condition?.state === 'available' || (isPanic && condition?.state === 'ejected');
}

/** Those that speak the caller's surface before those that need a translation, each with the strained ones last. */
function bestGroup(open: readonly Candidate[], state: RouteState, surface: Surface): readonly Candidate[] {
  const native = open.filter(({ endpoint }) => endpoint.surface === surface);
  const group = native.length > 0 ? native : open;
  const calm = group.filter((candidate) => !state.isStrained(candidate));
  return calm.length > 0 ? calm : group;
}

function whyNone(
  conditions: readonly (AccountCondition | undefined)[],
  isFull: boolean,
  nowMs: number,
): RouteChoice {
  if (isFull) return { kind: 'full', retryAfterMs: FULL_RETRY_MS };
  const waits = conditions.flatMap((condition) =>
    condition?.state === 'cooling-down' ? [Math.max(0, condition.untilMs - nowMs)] : [],
  );
  return waits.length > 0 ? { kind: 'cooling-down', retryAfterMs: Math.min(...waits) } : { kind: 'none' };
}
