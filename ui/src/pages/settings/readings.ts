// Quantities as people say them, beside the number in its own unit: 3600 s = 1 h. Pure.

import type { Format } from '../../lib/format.ts';
import type { Unit } from './fields.ts';

const SECONDS: Partial<Record<Unit, number>> = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 };
const SPANS_SECONDS: readonly number[] = [60, 3600, 86_400];
/** What the gateway means by MB and KB. */
const SIZE_STEP = 1024;
/** A number from here on is hard to read at a glance. */
const MANY = 10_000;

type Wording = Pick<Format, 'compact' | 'duration' | 'locale'>;

/** Null when it would say no more than the number itself. */
export function reading(value: number | null, unit: Unit, format: Wording): string | null {
  if (value === null || !Number.isFinite(value) || value <= 0) return null;
  const seconds = SECONDS[unit];
  if (seconds !== undefined) return isLong(value, seconds) ? format.duration(value * seconds * 1000) : null;
  if (unit === 'mb' && value >= SIZE_STEP) return sized(value / SIZE_STEP, 'gigabyte', format.locale);
  if (unit === 'kb' && value >= SIZE_STEP) return sized(value / SIZE_STEP, 'megabyte', format.locale);
  return (unit === 'rows' || unit === 'requests') && value >= MANY ? format.compact(value) : null;
}

/** It fills the next larger unit. */
function isLong(value: number, seconds: number): boolean {
  const next = SPANS_SECONDS.find((size) => size > seconds);
  return next !== undefined && value * seconds >= next;
}

function sized(value: number, unit: string, locale: string): string {
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: 2,
  }).format(value);
}
