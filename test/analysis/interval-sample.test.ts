// Which points a chart gets when there are too many.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { drawEvenly, drawPerUser, sharesOf } from '../../server/analysis/interval-sample.ts';

interface Point {
  atMs: number;
  intervalMs: number;
  userId: string | null;
}

function pointsOf(
  intervals: readonly number[],
  userOf: (index: number) => string | null = () => 'u1',
): Point[] {
  return intervals.map((intervalMs, index) => ({ atMs: index, intervalMs, userId: userOf(index) }));
}

test('drawEvenly() keeps all that fit', () => {
  const points = pointsOf([3, 1, 2]);
  assert.deepEqual(drawEvenly(points, 3), points);
  assert.deepEqual(drawEvenly([], 3), []);
});

test('drawEvenly() spreads over the whole time and keeps newest, shortest and longest', () => {
  // 100 points; the longest is the 2nd, the shortest the 4th.
  const points = pointsOf(
    Array.from({ length: 100 }, (_, index) => (index === 1 ? 99 : index === 3 ? 1 : 50)),
  );
  const drawn = drawEvenly(points, 13).map(({ atMs }) => atMs);
  assert.equal(drawn.length, 13);
  // Ten of the 97 others: the middle of each tenth.
  assert.deepEqual(drawn, [1, 3, 6, 16, 26, 35, 45, 55, 65, 74, 84, 94, 99]);
});

test('sharesOf() gives one to each and the rest by number', () => {
  assert.deepEqual(sharesOf([90, 9, 1], 13), [10, 1, 1]);
  assert.deepEqual(sharesOf([5, 5, 5], 2), [1, 1]);
});

const anyPoints = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.constantFrom('a', 'b', 'c', null)), {
    maxLength: 300,
  })
  .map((given) => given.map(([intervalMs, userId], atMs): Point => ({ atMs, intervalMs, userId })));

for (const [name, draw] of Object.entries({ drawEvenly, drawPerUser })) {
  test(`${name}() of any points keeps to the limit, in order, with newest and extremes`, () => {
    fc.assert(
      fc.property(anyPoints, fc.integer({ min: 10, max: 200 }), (points, limit) => {
        const drawn = draw(points, limit);
        assert.ok(drawn.length <= limit);
        assert.ok(drawn.length >= Math.min(points.length, limit - 8));
        assert.deepEqual(
          drawn,
          drawn.toSorted((a, b) => a.atMs - b.atMs),
        );
        assert.equal(new Set(drawn).size, drawn.length);
        if (points.length === 0) return;
        assert.equal(drawn.at(-1), points.at(-1));
        const lengths = (of: readonly Point[]) => of.map(({ intervalMs }) => intervalMs);
        assert.equal(Math.max(...lengths(drawn)), Math.max(...lengths(points)));
        assert.equal(Math.min(...lengths(drawn)), Math.min(...lengths(points)));
      }),
    );
  });
}

test('drawPerUser() leaves nobody out', () => {
  // One user has 300 points, another 1.
  const points = pointsOf(
    Array.from({ length: 301 }, () => 5),
    (index) => (index === 7 ? 'rare' : 'busy'),
  );
  const drawn = drawPerUser(points, 100);
  assert.ok(drawn.some(({ userId }) => userId === 'rare'));
  assert.ok(drawn.length <= 100);
});
