// How a row of the request log tells of its routing, as lists without names, and back.

import type {
  CacheLeverRecord,
  ConsideredCandidate,
  CostTerms,
  RouteRecord,
  TtlSums,
} from '../gateway/route-record.ts';
import { flag } from './database.ts';

const MAX_CONSIDERED = 16;
const NANO = 1e9;

/** Add at the end, and say what older rows have there; never change the order. */
export type RouteTail = [
  policy: RouteRecord['policy'],
  profile: RouteRecord['profile'],
  promptTokens: number,
  isUnpriced: 0 | 1,
  waitedMs: number,
  considered: ConsideredTail[],
];

type ConsideredTail = [
  accountId: string,
  accountName: string,
  state: ConsideredCandidate['state'],
  warmTokens: number,
  waitMs: number | null,
  /** Billionths of a USD, without the total. */
  cost:
    | [
        miss: number,
        read: number,
        wait: number,
        load: number,
        failure: number,
        headroom: number,
        others: number,
      ]
    | null,
];

export type LeverTail = [
  ttl: CacheLeverRecord['ttl'],
  ttlReason: string | null,
  breakpointsPlaced: number,
  promptCacheKeySet: 0 | 1,
  /** Not in older rows, nor where no lifetime was set. */
  ttlSums?: TtlSumsTail,
];

/** Sums in billionths of a USD. */
type TtlSumsTail = [isOwn: 0 | 1, saved: number, extra: number];

export function routeTail(route: RouteRecord): RouteTail {
  const { policy, profile, promptTokens, isUnpriced, waitedMs, considered } = route;
  return [
    policy,
    profile,
    promptTokens,
    flag(isUnpriced),
    waitedMs,
    considered.slice(0, MAX_CONSIDERED).map(consideredTail),
  ];
}

function consideredTail(candidate: ConsideredCandidate): ConsideredTail {
  const { accountId, accountName, state, warmTokens, waitMs, cost } = candidate;
  return [accountId, accountName, state, warmTokens, waitMs, cost && costTail(cost)];
}

function costTail(cost: CostTerms): NonNullable<ConsideredTail[5]> {
  return [
    toNano(cost.missUsd),
    toNano(cost.readUsd),
    toNano(cost.waitUsd),
    toNano(cost.loadUsd),
    toNano(cost.failureUsd),
    toNano(cost.headroomUsd),
    toNano(cost.othersUsd),
  ];
}

export function routeOf([
  policy,
  profile,
  promptTokens,
  isUnpriced,
  waitedMs,
  considered,
]: RouteTail): RouteRecord {
  return {
    policy,
    profile,
    promptTokens,
    isUnpriced: isUnpriced === 1,
    waitedMs,
    considered: considered.map(consideredOf),
  };
}

function consideredOf([accountId, accountName, state, warmTokens, waitMs, cost]: ConsideredTail) {
  return { accountId, accountName, state, warmTokens, waitMs, cost: cost && costOf(cost) };
}

function costOf(terms: NonNullable<ConsideredTail[5]>): CostTerms {
  const [miss, read, wait, load, failure, headroom, others] = terms;
  return {
    missUsd: miss / NANO,
    readUsd: read / NANO,
    waitUsd: wait / NANO,
    loadUsd: load / NANO,
    failureUsd: failure / NANO,
    headroomUsd: headroom / NANO,
    othersUsd: others / NANO,
    totalUsd: terms.reduce((sum, term) => sum + term, 0) / NANO,
  };
}

export function leverTail({
  ttl,
  ttlReason,
  breakpointsPlaced,
  promptCacheKeySet,
  ttlSums,
}: CacheLeverRecord): LeverTail {
  const done: LeverTail = [ttl, ttlReason, breakpointsPlaced, flag(promptCacheKeySet)];
  if (ttlSums) done.push([flag(ttlSums.isOwn), toNano(ttlSums.savedUsd), toNano(ttlSums.extraUsd)]);
  return done;
}

function toNano(usd: number): number {
  return Math.round(usd * NANO);
}

export function leverOf([
  ttl,
  ttlReason,
  breakpointsPlaced,
  promptCacheKeySet,
  ttlSums,
]: LeverTail): CacheLeverRecord {
  return {
    ttl,
    ttlReason,
    ttlSums: ttlSums ? ttlSumsOf(ttlSums) : null,
    breakpointsPlaced,
    promptCacheKeySet: promptCacheKeySet === 1,
  };
}

function ttlSumsOf([isOwn, saved, extra]: TtlSumsTail): TtlSums {
  return { isOwn: isOwn === 1, savedUsd: saved / NANO, extraUsd: extra / NANO };
}
