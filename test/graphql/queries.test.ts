// Every query: what it answers and how it pages.

import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { coolDown, openBench, sampleAccount } from './admin-bench.ts';
import { sampleBinding, sampleRow, sampleRows } from './sample-rows.ts';

const START = '2026-11-21T22:00:00.000Z';

test('build tells what is running', async () => {
  const { build } = await (await openBench()).ask(
    '{ build { version commit runtime startedAt nodeId demo } }',
  );
  assert.deepEqual(build, {
    version: '0.1.0',
    commit: null,
    runtime: 'test 1',
    startedAt: START,
    nodeId: 'node-1',
    demo: true,
  });
});

test('providers lists each with its endpoints, accounts and mappings', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const { providers } = await bench.ask(`{ providers { totalCount nodes {
    id name allowPrivateNetwork endpoints { name surface baseUrl provider { name } } accounts { name }
    mappings { upstreamModel aliases model { name } provider { name } } } } }`);
  assert.equal(providers.totalCount, 2);
  assert.deepEqual(providers.nodes[0], {
    id: encodeGlobalId('Provider', 'p1'),
    name: 'anthropic',
    allowPrivateNetwork: false,
    endpoints: [
      {
        name: 'main',
        surface: 'ANTHROPIC_MESSAGES',
        baseUrl: 'https://api.anthropic.com',
        provider: { name: 'anthropic' },
      },
    ],
    accounts: [{ name: 'team-a' }, { name: 'team-b' }],
    mappings: [
      {
        upstreamModel: 'claude-sonnet-4-5-20250929',
        aliases: ['sonnet'],
        model: { name: 'claude-sonnet-4-5' },
        provider: { name: 'anthropic' },
      },
    ],
  });
});

const ACCOUNT_FIELDS = `id name weight maxConcurrent cacheTtlMinutes rateMultiplier usdPerCredit unboundOrigins currentLimit cacheDomain paused state stateReason
  cooldownUntil inFlight bindingCount credentialLast4 credentialFingerprint demoFailure provider { name }`;

test('accounts shows settings, load and what is known of the credential', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.slots.take(sampleAccount(bench, 'a1'));
  bench.affinity.restore([
    sampleBinding('b1'),
    sampleBinding('b2'),
    sampleBinding('b3', { accountId: 'a2' }),
  ]);
  bench.demoFailures.set('team-a', 'rate-limited');
  const { accounts } = await bench.ask(`{ accounts { nodes { ${ACCOUNT_FIELDS} } } }`);
  assert.deepEqual(
    accounts.nodes.map((account: { name: string }) => account.name),
    ['gpu', 'team-a', 'team-b'],
  );
  assert.deepEqual(accounts.nodes[1], {
    id: encodeGlobalId('Account', 'a1'),
    name: 'team-a',
    weight: 1,
    maxConcurrent: 2,
    cacheTtlMinutes: 5,
    rateMultiplier: 1,
    usdPerCredit: null,
    unboundOrigins: [],
    currentLimit: 2,
    cacheDomain: null,
    paused: false,
    state: 'AVAILABLE',
    stateReason: null,
    cooldownUntil: null,
    inFlight: 1,
    bindingCount: 2,
    credentialLast4: 'abcd',
    credentialFingerprint: 'f00d',
    demoFailure: 'RATE_LIMITED',
    provider: { name: 'anthropic' },
  });
  assert.equal(accounts.nodes[2].demoFailure, null);
});

test('accounts tells each state and why', async () => {
  const rows = sampleRows();
  const [first, second, third] = rows.accounts ?? [];
  assert.ok(first && second && third);
  const accounts = [
    { ...first, name: 'full', maxConcurrent: 1 },
    { ...second, name: 'cooling' },
    { ...third, name: 'disabled', disabledReason: '401 from the provider' },
    { ...third, id: 'a4', name: 'paused', isPaused: true },
    { ...third, id: 'a5', name: 'available' },
  ];
  const bench = await openBench({ rows: { ...rows, accounts } });
  bench.slots.take(sampleAccount(bench, 'a1'));
  coolDown(bench, 'a2', 60_000);
  const page = await bench.ask('{ accounts { nodes { name state stateReason cooldownUntil } } }');
  const reason = 'rate limited (429)';
  assert.deepEqual(page.accounts.nodes, [
    { name: 'available', state: 'AVAILABLE', stateReason: null, cooldownUntil: null },
    {
      name: 'cooling',
      state: 'COOLING_DOWN',
      stateReason: reason,
      cooldownUntil: '2026-11-21T22:01:00.000Z',
    },
    { name: 'disabled', state: 'DISABLED', stateReason: '401 from the provider', cooldownUntil: null },
    { name: 'full', state: 'FULL', stateReason: null, cooldownUntil: null },
    { name: 'paused', state: 'PAUSED', stateReason: null, cooldownUntil: null },
  ]);
  const full = await bench.ask('{ accounts(filter: { state: FULL }) { nodes { name } } }');
  assert.deepEqual(full.accounts.nodes, [{ name: 'full' }]);
});

const accountFilters: [string, string[]][] = [
  ['{ search: "TEAM" }', ['team-a', 'team-b']],
  ['{ search: "rack" }', ['gpu']],
  ['{ search: "anthropic" }', ['team-a', 'team-b']],
  ['{ search: "" }', ['gpu', 'team-a', 'team-b']],
  ['{ providerId: "p2" }', ['gpu']],
  [`{ providerId: "${encodeGlobalId('Provider', 'p2')}" }`, ['gpu']],
  [`{ providerId: "${encodeGlobalId('Model', 'p2')}" }`, []],
  ['{ search: "team", state: PAUSED }', []],
];

for (const [filter, names] of accountFilters) {
  test(`accounts filters by ${filter}`, async () => {
    const { accounts } = await (await openBench({ rows: sampleRows() })).ask(
      `{ accounts(filter: ${filter}) { nodes { name } } }`,
    );
    assert.deepEqual(
      accounts.nodes.map((account: { name: string }) => account.name),
      names,
    );
  });
}

test('models, users and apiKeys list and search', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const data = await bench.ask(`{
    byAlias: models(search: "SONN") { nodes { name displayName aliases mappings { upstreamModel } price { inputUsdPerMillion } } }
    models { totalCount } byMail: users(search: "EXAMPLE") { nodes { username email apiKeys { name } } } users { totalCount }
    byUser: apiKeys(search: "ada") { nodes { name masked enabled isStandalone createdAt user { username } } }
    apiKeys { nodes { name isStandalone } } }`);
  assert.deepEqual(data.byAlias.nodes, [
    {
      name: 'claude-sonnet-4-5',
      displayName: 'Claude Sonnet 4.5',
      aliases: ['sonnet'],
      mappings: [{ upstreamModel: 'claude-sonnet-4-5-20250929' }],
      price: null,
    },
  ]);
  assert.equal(data.models.totalCount, 2);
  assert.deepEqual(data.byMail.nodes, [
    { username: 'ada', email: 'ada@example.com', apiKeys: [{ name: 'ada-laptop' }, { name: 'ada-ci' }] },
  ]);
  assert.equal(data.users.totalCount, 2);
  assert.equal(data.byUser.nodes.length, 2);
  assert.deepEqual(data.byUser.nodes[0], {
    name: 'ada-ci',
    masked: 'wp_a…0001',
    enabled: true,
    isStandalone: false,
    createdAt: START,
    user: { username: 'ada' },
  });
  assert.deepEqual(data.apiKeys.nodes[2], { name: 'robot', isStandalone: true });
});

test('connections walk through all rows by cursor', async () => {
  const providers = Array.from({ length: 7 }, (_, n) => ({
    id: `p${n}`,
    name: `name ${n % 3}`,
    allowPrivateNetwork: false,
  }));
  const bench = await openBench({ rows: { providers } });
  const seen: string[] = [];
  let after: string | null = null;
  for (let page = 0; page < 10; page += 1) {
    const data: {
      providers: { edges: { cursor: string; node: { id: string } }[]; pageInfo: Record<string, unknown> };
    } = await bench.ask(
      `query ($after: String) { providers(first: 3, after: $after) { edges { cursor node { id } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
      { after },
    );
    const { edges, pageInfo } = data.providers;
    seen.push(...edges.map((edge) => edge.node.id));
    assert.equal(pageInfo.hasPreviousPage, page > 0);
    assert.equal(pageInfo.startCursor, edges[0]?.cursor);
    assert.equal(pageInfo.endCursor, edges.at(-1)?.cursor);
    after = edges.at(-1)?.cursor ?? null;
    if (pageInfo.hasNextPage === false) break;
  }
  assert.equal(seen.length, 7);
  assert.equal(new Set(seen).size, 7);
});

for (const [args, message] of [
  ['first: 0', /first must be from 1 to 200/],
  ['first: -1', /first must be from 1 to 200/],
  ['first: 201', /first must be from 1 to 200/],
  ['after: "nonsense"', /Cannot read the cursor/],
  ['after: ""', /Cannot read the cursor/],
] as const) {
  for (const field of ['providers', 'accounts', 'models', 'users', 'apiKeys', 'affinities', 'requestLogs']) {
    test(`${field} refuses ${args}`, async () => {
      const { errors } = await (await openBench()).call(`{ ${field}(${args}) { nodes { id } } }`);
      assert.match(errors[0]?.message ?? '', message);
      assert.equal(errors[0]?.extensions.code, 'BAD_USER_INPUT');
    });
  }
}

test('connections take null for first as the default', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const { providers } = await bench.ask('{ providers(first: null, after: null) { nodes { name } } }');
  assert.equal(providers.nodes.length, 2);
});

test('node finds every kind of object again, and nothing else', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.affinity.restore([sampleBinding('b1')]);
  bench.log.append(sampleRow('r1'));
  const raw = {
    Provider: 'p1',
    Endpoint: 'e1',
    Account: 'a1',
    Model: 'm1',
    ModelMapping: 'mm1',
    User: 'u1',
    ApiKey: 'k1',
    Affinity: 'b1',
    RequestLog: 'r1',
  };
  const query = 'query ($id: ID!) { node(id: $id) { __typename id } }';
  for (const [typename, id] of Object.entries(raw)) {
    const globalId = encodeGlobalId(typename, id);
    assert.deepEqual((await bench.ask(query, { id: globalId })).node, { __typename: typename, id: globalId });
    assert.equal((await bench.ask(query, { id: encodeGlobalId(typename, 'gone') })).node, null);
  }
  const anonymous = encodeGlobalId('ApiKey', 'anonymous');
  assert.equal((await bench.ask(query, { id: anonymous })).node.id, anonymous);
  for (const id of [
    '',
    'p1',
    'x'.repeat(1000),
    encodeGlobalId('Session', '1'),
    encodeGlobalId('Query', ''),
  ]) {
    assert.equal((await bench.ask(query, { id })).node, null, id);
  }
});

test('node leaves the snapshot of the catalogue as it is', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const row = bench.parts.catalog.current.providers.get('p1');
  await bench.ask('query ($id: ID!) { node(id: $id) { id } }', { id: encodeGlobalId('Provider', 'p1') });
  assert.deepEqual(Object.getOwnPropertySymbols(row ?? {}), []);
});
