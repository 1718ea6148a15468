// Retries in flight stay within their share of the active requests.

import assert from 'node:assert/strict';
import test from 'node:test';
import { RetryBudget } from '../../server/gateway/retry-budget.ts';

for (const [active, allowed] of [
  [0, 3],
  [15, 3],
  [19, 3],
  [20, 4],
  [100, 20],
] as const) {
  test(`RetryBudget allows ${allowed} retries while ${active} requests are active`, () => {
    const budget = new RetryBudget(() => active);
    let taken = 0;
    while (taken < 1_000 && budget.tryTake()) taken += 1;
    assert.equal(taken, allowed);
  });
}

test('RetryBudget gets each place back once, and follows what is active', () => {
  let active = 0;
  const budget = new RetryBudget(() => active);
  const releases = [budget.tryTake(), budget.tryTake(), budget.tryTake()];
  assert.equal(budget.tryTake(), null);
  releases[0]?.();
  releases[0]?.();
  assert.notEqual(budget.tryTake(), null);
  assert.equal(budget.tryTake(), null);
  active = 20;
  assert.notEqual(budget.tryTake(), null);
});
