// Quantities as people say them, beside the number in its own unit: 3600 s = 1h. Pure.

import type { Unit } from './fields.ts';

const SECONDS: Partial<Record<Unit, number>> = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 };
const SPANS: readonly (readonly ['day' | 'hour' | 'minute' | 'second', number])[] = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
];
/** Parts of a span that are told: 1h 30m, but not 1d 2h 3m 4s. */
const TOLD_PARTS = 2;
/** What the gateway means by MB and KB. */
const SIZE_STEP = 1024;
/** A number from here on is hard to read at a glance. */
const MANY = 10_000;

/** Null when it would say no more than the number itself. */
export function reading(value: number | null, unit: Unit, locale: string): string | null {
  if (value === null || !Number.isFinite(value) || value <= 0) return null;
  const seconds = SECONDS[unit];
  if (seconds !== undefined) return longer(value, { seconds, locale });
  if (unit === 'mb' && value >= SIZE_STEP) return sized(value / SIZE_STEP, { unit: 'gigabyte', locale });
  if (unit === 'kb' && value >= SIZE_STEP) return sized(value / SIZE_STEP, { unit: 'megabyte', locale });
  if ((unit === 'rows' || unit === 'requests') && value >= MANY) {
    return new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 }).format(value);
  }
  return null;
}

/** A span of time in its largest units. */
function span(seconds: number, locale: string): string {
  let left = seconds;
  const parts: string[] = [];
  for (const [unit, size] of SPANS) {
    const count = unit === 'second' ? Math.round(left * 100) / 100 : Math.floor(left / size);
    if (count > 0 && parts.length < TOLD_PARTS) parts.push(sized(count, { unit, locale }));
    left -= Math.floor(left / size) * size;
  }
  return parts.join(' ');
}

function longer(value: number, { seconds, locale }: { seconds: number; locale: string }): string | null {
  const next = SPANS.findLast(([, size]) => size > seconds)?.[1];
  return next === undefined || value * seconds < next ? null : span(value * seconds, locale);
}

function sized(value: number, { unit, locale }: { unit: string; locale: string }): string {
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit,
    unitDisplay: 'narrow',
    maximumFractionDigits: 2,
  }).format(value);
}
