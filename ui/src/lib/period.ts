// The period that a screen shows, as its address names it. Pure but for the reading of the address by its callers.

export const PERIOD_MS = {
  '15m': 900_000,
  '1h': 3_600_000,
  '6h': 6 * 3_600_000,
  '12h': 12 * 3_600_000,
  '24h': 86_400_000,
  '3d': 3 * 86_400_000,
  '7d': 7 * 86_400_000,
  '14d': 14 * 86_400_000,
  '30d': 30 * 86_400_000,
} as const;
export type PeriodName = keyof typeof PERIOD_MS;

/** Since midnight in a zone; the period that money is thought of in. */
export const TODAY = 'today';
export type RangeName = PeriodName | typeof TODAY;

export interface Range {
  /** Null when the address gives two moments of its own. */
  name: RangeName | null;
  fromMs: number;
  /** Null = up to now, and live. */
  toMs: number | null;
  /** Whole hours for queries that ask by hours up to now, at least 1. */
  hours: number;
  /** A width that divides the clock and gives at most about 60 buckets; at least the minute that the API allows. */
  bucketSeconds: number;
}

const BUCKET_SECONDS = [60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400, 604_800];
const MAX_BUCKETS = 60;

/** What the parameters `period`, `from` and `to` mean; nonsense in a hand-edited address counts as absent. */
export function rangeOf(
  params: URLSearchParams,
  fallback: RangeName,
  nowMs: number,
  timeZone = 'UTC',
): Range {
  return givenRange(params, nowMs, timeZone) ?? namedRange(fallback, nowMs, timeZone);
}

/** The same for a screen that shows all of time unless told otherwise; null = it is not. */
export function givenRange(params: URLSearchParams, nowMs: number, timeZone = 'UTC'): Range | null {
  const fromMs = momentOf(params.get('from'));
  const toMs = momentOf(params.get('to'));
  const isFixed = fromMs !== null && (toMs ?? nowMs) > fromMs;
  if (isFixed) return withWidths({ name: null, fromMs, toMs }, nowMs);
  const name = rangeNameOf(params.get('period'));
  return name && namedRange(name, nowMs, timeZone);
}

export function rangeNameOf(value: string | null): RangeName | null {
  if (value === TODAY) return TODAY;
  return value !== null && isPeriodName(value) ? value : null;
}

/** When the present day began in the zone; where the clock skips midnight, its first moment. */
export function midnightMs(nowMs: number, timeZone: string): number {
  const dayOf = new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' });
  const today = dayOf.format(nowMs);
  // Days have 23 to 25 hours: the first minute of the day is searched, not computed.
  let before = nowMs - 26 * 3_600_000;
  let within = nowMs;
  while (within - before > 1) {
    const middle = Math.floor((before + within) / 2);
    if (dayOf.format(middle) === today) within = middle;
    else before = middle;
  }
  return within;
}

/** Seconds per bucket for a span, so that a chart has at most about `maxBuckets`. */
export function bucketSecondsOf(spanMs: number, maxBuckets = MAX_BUCKETS): number {
  return BUCKET_SECONDS.find((seconds) => spanMs / 1000 / seconds <= maxBuckets) ?? 604_800;
}

function namedRange(name: RangeName, nowMs: number, timeZone: string): Range {
  const fromMs = name === TODAY ? midnightMs(nowMs, timeZone) : nowMs - PERIOD_MS[name];
  return withWidths({ name, fromMs, toMs: null }, nowMs);
}

function withWidths(range: Pick<Range, 'name' | 'fromMs' | 'toMs'>, nowMs: number): Range {
  const spanMs = (range.toMs ?? nowMs) - range.fromMs;
  return {
    ...range,
    hours: Math.max(1, Math.round((nowMs - range.fromMs) / 3_600_000)),
    bucketSeconds: bucketSecondsOf(spanMs),
  };
}

function isPeriodName(value: string): value is PeriodName {
  return Object.hasOwn(PERIOD_MS, value);
}

function momentOf(value: string | null): number | null {
  const ms = value === null || value === '' ? Number.NaN : Date.parse(value);
  return Number.isNaN(ms) ? null : ms;
}
