// What each lifetime of an explicit prompt cache would have cost on real traffic, and which is cheapest.
//
// A chain is the requests of one (session, model, account) in order of start. For its i-th request:
//   I = its input tokens
//   K = what of it goes through the cache: tokens read + written; all of I when it did neither
//   P = what could be read again: min(K of the one before, K)
//   gap = its start - the end of the one before, at least 0; a cache entry lives from its last use
// With a cache of lifetime L and write price w(L), it costs
//   gap <= L:          P * read + (K - P) * w(L) + (I - K) * input
//   else, or no one before:       K * w(L)       + (I - K) * input
// Keeping warm: the 5-minute cache, and after every 5 idle minutes a ping reads what is warm once more, at most `maxPings`
// times in a row: a gap <= 5 min * (maxPings + 1) is read, and each gap costs min(maxPings, ceil(gap / 5 min) - 1)
// pings of K(before) * read. The last request of a chain is followed by its pings too, up to the end of the period.
// Output costs the same either way and is left out.

import type { CacheUse, SessionSample } from '../gateway/log-queries.ts';
import { type Estimate, estimatedRate, estimatedTotal } from './session-sample.ts';

/** USD per token. */
export interface CachePrices {
  inputUsd: number;
  readUsd: number;
  write5mUsd: number;
  write1hUsd: number;
}

/** `implicit`: the provider caches by itself, with no write price and no lifetime to choose. */
export type PricesOf = (
  use: Pick<CacheUse, 'modelId' | 'accountId' | 'inputTokens'>,
) => CachePrices | 'implicit' | 'unpriced';

export type CachePlan = 'five-minutes' | 'one-hour' | 'keep-warm';

interface PlanCosts {
  fiveMinutesUsd: number;
  oneHourUsd: number;
  keepWarmUsd: number;
}

/** `plusMinus`: half of the 95 % confidence interval of each figure; null where every session was counted. */
export interface CostFigures extends PlanCosts {
  plusMinus: PlanCosts | null;
}

/** What the cheapest plan saves in the period against this one. */
export interface PlanSaving {
  plan: CachePlan;
  usd: number;
  plusMinusUsd: number | null;
  /** More than could be chance; always, where every session was counted. */
  isClear: boolean;
}

export interface TtlAdvice {
  /** What the costs were computed from. */
  basedOnRequests: number;
  /** Of the whole sample: left out of it, because there is nothing to choose or no price. */
  implicitRequests: number;
  unpricedRequests: number;
  /** Drawn, and those that they were drawn from. */
  sampledSessions: number;
  sessions: number;
  per1000Requests: CostFigures;
  inPeriod: CostFigures;
  cheapest: CachePlan;
  /** Of the other plans, the next cheapest first. */
  savings: PlanSaving[];
  reason: string;
}

export interface AdviceOptions {
  pricesOf: PricesOf;
  maxPings: number;
  /** End of the period. */
  toMs: number;
  /** What the requests are from; they may be a part of it only, such as those of one user. */
  sample: SessionSample;
}

const FIVE_MINUTES_MS = 300_000;
const ONE_HOUR_MS = 3_600_000;

/** Null when no request of the sample has an explicit cache with a price. */
export function ttlAdvice(uses: readonly CacheUse[], options: AdviceOptions): TtlAdvice | null {
  const priced = uses.map((use) => ({ use, prices: options.pricesOf(use) }));
  const count = (kind: 'implicit' | 'unpriced') => priced.filter(({ prices }) => prices === kind).length;
  const chosen = priced.flatMap(({ use, prices }) => (typeof prices === 'string' ? [] : [{ use, prices }]));
  if (chosen.length === 0) return null;
  const ofSessions = costsBySession(chosen, options);
  const { sample } = options;
  const inPeriod = figuresOf((plan) =>
    estimatedTotal(
      sample,
      mapped(ofSessions, (costs) => costs[plan]),
    ),
  );
  const per1000Requests = figuresOf((plan) =>
    estimatedRate(
      sample,
      mapped(ofSessions, (costs) => ({ y: 1000 * costs[plan], z: costs.requests })),
    ),
  );
  const [cheapest, ...others] = rankedPlans(inPeriod);
  const savings = others.map((plan) => savingOf({ sample, ofSessions, plan, cheapest }));
  return {
    basedOnRequests: chosen.length,
    implicitRequests: count('implicit'),
    unpricedRequests: count('unpriced'),
    sampledSessions: sample.drawn.size,
    sessions: sample.sessions,
    per1000Requests,
    inPeriod,
    cheapest,
    savings,
    reason: reasonOf({ cheapest, savings, per1000Requests }),
  };
}

interface PricedUse {
  use: CacheUse;
  prices: CachePrices;
}

interface SessionCosts extends PlanCosts {
  requests: number;
}

function costsBySession(uses: readonly PricedUse[], options: AdviceOptions): Map<string, SessionCosts> {
  const ofSessions = new Map<string, SessionCosts>();
  for (const [sessionId, own] of Map.groupBy(uses, ({ use }) => use.sessionId)) {
    const costs = { requests: own.length, fiveMinutesUsd: 0, oneHourUsd: 0, keepWarmUsd: 0 };
    for (const chain of chainsOf(own)) addChain(costs, chain, options);
    ofSessions.set(sessionId, costs);
  }
  return ofSessions;
}

function mapped<Value, Result>(
  values: ReadonlyMap<string, Value>,
  of: (value: Value) => Result,
): Map<string, Result> {
  return new Map([...values].map(([key, value]) => [key, of(value)]));
}

function chainsOf(uses: readonly PricedUse[]): PricedUse[][] {
  const chains = Map.groupBy(uses, ({ use }) => JSON.stringify([use.modelId, use.accountId]));
  return [...chains.values()].map((chain) =>
    chain.toSorted(
      (a, b) => a.use.startedAtMs - b.use.startedAtMs || a.use.finishedAtMs - b.use.finishedAtMs,
    ),
  );
}

function addChain(sum: PlanCosts, chain: readonly PricedUse[], { maxPings, toMs }: AdviceOptions): void {
  const keptMs = FIVE_MINUTES_MS * (maxPings + 1);
  for (const [index, { use, prices }] of chain.entries()) {
    const before = chain[index - 1];
    const gapMs = before ? Math.max(0, use.startedAtMs - before.use.finishedAtMs) : Number.POSITIVE_INFINITY;
    const reusable = before ? Math.min(throughCache(before.use), throughCache(use)) : 0;
    const cost = (lifetimeMs: number, writeUsd: number) =>
      costOf(use, { prices, writeUsd, readTokens: gapMs <= lifetimeMs ? reusable : 0 });
    sum.fiveMinutesUsd += cost(FIVE_MINUTES_MS, prices.write5mUsd);
    sum.oneHourUsd += cost(ONE_HOUR_MS, prices.write1hUsd);
    sum.keepWarmUsd += cost(keptMs, prices.write5mUsd);
    const next = chain[index + 1];
    const idleMs = Math.max(0, (next?.use.startedAtMs ?? toMs) - use.finishedAtMs);
    sum.keepWarmUsd += pingsWithin(idleMs, maxPings) * throughCache(use) * prices.readUsd;
  }
}

function throughCache({ inputTokens, cacheReadTokens, cacheWriteTokens }: CacheUse): number {
  const cached = cacheReadTokens + cacheWriteTokens;
  return cached > 0 ? Math.min(cached, inputTokens) : inputTokens;
}

function costOf(
  use: CacheUse,
  { prices, writeUsd, readTokens }: { prices: CachePrices; writeUsd: number; readTokens: number },
): number {
  const cached = throughCache(use);
  return (
    readTokens * prices.readUsd +
    (cached - readTokens) * writeUsd +
    (use.inputTokens - cached) * prices.inputUsd
  );
}

function pingsWithin(idleMs: number, maxPings: number): number {
  return Math.max(0, Math.min(maxPings, Math.ceil(idleMs / FIVE_MINUTES_MS) - 1));
}

/** In order of how much they need doing: of equal costs the first is taken. */
const PLANS = ['five-minutes', 'one-hour', 'keep-warm'] as const satisfies readonly CachePlan[];
const FIELDS = {
  'five-minutes': 'fiveMinutesUsd',
  'one-hour': 'oneHourUsd',
  'keep-warm': 'keepWarmUsd',
} as const satisfies Record<CachePlan, keyof PlanCosts>;
const NAMES: Record<CachePlan, string> = {
  'five-minutes': 'The 5-minute cache',
  'one-hour': 'The 1-hour cache',
  'keep-warm': 'The 5-minute cache with keep-warm pings',
};

function figuresOf(estimate: (plan: keyof PlanCosts) => Estimate): CostFigures {
  const [five, hour, warm] = [estimate('fiveMinutesUsd'), estimate('oneHourUsd'), estimate('keepWarmUsd')];
  return {
    fiveMinutesUsd: five.value,
    oneHourUsd: hour.value,
    keepWarmUsd: warm.value,
    plusMinus:
      five.plusMinus === null || hour.plusMinus === null || warm.plusMinus === null
        ? null
        : { fiveMinutesUsd: five.plusMinus, oneHourUsd: hour.plusMinus, keepWarmUsd: warm.plusMinus },
  };
}

function rankedPlans(costs: PlanCosts): [CachePlan, ...CachePlan[]] {
  const [cheapest = PLANS[0], ...others] = PLANS.toSorted((a, b) => costs[FIELDS[a]] - costs[FIELDS[b]]);
  return [cheapest, ...others];
}

/** The error of a difference is much less than those of both costs, which rise and fall together. */
function savingOf({
  sample,
  ofSessions,
  plan,
  cheapest,
}: {
  sample: SessionSample;
  ofSessions: ReadonlyMap<string, PlanCosts>;
  plan: CachePlan;
  cheapest: CachePlan;
}): PlanSaving {
  const { value: usd, plusMinus: plusMinusUsd } = estimatedTotal(
    sample,
    mapped(ofSessions, (costs) => costs[FIELDS[plan]] - costs[FIELDS[cheapest]]),
  );
  return { plan, usd, plusMinusUsd, isClear: plusMinusUsd === null || usd > plusMinusUsd };
}

function reasonOf({
  cheapest,
  savings,
  per1000Requests: costs,
}: Pick<TtlAdvice, 'cheapest' | 'savings' | 'per1000Requests'>): string {
  const next = savings[0];
  if (next === undefined) return NAMES[cheapest];
  const nextName = NAMES[next.plan].replace('The', 'the');
  const nextUsd = costs[FIELDS[next.plan]];
  const less = nextUsd > 0 ? Math.round((1 - costs[FIELDS[cheapest]] / nextUsd) * 100) : 0;
  if (!next.isClear || less === 0) {
    return `${NAMES[cheapest]} and ${nextName} cost about the same: ${usdText(costs, cheapest)} and ${usdText(costs, next.plan)} per 1,000 requests`;
  }
  return `${NAMES[cheapest]} is cheapest: ${usdText(costs, cheapest)} per 1,000 requests, ${less} % less than ${nextName} at ${usdText(costs, next.plan)}`;
}

/** No more digits than the error allows. */
function usdText(costs: CostFigures, plan: CachePlan): string {
  const usd = costs[FIELDS[plan]];
  const plusMinus = costs.plusMinus?.[FIELDS[plan]] ?? 0;
  if (plusMinus <= 0) return `$${usd.toFixed(4)}`;
  const last = Math.floor(Math.log10(plusMinus)) - 1;
  const rounded = (value: number) =>
    last < 0 ? value.toFixed(Math.min(8, -last)) : String(Math.round(value / 10 ** last) * 10 ** last);
  return `$${rounded(usd)} ± $${rounded(plusMinus)}`;
}
