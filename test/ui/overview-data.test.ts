// The geometry of small charts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { niceCeiling, sparkPaths } from '../../ui/src/charts/spark.ts';
import { backoffMs } from '../../ui/src/lib/backoff.ts';

const BOX = { width: 100, height: 10 };

test('sparkPaths puts the highest value on top and zero at the bottom', () => {
  assert.equal(sparkPaths([0, 5, 10], BOX).line, 'M0 10L50 5L100 0');
});

test('sparkPaths breaks the line where there is no value', () => {
  assert.equal(sparkPaths([10, null, 10, 10], BOX).line, 'M-8.33 0h16.67M66.67 0L100 0');
});

test('sparkPaths keeps values below zero inside the box', () => {
  assert.equal(sparkPaths([-5, 5], BOX).line, 'M0 10L100 0');
  assert.match(sparkPaths([-5, 5], BOX).area, /^M0 5L0 10/);
});

test('sparkPaths draws nothing for nothing', () => {
  assert.deepEqual(sparkPaths([], BOX), { line: '', area: '' });
  assert.deepEqual(sparkPaths([null, null], BOX), { line: '', area: '' });
});

test('niceCeiling rounds up to a round number', () => {
  assert.deepEqual([0, 3, 5, 13, 21, 47, 1001].map(niceCeiling), [4, 4, 5, 20, 40, 50, 2000]);
});

test('backoffMs doubles up to its limit and never waits less than half of it', () => {
  assert.deepEqual(
    [1, 2, 3, 99].map((failures) => backoffMs(failures, 1)),
    [500, 1000, 2000, 10_000],
  );
  assert.equal(backoffMs(99, 0), 5000);
});
