// Geometry of the scatter chart: axes both ways, folds, ticks, shares and the point under the pointer.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  GAP_TICKS,
  gapAfter,
  gapAt,
  gapShare,
  gapStepOf,
  roundGap,
} from '../../ui/src/charts/scatter-axis.ts';
import {
  countWithin,
  nearestPoint,
  placePoints,
  type ScatterPoints,
  shareWithin,
  sortedGaps,
  valueAtShare,
} from '../../ui/src/charts/scatter-points.ts';
import { timeTicks, zoneOffset } from '../../ui/src/charts/scatter-ticks.ts';
import { placeTimes, pxOfTime, spanAtPx, timeSpans } from '../../ui/src/charts/scatter-time.ts';
import { SERIES_TONES, seriesTone, TONE_VARIABLES } from '../../ui/src/charts/tones.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

test('gapShare() gives the first ten minutes 70 % of the height and the rest up to 120 what is left', () => {
  assert.deepEqual(
    [-1, 0, 5, 10, 65, 120, 500].map((minutes) => Number(gapShare(minutes).toFixed(6))),
    [0, 0, 0.35, 0.7, 0.85, 1, 1],
  );
});

test('gapAt() is the inverse of gapShare()', () => {
  for (const minutes of [...GAP_TICKS, 7.5, 9.99, 10.01, 90]) {
    assert.ok(Math.abs(gapAt(gapShare(minutes)) - minutes) < 1e-9, `${minutes}`);
  }
  assert.deepEqual([gapAt(-0.2), gapAt(1.5)], [0, 120]);
});

test('gapAfter() moves by half a minute below ten, by five above, and from tick to tick', () => {
  const cases = [
    [7.3, 'up', 7.5],
    [7.5, 'down', 7],
    [9.5, 'up', 10],
    [10, 'up', 15],
    [12, 'down', 10],
    [10, 'down', 9.5],
    [120, 'up', 120],
    [0, 'down', 0],
    [5, 'nextTick', 10],
    [5, 'previousTick', 2],
    [120, 'nextTick', 120],
    [33, 'top', 120],
    [33, 'bottom', 0],
  ] as const;
  for (const [from, step, to] of cases) assert.equal(gapAfter(from, step), to, `${from} ${step}`);
  assert.deepEqual(['ArrowUp', 'ArrowLeft', 'PageDown', 'End', 'a', 'constructor'].map(gapStepOf), [
    'up',
    'down',
    'previousTick',
    'top',
    null,
    null,
  ]);
  assert.deepEqual([7.46, 10.4, 59.6].map(roundGap), [7.5, 10, 60]);
});

const even = { fromMs: 0, toMs: 10 * HOUR_MS, widthPx: 1000 };

test('timeSpans() without folding is one even span', () => {
  const spans = timeSpans({ ...even, atMs: Float64Array.of(HOUR_MS), isFolding: false });
  assert.deepEqual(spans, [{ fromMs: 0, toMs: 10 * HOUR_MS, fromPx: 0, toPx: 1000, isFold: false }]);
  assert.equal(pxOfTime(spans, 2.5 * HOUR_MS), 250);
});

test('timeSpans() folds what is idle for more than an hour, and only that', () => {
  // Idle: 0 to 2 h, then exactly an hour, then 3 h to 10 h.
  const spans = timeSpans({ ...even, atMs: Float64Array.of(2 * HOUR_MS, 3 * HOUR_MS), isFolding: true });
  const margin = 2.5 * MINUTE_MS;
  assert.deepEqual(
    spans.map(({ isFold, fromMs, toMs }) => [isFold, fromMs, toMs]),
    [
      [true, 0, 2 * HOUR_MS - margin],
      [false, 2 * HOUR_MS - margin, 3 * HOUR_MS + margin],
      [true, 3 * HOUR_MS + margin, 10 * HOUR_MS],
    ],
  );
  assert.deepEqual(
    spans.map(({ fromPx, toPx }) => [fromPx, toPx]),
    [
      [0, 18],
      [18, 982],
      [982, 1000],
    ],
  );
  assert.equal(pxOfTime(spans, 2.5 * HOUR_MS), 500);
  assert.equal(spanAtPx(spans, 990)?.isFold, true);
  assert.equal(spanAtPx(spans, 500)?.isFold, false);
  assert.equal(spanAtPx(spans, -1), null);
});

test('timeSpans() leaves folds at most two fifths of the width, and an axis without points as it is', () => {
  const atMs = Float64Array.from({ length: 100 }, (_, index) => index * 2 * HOUR_MS);
  const spans = timeSpans({ atMs, fromMs: 0, toMs: 198 * HOUR_MS, widthPx: 500, isFolding: true });
  const folds = spans.filter(({ isFold }) => isFold);
  assert.equal(folds.length, 99);
  assert.ok(Math.abs(folds.reduce((sum, { fromPx, toPx }) => sum + toPx - fromPx, 0) - 200) < 1e-6);
  assert.equal(timeSpans({ ...even, atMs: new Float64Array(), isFolding: true }).length, 1);
});

test('timeSpans() cover the axis without a hole, and places ascend with time', () => {
  const moments = fc.array(fc.integer({ min: 0, max: 30 * DAY_MS }), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(moments, fc.boolean(), (given, isFolding) => {
      const atMs = Float64Array.from(given).sort();
      const spans = timeSpans({ atMs, fromMs: 0, toMs: 30 * DAY_MS, widthPx: 800, isFolding });
      assert.equal(spans[0]?.fromMs, 0);
      assert.equal(spans.at(-1)?.toMs, 30 * DAY_MS);
      assert.ok(Math.abs((spans.at(-1)?.toPx ?? 0) - 800) < 1e-6);
      for (const [index, span] of spans.entries()) {
        const next = spans[index + 1];
        if (next) assert.deepEqual([span.toMs, span.toPx], [next.fromMs, next.fromPx]);
        assert.ok(span.toPx >= span.fromPx && span.toMs >= span.fromMs);
      }
      const places = placeTimes(spans, atMs);
      for (const [index, ms] of atMs.entries()) {
        assert.ok(Math.abs((places[index] ?? -1) - pxOfTime(spans, ms)) < 1e-3);
        assert.ok(index === 0 || (places[index] ?? 0) >= (places[index - 1] ?? 0));
        // A point never stands on the mark of a fold.
        assert.ok(!spans.some(({ isFold, fromMs, toMs }) => isFold && fromMs < ms && ms < toMs));
      }
    }),
  );
});

test('zoneOffset() follows the clock of the zone, daylight saving included', () => {
  const berlin = zoneOffset('Europe/Berlin');
  assert.equal(berlin(Date.UTC(2026, 0, 15)), HOUR_MS);
  assert.equal(berlin(Date.UTC(2026, 6, 15)), 2 * HOUR_MS);
  assert.equal(zoneOffset('UTC')(1_234_567), 0);
  assert.equal(zoneOffset('Asia/Kolkata')(1_500), 5.5 * HOUR_MS);
});

test('timeTicks() stand at midnights of the zone, on the days the clock is changed too', () => {
  // 2026-10-25: Berlin's day has 25 hours.
  const fromMs = Date.UTC(2026, 9, 23, 22);
  const toMs = Date.UTC(2026, 9, 27, 23);
  const spans = timeSpans({ atMs: new Float64Array(), fromMs, toMs, widthPx: 500, isFolding: false });
  const ticks = timeTicks(spans, { leastPx: 80, offsetAt: zoneOffset('Europe/Berlin') });
  assert.deepEqual(
    ticks.map(({ ms, isMidnight }) => [new Date(ms).toISOString(), isMidnight]),
    [
      ['2026-10-23T22:00:00.000Z', true],
      ['2026-10-24T22:00:00.000Z', true],
      ['2026-10-25T23:00:00.000Z', true],
      ['2026-10-26T23:00:00.000Z', true],
      ['2026-10-27T23:00:00.000Z', true],
    ],
  );
});

test('timeTicks() name where a fold ends, keep apart, and mark new days', () => {
  const atMs = Float64Array.of(HOUR_MS / 2, 30 * HOUR_MS);
  const spans = timeSpans({ atMs, fromMs: 0, toMs: 30.5 * HOUR_MS, widthPx: 600, isFolding: true });
  const ticks = timeTicks(spans, { leastPx: 80, offsetAt: () => 0 });
  assert.ok(ticks.some(({ ms }) => ms === 30 * HOUR_MS - 2.5 * MINUTE_MS));
  for (const [index, tick] of ticks.entries()) {
    const before = ticks[index - 1];
    assert.ok(!before || tick.px - before.px >= 80);
    assert.equal(tick.isNewDay, !before || Math.floor(before.ms / DAY_MS) !== Math.floor(tick.ms / DAY_MS));
  }
  assert.equal(ticks.filter(({ isNewDay }) => isNewDay).length, 2);
});

const points: ScatterPoints = {
  atMs: Float64Array.of(0, HOUR_MS, 2 * HOUR_MS, 3 * HOUR_MS, 4 * HOUR_MS),
  gapMinutes: Float64Array.of(1, 5, 0.5, 60, 5.01),
  group: Uint16Array.of(0, 1, 1, 0, 2),
};

test('sortedGaps() and shareWithin() tell the share below in all shown points and in each group', () => {
  const sorted = sortedGaps(points, 3, () => true);
  assert.deepEqual([...sorted.all], [0.5, 1, 5, 5.01, 60]);
  assert.deepEqual(
    sorted.byGroup.map((own) => [...own]),
    [[1, 60], [0.5, 5], [5.01]],
  );
  // At most 5 minutes: the limit itself counts.
  assert.deepEqual(
    [0.4, 5, 5.005, 60].map((minutes) => countWithin(sorted.all, minutes)),
    [0, 3, 3, 5],
  );
  assert.equal(shareWithin(sorted.all, 5), 0.6);
  assert.deepEqual(
    sorted.byGroup.map((own) => shareWithin(own, 5)),
    [0.5, 1, 0],
  );
  const fewer = sortedGaps(points, 3, (group) => group !== 1);
  assert.deepEqual([...fewer.all], [1, 5.01, 60]);
  assert.equal(shareWithin(new Float64Array(), 5), null);
});

test('valueAtShare() is the nearest rank', () => {
  const { all } = sortedGaps(points, 3, () => true);
  assert.deepEqual(
    [0, 0.2, 0.5, 0.9, 1].map((share) => valueAtShare(all, share)),
    [0.5, 0.5, 5, 60, 60],
  );
  assert.equal(valueAtShare(new Float64Array(), 0.5), null);
});

test('nearestPoint() finds the shown point under the pointer, within reach', () => {
  const spans = timeSpans({
    atMs: points.atMs,
    fromMs: 0,
    toMs: 4 * HOUR_MS,
    widthPx: 400,
    isFolding: false,
  });
  const places = placePoints(points, spans, 200);
  assert.deepEqual([...places.xPx], [0, 100, 200, 300, 400]);
  assert.deepEqual([...places.yPx].map(Math.round), [186, 130, 193, 33, 130]);
  const at = (x: number, y: number, isShown = (_point: number) => true) =>
    nearestPoint(places, { x, y, reachPx: 9, isShown });
  assert.equal(at(103, 126), 1);
  assert.equal(at(110, 130), null);
  assert.equal(at(100, 140), null);
  assert.equal(
    at(103, 126, (point) => point !== 1),
    null,
  );
});

test('seriesTone() has ten colours in turn, each with a variable of its own', () => {
  assert.deepEqual([0, 9, 10].map(seriesTone), ['s1', 's10', 's1']);
  assert.equal(new Set(SERIES_TONES.map((tone) => TONE_VARIABLES[tone])).size, 10);
});
