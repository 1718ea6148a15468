// Rates and latencies of one workload as rows of a table. Pure.

import { type Measured, percentile } from './closed-loop.ts';

export const TARGETS = ['direct', 'pass-through', 'gateway'] as const;
export type Target = (typeof TARGETS)[number];

export const COLUMNS: readonly string[] = [
  'workload',
  'target',
  'req/s',
  'of direct',
  'of pass-through',
  'p50 ms',
  'p99 ms',
  'added p50',
  'added p99',
  'errors',
];

/** One row per target; what is added and the ratios are against the same workload's direct calls. */
export function workloadRows(name: string, results: ReadonlyMap<Target, Measured>): string[][] {
  const numbers = TARGETS.map((target) => {
    const measured = results.get(target) ?? { latenciesMs: [], errors: 0, elapsedMs: 1 };
    return {
      target,
      errors: measured.errors,
      rate: (measured.latenciesMs.length / measured.elapsedMs) * 1000,
      p50: percentile(measured.latenciesMs, 0.5),
      p99: percentile(measured.latenciesMs, 0.99),
    };
  });
  const rateOf = (target: Target) => numbers.find((row) => row.target === target)?.rate ?? 0;
  const direct = numbers.find((row) => row.target === 'direct');
  return numbers.map(({ target, errors, rate, p50, p99 }) => [
    name,
    target,
    rate.toFixed(0),
    ratio(rate, rateOf('direct')),
    ratio(rate, rateOf('pass-through')),
    p50.toFixed(2),
    p99.toFixed(2),
    (p50 - (direct?.p50 ?? 0)).toFixed(2),
    (p99 - (direct?.p99 ?? 0)).toFixed(2),
    `${errors}`,
  ]);
}

function ratio(rate: number, base: number): string {
  return base === 0 ? '-' : (rate / base).toFixed(2);
}
