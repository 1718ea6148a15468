// Periods of the address, days that are not 24 hours long, and what a hit rate is held against.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { avoidableCauses } from '../../ui/src/lib/ceiling.ts';
import { createFormat } from '../../ui/src/lib/format.ts';
import { bucketSecondsOf, givenRange, midnightMs, rangeOf } from '../../ui/src/lib/period.ts';
import { fullestWindow, usedShare } from '../../ui/src/parts/quota.ts';

const NOW_MS = Date.parse('2026-11-22T12:00:00Z');
const HOUR_MS = 3_600_000;
const iso = (ms: number) => new Date(ms).toISOString();

test('rangeOf() reads a named period, two moments of one’s own, or falls back', () => {
  const week = rangeOf(new URLSearchParams('period=7d'), '24h', NOW_MS);
  assert.deepEqual(week, {
    name: '7d',
    fromMs: NOW_MS - 168 * HOUR_MS,
    toMs: null,
    hours: 168,
    bucketSeconds: 14_400,
  });
  const own = rangeOf(
    new URLSearchParams('from=2026-11-22T10:00:00Z&to=2026-11-22T11:00:00Z&period=7d'),
    '24h',
    NOW_MS,
  );
  assert.deepEqual(
    [own.name, iso(own.fromMs), own.toMs, own.hours],
    [null, '2026-11-22T10:00:00.000Z', NOW_MS - HOUR_MS, 2],
  );
  for (const odd of [
    '',
    'period=9y',
    'from=x',
    'from=2026-11-22T11:00:00Z&to=2026-11-22T10:00:00Z',
    'period=toString',
  ]) {
    assert.equal(rangeOf(new URLSearchParams(odd), '24h', NOW_MS).name, '24h', odd);
  }
});

test('givenRange() is null when the address names no period', () => {
  for (const odd of ['', 'period=9y', 'to=2026-11-22', 'from=2026-11-22T11:00:00Z&to=2026-11-22T10:00:00Z'])
    assert.equal(givenRange(new URLSearchParams(odd), NOW_MS), null, odd);
  const hour = givenRange(new URLSearchParams('period=1h'), NOW_MS);
  assert.deepEqual([hour?.name, hour?.fromMs, hour?.toMs], ['1h', NOW_MS - HOUR_MS, null]);
});

test('bucketSecondsOf() gives at most 60 buckets of a width that divides the clock', () => {
  for (const spanMs of [60_000, HOUR_MS, 24 * HOUR_MS, 720 * HOUR_MS, 8760 * HOUR_MS]) {
    const seconds = bucketSecondsOf(spanMs);
    assert.ok(spanMs / 1000 / seconds <= 60, String(spanMs));
    assert.ok(86_400 % seconds === 0 || seconds % 86_400 === 0, String(seconds));
  }
});

const MIDNIGHTS = [
  ['UTC', '2026-11-22T12:00:00Z', '2026-11-22T00:00:00.000Z'],
  ['Europe/Berlin', '2026-03-29T12:00:00Z', '2026-03-28T23:00:00.000Z'],
  ['Europe/Berlin', '2026-10-25T22:30:00Z', '2026-10-24T22:00:00.000Z'],
  ['America/New_York', '2026-11-01T23:59:00Z', '2026-11-01T04:00:00.000Z'],
  ['Asia/Shanghai', '2026-11-22T15:59:59Z', '2026-11-21T16:00:00.000Z'],
  ['Asia/Shanghai', '2026-11-22T16:00:00Z', '2026-11-22T16:00:00.000Z'],
  // The clocks skip midnight: the day begins at one.
  ['Africa/Cairo', '2026-04-24T12:00:00Z', '2026-04-23T22:00:00.000Z'],
] as const;

for (const [zone, now, midnight] of MIDNIGHTS) {
  test(`midnightMs() of ${now} in ${zone}, whatever the length of the day`, () => {
    assert.equal(iso(midnightMs(Date.parse(now), zone)), midnight);
  });
}

test('createFormat() tells times in the zone it is given, over a change of clocks too', () => {
  const berlin = createFormat('en', 'Europe/Berlin');
  assert.equal(berlin.hourAndMinute('2026-03-29T00:30:00Z'), '01:30');
  assert.equal(berlin.hourAndMinute('2026-03-29T01:30:00Z'), '03:30');
  assert.equal(createFormat('en', 'UTC').hourAndMinute('2026-03-29T01:30:00Z'), '01:30');
  assert.match(berlin.exact('2026-03-29T01:30:00Z'), /GMT\+2|CEST/);
});

const CAUSES = [
  { cause: 'NEW_CONTENT', tokens: 100, costUsd: 9 },
  { cause: 'COLD_START', tokens: 50, costUsd: 5 },
  { cause: 'TTL_EXPIRED', tokens: 30, costUsd: 1 },
  { cause: 'ACCOUNT_MOVED', tokens: 20, costUsd: 2 },
  { cause: 'BELOW_MINIMUM', tokens: 10, costUsd: 3 },
] as const;

test('avoidableCauses() has the costliest first and leaves out what cannot be helped', () => {
  assert.deepEqual(
    avoidableCauses(CAUSES).map(({ cause }) => cause),
    ['ACCOUNT_MOVED', 'TTL_EXPIRED'],
  );
});

const window = (name: string, figures: { utilization?: number; limit?: number; remaining?: number }) => ({
  name,
  utilization: null,
  limit: null,
  remaining: null,
  resetAt: null,
  ...figures,
});

test('usedShare() reads a share or counts, within 0 and 1, and null where neither is told', () => {
  assert.equal(usedShare(window('5h', { utilization: 0.4 })), 0.4);
  assert.equal(usedShare(window('5h', { utilization: 1.7 })), 1);
  assert.equal(usedShare(window('requests', { limit: 200, remaining: 50 })), 0.75);
  assert.equal(usedShare(window('requests', { limit: 0, remaining: 0 })), null);
  assert.equal(usedShare(window('requests', { remaining: 5 })), null);
});

test('fullestWindow() is the one that runs out first', () => {
  assert.equal(
    fullestWindow([window('a', { utilization: 0.2 }), window('b', { limit: 10, remaining: 1 })])?.name,
    'b',
  );
  assert.equal(fullestWindow([window('a', {})]), null);
});
