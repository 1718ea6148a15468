// How a row of the request log tells of its routing, as lists without names, and back.

import type {
  CacheLeverRecord,
  ConsideredCandidate,
  CostTerms,
  RouteRecord,
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
];

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
    Math.round(cost.missUsd * NANO),
    Math.round(cost.readUsd * NANO),
    Math.round(cost.waitUsd * NANO),
    Math.round(cost.loadUsd * NANO),
    Math.round(cost.failureUsd * NANO),
    Math.round(cost.headroomUsd * NANO),
    Math.round(cost.othersUsd * NANO),
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
}: CacheLeverRecord): LeverTail {
  return [ttl, ttlReason, breakpointsPlaced, flag(promptCacheKeySet)];
}

export function leverOf([ttl, ttlReason, breakpointsPlaced, promptCacheKeySet]: LeverTail): CacheLeverRecord {
  return { ttl, ttlReason, breakpointsPlaced, promptCacheKeySet: promptCacheKeySet === 1 };
}
