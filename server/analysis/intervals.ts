// The time between requests of one group: buckets, percentiles and sums. Pure; times are milliseconds.

import type { IntervalGroup, IntervalGroups } from '../gateway/log-queries.ts';
import { recommendedTtlMinutes, TTL_STEPS_MINUTES } from './ttl-ladder.ts';

/** A bucket holds what is above the one before it and at most this; the last one holds the rest. */
const BUCKET_EDGES_MS = [300_000, 900_000, 1_800_000, 3_600_000] as const;
/** One interval says nothing about how they vary. */
export const MIN_INTERVALS = 2;

export type Buckets = [number, number, number, number, number];

export function bucketOf(intervalMs: number): number {
  const index = BUCKET_EDGES_MS.findIndex((edgeMs) => intervalMs <= edgeMs);
  return index < 0 ? BUCKET_EDGES_MS.length : index;
}

/** Of ascending starts. */
export function intervalsOf(startsMs: readonly number[]): number[] {
  return startsMs.slice(1).map((startMs, index) => startMs - (startsMs[index] ?? startMs));
}

/** Linear between the two nearest values, as PERCENTILE_CONT of SQL. `sorted`: ascending, not empty. */
export function percentileOf(sorted: ArrayLike<number>, share: number): number {
  const position = (sorted.length - 1) * share;
  const below = Math.floor(position);
  const low = sorted[below] ?? 0;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? low;
  return low + (high - low) * (position - below);
}

/** Null when there are too few to say anything. */
export function intervalGroup(id: string, intervalsMs: Iterable<number>): IntervalGroup | null {
  const sorted = Float64Array.from(intervalsMs).sort();
  const [leastMs] = sorted;
  const mostMs = sorted.at(-1);
  if (sorted.length < MIN_INTERVALS || leastMs === undefined || mostMs === undefined) return null;
  const buckets: Buckets = [0, 0, 0, 0, 0];
  let sumMs = 0;
  for (const intervalMs of sorted) {
    sumMs += intervalMs;
    buckets[bucketOf(intervalMs)] = (buckets[bucketOf(intervalMs)] ?? 0) + 1;
  }
  return {
    id,
    intervals: sorted.length,
    buckets,
    p50Ms: percentileOf(sorted, 0.5),
    p75Ms: percentileOf(sorted, 0.75),
    p90Ms: percentileOf(sorted, 0.9),
    averageMs: sumMs / sorted.length,
    leastMs,
    mostMs,
  };
}

/** `startsMs` by group, each ascending. */
export function intervalGroups(
  startsMs: ReadonlyMap<string, readonly number[]>,
  limit: number,
): IntervalGroups {
  const groups = [...startsMs].flatMap(([id, starts]) => intervalGroup(id, intervalsOf(starts)) ?? []);
  return rankedGroups(groups, { limit, isExact: true });
}

/** Most intervals first; ties by id, so that the order is always the same. */
export function rankedGroups(
  groups: readonly IntervalGroup[],
  { limit, isExact }: { limit: number; isExact: boolean },
): IntervalGroups {
  const ranked = groups.toSorted((a, b) => b.intervals - a.intervals || (a.id < b.id ? -1 : 1));
  const counts = TTL_STEPS_MINUTES.map(
    (minutes) => groups.filter((group) => recommendedTtlMinutes(group) === minutes).length,
  );
  const [five = 0, fifteen = 0, thirty = 0, sixty = 0] = counts;
  return {
    groups: ranked.slice(0, limit),
    groupCount: groups.length,
    recommended: [five, fifteen, thirty, sixty],
    isExact,
  };
}
