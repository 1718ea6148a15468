// Histograms against the values they were made of.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  addBytes,
  addEncoded,
  BIN_COUNT,
  binOf,
  encodeBins,
  encodeDense,
  percentilesOf,
  valueOfBin,
} from '../../server/storage/histogram.ts';
import { nearestRanks } from '../../server/storage/percentiles.ts';

const values = fc.array(
  fc.oneof(
    fc.integer({ min: 0, max: 200 }),
    fc.integer({ min: 0, max: 3_600_000 }),
    fc.integer({ min: 0, max: 1e9 }),
  ),
  { maxLength: 200 },
);

function encoded(ms: readonly number[], sign: 1 | -1 = 1): Uint8Array {
  return encodeBins(ms.map(binOf), sign);
}

function dense(...parts: readonly Uint8Array[]): Float64Array {
  const histogram = new Float64Array(BIN_COUNT);
  for (const part of parts) addEncoded(histogram, part);
  return histogram;
}

test('binOf() and valueOfBin() keep whole milliseconds below 112, and come within 1 % above', () => {
  for (let ms = 0; ms < 112; ms++) assert.equal(valueOfBin(binOf(ms)), ms);
  for (let ms = 112; ms < 200_000; ms++) {
    const error = Math.abs(valueOfBin(binOf(ms)) - ms) / ms;
    assert.ok(error <= 0.01, `${ms} ms is off by ${error}`);
  }
  assert.deepEqual(
    [-3, 0.4, 99.6].map((ms) => valueOfBin(binOf(ms))),
    [0, 0, 100],
  );
  assert.equal(binOf(9e15), BIN_COUNT - 1);
});

test('percentilesOf() is within 1 % of the true nearest rank', () => {
  assert.deepEqual(percentilesOf(dense()), { p50: null, p90: null, p95: null, p99: null });
  fc.assert(
    fc.property(values, (ms) => {
      const rounded = percentilesOf(dense(encoded(ms)));
      const exact = nearestRanks(Float64Array.from(ms));
      for (const name of ['p50', 'p90', 'p95', 'p99'] as const) {
        const [a, b] = [rounded[name], exact[name]];
        assert.equal(a === null, b === null);
        assert.ok(Math.abs((a ?? 0) - (b ?? 0)) <= (b ?? 0) * 0.01, `${name}: ${a} instead of ${b}`);
      }
    }),
  );
});

test('addBytes() adds in any order, and takes away what was added', () => {
  fc.assert(
    fc.property(values, values, (a, b) => {
      const both = addBytes(encoded(a), encoded(b));
      assert.deepEqual(both, encoded([...b, ...a]));
      assert.deepEqual(both, addBytes(encoded(b), encoded(a)));
      assert.deepEqual(addBytes(both, encoded(b, -1)), encoded(a));
      assert.deepEqual(addBytes(encoded(b, -1), encoded(b)), new Uint8Array());
      assert.deepEqual(encodeDense(dense(encoded(a), encoded(b))), both);
    }),
  );
});

test('encodeDense() keeps counts beyond 32 bits and below zero', () => {
  const counts = new Float64Array(BIN_COUNT);
  counts.set([2 ** 45, 0, -(2 ** 40), 1]);
  counts[BIN_COUNT - 1] = -1;
  assert.deepEqual(dense(encodeDense(counts)), counts);
});

test('nearestRanks() of 1 to 200 are the ranks themselves', () => {
  const ms = Float64Array.from({ length: 200 }, (_, index) => 200 - index);
  assert.deepEqual(nearestRanks(ms), { p50: 100, p90: 180, p95: 190, p99: 198 });
});
