// Lifetimes recommended from pauses: golden figures by hand, and what must hold for any pauses.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { bucketOf, intervalGroup, intervalGroups, percentileOf } from '../../server/analysis/intervals.ts';
import { ttlReport } from '../../server/analysis/ttl.ts';
import { recommendationReason, recommendedTtlMinutes } from '../../server/analysis/ttl-ladder.ts';

const MINUTE_MS = 60_000;

function minutes(...values: number[]): number[] {
  return values.map((value) => value * MINUTE_MS);
}

test('recommendedTtlMinutes() climbs the ladder, borders included', () => {
  const cases: [p75: number | null, p90: number | null, minutes: number][] = [
    [1, 5, 5],
    [4, 5.001, 15],
    [15, 40, 15],
    [15.001, 40, 30],
    [30, 90, 30],
    [30.001, 90, 60],
    [0, 0, 5],
    [null, 90, 5],
    [90, null, 5],
  ];
  for (const [p75, p90, expected] of cases) {
    const percentiles = {
      p75Ms: p75 === null ? null : p75 * MINUTE_MS,
      p90Ms: p90 === null ? null : p90 * MINUTE_MS,
    };
    assert.equal(recommendedTtlMinutes(percentiles), expected, `${p75} ${p90}`);
  }
});

test('recommendationReason() tells the percentile that decided, with one decimal', () => {
  const reason = (p75: number, p90: number) =>
    recommendationReason({ p75Ms: p75 * MINUTE_MS, p90Ms: p90 * MINUTE_MS });
  assert.equal(reason(1, 4.96), 'High frequency: 90 % of intervals within 5.0 min');
  assert.equal(reason(12.34, 40), 'Medium to high frequency: 75 % of intervals within 12.3 min');
  assert.equal(reason(29, 40), 'Medium frequency: 75 % of intervals within 29.0 min');
  assert.equal(
    reason(45, 90),
    'Low frequency: 75 % of intervals within 45.0 min, a long lifetime is advised',
  );
  assert.equal(recommendationReason({ p75Ms: null, p90Ms: null }), 'Not enough data: the default');
});

test('ttlReport() of five intervals has the figures computed by hand', () => {
  // Sorted: 0, 5, 10, 40, 100 minutes. Positions: p50 = 2 → 10; p75 = 3 → 40; p90 = 3.6 → 40 + 0.6 × 60 = 76.
  const group = intervalGroup('u1', minutes(10, 0, 100, 5, 40));
  assert.ok(group);
  assert.deepEqual(ttlReport(group), {
    requestCount: 5,
    intervalDistribution: { within5min: 2, within15min: 1, within30min: 0, within60min: 1, over60min: 1 },
    intervalPercentages: {
      within5min: 0.4,
      within15min: 0.2,
      within30min: 0,
      within60min: 0.2,
      over60min: 0.2,
    },
    percentiles: { p50: 10, p75: 40, p90: 76 },
    avgIntervalMinutes: 31,
    minIntervalMinutes: 0,
    maxIntervalMinutes: 100,
    recommendedTtlMinutes: 60,
    recommendationReason: 'Low frequency: 75 % of intervals within 40.0 min, a long lifetime is advised',
  });
});

test('ttlReport() rounds shares to a tenth of a percent and minutes to two decimals', () => {
  // 100 s, 100 s, 400 s: 1.666…, 1.666…, 6.666… minutes; p75 at 1.5 → 1.666… + 0.5 × 5 = 4.1666…
  const group = intervalGroup('u1', [100_000, 400_000, 100_000]);
  assert.ok(group);
  const report = ttlReport(group);
  assert.equal(report.intervalPercentages.within5min, 0.667);
  assert.equal(report.intervalPercentages.within15min, 0.333);
  assert.deepEqual(report.percentiles, { p50: 1.67, p75: 4.17, p90: 5.67 });
  assert.equal(report.avgIntervalMinutes, 3.33);
});

test('bucketOf() puts a border into the lower bucket', () => {
  const cases: [minutes: number, bucket: number][] = [
    [0, 0],
    [5, 0],
    [5.001, 1],
    [15, 1],
    [30, 2],
    [60, 3],
    [60.001, 4],
  ];
  for (const [value, bucket] of cases) assert.equal(bucketOf(value * MINUTE_MS), bucket, `${value}`);
});

test('intervalGroups() leaves out groups with fewer than two intervals and counts what is recommended', () => {
  const starts = new Map([
    ['busy', minutes(0, 1, 2, 3)],
    ['slow', minutes(0, 20, 40)],
    ['once', minutes(0, 1)],
    ['idle', minutes(0)],
  ]);
  const { groups, groupCount, recommended, isExact } = intervalGroups(starts, 1);
  assert.deepEqual(
    groups.map(({ id, intervals }) => [id, intervals]),
    [['busy', 3]],
  );
  assert.deepEqual(
    { groupCount, recommended, isExact },
    { groupCount: 2, recommended: [1, 0, 1, 0], isExact: true },
  );
});

test('intervalGroup() of any intervals: buckets add up, percentiles ascend within least and most', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20_000_000 }), { minLength: 2 }), (intervals) => {
      const group = intervalGroup('g', intervals);
      assert.ok(group);
      assert.equal(
        group.buckets.reduce((sum, count) => sum + count, 0),
        intervals.length,
      );
      const steps = [group.leastMs, group.p50Ms, group.p75Ms, group.p90Ms, group.mostMs];
      for (const [index, step] of steps.entries()) {
        // Interpolation may round a value off by one unit in the last place.
        assert.ok(step >= (steps[index - 1] ?? 0) - 1e-6);
      }
      assert.ok(group.averageMs >= group.leastMs - 1e-6 && group.averageMs <= group.mostMs + 1e-6);
    }),
  );
});

test('percentileOf() interpolates linearly', () => {
  assert.equal(percentileOf([10], 0.9), 10);
  assert.equal(percentileOf([0, 10], 0.5), 5);
  assert.equal(percentileOf([0, 10, 30], 0.75), 20);
});
