// Percentiles of histograms, linear between neighbouring values; and what SQL alone cannot do with intervals.

import { addEncoded, BIN_COUNT, type Histogram, valueOfBin } from './histogram.ts';
import { drawOf } from './interval-draw.ts';
import { type AggregateTable, defineGapFunctions } from './interval-gaps.ts';

const SHARES = [0.5, 0.75, 0.9] as const;

/** One for each share; none of an empty histogram. */
export function histogramQuantiles(histogram: Histogram, shares: readonly number[]): number[] {
  const bins = [...histogram].filter(([, count]) => count > 0).sort(([a], [b]) => a - b);
  const total = bins.reduce((sum, [, count]) => sum + count, 0);
  if (total === 0) return [];
  const valueAt = (rank: number) => {
    let below = 0;
    for (const [bin, count] of bins) {
      below += count;
      if (below > rank) return valueOfBin(bin);
    }
    return valueOfBin(bins.at(-1)?.[0] ?? 0);
  };
  return shares.map((share) => {
    const position = (total - 1) * share;
    const rank = Math.floor(position);
    const low = valueAt(rank);
    return low + (valueAt(Math.min(rank + 1, total - 1)) - low) * (position - rank);
  });
}

export function histogramOf(bytes: Uint8Array): Histogram {
  const dense = new Float64Array(BIN_COUNT);
  addEncoded(dense, bytes);
  const histogram: Histogram = new Map();
  for (const [bin, count] of dense.entries()) if (count > 0) histogram.set(bin, count);
  return histogram;
}

/** The part of a SQLite connection that takes functions. */
interface FunctionTable extends AggregateTable {
  function(
    name: string,
    options: { deterministic: boolean },
    run: (value: unknown) => string | number | null,
  ): void;
}

/**
 * `histogram_intervals(histogram)`: JSON of the 50th, 75th and 90th percentile. `draw_of(id)`: see interval-draw.ts. And
 * those of interval-gaps.ts.
 */
export function defineIntervalFunctions(db: FunctionTable): void {
  db.function('histogram_intervals', { deterministic: true }, (bytes) =>
    bytes instanceof Uint8Array ? JSON.stringify(histogramQuantiles(histogramOf(bytes), SHARES)) : null,
  );
  db.function('draw_of', { deterministic: true }, (id) => (typeof id === 'string' ? drawOf(id) : null));
  defineGapFunctions(db);
}
