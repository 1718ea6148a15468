// The limits of API keys by GraphQL: set, changed, cleared, refused, shown with what is used of them; and revoking.

import assert from 'node:assert/strict';
import test from 'node:test';
import { UNRESTRICTED } from '../../server/gateway/key-restrictions.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { type Bench, openBench } from './admin-bench.ts';
import { mutate, open } from './mutate.ts';
import { START_MS, sampleBinding, sampleRow, sampleRows } from './sample-rows.ts';

const LIMITS = `state expiresAt revokedAt allowedModels { id name } allowedProviders { name } allowedSurfaces allowedIps
  requestsPerMinute tokensPerMinute maxConcurrent budgetUsdPerDay budgetUsdPerMonth`;
const HOUR_MS = 3600_000;
const EXPIRY_MS = START_MS + HOUR_MS;

const INPUT = {
  expiresAt: new Date(EXPIRY_MS).toISOString(),
  allowedModelIds: [encodeGlobalId('Model', 'm1'), 'm2', 'm1'],
  allowedProviderIds: [encodeGlobalId('Provider', 'p2')],
  allowedSurfaces: ['ANTHROPIC_MESSAGES', 'GEMINI', 'GEMINI'],
  allowedIps: [' 192.0.2.7/24 ', '2001:DB8::1', '192.0.2.0/24'],
  requestsPerMinute: 60,
  tokensPerMinute: 100_000,
  maxConcurrent: 4,
  budgetUsdPerDay: 5.5,
  budgetUsdPerMonth: 100,
};
const ROW = {
  ...UNRESTRICTED,
  expiresAtMs: EXPIRY_MS,
  allowedModelIds: ['m1', 'm2'],
  allowedProviderIds: ['p2'],
  allowedSurfaces: ['anthropic-messages', 'gemini'],
  allowedIps: ['192.0.2.0/24', '2001:db8::1'],
  requestsPerMinute: 60,
  tokensPerMinute: 100_000,
  maxConcurrent: 4,
  budgetUsdPerDay: 5.5,
  budgetUsdPerMonth: 100,
};
const SHOWN = {
  state: 'ACTIVE',
  expiresAt: INPUT.expiresAt,
  revokedAt: null,
  allowedModels: [
    { id: encodeGlobalId('Model', 'm1'), name: 'claude-sonnet-4-5' },
    { id: encodeGlobalId('Model', 'm2'), name: 'llama' },
  ],
  allowedProviders: [{ name: 'local' }],
  allowedSurfaces: ['ANTHROPIC_MESSAGES', 'GEMINI'],
  allowedIps: ROW.allowedIps,
  requestsPerMinute: 60,
  tokensPerMinute: 100_000,
  maxConcurrent: 4,
  budgetUsdPerDay: 5.5,
  budgetUsdPerMonth: 100,
};
const NOT_LIMITED = Object.fromEntries(Object.keys(SHOWN).map((field) => [field, null]));

function stored(bench: Bench, id: string) {
  const { expiresAtMs, revokedAtMs, ...key } =
    bench.store.rows.apiKeys.find((row) => row.id === id) ?? assert.fail();
  const { allowedModelIds, allowedProviderIds, allowedSurfaces, allowedIps } = key;
  const { requestsPerMinute, tokensPerMinute, maxConcurrent, budgetUsdPerDay, budgetUsdPerMonth } = key;
  const lists = { allowedModelIds, allowedProviderIds, allowedSurfaces, allowedIps };
  const limits = { requestsPerMinute, tokensPerMinute, maxConcurrent, budgetUsdPerDay, budgetUsdPerMonth };
  return { expiresAtMs, revokedAtMs, ...lists, ...limits };
}

test('createApiKey stores the limits that are given', async () => {
  const bench = await open();
  const input = { name: 'limited', ...INPUT };
  const { apiKey, errors } = await mutate(bench, 'createApiKey', `apiKey { ${LIMITS} }`, { input });
  assert.deepEqual([errors, apiKey], [[], SHOWN]);
  const row = bench.store.rows.apiKeys.find(({ name }) => name === 'limited');
  assert.deepEqual(stored(bench, row?.id ?? ''), ROW);
});

test('createApiKey limits nothing unless told to', async () => {
  const { apiKey } = await mutate(await open(), 'createApiKey', `apiKey { ${LIMITS} }`, {
    input: { name: 'free' },
  });
  assert.deepEqual(apiKey, { ...NOT_LIMITED, state: 'ACTIVE' });
});

test('updateApiKey changes what is given, keeps what is absent, and lifts what is null', async () => {
  const bench = await open();
  const update = (input: object) =>
    mutate(bench, 'updateApiKey', `apiKey { ${LIMITS} }`, { id: 'k1', input });
  assert.deepEqual((await update(INPUT)).apiKey, SHOWN);
  assert.deepEqual(stored(bench, 'k1'), ROW);
  const changed = await update({ requestsPerMinute: 5, allowedIps: [] });
  assert.deepEqual(changed.apiKey, { ...SHOWN, requestsPerMinute: 5, allowedIps: [] });
  assert.deepEqual((await update({ name: 'renamed', enabled: false })).apiKey, {
    ...SHOWN,
    requestsPerMinute: 5,
    allowedIps: [],
    state: 'DISABLED',
  });
  const nothing = Object.fromEntries(Object.keys(INPUT).map((field) => [field, null]));
  assert.deepEqual((await update(nothing)).apiKey, { ...NOT_LIMITED, state: 'DISABLED' });
  assert.deepEqual(stored(bench, 'k1'), UNRESTRICTED);
});

for (const [name, input, code, path, message] of [
  [
    'a time that is over',
    { expiresAt: '2026-11-21T21:59:59Z' },
    'invalid-value',
    ['expiresAt'],
    /must lie in the future/,
  ],
  [
    'no address',
    { allowedIps: ['10.0.0.1', 'localhost'] },
    'invalid-value',
    ['allowedIps', '1'],
    /must consist of addresses/,
  ],
  [
    'a range that is too long',
    { allowedIps: ['10.0.0.0/33'] },
    'invalid-value',
    ['allowedIps', '0'],
    /ranges such as/,
  ],
  ['no requests at all', { requestsPerMinute: 0 }, 'invalid-value', ['requestsPerMinute'], /from 1 to/],
  ['too many tokens', { tokensPerMinute: 1_000_000_001 }, 'invalid-value', ['tokensPerMinute'], /from 1 to/],
  ['no place', { maxConcurrent: 0 }, 'invalid-value', ['maxConcurrent'], /from 1 to/],
  ['no money', { budgetUsdPerDay: 0 }, 'invalid-value', ['budgetUsdPerDay'], /above 0/],
  ['less than no money', { budgetUsdPerMonth: -1 }, 'invalid-value', ['budgetUsdPerMonth'], /above 0/],
  [
    'a model that is none',
    { allowedModelIds: ['m1', 'm9'] },
    'not-found',
    ['allowedModelIds', '1'],
    /the model/,
  ],
  [
    'a model where a provider is meant',
    { allowedProviderIds: [encodeGlobalId('Model', 'm1')] },
    'not-found',
    ['allowedProviderIds', '0'],
    /the provider/,
  ],
] as const) {
  test(`createApiKey and updateApiKey refuse ${name}`, async () => {
    const bench = await open();
    const before = structuredClone(bench.store.rows.apiKeys);
    for (const [field, variables] of [
      ['createApiKey', { input: { name: 'x', ...input } }],
      ['updateApiKey', { id: 'k1', input }],
    ] as const) {
      const { apiKey, errors } = await mutate(bench, field, 'apiKey { name }', variables);
      assert.equal(apiKey, null);
      assert.deepEqual([errors[0].code, errors[0].path], [code, ['input', ...path]]);
      assert.match(errors[0].message, message);
    }
    assert.deepEqual(bench.store.rows.apiKeys, before);
  });
}

test('updateApiKey leaves a time alone that is over already', async () => {
  const bench = await open();
  const input = { expiresAt: INPUT.expiresAt };
  await mutate(bench, 'updateApiKey', 'apiKey { name }', { id: 'k1', input });
  await bench.clock.advance(2 * HOUR_MS);
  const again = await mutate(bench, 'updateApiKey', 'apiKey { state }', {
    id: 'k1',
    input: { ...input, requestsPerMinute: 1 },
  });
  assert.deepEqual([again.errors, again.apiKey], [[], { state: 'EXPIRED' }]);
});

test('revokeApiKey ends a key for good, forgets its affinities, and keeps it in the list', async () => {
  const bench = await open();
  const bindings = [sampleBinding('x'), sampleBinding('y', { apiKeyId: 'k2' })];
  bench.affinity.restore(bindings);
  const revoke = () =>
    mutate(bench, 'revokeApiKey', 'apiKey { name state revokedAt enabled }', {
      id: encodeGlobalId('ApiKey', 'k1'),
    });
  const first = await revoke();
  const apiKey = {
    name: 'ada-laptop',
    state: 'REVOKED',
    revokedAt: new Date(START_MS).toISOString(),
    enabled: true,
  };
  assert.deepEqual(first, { apiKey, errors: [] });
  assert.deepEqual(
    bench.affinity.list().map(({ key }) => key),
    ['y'],
  );
  await bench.clock.advance(1_000);
  assert.deepEqual(await revoke(), first);
  const input = { enabled: true, expiresAt: null };
  const updated = await mutate(bench, 'updateApiKey', 'apiKey { state }', { id: 'k1', input });
  assert.equal(updated.apiKey.state, 'REVOKED');
  assert.equal(bench.store.rows.apiKeys.length, 3);
});

test('revokeApiKey finds no key that is not there', async () => {
  const { apiKey, errors } = await mutate(await open(), 'revokeApiKey', 'apiKey { name }', { id: 'k9' });
  assert.deepEqual([apiKey, errors[0].code, errors[0].path], [null, 'not-found', ['id']]);
});

const KEYS_IN_STATES = sampleRows().apiKeys?.map((key, index) =>
  index === 0 ? { ...key, revokedAtMs: 1 } : index === 1 ? { ...key, expiresAtMs: START_MS } : key,
);

for (const [args, expected] of [
  ['', ['ada-ci', 'ada-laptop', 'robot']],
  ['(state: ACTIVE)', ['robot']],
  ['(state: EXPIRED)', ['ada-ci']],
  ['(state: REVOKED)', ['ada-laptop']],
  ['(state: DISABLED)', []],
  ['(userId: "u1")', ['ada-ci', 'ada-laptop']],
  ['(userId: "u1", state: REVOKED, search: "lap")', ['ada-laptop']],
  ['(isStandalone: true)', ['robot']],
  ['(isStandalone: false)', ['ada-ci', 'ada-laptop']],
] as const) {
  test(`apiKeys${args} finds ${expected.length} keys`, async () => {
    const bench = await openBench({ rows: { ...sampleRows(), apiKeys: KEYS_IN_STATES ?? [] } });
    const { apiKeys } = await bench.ask(`{ apiKeys${args} { totalCount nodes { name } } }`);
    assert.deepEqual(
      apiKeys.nodes.map(({ name }: { name: string }) => name),
      expected,
    );
    assert.equal(apiKeys.totalCount, expected.length);
  });
}

test('ApiKey.usage tells what a key uses now, and User what its keys have spent', async () => {
  const bench = await open();
  const key = bench.parts.catalog.current.apiKeys.get('k1');
  assert.ok(key);
  bench.keyUsage.enter(key, { isBilled: true });
  bench.keyUsage.enter(key, { isBilled: true }).release();
  bench.keyUsage.settled(sampleRow('r1'));
  bench.keyUsage.settled(sampleRow('r2', { costNanoUsd: null, inputTokens: 5, outputTokens: 1 }));
  bench.keyUsage.settled(sampleRow('r3', { apiKeyId: 'k2', costNanoUsd: 500_000 }));
  bench.keyUsage.restore('month', Date.UTC(2026, 10, 1), [
    { id: 'k1', costNanoUsd: 2_000_000_000, unpricedRequests: 4 },
  ]);
  const USAGE = `requestsLastMinute tokensLastMinute inFlight spentTodayUsd spentThisMonthUsd unpricedRequestsToday
    unpricedRequestsThisMonth dayEndsAt monthEndsAt`;
  const { node, other, users } = await bench.ask(
    `query ($id: ID!, $other: ID!) {
      node(id: $id) { ... on ApiKey { usage { ${USAGE} } } }
      other: node(id: $other) { ... on ApiKey { usage { requestsLastMinute spentTodayUsd } } }
      users { nodes { username spentTodayUsd spentThisMonthUsd } }
    }`,
    { id: encodeGlobalId('ApiKey', 'k1'), other: encodeGlobalId('ApiKey', 'k3') },
  );
  assert.deepEqual(node.usage, {
    requestsLastMinute: 2,
    tokensLastMinute: 1_056,
    inFlight: 1,
    spentTodayUsd: 0.0015,
    spentThisMonthUsd: 2.0015,
    unpricedRequestsToday: 1,
    unpricedRequestsThisMonth: 5,
    dayEndsAt: '2026-11-22T00:00:00.000Z',
    monthEndsAt: '2026-12-01T00:00:00.000Z',
  });
  assert.deepEqual(other.usage, { requestsLastMinute: 0, spentTodayUsd: 0 });
  assert.deepEqual(users.nodes, [
    { username: 'ada', spentTodayUsd: 0.002, spentThisMonthUsd: 2.002 },
    { username: 'bob', spentTodayUsd: 0, spentThisMonthUsd: 0 },
  ]);
});

test('ApiKey.allowedModels leaves out what was deleted since', async () => {
  const bench = await open();
  const input = { allowedModelIds: ['m1', 'm2'] };
  await mutate(bench, 'updateApiKey', 'apiKey { name }', { id: 'k1', input });
  await mutate(bench, 'deleteModel', 'deletedId', { id: 'm1' });
  const { apiKeys } = await bench.ask('{ apiKeys(search: "laptop") { nodes { allowedModels { name } } } }');
  assert.deepEqual(apiKeys.nodes, [{ allowedModels: [{ name: 'llama' }] }]);
});

test('updateSettings takes trusted proxies in their usual form, and refuses what is no address', async () => {
  const bench = await open();
  const update = (trustedProxies: unknown) =>
    mutate(bench, 'updateSettings', 'settings { trustedProxies }', { input: { trustedProxies } });
  assert.deepEqual((await update(['10.0.0.1/8', '::1'])).settings, { trustedProxies: ['10.0.0.0/8', '::1'] });
  assert.deepEqual((await update(null)).settings, { trustedProxies: ['10.0.0.0/8', '::1'] });
  const { errors } = await update(['10.0.0.1', 'proxy.example']);
  assert.deepEqual([errors[0].code, errors[0].path], ['invalid-value', ['input', 'trustedProxies', '1']]);
  assert.deepEqual((await update([])).settings, { trustedProxies: [] });
});

test('apiKeys are in the order that is asked for, page by page; ApiKey.lastUsedAt tells the latest request', async () => {
  const bench = await open();
  const { keyUsage } = bench;
  keyUsage.usedAt('k1', START_MS - 5_000);
  keyUsage.usedAt('k3', START_MS - 9_000);
  await mutate(bench, 'updateApiKey', 'apiKey { id }', { id: 'k2', input: { expiresAt: INPUT.expiresAt } });
  const page = (orderBy: string, after: string | null = null) =>
    bench.ask(
      `query ($orderBy: ApiKeyOrder, $after: String) {
        apiKeys(first: 2, orderBy: $orderBy, after: $after) {
          nodes { id lastUsedAt } pageInfo { hasNextPage endCursor }
        }
      }`,
      { orderBy, after },
    );
  const idOf = (id: string) => encodeGlobalId('ApiKey', id);
  const used = (await page('LAST_USED_AT_DESC')).apiKeys;
  assert.deepEqual(used.nodes, [
    { id: idOf('k1'), lastUsedAt: new Date(START_MS - 5_000).toISOString() },
    { id: idOf('k3'), lastUsedAt: new Date(START_MS - 9_000).toISOString() },
  ]);
  const rest = (await page('LAST_USED_AT_DESC', used.pageInfo.endCursor)).apiKeys;
  assert.deepEqual(rest.nodes[0], { id: idOf('k2'), lastUsedAt: null });
  assert.equal((await page('EXPIRES_AT_ASC')).apiKeys.nodes[0].id, idOf('k2'));
});
