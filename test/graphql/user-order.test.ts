// In which order the admin API lists users, page by page.

import assert from 'node:assert/strict';
import test from 'node:test';
import { openBench } from './admin-bench.ts';
import { START_MS, sampleRows } from './sample-rows.ts';

const DAY_MS = 86_400_000;

/** ada has two keys, bob none, Cleo and grace one each. */
async function open() {
  const rows = sampleRows();
  const key = rows.apiKeys[0] ?? assert.fail();
  rows.users.push(
    { id: 'u3', username: 'Cleo', email: 'a@example.com' },
    { id: 'u4', username: 'grace', email: null },
  );
  rows.apiKeys.push({ ...key, id: 'k4', name: 'cleo', userId: 'u3' });
  rows.apiKeys.push({ ...key, id: 'k5', name: 'grace', userId: 'u4' });
  const bench = await openBench({ rows });
  const spent = (id: string, costNanoUsd: number) => ({ id, costNanoUsd, unpricedRequests: 0 });
  const midnightMs = START_MS - (START_MS % DAY_MS);
  bench.keyUsage.restore('day', midnightMs, [
    spent('k1', 3),
    spent('k2', 4),
    spent('k4', 6),
    spent('k3', 99),
  ]);
  bench.keyUsage.restore('month', midnightMs, [spent('k4', 20), spent('k5', 30)]);
  return bench;
}

const QUERY = `query ($orderBy: UserOrder, $after: String) {
  users(first: 3, orderBy: $orderBy, after: $after) { nodes { username } pageInfo { endCursor } } }`;

for (const [orderBy, names] of [
  [undefined, ['ada', 'bob', 'Cleo', 'grace']],
  ['NAME_ASC', ['ada', 'bob', 'Cleo', 'grace']],
  ['EMAIL_ASC', ['Cleo', 'ada', 'bob', 'grace']],
  ['KEYS_DESC', ['ada', 'Cleo', 'grace', 'bob']],
  ['SPENT_TODAY_DESC', ['ada', 'Cleo', 'bob', 'grace']],
  ['SPENT_THIS_MONTH_DESC', ['grace', 'Cleo', 'ada', 'bob']],
] as const) {
  test(`users(orderBy: ${orderBy ?? 'absent'}) lists ${names.join(', ')}`, async () => {
    const bench = await open();
    const first = (await bench.ask(QUERY, { orderBy })).users;
    const rest = (await bench.ask(QUERY, { orderBy, after: first.pageInfo.endCursor })).users;
    const found = [...first.nodes, ...rest.nodes].map(({ username }: { username: string }) => username);
    assert.deepEqual(found, names);
  });
}

test('users(orderBy) refuses a cursor of another order', async () => {
  const bench = await open();
  const { pageInfo } = (await bench.ask(QUERY, { orderBy: 'KEYS_DESC' })).users;
  const { errors } = await bench.call(QUERY, { orderBy: 'EMAIL_ASC', after: pageInfo.endCursor });
  assert.equal(errors[0]?.extensions.code, 'BAD_USER_INPUT');
});
