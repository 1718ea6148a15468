// The buckets of a series: whole ones of the clock, in a zone.

import { bucketEdges, isTimeZone, MAX_BUCKETS } from '../analysis/time-buckets.ts';
import { badInput } from './builder.ts';

const MIN_BUCKET_SECONDS = 60;
const MAX_BUCKET_SECONDS = 2_592_000;
/** Buckets of a series that states no beginning. */
export const DEFAULT_BUCKETS = 100;

export const BUCKET_SECONDS_HINT = `Length of a bucket in seconds, ${MIN_BUCKET_SECONDS} to ${MAX_BUCKET_SECONDS}.`;
export const TIME_ZONE_HINT =
  'IANA name such as Europe/Berlin. Buckets of whole days or hours then begin when a day or hour begins there: a day has 23 or 25 hours when its clocks are changed. Default UTC.';

/** Throws what to tell about buckets that make no sense. */
export function edgesOf(
  filter: { fromMs?: number; toMs?: number },
  options: { nowMs: number; bucketSeconds: number; timeZone: string | null },
): number[] {
  const { bucketSeconds, timeZone } = options;
  if (bucketSeconds < MIN_BUCKET_SECONDS || bucketSeconds > MAX_BUCKET_SECONDS) {
    throw badInput(
      `Cannot make buckets: bucketSeconds must be ${MIN_BUCKET_SECONDS} to ${MAX_BUCKET_SECONDS}`,
    );
  }
  if (timeZone !== null && !isTimeZone(timeZone)) {
    throw badInput('Cannot make buckets: timeZone must be an IANA name such as Europe/Berlin');
  }
  const toMs = filter.toMs ?? options.nowMs;
  const fromMs = filter.fromMs ?? toMs - (DEFAULT_BUCKETS - 1) * bucketSeconds * 1000;
  if (fromMs > toMs) throw badInput('Cannot make buckets: from must not be after to');
  const edges = bucketEdges({ fromMs, toMs, bucketSeconds, timeZone });
  if (!edges) throw badInput(`Cannot make buckets: there would be more than ${MAX_BUCKETS}`);
  return edges;
}
