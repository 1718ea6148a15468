// Planning: what a configuration file changes in the database, and that a second run changes nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashSecret } from '../../server/auth/api-keys.ts';
import { credentialPurpose, Vault } from '../../server/auth/vault.ts';
import { planConfig } from '../../server/config/apply.ts';
import { parseConfig } from '../../server/config/file.ts';
import { ConfigError } from '../../server/config/problems.ts';
import type { ConfigFile } from '../../server/config/schema.ts';
import { UNRESTRICTED } from '../../server/gateway/key-restrictions.ts';
import { type CatalogChange, type CatalogRows, DEFAULT_SETTINGS } from '../../server/gateway/ports.ts';

const NOW_MS = 1_700_000_000_000;
const KEY_1 = 'wp_key-number-one-1';
const KEY_2 = 'wp_key-number-two-2';

const vault = await Vault.fromMasterKey(new TextEncoder().encode('a master key of the tests'));

function emptyRows(): CatalogRows {
  return {
    providers: [],
    endpoints: [],
    accounts: [],
    models: [],
    mappings: [],
    users: [],
    apiKeys: [],
    settings: DEFAULT_SETTINGS,
  };
}

async function config(text: string): Promise<ConfigFile> {
  const { config, problems } = await parseConfig(text, { env: {}, readFile: () => Promise.reject() });
  assert.deepEqual(problems, []);
  assert.ok(config);
  return config;
}

let lastId = 0;
async function plan(text: string, current: CatalogRows): Promise<CatalogChange[]> {
  const tools = {
    newId: () => `id-${++lastId}`,
    seal: (plain: string, purpose: string) => vault.seal(plain, purpose),
    fingerprint: (plain: string) => vault.fingerprint(plain),
    nowMs: NOW_MS,
  };
  return planConfig(await config(text), current, tools);
}

/** What a store does, its unique names and keys and its cascades included. */
function store(rows: CatalogRows, changes: readonly CatalogChange[]): CatalogRows {
  return changes.reduce(storeOne, rows);
}

function storeOne(rows: CatalogRows, change: CatalogChange): CatalogRows {
  switch (change.kind) {
    case 'put-provider':
      return { ...rows, providers: put(rows.providers, change.row, 'name') };
    case 'put-endpoint':
      return { ...rows, endpoints: put(rows.endpoints, change.row) };
    case 'put-account':
      return { ...rows, accounts: put(rows.accounts, change.row) };
    case 'put-model':
      return { ...rows, models: put(rows.models, change.row, 'name') };
    case 'put-mapping':
      return { ...rows, mappings: put(rows.mappings, change.row) };
    case 'put-user':
      return { ...rows, users: put(rows.users, change.row, 'username') };
    case 'put-api-key':
      return { ...rows, apiKeys: put(put(rows.apiKeys, change.row, 'name'), change.row, 'hash') };
    case 'put-settings':
      return { ...rows, settings: change.row };
    case 'delete':
      return withoutRow(rows, change.id);
  }
}

function put<Row extends { id: string }>(rows: readonly Row[], row: Row, unique?: keyof Row): Row[] {
  const others = rows.filter(({ id }) => id !== row.id);
  if (unique) assert.ok(!others.some((other) => other[unique] === row[unique]), `UNIQUE ${String(unique)}`);
  return [...others, row];
}

function withoutRow(rows: CatalogRows, id: string): CatalogRows {
  const keep = (row: { id: string; providerId?: string; modelId?: string }) =>
    row.id !== id && row.providerId !== id && row.modelId !== id;
  return {
    ...rows,
    providers: rows.providers.filter(keep),
    endpoints: rows.endpoints.filter(keep),
    accounts: rows.accounts.filter(keep),
    models: rows.models.filter(keep),
    mappings: rows.mappings.filter(keep),
    users: rows.users.filter(keep),
    apiKeys: rows.apiKeys.filter(keep),
  };
}

async function apply(text: string, rows: CatalogRows = emptyRows()): Promise<CatalogRows> {
  return store(rows, await plan(text, rows));
}

/** The only element, which must be there. */
function only<Row>(rows: readonly Row[]): Row {
  const [row] = rows;
  assert.equal(rows.length, 1);
  assert.ok(row !== undefined);
  return row;
}

const PROVIDER = `
providers:
  - name: anthropic
    endpoints: [{ name: main, surface: anthropic-messages, baseUrl: https://api.anthropic.com }]
    accounts: [{ name: a, credential: sk-canary-credential }]
    models: [{ model: sonnet, aliases: [s] }]
`;
const EVERYTHING = `${PROVIDER}
models: [{ name: sonnet, displayName: Sonnet, price: { inputUsdPerMillion: 3 } }]
users: [{ username: ada, email: ada@example.com }]
apiKeys: [{ name: ci, key: ${KEY_1}, user: ada }]
affinity: { ttlSeconds: 60 }
`;

test('planConfig fills in the defaults', async () => {
  const rows = await apply(PROVIDER);
  const provider = only(rows.providers);
  const account = only(rows.accounts);
  assert.deepEqual(provider, { id: provider.id, name: 'anthropic', allowPrivateNetwork: false });
  assert.deepEqual(account, {
    id: account.id,
    providerId: provider.id,
    name: 'a',
    weight: 1,
    maxConcurrent: null,
    cacheTtlMinutes: null,
    rateMultiplier: 1,
    usdPerCredit: null,
    cacheDomain: null,
    isPaused: false,
    disabledReason: null,
    credentialLast4: 'tial',
    credentialFingerprint: vault.fingerprint('sk-canary-credential'),
    credentialOrigins: ['https://api.anthropic.com'],
    sealedCredential: account.sealedCredential,
  });
});

test('planConfig makes a model that only a mapping names, and sends its own name upstream', async () => {
  const rows = await apply(PROVIDER);
  const model = only(rows.models);
  const unstated = { displayName: null, price: null, routePolicy: null, routeProfile: null };
  assert.deepEqual(model, { id: model.id, name: 'sonnet', ...unstated });
  const { upstreamModel, modelId, aliases } = only(rows.mappings);
  assert.deepEqual(
    { upstreamModel, modelId, aliases },
    { upstreamModel: 'sonnet', modelId: model.id, aliases: ['s'] },
  );
});

test('planConfig seals the credential for its own account only', async () => {
  const { id, sealedCredential } = only((await apply(PROVIDER)).accounts);
  assert.equal(await vault.open(sealedCredential, credentialPurpose(id)), 'sk-canary-credential');
  await assert.rejects(vault.open(sealedCredential, credentialPurpose('other')));
});

test('planConfig binds a credential to the origins of the endpoints in the file', async () => {
  const rows = await apply(PROVIDER);
  const extra = { ...only(rows.endpoints), id: 'e9', name: 'by hand', baseUrl: 'https://elsewhere.test' };
  const withExtra = { ...rows, endpoints: [...rows.endpoints, extra] };
  assert.deepEqual(await plan(PROVIDER, withExtra), []);
  const moved = PROVIDER.replace('https://api.anthropic.com', 'https://proxy.test:8443/anthropic');
  assert.deepEqual(only((await apply(moved, rows)).accounts).credentialOrigins, ['https://proxy.test:8443']);
});

test('planConfig gives a new credential for the endpoints that are there when the file states none', async () => {
  const rows = await apply(PROVIDER);
  const endpoints = [{ ...only(rows.endpoints), baseUrl: 'https://new.test' }];
  const bare = PROVIDER.replace(/endpoints:.*/, 'endpoints: []');
  const known = await apply(bare, { ...rows, endpoints });
  assert.deepEqual(only(known.accounts).credentialOrigins, ['https://api.anthropic.com']);
  const changed = await apply(bare.replace('sk-canary-credential', 'sk-new'), { ...rows, endpoints });
  assert.deepEqual(only(changed.accounts).credentialOrigins, ['https://new.test']);
});

test('planConfig changes only the settings that the file states', async () => {
  const { settings } = await apply(`
translation: false
timeouts: { connectSeconds: 0.5 }
limits: { maxBodyMb: 8 }
clientGone: { policy: drain }
bodyLog: { enabled: true }`);
  assert.deepEqual(settings, {
    ...DEFAULT_SETTINGS,
    translation: false,
    timeouts: { ...DEFAULT_SETTINGS.timeouts, connectSeconds: 0.5 },
    limits: { ...DEFAULT_SETTINGS.limits, maxBodyMb: 8 },
    clientGone: { ...DEFAULT_SETTINGS.clientGone, policy: 'drain' },
    bodyLog: { ...DEFAULT_SETTINGS.bodyLog, enabled: true },
  });
});

test('planConfig keeps tiers and credits', async () => {
  const rows =
    await apply(`${PROVIDER.replace('sk-canary-credential', 'sk-canary-credential, usdPerCredit: 0.04')}
models: [{ name: sonnet, price: { inputUsdPerMillion: 3, tiers: [{ aboveInputTokens: 200000, inputUsdPerMillion: 6 }] } }]`);
  assert.equal(only(rows.accounts).usdPerCredit, 0.04);
  const rest = {
    outputUsdPerMillion: null,
    cacheReadUsdPerMillion: null,
    cacheWrite5mUsdPerMillion: null,
    cacheWrite1hUsdPerMillion: null,
  };
  assert.deepEqual(only(rows.models).price, {
    inputUsdPerMillion: 3,
    ...rest,
    tiers: [{ aboveInputTokens: 200_000, inputUsdPerMillion: 6, ...rest }],
  });
});

test('planConfig keeps secrets out of its changes', async () => {
  const changes = JSON.stringify(await plan(EVERYTHING, emptyRows()));
  assert.ok(!changes.includes('sk-canary-credential'));
  assert.ok(!changes.includes(KEY_1));
});

test('planConfig has nothing to change the second time, whatever the order of stored keys', async () => {
  const rows = await apply(EVERYTHING);
  assert.deepEqual(await plan(EVERYTHING, rows), []);
  const price = { ...only(rows.models).price };
  const reordered = Object.fromEntries(Object.entries(price).reverse());
  const row = Object.fromEntries(Object.entries({ ...only(rows.models), price: reordered }).reverse());
  const models = JSON.parse(JSON.stringify([row]));
  assert.deepEqual(await plan(EVERYTHING, { ...rows, models }), []);
});

test('planConfig turns a config into rows that belong together', async () => {
  const rows = await apply(EVERYTHING);
  const apiKey = only(rows.apiKeys);
  assert.deepEqual(apiKey, {
    ...UNRESTRICTED,
    id: apiKey.id,
    name: 'ci',
    hash: hashSecret(KEY_1),
    masked: 'wp_k…ne-1',
    userId: only(rows.users).id,
    isEnabled: true,
    createdAtMs: NOW_MS,
  });
  assert.equal(only(rows.models).displayName, 'Sonnet');
  assert.equal(only(rows.models).price?.inputUsdPerMillion, 3);
  assert.equal(only(rows.models).price?.outputUsdPerMillion, null);
});

test('planConfig changes only the settings that the file has', async () => {
  const rows = { ...emptyRows(), settings: { ...DEFAULT_SETTINGS, requireApiKey: false } };
  const { settings } = await apply('affinity: { ttlSeconds: 60 }\nretention: { maxRows: 10 }', rows);
  assert.deepEqual(settings, {
    ...DEFAULT_SETTINGS,
    requireApiKey: false,
    affinity: { ...DEFAULT_SETTINGS.affinity, ttlSeconds: 60 },
    retention: { ...DEFAULT_SETTINGS.retention, maxRows: 10 },
  });
});

test('planConfig updates a row by name and keeps its id and what an operator did', async () => {
  const before = await apply(EVERYTHING);
  const paused = {
    ...before,
    accounts: before.accounts.map((row) => ({ ...row, isPaused: true, disabledReason: '401' })),
    apiKeys: before.apiKeys.map((row) => ({ ...row, isEnabled: false })),
  };
  const text = EVERYTHING.replace('sk-canary-credential', 'sk-canary-credential, weight: 3');
  const change = only(await plan(text, paused));
  assert.ok(change.kind === 'put-account');
  assert.deepEqual(change.row, { ...only(paused.accounts), weight: 3 });
});

test('planConfig seals a changed credential anew and puts its account back into service', async () => {
  const before = await apply(PROVIDER);
  const refused = { ...before, accounts: before.accounts.map((row) => ({ ...row, disabledReason: '401' })) };
  const after = await apply(PROVIDER.replace('sk-canary-credential', 'sk-another-credential'), refused);
  const { id, sealedCredential, disabledReason, credentialLast4 } = only(after.accounts);
  assert.equal(id, only(before.accounts).id);
  assert.equal(disabledReason, null);
  assert.equal(credentialLast4, 'tial');
  assert.equal(await vault.open(sealedCredential, credentialPurpose(id)), 'sk-another-credential');
});

test('planConfig replaces a changed API key under the same id', async () => {
  const before = await apply(EVERYTHING);
  const after = await apply(EVERYTHING.replace(KEY_1, KEY_2), before);
  assert.equal(only(after.apiKeys).id, only(before.apiKeys).id);
  assert.equal(only(after.apiKeys).hash, hashSecret(KEY_2));
});

test('planConfig lets two API keys swap their secrets', async () => {
  const keys = (a: string, b: string) => `apiKeys: [{ name: a, key: ${a} }, { name: b, key: ${b} }]`;
  const before = await apply(keys(KEY_1, KEY_2));
  const after = await apply(keys(KEY_2, KEY_1), before);
  const hashes = (rows: CatalogRows) => new Map(rows.apiKeys.map((row) => [row.id, row.hash]));
  assert.deepEqual([...hashes(after).keys()].sort(), [...hashes(before).keys()].sort());
  assert.equal(after.apiKeys.find(({ name }) => name === 'a')?.hash, hashSecret(KEY_2));
});

test('planConfig refuses a key that the database has under another name, unless that one is pruned', async () => {
  const before = await apply(`apiKeys: [{ name: old, key: ${KEY_1} }]`);
  const renamed = `apiKeys: [{ name: new, key: ${KEY_1} }]`;
  await assert.rejects(plan(renamed, before), (error: unknown) => {
    assert.ok(error instanceof ConfigError);
    assert.match(error.message, /apiKeys\[0\]\.key: is the same key as "old" in the database/);
    assert.ok(!error.message.includes(KEY_1));
    return true;
  });
  assert.equal(only((await apply(`prune: true\n${renamed}`, before)).apiKeys).name, 'new');
});

test('planConfig leaves alone what only the database holds', async () => {
  const rows = await apply(EVERYTHING);
  assert.deepEqual(await plan('providers: []\nmodels: []\nusers: []\napiKeys: []', rows), []);
});

test('planConfig with prune deletes what only the database holds', async () => {
  const rows = await apply(EVERYTHING);
  const after = await apply('prune: true\nproviders: []\nmodels: []\nusers: []\napiKeys: []', rows);
  assert.deepEqual(after, { ...emptyRows(), settings: rows.settings });
});

test('planConfig with prune deletes inside a provider that stays', async () => {
  const more = EVERYTHING.replace('accounts: [', 'accounts: [{ name: b, credential: sk-second },').replace(
    'models: [{ model: sonnet',
    'models: [{ model: haiku }, { model: sonnet',
  );
  const before = await apply(more);
  const after = await apply(`prune: true\n${EVERYTHING}`, before);
  assert.deepEqual(
    after.accounts.map(({ name }) => name),
    ['a'],
  );
  assert.deepEqual(
    after.models.map(({ name }) => name),
    ['sonnet'],
  );
  assert.equal(only(after.mappings).upstreamModel, 'sonnet');
  assert.deepEqual(await plan(`prune: true\n${EVERYTHING}`, after), []);
});

test('planConfig with prune leaves lists that the file does not have', async () => {
  const rows = await apply(EVERYTHING);
  assert.deepEqual(await plan('prune: true', rows), []);
  assert.deepEqual(await plan('prune: true\nproviders: [{ name: anthropic }]', rows), []);
});

test('planConfig with prune keeps a user whose API keys stay', async () => {
  const rows = await apply(EVERYTHING);
  assert.deepEqual(await plan('prune: true\nusers: []', rows), []);
});

test('planConfig deletes before it puts, and puts parents before children', async () => {
  const before = await apply('providers: [{ name: old }]');
  const kinds = (await plan(`prune: true\n${EVERYTHING}`, before)).map(({ kind }) => kind);
  assert.deepEqual(kinds, [
    'delete',
    'put-provider',
    'put-endpoint',
    'put-account',
    'put-model',
    'put-mapping',
    'put-user',
    'put-api-key',
    'put-settings',
  ]);
});
