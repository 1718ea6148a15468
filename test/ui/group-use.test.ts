// Figures of the last seven days by key, user or model: who has none, and how they are asked for.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { portionsOf, usesOf } from '../../ui/src/lib/group-use.ts';

const GROUP = {
  total: 3,
  costUsd: 0.5,
  unpricedRequests: 1,
  tokenCacheHitRate: 0.25,
  inputTokens: 8,
  outputTokens: 1,
  cacheReadTokens: 2,
  cacheWriteTokens: 0,
};

test('usesOf() tells unused from unknown, and of a hit rate only when somebody reported tokens', () => {
  const uses = usesOf(
    ['k1', 'k2', 'k3', null],
    [
      { ...GROUP, groupId: 'k1', reportedRequests: 2 },
      { ...GROUP, groupId: 'k2', reportedRequests: 0 },
      { ...GROUP, groupId: null, total: 9, reportedRequests: 0 },
    ],
  );
  const { total, costUsd, hitRate } = uses.get('k1') ?? assert.fail();
  assert.deepEqual([total, costUsd, hitRate], [3, 0.5, 0.25]);
  assert.equal(uses.get('k2')?.hitRate, null);
  assert.deepEqual([uses.get('k3')?.total, uses.get('k3')?.hitRate], [0, null]);
  assert.equal(uses.get(null)?.total, 9);
  assert.equal(uses.get('k4'), undefined);
});

test('portionsOf() asks for every row, 200 at a time', () => {
  const ids = Array.from({ length: 401 }, (_, index) => index);
  assert.deepEqual(
    portionsOf(ids).map(({ length }) => length),
    [200, 200, 1],
  );
  assert.deepEqual(portionsOf(ids).flat(), ids);
  assert.deepEqual(portionsOf([]), []);
});
