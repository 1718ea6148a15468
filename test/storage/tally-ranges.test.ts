// How ranges of time are cut into whole buckets and pieces.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../server/storage/tally-kinds.ts';
import { cut, type RangeParts } from '../../server/storage/tally-ranges.ts';

const NOON_MS = Date.UTC(2027, 0, 10, 12);
const EXTENT = { oldestMs: NOON_MS - 9 * DAY_MS, newestMs: NOON_MS + 9 * DAY_MS };
const NO_MINUTES = { ...EXTENT, minutesFromMs: Number.POSITIVE_INFINITY };

function told({ buckets, pieces }: RangeParts): string[] {
  const at = (ms: number) => String((ms - NOON_MS) / HOUR_MS);
  return [
    ...buckets.map(({ bucketMs, fromMs, toMs }) => `${bucketMs / HOUR_MS} h: ${at(fromMs)} to ${at(toMs)}`),
    ...pieces.map(({ fromMs, toMs }) => `piece: ${at(fromMs)} to ${at(toMs)}`),
  ];
}

const CASES: readonly { name: string; from: number; to: number; expected: readonly string[] }[] = [
  { name: 'one hour', from: 0, to: 1, expected: ['1 h: 0 to 1'] },
  { name: 'less than an hour', from: 0.25, to: 0.5, expected: ['piece: 0.25 to 0.5'] },
  { name: 'an hour across two', from: 0.25, to: 1.25, expected: ['piece: 0.25 to 1.25'] },
  { name: 'one day', from: 12, to: 36, expected: ['24 h: 12 to 36'] },
  {
    name: 'days with hours and pieces at both ends',
    from: -1.5,
    to: 61.25,
    expected: ['24 h: 12 to 60', '1 h: -1 to 12', '1 h: 60 to 61', 'piece: -1.5 to -1', 'piece: 61 to 61.25'],
  },
  { name: 'nothing', from: 3, to: 3, expected: [] },
  { name: 'the wrong way round', from: 3, to: 2, expected: [] },
  { name: 'after the newest row', from: 9 * 24 + 1, to: 9 * 24 + 5, expected: [] },
  { name: 'before the oldest row', from: -900, to: -9 * 24, expected: [] },
  { name: 'up to the newest row, which is not in it', from: 215, to: 216, expected: ['1 h: 215 to 216'] },
  { name: 'the open end after the newest row', from: 204, to: 217, expected: ['24 h: 204 to 228'] },
];
for (const { name, from, to, expected } of CASES) {
  test(`cut() cuts ${name}`, () => {
    const range = { slot: 0, fromMs: NOON_MS + from * HOUR_MS, toMs: NOON_MS + to * HOUR_MS };
    assert.deepEqual(told(cut([range], NO_MINUTES)), expected);
  });
}

test('cut() uses minutes only where they are kept', () => {
  const range = { slot: 3, fromMs: NOON_MS - 30_000, toMs: NOON_MS + 90_000 };
  const kept = cut([range], { ...EXTENT, minutesFromMs: NOON_MS });
  assert.deepEqual(kept, {
    buckets: [{ slot: 3, bucketMs: MINUTE_MS, fromMs: NOON_MS, toMs: NOON_MS + 60_000 }],
    pieces: [
      { slot: 3, fromMs: NOON_MS - 30_000, toMs: NOON_MS },
      { slot: 3, fromMs: NOON_MS + 60_000, toMs: NOON_MS + 90_000 },
    ],
  });
  assert.deepEqual(cut([range], { ...EXTENT, minutesFromMs: NOON_MS + HOUR_MS }).buckets, []);
});

test('cut() covers every moment of the log within the range once', () => {
  const moment = fc.integer({ min: -4 * 1_440, max: 4 * 1_440 }).map((minutes) => NOON_MS + minutes * 30_000);
  fc.assert(
    fc.property(moment, moment, moment, moment, moment, (fromMs, toMs, a, b, minutesFromMs) => {
      const extent = { oldestMs: Math.min(a, b), newestMs: Math.max(a, b), minutesFromMs };
      const { buckets, pieces } = cut([{ slot: 0, fromMs, toMs }], extent);
      for (const { bucketMs, ...range } of buckets) {
        assert.equal(range.fromMs % bucketMs, 0);
        assert.equal(range.toMs % bucketMs, 0);
        assert.ok(bucketMs > MINUTE_MS || range.fromMs >= minutesFromMs);
      }
      for (let ms = extent.oldestMs; ms <= extent.newestMs; ms += 30_000) {
        const times = [...buckets, ...pieces].filter((one) => one.fromMs <= ms && ms < one.toMs).length;
        assert.equal(times, ms >= fromMs && ms < toMs ? 1 : 0);
      }
    }),
    { numRuns: 50 },
  );
});
