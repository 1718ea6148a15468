// What to ask for the overview's figures, and where they lead. Pure.

import { WITHOUT_PINGS } from '../../lib/ceiling.ts';
import { midnightMs, type Range, type RangeName } from '../../lib/period.ts';
import { requestsLink } from '../../lib/request-filter.ts';

/** Variables of the question: the period, what caches did in it, and today in the reader's zone. */
export function figureVariables(range: Range, nowMs: number, timeZone: string) {
  const filter = momentsOf(range);
  return {
    filter,
    cached: { ...filter, ...WITHOUT_PINGS },
    failures: { ...filter, outcome: 'FAILED' as const },
    today: { from: new Date(midnightMs(nowMs, timeZone)).toISOString(), ...WITHOUT_PINGS },
    bucketSeconds: range.bucketSeconds,
    timeZone,
  };
}

/** The requests of the period, narrowed further. */
export function periodLink(range: Range, filters: Parameters<typeof requestsLink>[0] = {}): string {
  return requestsLink({ ...(range.name === null ? momentsOf(range) : { period: range.name }), ...filters });
}

/** What caches did in the period. */
export function cacheLink(range: Range): string {
  const isNamed = CACHE_PERIODS.some((name) => name === range.name);
  const span = range.name !== null && isNamed ? { period: range.name } : momentsOf(range);
  return `/cache?${new URLSearchParams(span)}`;
}

/** The periods that the Cache screen has by name. */
const CACHE_PERIODS: readonly RangeName[] = ['1h', '24h', '7d', '30d'];

function momentsOf({ fromMs, toMs }: Range): Record<string, string> {
  const from = new Date(fromMs).toISOString();
  return toMs === null ? { from } : { from, to: new Date(toMs).toISOString() };
}

interface Bucket {
  from: string;
  total: number;
}

/** How many failed in each of the buckets. The API's `failed` counts callers who were refused or hung up as well. */
export function errorsOf(points: readonly Bucket[], failures: readonly Bucket[]): number[] {
  const byStart = new Map(failures.map(({ from, total }) => [from, total]));
  return points.map(({ from }) => byStart.get(from) ?? 0);
}
