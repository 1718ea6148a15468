// Equal slices of a period for the overview's charts. Pure.

import { PERIODS, type Period } from './request-filter.ts';

export interface Bucket {
  fromMs: number;
  toMs: number;
}

// Widths that divide the clock, so that a slice reads "10:00–10:02"; none needs more than 30 slices.
const WIDTH_MS: Record<Period, number> = {
  '15m': 30_000,
  '1h': 120_000,
  '24h': 3_600_000,
  '7d': 6 * 3_600_000,
};

/** Slices of the period, oldest first; the last one holds `nowMs` and is still filling. */
export function bucketsOf(period: Period, nowMs: number): Bucket[] {
  const widthMs = WIDTH_MS[period];
  const count = PERIODS[period] / widthMs;
  const lastFromMs = Math.floor(nowMs / widthMs) * widthMs;
  return Array.from({ length: count }, (_unused, index) => {
    const fromMs = lastFromMs - (count - 1 - index) * widthMs;
    return { fromMs, toMs: fromMs + widthMs };
  });
}
