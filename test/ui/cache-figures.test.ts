// What the Cache screen adds up: what was possible, the write premium, groups and their order, series and links.

import assert from 'node:assert/strict';
import test from 'node:test';
import { possibleOf } from '../../ui/src/lib/ceiling.ts';
import {
  dimensionOf,
  type Group,
  groupRows,
  isMoneyKnown,
  ratesOf,
  restOf,
  sortedRows,
  sortingOf,
  topGroups,
  untoldTokens,
  writePremiumUsd,
} from '../../ui/src/pages/cache/figures.ts';
import { groupLink, periodFilters } from '../../ui/src/pages/cache/links.ts';

const RANGE = { name: '24h', fromMs: 0, toMs: null, hours: 24, bucketSeconds: 1800 } as const;

function group(name: string, given: Partial<Group> = {}): Group {
  return {
    groupId: `id-${name}`,
    name,
    total: 10,
    inputTokens: 1_000,
    cacheReadTokens: 500,
    cacheWriteTokens: 0,
    costUsd: 1,
    savedUsd: 1,
    unpricedRequests: 0,
    ...given,
  };
}

test('possibleOf() takes off what no cache could have had', () => {
  const found = possibleOf(600, 400, [
    { cause: 'TTL_EXPIRED', tokens: 150, costUsd: 3 },
    { cause: 'ACCOUNT_MOVED', tokens: 50, costUsd: 1 },
    { cause: 'NEW_CONTENT', tokens: 120, costUsd: 5 },
    { cause: 'COLD_START', tokens: 60, costUsd: 2 },
    { cause: 'BELOW_MINIMUM', tokens: 20, costUsd: 0.5 },
  ]);
  assert.deepEqual(found, {
    hitRate: 0.6,
    ceiling: 0.8,
    used: 0.75,
    avoidableTokens: 200,
    avoidableUsd: 4,
  });
});

test('possibleOf() of nothing is not zero', () => {
  const none = { hitRate: null, ceiling: null, used: null, avoidableTokens: 0, avoidableUsd: 0 };
  assert.deepEqual(possibleOf(0, 0, []), none);
  const isNew = possibleOf(0, 10, [{ cause: 'NEW_CONTENT', tokens: 10, costUsd: 0 }]);
  assert.deepEqual([isNew.hitRate, isNew.ceiling, isNew.used], [0, 0, null]);
});

test('writePremiumUsd() has the input price back from what was saved', () => {
  // Input at $1 a token: 100 read at 0.1, 40 written at 1.25. Saved = 140 − 10 − 50 = 80; premium = 40 × 0.25 = 10.
  const money = {
    cacheReadTokens: 100,
    cacheWriteTokens: 40,
    cacheReadCostUsd: 10,
    cacheWriteCostUsd: 50,
    savedUsd: 80,
    unpricedRequests: 0,
  };
  assert.equal(writePremiumUsd([money]), 10);
  assert.equal(writePremiumUsd([money, { ...money, unpricedRequests: 1 }]), null);
  assert.equal(writePremiumUsd([money, { ...money, cacheWriteTokens: 0, unpricedRequests: 1 }]), 10);
  assert.equal(writePremiumUsd([]), 0);
});

test('groupRows() tells bound requests from the others', () => {
  const [row, alone] = groupRows(
    [group('a'), group('b', { inputTokens: 0, cacheReadTokens: 0 })],
    [{ groupId: 'id-a', total: 6, inputTokens: 600, cacheReadTokens: 480 }],
  );
  assert.deepEqual([row?.hitRate, row?.boundRequests, row?.boundRate, row?.unboundRate], [0.5, 6, 0.8, 0.05]);
  assert.deepEqual(
    [alone?.hitRate, alone?.boundRequests, alone?.boundRate, alone?.unboundRate],
    [null, 0, null, null],
  );
});

test('groupRows() bears a request that came between two questions', () => {
  const bound = [{ groupId: 'id-a', total: 11, inputTokens: 1_100, cacheReadTokens: 600 }];
  assert.equal(groupRows([group('a')], bound)[0]?.unboundRate, null);
});

test('sortedRows(): figures fall, names rise, a minus turns them round', () => {
  const rows = groupRows(
    [
      group('b', { savedUsd: 2 }),
      group('a', { savedUsd: -1 }),
      group('gone', { name: null, savedUsd: 9 }),
      group('c', { savedUsd: 2 }),
    ],
    [],
  );
  const orders: [string | null, (string | null)[]][] = [
    ['name', ['a', 'b', 'c', null]],
    ['-name', [null, 'c', 'b', 'a']],
    ['saved', [null, 'b', 'c', 'a']],
    ['-saved', ['a', 'c', 'b', null]],
  ];
  for (const [order, names] of orders) {
    const sorted = sortedRows(rows, sortingOf(order)).map(({ name }) => name);
    assert.deepEqual(sorted, names, order ?? '');
  }
});

test('sortingOf() and dimensionOf() read nonsense in the address as absent', () => {
  assert.deepEqual(sortingOf('nonsense'), { order: 'input', isReversed: false });
  assert.deepEqual(sortingOf(null), { order: 'input', isReversed: false });
  assert.deepEqual(sortingOf('-rate'), { order: 'rate', isReversed: true });
  assert.equal(dimensionOf('toString'), 'model');
  assert.equal(dimensionOf('key'), 'key');
});

test('topGroups() leaves out those without input and those without an id', () => {
  const groups = [
    group('small', { inputTokens: 5 }),
    group('none', { groupId: null, inputTokens: 99 }),
    group('idle', { inputTokens: 0 }),
    group('large', { inputTokens: 50 }),
    group('middle', { inputTokens: 20 }),
  ];
  assert.deepEqual(
    topGroups(groups, 2).map(({ name }) => name),
    ['large', 'middle'],
  );
});

test('restOf() and ratesOf() add up to the whole, bucket by bucket', () => {
  const point = (inputTokens: number, cacheReadTokens: number, savedUsd: number) => ({
    inputTokens,
    cacheReadTokens,
    savedUsd,
  });
  const rest = restOf(
    [point(100, 80, 5), point(10, 1, 1), point(0, 0, 0)],
    [[point(60, 60, 4), point(12, 2, -1)], [point(20, 0, 0.5)]],
  );
  assert.deepEqual(rest, [point(20, 20, 0.5), point(0, 0, 2), point(0, 0, 0)]);
  assert.deepEqual(ratesOf(rest), [1, null, null]);
});

test('groupLink() leads to the requests of the same period', () => {
  assert.equal(groupLink('model', group('a'), RANGE), '/requests?model=id-a&period=24h');
  assert.equal(groupLink('key', group('a&b'), RANGE), '/requests?key=a%26b&period=24h');
  assert.equal(groupLink('account', group('a', { groupId: null }), RANGE), null);
  assert.equal(groupLink('key', group('a', { name: null }), RANGE), null);
  assert.deepEqual(periodFilters({ ...RANGE, name: '30d', fromMs: Date.UTC(2026, 0, 1) }), {
    from: '2026-01-01T00:00:00.000Z',
  });
  assert.deepEqual(periodFilters({ ...RANGE, name: null, toMs: 60_000 }), {
    from: '1970-01-01T00:00:00.000Z',
    to: '1970-01-01T00:01:00.000Z',
  });
});

test('isMoneyKnown() takes nothing for nothing only where all has a price', () => {
  const free = { costUsd: 0, savedUsd: 0 };
  assert.equal(isMoneyKnown(group('priced', free)), true);
  assert.equal(isMoneyKnown(group('unpriced', { ...free, unpricedRequests: 3 })), false);
  assert.equal(isMoneyKnown(group('partly', { costUsd: 0.5, unpricedRequests: 3 })), true);
});

test('untoldTokens() is the input that was neither read nor cold for a cause', () => {
  const stats = { inputTokens: 1_000, cacheReadTokens: 600 };
  assert.equal(untoldTokens(stats, { totalColdTokens: 350 }), 50);
  assert.equal(untoldTokens(stats, { totalColdTokens: 401 }), 0);
});
