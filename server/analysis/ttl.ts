// The analysis of lifetimes as callers see it: minutes, shares and the recommendation for each group. Pure.

import type { IntervalGroup } from '../gateway/log-queries.ts';
import { recommendationReason, recommendedTtlMinutes } from './ttl-ladder.ts';

type BucketName = 'within5min' | 'within15min' | 'within30min' | 'within60min' | 'over60min';

export interface TtlReport {
  requestCount: number;
  intervalDistribution: Record<BucketName, number>;
  /** Fractions 0..1 with three decimals: percentages with one. */
  intervalPercentages: Record<BucketName, number>;
  /** Minutes with two decimals, as all below. */
  percentiles: { p50: number; p75: number; p90: number };
  avgIntervalMinutes: number;
  minIntervalMinutes: number;
  maxIntervalMinutes: number;
  recommendedTtlMinutes: number;
  recommendationReason: string;
}

export function ttlReport(group: IntervalGroup): TtlReport {
  return {
    requestCount: group.intervals,
    intervalDistribution: byBucket(group, (count) => count),
    intervalPercentages: byBucket(group, (count) => Math.round((count / group.intervals) * 1000) / 1000),
    percentiles: {
      p50: minutesOf(group.p50Ms),
      p75: minutesOf(group.p75Ms),
      p90: minutesOf(group.p90Ms),
    },
    avgIntervalMinutes: minutesOf(group.averageMs),
    minIntervalMinutes: minutesOf(group.leastMs),
    maxIntervalMinutes: minutesOf(group.mostMs),
    recommendedTtlMinutes: recommendedTtlMinutes(group),
    recommendationReason: recommendationReason(group),
  };
}

function byBucket({ buckets }: IntervalGroup, of: (count: number) => number): Record<BucketName, number> {
  const [five, fifteen, thirty, sixty, over] = buckets;
  return {
    within5min: of(five),
    within15min: of(fifteen),
    within30min: of(thirty),
    within60min: of(sixty),
    over60min: of(over),
  };
}

/** Two decimals. */
function minutesOf(ms: number): number {
  return Math.round(ms / 600) / 100;
}
