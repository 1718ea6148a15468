// Cuts ranges of time into whole buckets, of which sums are kept, and the pieces in between, which only the log knows. Pure.

import { DAY_MS, HOUR_MS, MINUTE_MS } from './tally-kinds.ts';

/** Half-open. `slot`: which of the ranges that were asked for it belongs to. */
export interface TimeRange {
  slot: number;
  fromMs: number;
  toMs: number;
}

/** Whole buckets next to each other. */
export interface BucketRange extends TimeRange {
  bucketMs: number;
}

export interface RangeParts {
  buckets: BucketRange[];
  /** Shorter than the smallest bucket. */
  pieces: TimeRange[];
}

/** What is known of the log at the moment. */
export interface LogExtent {
  oldestMs: number;
  newestMs: number;
  /** Sums per minute are whole from here on; Infinity = there are none. */
  minutesFromMs: number;
}

export function floorTo(bucketMs: number, ms: number): number {
  return Math.floor(ms / bucketMs) * bucketMs;
}

export function ceilTo(bucketMs: number, ms: number): number {
  return Math.ceil(ms / bucketMs) * bucketMs;
}

export function cut(ranges: readonly TimeRange[], extent: LogExtent): RangeParts {
  const parts: RangeParts = { buckets: [], pieces: [] };
  for (const range of ranges) {
    const stretched = stretch(range, extent);
    if (stretched) cutBy(stretched, [DAY_MS, HOUR_MS, MINUTE_MS], extent.minutesFromMs, parts);
  }
  return parts;
}

/** Where the log has no rows, a range may as well end with a bucket. Null when it has none in the range at all. */
function stretch(range: TimeRange, { oldestMs, newestMs }: LogExtent): TimeRange | null {
  if (range.fromMs >= range.toMs || range.toMs <= oldestMs || range.fromMs > newestMs) return null;
  return {
    slot: range.slot,
    fromMs: range.fromMs <= oldestMs ? floorTo(DAY_MS, oldestMs) : range.fromMs,
    toMs: range.toMs > newestMs ? ceilTo(DAY_MS, newestMs + 1) : range.toMs,
  };
}

function cutBy(
  range: TimeRange,
  [bucketMs, ...smaller]: readonly number[],
  minutesFromMs: number,
  parts: RangeParts,
): void {
  const { slot, fromMs, toMs } = range;
  if (fromMs >= toMs) return;
  if (bucketMs === undefined || (bucketMs === MINUTE_MS && toMs <= minutesFromMs)) {
    parts.pieces.push(range);
    return;
  }
  const firstMs = bucketMs === MINUTE_MS ? Math.max(fromMs, minutesFromMs) : fromMs;
  const start = ceilTo(bucketMs, firstMs);
  const end = floorTo(bucketMs, toMs);
  if (start >= end) {
    cutBy(range, smaller, minutesFromMs, parts);
    return;
  }
  parts.buckets.push({ slot, bucketMs, fromMs: start, toMs: end });
  cutBy({ slot, fromMs, toMs: start }, smaller, minutesFromMs, parts);
  cutBy({ slot, fromMs: end, toMs }, smaller, minutesFromMs, parts);
}
