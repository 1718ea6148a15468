// The health timeline: cells of time, and how an account's past becomes them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { failedHeight, levelCounts, levelOf, type StripCell } from '../../ui/src/charts/strip.ts';
import { createFormat } from '../../ui/src/lib/format.ts';
import { hitRateOf } from '../../ui/src/lib/group-use.ts';
import { cellsOf, newestOf } from '../../ui/src/pages/accounts/past.ts';

const LEVELS = [
  { total: 0, failed: 0, level: 'none', height: 0 },
  { total: 10, failed: 0, level: 'good', height: 0 },
  // One of a thousand is drawn high enough to be seen.
  { total: 1000, failed: 1, level: 'some', height: 0.2 },
  { total: 10, failed: 4, level: 'some', height: 0.4 },
  { total: 10, failed: 5, level: 'most', height: 0.5 },
  { total: 3, failed: 3, level: 'most', height: 1 },
];
for (const { total, failed, level, height } of LEVELS) {
  test(`levelOf() calls ${failed} of ${total} "${level}"`, () => {
    assert.equal(levelOf({ total, failed }), level);
    assert.equal(failedHeight({ total, failed }), height);
  });
}

test('levelCounts() counts the cells of each level and leaves out those that do not occur', () => {
  const cell = (total: number, failed: number): StripCell => ({
    fromMs: 0,
    toMs: 1,
    total,
    failed,
    facts: [],
  });
  assert.deepEqual(levelCounts([cell(0, 0), cell(2, 0), cell(2, 2), cell(0, 0)]), [
    { level: 'good', count: 1 },
    { level: 'most', count: 1 },
    { level: 'none', count: 2 },
  ]);
});

const NO_FAILURES = {
  failed: 0,
  rateLimited: 0,
  refused: 0,
  serverErrors: 0,
  networkErrors: 0,
  otherFailures: 0,
};
const LABELS = {
  rateLimited: 'L',
  refused: 'R',
  serverErrors: 'S',
  networkErrors: 'N',
  otherFailures: 'O',
  ttft: 'T',
  hitRate: 'H',
};

test('cellsOf() counts attempts by how they failed, leads to where their requests are, and keeps "not reported" apart from zero', () => {
  const bucket = { to: '2026-01-01T01:00:00.000Z', tokenCacheHitRate: 0 };
  const [first, second] = ['2026-01-01T00:00:00.000Z', '2026-01-01T00:30:00.000Z'];
  const cells = cellsOf(
    {
      all: [
        { ...bucket, from: first, reportedRequests: 2, timeToFirstTokenMs: { p50: 840 } },
        { ...bucket, from: second, reportedRequests: 0, timeToFirstTokenMs: { p50: null } },
      ],
      health: [
        { ...NO_FAILURES, from: second, attempts: 5, failed: 3, rateLimited: 2, networkErrors: 1 },
        { ...NO_FAILURES, from: first, attempts: 4 },
      ],
    },
    { accountId: 'a/b', format: createFormat('en', 'UTC'), labels: LABELS },
  );
  assert.deepEqual(
    cells.map(({ total, failed, facts }) => ({ total, failed, facts: facts.map(({ text }) => text).join() })),
    [
      { total: 4, failed: 0, facts: '0,0,0,0,0,840ms,0%' },
      { total: 5, failed: 3, facts: '2,0,0,1,0,–,–' },
    ],
  );
  assert.deepEqual(
    cells.map(({ href }) => href),
    [
      '/requests?account=a%2Fb&from=2026-01-01T00%3A00%3A00.000Z&to=2026-01-01T01%3A00%3A00.000Z',
      // Another account may have answered what this one failed.
      '/requests?from=2026-01-01T00%3A30%3A00.000Z&to=2026-01-01T01%3A00%3A00.000Z',
    ],
  );
  assert.equal(hitRateOf({ reportedRequests: 0, tokenCacheHitRate: 0 }), null);
});

test('newestOf() merges two lists by time and keeps the newest', () => {
  const at = (startedAt: string) => ({ startedAt });
  assert.deepEqual(
    newestOf([at('2026-01-03T00:00:00Z'), at('2026-01-01T00:00:00Z')], [at('2026-01-02T00:00:00Z')], 2),
    [at('2026-01-03T00:00:00Z'), at('2026-01-02T00:00:00Z')],
  );
});
