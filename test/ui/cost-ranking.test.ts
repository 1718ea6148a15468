// Who cost the most, and that the rows add up.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CostRow, rankingOf } from '../../ui/src/pages/overview/cost-ranking.ts';

/** One group per figure of dollars; the first made one request, the second two, … and each saved a quarter of its cost. */
function groupsOf(...costs: readonly number[]): CostRow[] {
  return costs.map((costUsd, index) => ({
    groupId: `g${index + 1}`,
    name: `group ${index + 1}`,
    total: index + 1,
    costUsd,
    savedUsd: costUsd / 4,
  }));
}

const shownOf = (rows: readonly CostRow[]) => rows.map(({ groupId }) => groupId);

test('rankingOf() has the dearest first and leaves out what cost nothing', () => {
  const { rows, rest } = rankingOf(groupsOf(2, 0, 8));
  assert.deepEqual(shownOf(rows), ['g3', 'g1']);
  assert.equal(rest, null);
  assert.deepEqual(rankingOf([]), { rows: [], rest: null });
});

test('rankingOf() adds up all others after the five dearest', () => {
  const { rows, rest } = rankingOf(groupsOf(1, 32, 16, 8, 4, 2, 64, 0));
  assert.deepEqual(shownOf(rows), ['g7', 'g2', 'g3', 'g4', 'g5']);
  assert.deepEqual(rest, { total: 7, costUsd: 3, savedUsd: 0.75 });
});

test('rankingOf() gives a sixth group its own row, as all others would be that one', () => {
  const { rows, rest } = rankingOf(groupsOf(1, 2, 4, 8, 16, 32));
  assert.deepEqual(shownOf(rows), ['g6', 'g5', 'g4', 'g3', 'g2', 'g1']);
  assert.equal(rest, null);
});
