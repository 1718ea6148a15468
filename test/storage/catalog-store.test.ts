// Contract of CatalogStore, on SQLite.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type CatalogChange, DEFAULT_SETTINGS, type Settings } from '../../server/gateway/ports.ts';
import { StorageError } from '../../server/storage/storage-error.ts';
import { account, apiKey, endpoint, mapping, model, provider, user, withStorage } from './scratch.ts';

const FULL: readonly CatalogChange[] = [
  { kind: 'put-provider', row: provider() },
  { kind: 'put-endpoint', row: endpoint() },
  { kind: 'put-account', row: account() },
  { kind: 'put-model', row: model() },
  { kind: 'put-mapping', row: mapping({ aliases: ['sonnet', "so'net"] }) },
  { kind: 'put-user', row: user() },
  { kind: 'put-api-key', row: apiKey({ userId: 'u1' }) },
];

test('CatalogStore.load of a new database is empty with the default settings', () =>
  withStorage(async ({ catalog }) => {
    assert.deepEqual(await catalog.load(), {
      providers: [],
      endpoints: [],
      accounts: [],
      models: [],
      mappings: [],
      users: [],
      apiKeys: [],
      settings: DEFAULT_SETTINGS,
    });
  }));

test('CatalogStore.apply keeps every field of every kind of row', () =>
  withStorage(async ({ catalog }) => {
    const settings: Settings = {
      ...DEFAULT_SETTINGS,
      requireApiKey: false,
      routing: {
        policy: 'session',
        profile: 'latency-first',
        maxWaitSeconds: 1.5,
        warmthScope: 'everyone',
      },
      reservation: { ...DEFAULT_SETTINGS.reservation, enabled: false, stableMaxReservation: 0.5 },
      cacheLevers: {
        ...DEFAULT_SETTINGS.cacheLevers,
        chooseTtl: true,
        keepWarm: { enabled: true, maxUsdPerDay: 0.5, maxPings: 1 },
      },
      retention: { maxAgeDays: 2, maxRows: 9 },
      timeouts: { ...DEFAULT_SETTINGS.timeouts, connectSeconds: 0.5 },
      clientGone: { policy: 'drain', drainSeconds: 5 },
      bodyLog: { enabled: true, maxKb: 1, ttlHours: 2 },
    };
    const credited = account({ id: 'a2', name: 'credits', usdPerCredit: 0.04, credentialOrigins: [] });
    const price = {
      inputUsdPerMillion: 3,
      outputUsdPerMillion: 0,
      cacheReadUsdPerMillion: 0.3,
      cacheWrite5mUsdPerMillion: null,
      cacheWrite1hUsdPerMillion: 6,
      tiers: [
        {
          aboveInputTokens: 200_000,
          inputUsdPerMillion: 6,
          outputUsdPerMillion: null,
          cacheReadUsdPerMillion: null,
          cacheWrite5mUsdPerMillion: null,
          cacheWrite1hUsdPerMillion: null,
        },
      ],
    };
    const priced = model({
      id: 'm2',
      name: 'gpt',
      displayName: null,
      price,
      routePolicy: 'round-robin',
      routeProfile: 'latency-first',
    });
    await catalog.apply([
      ...FULL,
      { kind: 'put-account', row: credited },
      { kind: 'put-model', row: priced },
      { kind: 'put-settings', row: settings },
    ]);
    assert.deepEqual(await catalog.load(), {
      providers: [provider()],
      endpoints: [endpoint()],
      accounts: [account(), credited],
      models: [model(), priced],
      mappings: [mapping({ aliases: ['sonnet', "so'net"] })],
      users: [user()],
      apiKeys: [apiKey({ userId: 'u1' })],
      settings,
    });
  }));

test('CatalogStore.apply replaces a row with the same id and keeps what refers to it', () =>
  withStorage(async ({ catalog }) => {
    await catalog.apply(FULL);
    await catalog.apply([
      { kind: 'put-provider', row: provider({ name: 'Renamed', allowPrivateNetwork: true }) },
      { kind: 'put-account', row: account({ isPaused: false, disabledReason: '401', maxConcurrent: 4 }) },
    ]);
    const rows = await catalog.load();
    assert.deepEqual(rows.providers, [provider({ name: 'Renamed', allowPrivateNetwork: true })]);
    assert.deepEqual(rows.accounts, [account({ isPaused: false, disabledReason: '401', maxConcurrent: 4 })]);
    assert.equal(rows.endpoints.length, 1);
  }));

test('CatalogStore.apply applies nothing when one change fails', () =>
  withStorage(async ({ catalog }) => {
    await catalog.apply(FULL);
    const before = await catalog.load();
    await assert.rejects(
      catalog.apply([
        { kind: 'put-user', row: user({ id: 'u2', username: 'bob' }) },
        { kind: 'delete', table: 'model', id: 'm1' },
        { kind: 'put-provider', row: provider({ id: 'p2' }) },
      ]),
    );
    assert.deepEqual(await catalog.load(), before);
  }));

const TAKEN: readonly { change: CatalogChange; table: string; field: string; message: string }[] = [
  {
    change: { kind: 'put-provider', row: provider({ id: 'p2' }) },
    table: 'provider',
    field: 'name',
    message: 'Cannot save provider "Anthropic": its name is taken',
  },
  {
    change: { kind: 'put-endpoint', row: endpoint({ id: 'e2' }) },
    table: 'endpoint',
    field: 'name',
    message: 'Cannot save endpoint "messages": its name is taken',
  },
  {
    change: { kind: 'put-account', row: account({ id: 'a2' }) },
    table: 'account',
    field: 'name',
    message: 'Cannot save account "work": its name is taken',
  },
  {
    change: { kind: 'put-model', row: model({ id: 'm2' }) },
    table: 'model',
    field: 'name',
    message: 'Cannot save model "claude-sonnet": its name is taken',
  },
  {
    change: { kind: 'put-user', row: user({ id: 'u2' }) },
    table: 'user',
    field: 'username',
    message: 'Cannot save user "ada": its username is taken',
  },
  {
    change: { kind: 'put-api-key', row: apiKey({ id: 'k2', hash: 'bb' }) },
    table: 'apiKey',
    field: 'name',
    message: 'Cannot save api-key "ci": its name is taken',
  },
  {
    change: { kind: 'put-api-key', row: apiKey({ id: 'k2', name: 'other' }) },
    table: 'apiKey',
    field: 'hash',
    message: 'Cannot save api-key "other": its hash is taken',
  },
];

for (const { change, table, field, message } of TAKEN) {
  test(`CatalogStore.apply refuses a second ${table} with the same ${field}`, () =>
    withStorage(async ({ catalog }) => {
      await catalog.apply(FULL);
      await assert.rejects(catalog.apply([change]), (error) => {
        assert.ok(error instanceof StorageError);
        assert.deepEqual(
          { code: error.code, table: error.table, field: error.field, message: error.message },
          { code: 'name-taken', table, field, message },
        );
        return true;
      });
    }));
}

test('CatalogStore.apply takes the same endpoint and account name at another provider', () =>
  withStorage(async ({ catalog }) => {
    await catalog.apply([
      ...FULL,
      { kind: 'put-provider', row: provider({ id: 'p2', name: 'Other' }) },
      { kind: 'put-endpoint', row: endpoint({ id: 'e2', providerId: 'p2' }) },
      { kind: 'put-account', row: account({ id: 'a2', providerId: 'p2' }) },
    ]);
    const rows = await catalog.load();
    assert.deepEqual([rows.endpoints.length, rows.accounts.length], [2, 2]);
  }));

const DANGLING: readonly CatalogChange[] = [
  { kind: 'put-endpoint', row: endpoint({ id: 'e9', name: 'x', providerId: 'gone' }) },
  { kind: 'put-account', row: account({ id: 'a9', name: 'x', providerId: 'gone' }) },
  { kind: 'put-mapping', row: mapping({ id: 'mm9', modelId: 'gone' }) },
  { kind: 'put-api-key', row: apiKey({ id: 'k9', name: 'x', hash: 'x', userId: 'gone' }) },
];

for (const change of DANGLING) {
  test(`CatalogStore.apply refuses a ${change.kind} that refers to nothing`, () =>
    withStorage(async ({ catalog }) => {
      await catalog.apply(FULL);
      await assert.rejects(catalog.apply([change]), { code: 'missing-reference' });
    }));
}

test('CatalogStore.apply deletes endpoints, accounts and mappings with their provider', () =>
  withStorage(async ({ catalog }) => {
    await catalog.apply(FULL);
    await catalog.apply([{ kind: 'delete', table: 'provider', id: 'p1' }]);
    const { providers, endpoints, accounts, mappings, models } = await catalog.load();
    assert.deepEqual(
      { providers, endpoints, accounts, mappings },
      { providers: [], endpoints: [], accounts: [], mappings: [] },
    );
    assert.equal(models.length, 1);
  }));

test('CatalogStore.apply deletes mappings with their model and leaves the provider', () =>
  withStorage(async ({ catalog }) => {
    await catalog.apply(FULL);
    await catalog.apply([{ kind: 'delete', table: 'model', id: 'm1' }]);
    const { models, mappings, providers } = await catalog.load();
    assert.deepEqual([models.length, mappings.length, providers.length], [0, 0, 1]);
  }));

test('CatalogStore.apply leaves the API keys of a deleted user standalone and switched off', () =>
  withStorage(async ({ catalog }) => {
    const other = apiKey({ id: 'k2', name: 'other', hash: 'bb' });
    await catalog.apply([...FULL, { kind: 'put-api-key', row: other }]);
    await catalog.apply([{ kind: 'delete', table: 'user', id: 'u1' }]);
    const { users, apiKeys } = await catalog.load();
    assert.deepEqual(users, []);
    assert.deepEqual(apiKeys, [apiKey({ userId: null, isEnabled: false }), other]);
  }));

const LEAVES = ['endpoint', 'account', 'mapping', 'api-key'] as const;
const LEAF_IDS = { endpoint: 'e1', account: 'a1', mapping: 'mm1', 'api-key': 'k1' } as const;

for (const table of LEAVES) {
  test(`CatalogStore.apply deletes one ${table} and nothing else`, () =>
    withStorage(async ({ catalog }) => {
      await catalog.apply(FULL);
      await catalog.apply([{ kind: 'delete', table, id: LEAF_IDS[table] }]);
      const { settings: _, ...rows } = await catalog.load();
      assert.equal(Object.values(rows).flat().length, FULL.length - 1);
      assert.ok(
        !Object.values(rows)
          .flat()
          .some((row) => row.id === LEAF_IDS[table]),
      );
    }));
}

test('CatalogStore.apply takes SQL in a name as a name', () =>
  withStorage(async ({ catalog }) => {
    const name = `x'); DROP TABLE provider; --`;
    await catalog.apply([{ kind: 'put-provider', row: provider({ name }) }]);
    assert.equal((await catalog.load()).providers[0]?.name, name);
  }));
