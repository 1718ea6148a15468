// The histogram above the Requests list: its range, its bars and what a selection of them means. Pure.

import { bucketSecondsOf } from '../../lib/period.ts';
import { type ApiFilter, isCountable } from '../../lib/request-filter.ts';

const DAY_MS = 86_400_000;
/** What the API makes buckets of at least. */
const LEAST_SECONDS = 60;
/** Looked at one by one they take a tenth of a second. */
const MAX_SEEN_ROWS = 50_000;

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

export interface HistogramRange {
  /** With both ends of what is drawn. */
  filter: ApiFilter & { from: string; to: string };
  /** Width of a bar. */
  seconds: number;
  /** The list goes back further. */
  isPart: boolean;
}

/**
 * What is drawn: the range of the filter; without a beginning, back to the oldest request there is, as the list goes. Only
 * where each row would have to be looked at, and there are too many of them (`rows`), it is the day before the end.
 */
export function histogramRange(
  filter: ApiFilter,
  { nowMs, oldestMs, rows }: { nowMs: number; oldestMs: number | null; rows: number },
): HistogramRange {
  const toMs = filter.to === undefined ? nowMs : Date.parse(filter.to);
  const dayBeforeMs = toMs - DAY_MS;
  const firstMs = oldestMs ?? dayBeforeMs;
  const isWhole = isCountable(filter) || rows <= MAX_SEEN_ROWS;
  const openMs = isWhole ? firstMs : Math.max(firstMs, dayBeforeMs);
  const fromMs = Math.min(filter.from === undefined ? openMs : Date.parse(filter.from), toMs);
  const range = { from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() };
  const seconds = Math.max(LEAST_SECONDS, bucketSecondsOf(toMs - fromMs));
  return { filter: { ...filter, ...range }, seconds, isPart: filter.from === undefined && firstMs < fromMs };
}

/** Outcomes are told apart by readings of their own: not where one of them is asked for, or each would look at every row. */
export function hasOutcomes(filter: ApiFilter): boolean {
  return filter.outcome === undefined && isCountable(filter);
}

/** All bars; of one outcome only when the filter asks for it. What is not told apart counts as failed. */
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
