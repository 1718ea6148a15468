// The histogram above the Requests list: what is drawn, and what a selection of bars means.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ApiFilter } from '../../ui/src/lib/request-filter.ts';
import {
  barsOf,
  hasOutcomes,
  histogramRange,
  rangeOfBars,
  totalOf,
} from '../../ui/src/pages/requests/histogram.ts';

const NOW_MS = Date.parse('2026-11-21T12:00:00Z');

/** One row more than are looked at one by one. */
const NOW = { nowMs: NOW_MS, oldestMs: Date.parse('2026-11-07T06:30:00Z'), rows: 50_001 };

test('histogramRange() draws what the list covers: the range of the filter, else all there is', () => {
  assert.deepEqual(histogramRange({ outcome: 'OK' }, NOW), {
    filter: { outcome: 'OK', from: '2026-11-07T06:30:00.000Z', to: '2026-11-21T12:00:00.000Z' },
    seconds: 21_600,
    isPart: false,
  });
  assert.deepEqual(histogramRange({ to: '2026-11-09T00:00:00.000Z' }, NOW).filter, {
    from: '2026-11-07T06:30:00.000Z',
    to: '2026-11-09T00:00:00.000Z',
  });
  // The API makes no buckets of less than a minute.
  assert.equal(histogramRange({ from: '2026-11-21T11:59:00.000Z' }, NOW).seconds, 60);
  assert.equal(histogramRange({ from: '2026-10-22T12:00:00.000Z' }, NOW).seconds, 43_200);
});

test('histogramRange() draws a day, and says so, where very many rows would have to be looked at', () => {
  assert.deepEqual(histogramRange({ minCostUsd: 0.5 }, NOW), {
    filter: { minCostUsd: 0.5, from: '2026-11-20T12:00:00.000Z', to: '2026-11-21T12:00:00.000Z' },
    seconds: 1800,
    isPart: true,
  });
  const young = histogramRange({ search: 'x' }, { ...NOW, oldestMs: NOW_MS - 3_600_000 });
  assert.deepEqual([young.filter.from, young.isPart], ['2026-11-21T11:00:00.000Z', false]);
  assert.equal(histogramRange({ search: 'x', from: '2026-11-01T00:00:00.000Z' }, NOW).isPart, false);
  const whole = histogramRange({ minCostUsd: 0.5 }, { ...NOW, rows: 50_000 });
  assert.deepEqual([whole.filter.from, whole.isPart], ['2026-11-07T06:30:00.000Z', false]);
});

test('histogramRange() draws the day before the end of an empty log', () => {
  const { filter, isPart } = histogramRange({}, { nowMs: NOW_MS, oldestMs: null, rows: 0 });
  assert.deepEqual([filter.from, isPart], ['2026-11-20T12:00:00.000Z', false]);
});

test('hasOutcomes() is false where one is asked for or every row would have to be looked at', () => {
  const told: [ApiFilter, boolean][] = [
    [{}, true],
    [{ outcome: 'OK' }, false],
    [{ search: 'x' }, false],
    [{ status: 429 }, true],
  ];
  for (const [filter, isTold] of told) assert.equal(hasOutcomes(filter), isTold, JSON.stringify(filter));
});

test('histogramRange() asks nothing impossible when the range begins after its end', () => {
  const { filter } = histogramRange({ from: '2027-01-01T00:00:00.000Z' }, NOW);
  assert.ok(Date.parse(filter.from ?? '') <= Date.parse(filter.to ?? ''));
});

const hour = (index: number, total: number, succeeded: number) => ({
  from: `2026-11-21T1${index}:00:00Z`,
  to: `2026-11-21T1${index + 1}:00:00Z`,
  total,
  succeeded,
});

test('barsOf() stacks outcomes up to the total', () => {
  const all = [hour(0, 10, 6), hour(1, 0, 0)];
  const bars = barsOf(
    { all, rejected: [{ total: 1 }, { total: 0 }], gone: [{ total: 2 }, { total: 0 }] },
    undefined,
  );
  assert.deepEqual(bars, [
    {
      fromMs: Date.parse('2026-11-21T10:00:00Z'),
      toMs: Date.parse('2026-11-21T11:00:00Z'),
      ok: 6,
      rejected: 1,
      gone: 2,
      failed: 1,
    },
    {
      fromMs: Date.parse('2026-11-21T11:00:00Z'),
      toMs: Date.parse('2026-11-21T12:00:00Z'),
      ok: 0,
      rejected: 0,
      gone: 0,
      failed: 0,
    },
  ]);
  assert.deepEqual(bars.map(totalOf), [10, 0]);
});

test('barsOf() knows the outcome that the filter asks for', () => {
  const part = (outcome: Parameters<typeof barsOf>[1]) => {
    const [bar] = barsOf({ all: [hour(0, 4, outcome === 'OK' ? 4 : 0)] }, outcome);
    return bar && [bar.ok, bar.rejected, bar.gone, bar.failed];
  };
  assert.deepEqual(part('OK'), [4, 0, 0, 0]);
  assert.deepEqual(part('REJECTED'), [0, 4, 0, 0]);
  assert.deepEqual(part('CLIENT_GONE'), [0, 0, 4, 0]);
  assert.deepEqual(part('FAILED'), [0, 0, 0, 4]);
});

test('rangeOfBars() spans a selection drawn either way', () => {
  const bars = barsOf({ all: [hour(0, 1, 1), hour(1, 1, 1), hour(2, 1, 1)] }, undefined);
  const range = { from: '2026-11-21T10:00:00.000Z', to: '2026-11-21T12:00:00.000Z' };
  assert.deepEqual(rangeOfBars(bars, 0, 1), range);
  assert.deepEqual(rangeOfBars(bars, 1, 0), range);
  assert.deepEqual(rangeOfBars(bars, 2, 2), {
    from: '2026-11-21T12:00:00.000Z',
    to: '2026-11-21T13:00:00.000Z',
  });
  assert.equal(rangeOfBars(bars, 0, 3), null);
});
