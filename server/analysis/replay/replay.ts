// A replay from trace to results: plan, ceiling, pool sizes, and one policy after another. Pauses all the time.

import type { RouteProfile } from '../../gateway/routing-settings.ts';
import type { Downtime } from './account.ts';
import { type Ceiling, measureCeiling } from './ceiling.ts';
import { makePlan, type Plan, type PlannedRequest, type PlanOptions } from './plan.ts';
import { buildPolicy, type ReplayPolicyName } from './policies.ts';
import { growPrefixTree } from './prefix-tree.ts';
import { type PoolOptions, simulate } from './simulation.ts';
import { inputCost, type PolicyResult, SHARE_PRICES, Tally, type TokenPrices } from './tally.ts';
import type { ReplayTrace } from './trace.ts';

/** What providers limit beside concurrent requests: nothing, all tokens per minute, or those not read from a cache. */
export const BUCKET_RULES = ['none', 'all', 'uncached'] as const;
export type BucketRule = (typeof BUCKET_RULES)[number];

export interface Stage {
  plan: Plan;
  ttlMs: number;
  ceiling: Ceiling;
}

/** Independent of policy and pool. */
export function* setStage(
  trace: ReplayTrace,
  { ttlMs, ...options }: PlanOptions & { ttlMs: number },
): Generator<undefined, Stage> {
  const tree = yield* growPrefixTree(trace);
  const plan = yield* makePlan(trace, tree, options);
  return { plan, ttlMs, ceiling: yield* measureCeiling(plan, ttlMs) };
}

export interface RunOptions {
  accounts: number;
  /** Per account; null = so many that `utilisation` of them is in use when all that can be read is read. */
  slots: number | null;
  utilisation: number;
  bucketRule: BucketRule;
  /** What policies believe; null = the truth. */
  believedTtlMs: number | null;
  profile: RouteProfile;
  lostWriteShare: number;
  downtime: Downtime | null;
  seed: number;
  /** Null = the request's model has no price. */
  pricesOf: (request: PlannedRequest) => TokenPrices | null;
}

export const RUN_DEFAULTS = {
  slots: null,
  utilisation: 0.7,
  bucketRule: 'all',
  believedTtlMs: null,
  profile: 'balanced',
  lostWriteShare: 0,
  downtime: null,
  seed: 1,
  pricesOf: () => SHARE_PRICES,
} as const satisfies Omit<RunOptions, 'accounts'>;

export interface RunResult extends PolicyResult {
  policy: ReplayPolicyName;
  accounts: number;
  /** Of all accounts together. */
  slots: number;
  /** Hit rate as a share of the ceiling's. */
  shareOfCeiling: number;
}

export function* runPolicy(
  policy: ReplayPolicyName,
  { plan, ttlMs, ceiling }: Stage,
  options: RunOptions,
): Generator<undefined, RunResult> {
  const slots = dealSlots(ceiling, options);
  const pool: PoolOptions = {
    slots,
    ttlMs,
    bucket: bucketOf(ceiling, options),
    lostWriteShare: options.lostWriteShare,
    downtime: options.downtime,
    seed: options.seed,
  };
  const tally = new Tally({
    accounts: options.accounts,
    requests: plan.requests.length,
    pricesOf: options.pricesOf,
  });
  const chooser = buildPolicy(policy, {
    plan,
    accounts: options.accounts,
    believedTtlMs: options.believedTtlMs ?? ttlMs,
    profile: options.profile,
    pricesOf: (request) => options.pricesOf(request) ?? SHARE_PRICES,
  });
  yield* simulate(plan, { policy: chooser, tally, pool });
  const result = tally.result();
  return {
    ...result,
    policy,
    accounts: options.accounts,
    slots: slots.reduce((sum, count) => sum + count, 0),
    shareOfCeiling: ceiling.hitRate === 0 ? 1 : result.hitRate / ceiling.hitRate,
  };
}

/** Input cost at the ceiling as a share of the cost without caching. */
export function ceilingCostShare({ plan, ceiling }: Stage): number {
  let cost = 0;
  for (const [place, request] of plan.requests.entries()) {
    if (!request.isCounted) continue;
    cost += inputCost(request, { readTokens: ceiling.reads[place] ?? 0, prices: SHARE_PRICES });
  }
  return ceiling.inputTokens === 0 ? 0 : cost / ceiling.inputTokens;
}

/** Evenly; at least one each. */
function dealSlots({ meanInFlight }: Ceiling, { accounts, slots, utilisation }: RunOptions): number[] {
  if (slots !== null) return Array.from({ length: accounts }, () => slots);
  const total = Math.max(accounts, Math.round(meanInFlight / utilisation));
  return Array.from({ length: accounts }, (_, index) => {
    return Math.floor((total * (index + 1)) / accounts) - Math.floor((total * index) / accounts);
  });
}

/** Buckets are a quarter roomier than slots. */
const BUCKET_UTILISATION = 0.8;

function bucketOf(
  { uncachedPerMs, inputPerMs }: Ceiling,
  { accounts, utilisation, bucketRule }: RunOptions,
): PoolOptions['bucket'] {
  if (bucketRule === 'none') return null;
  const countsUncachedOnly = bucketRule === 'uncached';
  const needed = countsUncachedOnly ? uncachedPerMs : inputPerMs;
  return { refillTokensPerMs: needed / (BUCKET_UTILISATION * utilisation) / accounts, countsUncachedOnly };
}
