// Which accounts the Accounts screen shows, in which order, and what it counts over them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AccountRow,
  domainSizes,
  type Order,
  orderOf,
  type ProviderRows,
  shownGroups,
  stateCounts,
  useByAccount,
  type Wanted,
} from '../../ui/src/pages/accounts/rows.ts';

function row(id: string, change: Partial<AccountRow> = {}): AccountRow {
  return {
    id,
    name: id,
    state: 'AVAILABLE',
    cacheDomain: null,
    inFlight: 0,
    currentLimit: 8,
    weight: 1,
    bindingCount: 0,
    rateLimits: [],
    ...change,
  };
}
const quota = (utilization: number) => [
  { name: '5h', utilization, limit: null, remaining: null, resetAt: null },
];

const GROUPS: ProviderRows<AccountRow>[] = [
  {
    id: 'p1',
    name: 'Alpha',
    accounts: [
      row('b', { state: 'PAUSED', weight: 3, rateLimits: quota(0.1) }),
      row('a', { cacheDomain: 'Team', inFlight: 2, bindingCount: 5 }),
      row('c', { state: 'DISABLED', inFlight: 4, rateLimits: quota(0.9) }),
    ],
  },
  { id: 'p2', name: 'Beta', accounts: [row('z', { cacheDomain: 'Team' })] },
  { id: 'p3', name: 'Empty', accounts: [] },
];
const EVERYTHING: Wanted = { state: null, providerId: null, search: '', order: 'name' };

function shown(change: Partial<Wanted>): string[] {
  const use = new Map([['b', { total: 9, failed: 0, hitRate: 0 }]]);
  const groups = shownGroups(GROUPS, { ...EVERYTHING, ...change }, (id) => use.get(id) ?? null);
  return groups.map(({ name, accounts }) => `${name}: ${accounts.map(({ id }) => id).join(' ')}`.trim());
}

test('shownGroups() shows empty providers only when nothing is asked for', () => {
  assert.deepEqual(shown({}), ['Alpha: a b c', 'Beta: z', 'Empty:']);
  assert.deepEqual(shown({ state: 'PAUSED' }), ['Alpha: b']);
  assert.deepEqual(shown({ providerId: 'p3' }), ['Empty:']);
});

test('shownGroups() searches names and cache domains; a provider’s own name shows all of it', () => {
  assert.deepEqual(shown({ search: 'team' }), ['Alpha: a', 'Beta: z']);
  assert.deepEqual(shown({ search: ' BETA ' }), ['Beta: z']);
  assert.deepEqual(shown({ search: 'nothing' }), []);
});

const SORTED: Record<Order, string> = {
  name: 'a b c',
  state: 'c a b',
  load: 'c a b',
  quota: 'c b a',
  use: 'b a c',
  bindings: 'a b c',
  weight: 'b a c',
};
for (const [order, expected] of Object.entries(SORTED)) {
  test(`shownGroups() orders by ${order}, then by name`, () => {
    assert.equal(shown({ order: orderOf(order) })[0], `Alpha: ${expected}`);
  });
}

test('orderOf() takes what a hand-edited address holds for the name', () => {
  assert.equal(orderOf('"><script>'), 'name');
  assert.equal(orderOf(null), 'name');
});

test('stateCounts() counts worst first and leaves out what nobody is in', () => {
  assert.deepEqual(stateCounts(GROUPS), [
    { state: 'DISABLED', count: 1 },
    { state: 'AVAILABLE', count: 2 },
    { state: 'PAUSED', count: 1 },
  ]);
});

test('domainSizes() counts the accounts of a domain and no account without one', () => {
  const sizes = domainSizes([row('a', { cacheDomain: 'x' }), row('b', { cacheDomain: 'x' }), row('c')]);
  assert.deepEqual([...sizes], [['x', 2]]);
});

test('useByAccount() joins requests and failures; requests without an account are nobody’s', () => {
  const use = useByAccount({
    all: [
      { groupId: 'a', total: 10, tokenCacheHitRate: 0.5 },
      { groupId: null, total: 3, tokenCacheHitRate: 0 },
      { groupId: 'b', total: 1, tokenCacheHitRate: 0 },
    ],
    failed: [
      { groupId: 'a', total: 2 },
      { groupId: null, total: 3 },
    ],
  });
  assert.deepEqual(
    [...use],
    [
      ['a', { total: 10, failed: 2, hitRate: 0.5 }],
      ['b', { total: 1, failed: 0, hitRate: 0 }],
    ],
  );
});
