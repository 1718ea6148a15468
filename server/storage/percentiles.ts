// Percentiles of durations that are at hand. Pure.

import type { Percentiles } from '../gateway/ports.ts';

/** Nearest rank: the p-th percentile of n values is the ceil(n·p/100)-th smallest, so always a value that occurred. */
export function nearestRanks(values: Float64Array): Percentiles {
  const sorted = values.toSorted();
  const at = (percent: number) => sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? null;
  return { p50: at(50), p90: at(90), p95: at(95), p99: at(99) };
}
