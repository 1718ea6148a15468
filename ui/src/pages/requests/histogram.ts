// The histogram above the Requests list: its range, its bars and what a selection of them means. Pure.

import { bucketSecondsOf } from '../../lib/period.ts';
import type { ApiFilter } from '../../lib/request-filter.ts';

const DAY_MS = 86_400_000;
/** What the API makes buckets of at least. */
const LEAST_SECONDS = 60;

export interface Bar {
  fromMs: number;
  toMs: number;
  ok: number;
  rejected: number;
  failed: number;
  gone: number;
}

export const BAR_PARTS = ['ok', 'rejected', 'gone', 'failed'] as const;
export type BarPart = (typeof BAR_PARTS)[number];

export interface SeriesLike {
  all: readonly { from: string; to: string; total: number; succeeded: number }[];
  rejected?: readonly { total: number }[] | undefined;
  gone?: readonly { total: number }[] | undefined;
}

/** The filter with both ends of what is drawn, and the width of a bar. Without a beginning it is the day before the end. */
export function histogramRange(filter: ApiFilter, nowMs: number): { filter: ApiFilter; seconds: number } {
  const toMs = filter.to === undefined ? nowMs : Date.parse(filter.to);
  const fromMs = filter.from === undefined ? toMs - DAY_MS : Date.parse(filter.from);
  const range = { from: new Date(Math.min(fromMs, toMs)).toISOString(), to: new Date(toMs).toISOString() };
  const seconds = Math.max(LEAST_SECONDS, bucketSecondsOf(Math.max(0, toMs - fromMs)));
  return { filter: { ...filter, ...range }, seconds };
}

/** All bars; of one outcome only when the filter asks for it. */
export function barsOf(series: SeriesLike, outcome: ApiFilter['outcome']): Bar[] {
  return series.all.map(({ from, to, total, succeeded }, index) => {
    const rejected = outcome === 'REJECTED' ? total : (series.rejected?.[index]?.total ?? 0);
    const gone = outcome === 'CLIENT_GONE' ? total : (series.gone?.[index]?.total ?? 0);
    const failed = Math.max(0, total - succeeded - rejected - gone);
    return { fromMs: Date.parse(from), toMs: Date.parse(to), ok: succeeded, rejected, failed, gone };
  });
}

export function totalOf({ ok, rejected, failed, gone }: Bar): number {
  return ok + rejected + failed + gone;
}

/** From the first to the last bar of a selection, whichever way it was drawn. */
export function rangeOfBars(
  bars: readonly Bar[],
  one: number,
  other: number,
): { from: string; to: string } | null {
  const first = bars[Math.min(one, other)];
  const last = bars[Math.max(one, other)];
  if (!first || !last) return null;
  return { from: new Date(first.fromMs).toISOString(), to: new Date(last.toMs).toISOString() };
}
