// Where buckets of time begin, in UTC and on the clocks of time zones.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { bucketEdges, isTimeZone, MAX_BUCKETS } from '../../server/analysis/time-buckets.ts';

const DAY_SECONDS = 86_400;
const HOUR_SECONDS = 3_600;

function edges(from: string, to: string, bucketSeconds: number, timeZone: string | null = null): string[] {
  const found = bucketEdges({ fromMs: Date.parse(from), toMs: Date.parse(to), bucketSeconds, timeZone });
  return (found ?? []).map((edge) => new Date(edge).toISOString().replace(':00.000Z', 'Z'));
}

test('bucketEdges() covers the range with whole buckets of UTC', () => {
  assert.deepEqual(edges('2026-11-21T10:30Z', '2026-11-21T12:01Z', HOUR_SECONDS), [
    '2026-11-21T10:00Z',
    '2026-11-21T11:00Z',
    '2026-11-21T12:00Z',
    '2026-11-21T13:00Z',
  ]);
  assert.deepEqual(edges('2026-11-21T10:00Z', '2026-11-21T10:00Z', 60), [
    '2026-11-21T10:00Z',
    '2026-11-21T10:01Z',
  ]);
});

test('bucketEdges() begins days at midnight in Berlin, 25 hours long when clocks go back', () => {
  assert.deepEqual(edges('2026-10-24T12:00Z', '2026-10-26T12:00Z', DAY_SECONDS, 'Europe/Berlin'), [
    '2026-10-23T22:00Z',
    '2026-10-24T22:00Z',
    '2026-10-25T23:00Z',
    '2026-10-26T23:00Z',
  ]);
});

test('bucketEdges() makes the day 23 hours long when clocks go forward', () => {
  assert.deepEqual(edges('2026-03-28T23:00Z', '2026-03-29T22:00Z', DAY_SECONDS, 'Europe/Berlin'), [
    '2026-03-28T23:00Z',
    '2026-03-29T22:00Z',
  ]);
});

test('bucketEdges() shows the doubled hour twice and the skipped one not at all', () => {
  assert.deepEqual(edges('2026-10-25T00:00Z', '2026-10-25T03:00Z', HOUR_SECONDS, 'Europe/Berlin'), [
    '2026-10-25T00:00Z',
    '2026-10-25T01:00Z',
    '2026-10-25T02:00Z',
    '2026-10-25T03:00Z',
  ]);
  assert.deepEqual(edges('2026-03-29T00:00Z', '2026-03-29T03:00Z', HOUR_SECONDS, 'Europe/Berlin'), [
    '2026-03-29T00:00Z',
    '2026-03-29T01:00Z',
    '2026-03-29T02:00Z',
    '2026-03-29T03:00Z',
  ]);
});

test('bucketEdges() knows zones that are half an hour off', () => {
  assert.deepEqual(edges('2026-11-21T10:00Z', '2026-11-21T11:00Z', HOUR_SECONDS, 'Asia/Kolkata'), [
    '2026-11-21T09:30Z',
    '2026-11-21T10:30Z',
    '2026-11-21T11:30Z',
  ]);
  assert.deepEqual(edges('2026-11-21T00:00Z', '2026-11-22T00:00Z', DAY_SECONDS, 'Asia/Kolkata'), [
    '2026-11-20T18:30Z',
    '2026-11-21T18:30Z',
    '2026-11-22T18:30Z',
  ]);
});

test('bucketEdges() cuts six-hour buckets on the wall clock', () => {
  assert.deepEqual(edges('2026-10-24T22:00Z', '2026-10-25T23:00Z', 6 * HOUR_SECONDS, 'Europe/Berlin'), [
    '2026-10-24T22:00Z',
    '2026-10-25T05:00Z',
    '2026-10-25T11:00Z',
    '2026-10-25T17:00Z',
    '2026-10-25T23:00Z',
  ]);
});

test('bucketEdges() leaves minutes alone, whatever the zone', () => {
  assert.deepEqual(edges('2026-11-21T10:07Z', '2026-11-21T10:20Z', 900, 'Asia/Kolkata'), [
    '2026-11-21T10:00Z',
    '2026-11-21T10:15Z',
    '2026-11-21T10:30Z',
  ]);
});

test('bucketEdges() refuses too many', () => {
  const range = { fromMs: 0, timeZone: null, bucketSeconds: 60 };
  assert.equal(bucketEdges({ ...range, toMs: MAX_BUCKETS * 60_000 })?.length, MAX_BUCKETS + 1);
  assert.equal(bucketEdges({ ...range, toMs: MAX_BUCKETS * 60_000 + 1 }), null);
  assert.equal(bucketEdges({ ...range, toMs: 1e15, timeZone: 'Europe/Berlin', bucketSeconds: 3600 }), null);
});

test('bucketEdges() of any range cover it with ascending edges, in any zone', () => {
  const zones = fc.constantFrom(
    null,
    'Europe/Berlin',
    'Asia/Kolkata',
    'Australia/Lord_Howe',
    'America/Havana',
  );
  const from = fc.integer({ min: Date.UTC(2026, 0, 1), max: Date.UTC(2027, 0, 1) });
  const length = fc.integer({ min: 0, max: 20 * DAY_SECONDS * 1000 });
  fc.assert(
    fc.property(
      zones,
      from,
      length,
      fc.constantFrom(3_600, 21_600, 86_400),
      (timeZone, fromMs, ms, bucketSeconds) => {
        const found = bucketEdges({ fromMs, toMs: fromMs + ms, bucketSeconds, timeZone });
        assert.ok(found && found.length >= 2);
        assert.ok((found[0] ?? 0) <= fromMs && (found.at(-1) ?? 0) >= fromMs + ms);
        assert.ok((found[1] ?? 0) > fromMs);
        for (const [index, edge] of found.entries()) assert.ok(index === 0 || edge > (found[index - 1] ?? 0));
      },
    ),
    { numRuns: 60 },
  );
});

test('isTimeZone() knows names of IANA only', () => {
  assert.ok(isTimeZone('Europe/Berlin'));
  assert.ok(!isTimeZone('Mars/Olympus'));
  assert.ok(!isTimeZone(''));
});
