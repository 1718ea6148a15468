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

import type { CacheUse } from '../gateway/log-queries.ts';

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

export interface TtlAdvice {
  /** What the costs were computed from. */
  basedOnRequests: number;
  /** Of the whole sample: left out of it, because there is nothing to choose or no price. */
  implicitRequests: number;
  unpricedRequests: number;
  per1000Requests: PlanCosts;
  /** The sample's costs times how many more sessions the period has. */
  inPeriod: PlanCosts;
  cheapest: CachePlan;
  reason: string;
}

export interface AdviceOptions {
  pricesOf: PricesOf;
  maxPings: number;
  /** End of the period. */
  toMs: number;
  /** Sessions of the period for each one in the sample; at least 1. */
  sessionsPerDrawn: number;
}

const FIVE_MINUTES_MS = 300_000;
const ONE_HOUR_MS = 3_600_000;

/** Null when no request of the sample has an explicit cache with a price. */
export function ttlAdvice(uses: readonly CacheUse[], options: AdviceOptions): TtlAdvice | null {
  const priced = uses.map((use) => ({ use, prices: options.pricesOf(use) }));
  const count = (kind: 'implicit' | 'unpriced') => priced.filter(({ prices }) => prices === kind).length;
  const chosen = priced.flatMap(({ use, prices }) => (typeof prices === 'string' ? [] : [{ use, prices }]));
  if (chosen.length === 0) return null;
  const sum = { fiveMinutesUsd: 0, oneHourUsd: 0, keepWarmUsd: 0 };
  for (const chain of chainsOf(chosen)) addChain(sum, chain, options);
  const per1000Requests = scaled(sum, 1000 / chosen.length);
  return {
    basedOnRequests: chosen.length,
    implicitRequests: count('implicit'),
    unpricedRequests: count('unpriced'),
    per1000Requests,
    inPeriod: scaled(sum, options.sessionsPerDrawn),
    ...choice(per1000Requests),
  };
}

interface PricedUse {
  use: CacheUse;
  prices: CachePrices;
}

function chainsOf(uses: readonly PricedUse[]): PricedUse[][] {
  const chains = Map.groupBy(uses, ({ use }) => JSON.stringify([use.sessionId, use.modelId, use.accountId]));
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

function scaled(costs: PlanCosts, factor: number): PlanCosts {
  return {
    fiveMinutesUsd: costs.fiveMinutesUsd * factor,
    oneHourUsd: costs.oneHourUsd * factor,
    keepWarmUsd: costs.keepWarmUsd * factor,
  };
}

const NAMES: Record<CachePlan, string> = {
  'five-minutes': 'The 5-minute cache',
  'one-hour': 'The 1-hour cache',
  'keep-warm': 'The 5-minute cache with keep-warm pings',
};

/** Of equal costs the plan that needs the least doing. */
function choice(costs: PlanCosts): { cheapest: CachePlan; reason: string } {
  const plans: { plan: CachePlan; usd: number }[] = [
    { plan: 'five-minutes', usd: costs.fiveMinutesUsd },
    { plan: 'one-hour', usd: costs.oneHourUsd },
    { plan: 'keep-warm', usd: costs.keepWarmUsd },
  ];
  const [first, second] = plans.toSorted((a, b) => a.usd - b.usd);
  const cheapest = first?.plan ?? 'five-minutes';
  const cheap = first?.usd ?? 0;
  const next = second?.usd ?? 0;
  const less = next > 0 ? Math.round(((next - cheap) / next) * 100) : 0;
  const reason = `${NAMES[cheapest]} is cheapest: $${cheap.toFixed(4)} per 1,000 requests, ${less} % less than ${NAMES[second?.plan ?? 'one-hour'].replace('The', 'the')} at $${next.toFixed(4)}`;
  return { cheapest, reason };
}
