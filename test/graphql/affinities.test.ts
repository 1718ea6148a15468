// Listing, searching and ordering bindings by GraphQL, and their figures.

import assert from 'node:assert/strict';
import test from 'node:test';
import { AffinityHistory } from '../../server/gateway/affinity-history.ts';
import type { BindingCode } from '../../server/gateway/binding-reasons.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { openBench } from './admin-bench.ts';
import { ADA, ADAS, idOf, openBound } from './bound-bench.ts';
import { subscribe } from './event-stream.ts';
import { START_MS, sampleBinding, sampleRow, sampleRows } from './sample-rows.ts';

test('affinities shows every field', async () => {
  const { affinities } = await (await openBound()).ask(`{ affinities(search: "laptop-1") { totalCount nodes {
    id apiKey { name } apiKeyPrefix isStandalone user { username } sessionId provider { name } endpoint { name } account { name }
    rateMultiplier model { name } surface createdAt expiresAt lastHitAt requestCount warmTokens cacheReadTokens } } }`);
  assert.deepEqual(affinities, {
    totalCount: 1,
    nodes: [
      {
        id: encodeGlobalId('Affinity', 'laptop-1'),
        apiKey: { name: 'ada-laptop' },
        apiKeyPrefix: 'wp_a…0001',
        isStandalone: false,
        user: { username: 'ada' },
        sessionId: 'session-laptop-1',
        provider: { name: 'anthropic' },
        endpoint: { name: 'main' },
        account: { name: 'team-a' },
        rateMultiplier: 1,
        model: { name: 'claude-sonnet-4-5' },
        surface: 'ANTHROPIC_MESSAGES',
        createdAt: '2026-11-21T22:00:00.000Z',
        expiresAt: '2026-11-21T22:00:00.500Z',
        lastHitAt: '2026-11-21T21:59:59.999Z',
        requestCount: 9,
        warmTokens: 1000,
        cacheReadTokens: 5000,
      },
    ],
  });
});

test('affinities has everything that a row of Aether has', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.affinity.restore([sampleBinding('one', { requestCount: 3 })]);
  const { affinities } = await bench.ask(`{ affinities { matchedUserId totalCount nodes {
    affinityKey apiKey { name } apiKeyPrefix isStandalone user { id username email }
    provider { id name } endpoint { id surface baseUrl } account { id name } accountPrefix rateMultiplier
    model { id name displayName } surface createdAt expiresAt requestCount
    sessionId lastHitAt cacheReadTokens state pinned } } }`);
  assert.deepEqual(affinities.nodes, [
    {
      affinityKey: 'k1',
      apiKey: { name: 'ada-laptop' },
      apiKeyPrefix: 'wp_a…0001',
      isStandalone: false,
      user: { id: ADA, username: 'ada', email: 'ada@example.com' },
      provider: { id: encodeGlobalId('Provider', 'p1'), name: 'anthropic' },
      endpoint: {
        id: encodeGlobalId('Endpoint', 'e1'),
        surface: 'ANTHROPIC_MESSAGES',
        baseUrl: 'https://api.anthropic.com',
      },
      account: { id: encodeGlobalId('Account', 'a1'), name: 'team-a' },
      accountPrefix: 'sk-s…abcd',
      rateMultiplier: 1,
      model: {
        id: encodeGlobalId('Model', 'm1'),
        name: 'claude-sonnet-4-5',
        displayName: 'Claude Sonnet 4.5',
      },
      surface: 'ANTHROPIC_MESSAGES',
      createdAt: new Date(START_MS).toISOString(),
      expiresAt: new Date(START_MS + 300_000).toISOString(),
      requestCount: 3,
      sessionId: 'session-one',
      lastHitAt: new Date(START_MS).toISOString(),
      cacheReadTokens: 5000,
      state: 'WARM',
      pinned: false,
    },
  ]);
});

const warmths: [string, Parameters<typeof sampleBinding>[1], string][] = [
  ['was used within its lifetime', {}, 'WARM'],
  ['has no tokens in the cache', { warmTokens: 0 }, 'COLD'],
  ['is pinned and was not used for its lifetime', { isPinned: true, expiresAtMs: START_MS }, 'COLD'],
];

for (const [what, binding, state] of warmths) {
  test(`an affinity that ${what} is ${state}`, async () => {
    const bench = await openBench({ rows: sampleRows() });
    bench.affinity.restore([sampleBinding('one', binding)]);
    const { affinities } = await bench.ask('{ affinities { nodes { state } } }');
    assert.deepEqual(affinities.nodes, [{ state }]);
  });
}

test('affinities shows callers without a key as the key "anonymous"', async () => {
  const { affinities } = await (await openBound()).ask(
    '{ affinities(filter: { apiKeyId: "anonymous" }) { nodes { id apiKey { id name masked enabled isStandalone user { id } } apiKeyPrefix isStandalone user { id } } } }',
  );
  assert.deepEqual(affinities.nodes, [
    {
      id: encodeGlobalId('Affinity', 'nobody'),
      apiKey: {
        id: encodeGlobalId('ApiKey', 'anonymous'),
        name: 'anonymous',
        masked: 'anonymous',
        enabled: true,
        isStandalone: true,
        user: null,
      },
      apiKeyPrefix: 'anonymous',
      isStandalone: true,
      user: null,
    },
  ]);
});

test('affinities leaves out what names something that is gone', async () => {
  const bench = await openBound();
  bench.affinity.restore([
    sampleBinding('stale', { accountId: 'gone' }),
    sampleBinding('stale-key', { apiKeyId: 'gone' }),
  ]);
  assert.equal((await bench.ask('{ affinities { totalCount } }')).affinities.totalCount, 5);
});

const orders: [string, string[]][] = [
  ['', ['laptop-1', 'laptop-2', 'ci', 'robot', 'nobody']],
  ['orderBy: EXPIRES_AT_DESC', ['laptop-1', 'laptop-2', 'ci', 'robot', 'nobody']],
  ['orderBy: LAST_HIT_AT_DESC', ['ci', 'laptop-2', 'nobody', 'robot', 'laptop-1']],
  ['orderBy: CREATED_AT_DESC', ['nobody', 'ci', 'laptop-1', 'laptop-2', 'robot']],
  ['orderBy: REQUEST_COUNT_DESC', ['laptop-1', 'ci', 'laptop-2', 'nobody', 'robot']],
  ['orderBy: WARM_TOKENS_DESC', ['ci', 'laptop-1', 'laptop-2', 'nobody', 'robot']],
  ['orderBy: CACHE_READ_TOKENS_DESC', ['ci', 'laptop-1', 'laptop-2', 'nobody', 'robot']],
  ['orderBy: USER_ASC', ['ci', 'laptop-1', 'laptop-2', 'nobody', 'robot']],
  ['orderBy: API_KEY_ASC', ['ci', 'laptop-1', 'laptop-2', 'nobody', 'robot']],
  ['orderBy: ACCOUNT_ASC', ['ci', 'laptop-1', 'nobody', 'laptop-2', 'robot']],
  ['orderBy: MODEL_ASC', ['ci', 'laptop-1', 'laptop-2', 'nobody', 'robot']],
];

for (const [order, keys] of orders) {
  test(`affinities orders by ${order || 'default'}, page by page`, async () => {
    const bench = await openBound();
    const seen: string[] = [];
    let after: string | null = null;
    do {
      const query = `query ($after: String) { affinities(first: 2, after: $after ${order && `, ${order}`}) { nodes { id } pageInfo { hasNextPage endCursor } } }`;
      const { affinities } = await bench.ask(query, { after });
      seen.push(...affinities.nodes.map(idOf));
      after = affinities.pageInfo.hasNextPage ? affinities.pageInfo.endCursor : null;
    } while (after !== null);
    assert.deepEqual(seen, keys);
  });
}

test('affinities refuses a cursor of another order', async () => {
  const bench = await openBound();
  const { affinities } = await bench.ask('{ affinities(first: 1) { pageInfo { endCursor } } }');
  const query =
    'query ($after: String) { affinities(first: 1, after: $after, orderBy: CREATED_AT_DESC) { nodes { id } } }';
  const { errors } = await bench.call(query, { after: affinities.pageInfo.endCursor });
  assert.match(errors[0]?.message ?? '', /Cannot read the cursor/);
});

const searches: [string, string[], string | null][] = [
  ['', ['laptop-1', 'laptop-2', 'ci', 'robot', 'nobody'], null],
  ['ADA', ADAS, ADA],
  ['ada@EXAMPLE.com', ADAS, ADA],
  ['example', ADAS, ADA],
  ['u1', ADAS, ADA],
  [ADA, ADAS, ADA],
  ['k2', ['ci'], ADA],
  [encodeGlobalId('ApiKey', 'k2'), ['ci'], ADA],
  ['ada-ci', ['ci'], null],
  ['k3', ['robot'], null],
  ['u', ['laptop-1', 'laptop-2', 'ci', 'robot', 'nobody'], null],
  ['anonymous', ['nobody'], null],
  ['local', ['robot'], null],
  ['gpu', ['robot'], null],
  ['LLAMA', ['robot'], null],
  ['sonnet 4.5', ['laptop-1', 'laptop-2', 'ci', 'nobody'], null],
  ['design rev', ['laptop-2'], null],
  ['100%', [], null],
];

for (const [search, keys, matchedUserId] of searches) {
  test(`affinities searches for ${JSON.stringify(search)}`, async () => {
    const query = 'query ($search: String) { affinities(search: $search) { matchedUserId nodes { id } } }';
    const { affinities } = await (await openBound()).ask(query, { search });
    assert.deepEqual(affinities.nodes.map(idOf), keys);
    assert.equal(affinities.matchedUserId, matchedUserId);
  });
}

const filters: [string, string[]][] = [
  ['{ apiKeyId: "k1" }', ['laptop-1', 'laptop-2']],
  [`{ userId: "${ADA}" }`, ADAS],
  ['{ providerId: "p2" }', ['robot']],
  ['{ accountId: "a2" }', ['laptop-2']],
  ['{ endpointId: "e2" }', ['robot']],
  ['{ pinned: true }', []],
  ['{ pinned: false, accountId: "a2" }', ['laptop-2']],
  ['{ modelId: "m2" }', ['robot']],
  ['{ surface: OPENAI_CHAT }', ['robot']],
  ['{ sessionId: "Design Review" }', ['laptop-2']],
  ['{ sessionId: "design review" }', []],
  ['{ userId: "u1", accountId: "a1" }', ['laptop-1', 'ci']],
];

for (const [filter, keys] of filters) {
  test(`affinities filters by ${filter}`, async () => {
    const { affinities } = await (await openBound()).ask(
      `{ affinities(filter: ${filter}) { nodes { id } } }`,
    );
    assert.deepEqual(affinities.nodes.map(idOf), keys);
  });
}

test('affinityStats counts lookups and the prompt cache apart', async () => {
  const bench = await openBound();
  bench.log.append(sampleRow('r1', { inputTokens: 4000, cacheReadTokens: 1000 }));
  bench.log.append(sampleRow('old', { startedAtMs: START_MS - 3600_001, cacheReadTokens: 9_000_000 }));
  bench.parts.affinity.clear(({ key }) => key === 'ci', 'cleared');
  const fields = `scheduler storageType cacheReservationRatio totalAffinities activeAffinities cacheHits cacheMisses cacheHitRate
    promptCacheHitRate cacheInvalidations invalidationsByReason { reason count } providerSwitches keySwitches defaultTtlSeconds`;
  const { affinityStats } = await bench.ask(`{ affinityStats { ${fields} } }`);
  assert.deepEqual(affinityStats, {
    scheduler: 'warm-cost',
    storageType: 'memory',
    cacheReservationRatio: 0.1,
    totalAffinities: bench.affinity.counters().total,
    activeAffinities: 4,
    cacheHits: 0,
    cacheMisses: 0,
    cacheHitRate: 0,
    promptCacheHitRate: 0.25,
    cacheInvalidations: 1,
    invalidationsByReason: [{ reason: 'cleared by an administrator', count: 1 }],
    providerSwitches: 0,
    keySwitches: 0,
    defaultTtlSeconds: 300,
  });
});

test('affinityStats turns counters into rates and asks the log at most every five seconds', async () => {
  const invalidations = new Map<BindingCode, number>([
    ['account-paused', 1],
    ['cleared', 7],
  ]);
  const counters = () => ({
    total: 10,
    hits: 3,
    misses: 1,
    invalidations,
    borrowed: 5,
    expired: 6,
    providerSwitches: 2,
    keySwitches: 4,
  });
  const bench = await openBench({
    parts: {
      affinity: {
        list: () => [],
        get: () => null,
        peek: () => null,
        counters,
        history: new AffinityHistory(START_MS),
        clear: () => [],
        pin: () => null,
        move: () => null,
        sweep: () => undefined,
      },
    },
  });
  const query =
    '{ affinityStats { cacheHitRate cacheInvalidations invalidationsByReason { reason reasonCode } providerSwitches keySwitches } }';
  for (let second = 0; second < 6; second += 1) {
    assert.deepEqual((await bench.ask(query)).affinityStats, {
      cacheHitRate: 0.75,
      cacheInvalidations: 8,
      invalidationsByReason: [
        { reason: 'cleared by an administrator', reasonCode: 'CLEARED' },
        { reason: 'the account was paused', reasonCode: 'ACCOUNT_PAUSED' },
      ],
      providerSwitches: 2,
      keySwitches: 4,
    });
    await bench.clock.advance(1000);
  }
  assert.equal(bench.log.calls.totals, 2);
});

test('affinityStats calls the scheduler by the policy that holds now', async () => {
  const bench = await openBench();
  const { settings } = bench.store.rows;
  const row: typeof settings = {
    ...settings,
    affinity: { ...settings.affinity, ttlSeconds: 60 },
    routing: { ...settings.routing, policy: 'round-robin' },
  };
  await bench.parts.catalog.apply([{ kind: 'put-settings', row }]);
  const { affinityStats } = await bench.ask('{ affinityStats { scheduler defaultTtlSeconds } }');
  assert.deepEqual(affinityStats, { scheduler: 'round-robin', defaultTtlSeconds: 60 });
});

/** Collects live events of one kind; the result stops and gives them. */

test('affinityStats no longer counts what has expired, and lists hear of it at once', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.affinity.restore([
    sampleBinding('short', { expiresAtMs: START_MS + 500 }),
    sampleBinding('long', { expiresAtMs: START_MS + 5_000 }),
  ]);
  const changes = await subscribe(bench, 'subscription { affinityChanged { kind affinity { id } } }');
  const stats = await subscribe(
    bench,
    'subscription { affinityStats { activeAffinities expiredAffinities } }',
  );
  const counted = async () => (await stats.next()).data.data.affinityStats;
  assert.deepEqual(await counted(), { activeAffinities: 2, expiredAffinities: 0 });
  // Nobody but the count looks whether a binding is over.
  await bench.clock.advance(1_000);
  assert.deepEqual(await counted(), { activeAffinities: 1, expiredAffinities: 1 });
  assert.deepEqual((await changes.next()).data.data.affinityChanged, {
    kind: 'EXPIRED',
    affinity: { id: encodeGlobalId('Affinity', 'short') },
  });
  assert.equal((await bench.ask('{ affinities { totalCount } }')).affinities.totalCount, 1);
  await Promise.all([changes.cancel(), stats.cancel()]);
});
