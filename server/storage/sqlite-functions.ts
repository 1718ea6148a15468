// What SQL alone cannot do with the durations of the log: histograms and exact percentiles, as functions of SQLite.

import type { DatabaseSync } from 'node:sqlite';
import { addBytes, addEncoded, BIN_COUNT, binOf, encodeDense } from './histogram.ts';
import { nearestRanks } from './percentiles.ts';

/**
 * `histogram_add(a, b)`: of two histograms. `histogram_sum(x)`: of the histograms of a group. `histogram_of(ms)`: of the
 * numbers of a group. `nearest_ranks(ms)`: JSON of the exact percentiles of the numbers of a group.
 */
export function defineFunctions(db: DatabaseSync): void {
  db.function('histogram_add', { deterministic: true }, (a, b) =>
    a instanceof Uint8Array && b instanceof Uint8Array ? addBytes(a, b) : (a ?? b ?? null),
  );
  db.aggregate('histogram_sum', {
    start: () => new Float64Array(BIN_COUNT),
    step: (sum, bytes) => {
      if (bytes instanceof Uint8Array) addEncoded(sum, bytes);
      return sum;
    },
    result: encodeDense,
  });
  db.aggregate('histogram_of', {
    start: () => new Float64Array(BIN_COUNT),
    step: (sum, ms) => {
      const bin = typeof ms === 'number' ? binOf(ms) : -1;
      if (bin >= 0) sum[bin] = (sum[bin] ?? 0) + 1;
      return sum;
    },
    result: encodeDense,
  });
  db.aggregate<Float64Array>('nearest_ranks', {
    start: () => new Float64Array(FIRST_CAPACITY),
    step: (values, ms) => (typeof ms === 'number' ? withValue(values, ms) : values),
    result: (values) => JSON.stringify(nearestRanks(values.subarray(1, 1 + (values[0] ?? 0)))),
  });
}

const FIRST_CAPACITY = 64;

/** The first element counts those that follow. The array is a larger one when it was full. */
function withValue(values: Float64Array, value: number): Float64Array {
  const count = (values[0] ?? 0) + 1;
  let room = values;
  if (count >= room.length) {
    room = new Float64Array(room.length * 2);
    room.set(values);
  }
  room[0] = count;
  room[count] = value;
  return room;
}
