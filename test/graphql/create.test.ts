// Every create mutation: what it stores, what it refuses, what it never shows.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { CatalogRows } from '../../server/gateway/ports.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { openBench } from './admin-bench.ts';
import { mutate, open } from './mutate.ts';
import { sampleRows } from './sample-rows.ts';

const created: [string, string, Record<string, unknown>, string, unknown, keyof CatalogRows][] = [
  [
    'createProvider',
    'provider',
    { name: ' openai ' },
    'name allowPrivateNetwork',
    { name: 'openai', allowPrivateNetwork: false },
    'providers',
  ],
  [
    'createEndpoint',
    'endpoint',
    {
      providerId: encodeGlobalId('Provider', 'p1'),
      name: 'eu',
      surface: 'ANTHROPIC_MESSAGES',
      baseUrl: 'https://eu.anthropic.com/api/',
    },
    'name surface baseUrl provider { name }',
    {
      name: 'eu',
      surface: 'ANTHROPIC_MESSAGES',
      baseUrl: 'https://eu.anthropic.com/api',
      provider: { name: 'anthropic' },
    },
    'endpoints',
  ],
  [
    'createAccount',
    'account',
    { providerId: 'p1', name: 'team-c', credential: 'sk-ant-0123456789' },
    'name weight maxConcurrent cacheTtlMinutes rateMultiplier cacheDomain paused state credentialLast4 provider { name }',
    {
      name: 'team-c',
      weight: 1,
      maxConcurrent: null,
      cacheTtlMinutes: null,
      rateMultiplier: 1,
      cacheDomain: null,
      paused: false,
      state: 'AVAILABLE',
      credentialLast4: '6789',
      provider: { name: 'anthropic' },
    },
    'accounts',
  ],
  [
    'createModel',
    'model',
    { name: 'gpt-5', price: { inputUsdPerMillion: 1.25 } },
    'name displayName aliases price { inputUsdPerMillion outputUsdPerMillion }',
    {
      name: 'gpt-5',
      displayName: null,
      aliases: [],
      price: { inputUsdPerMillion: 1.25, outputUsdPerMillion: null },
    },
    'models',
  ],
  [
    'createModel',
    'model',
    { name: 'gpt-5' },
    'routePolicy routeProfile',
    { routePolicy: null, routeProfile: null },
    'models',
  ],
  [
    'createModel',
    'model',
    { name: 'gpt-5', routePolicy: 'API_KEY', routeProfile: 'BALANCED' },
    'routePolicy routeProfile',
    { routePolicy: 'API_KEY', routeProfile: 'BALANCED' },
    'models',
  ],
  [
    'createModelMapping',
    'modelMapping',
    { providerId: 'p2', modelId: 'm1', upstreamModel: 'clone', aliases: ['sonnet', 'clone-1', 'clone-1'] },
    'upstreamModel aliases model { name aliases } provider { name }',
    {
      upstreamModel: 'clone',
      aliases: ['sonnet', 'clone-1'],
      model: { name: 'claude-sonnet-4-5', aliases: ['clone-1', 'sonnet'] },
      provider: { name: 'local' },
    },
    'mappings',
  ],
  [
    'createUser',
    'user',
    { username: 'eve', email: 'eve@example.com' },
    'username email apiKeys { id }',
    { username: 'eve', email: 'eve@example.com', apiKeys: [] },
    'users',
  ],
  [
    'createApiKey',
    'apiKey',
    { name: 'eve', userId: encodeGlobalId('User', 'u2') },
    'name enabled isStandalone createdAt user { username }',
    {
      name: 'eve',
      enabled: true,
      isStandalone: false,
      createdAt: '2026-11-21T22:00:00.000Z',
      user: { username: 'bob' },
    },
    'apiKeys',
  ],
];

for (const [field, entity, input, selection, expected, table] of created) {
  test(`${field} stores the entry and gives it back`, async () => {
    const bench = await open();
    const before = bench.store.rows[table];
    const payload = await mutate(bench, field, `${entity} { id ${selection} }`, { input });
    const { id, ...rest } = payload[entity];
    assert.deepEqual(rest, expected);
    assert.deepEqual(payload.errors, []);
    assert.ok(Array.isArray(before) && Array.isArray(bench.store.rows[table]));
    assert.equal(bench.store.rows[table].length, before.length + 1);
    assert.ok((await bench.ask('query ($id: ID!) { node(id: $id) { id } }', { id })).node);
  });
}

const LONG = 'x'.repeat(201);
/** field, input, code, path: whatever is refused leaves the store as it was. */
const refused: [string, Record<string, unknown>, string, string[]][] = [
  ['createProvider', { name: '' }, 'invalid-value', ['input', 'name']],
  ['createProvider', { name: '   ' }, 'invalid-value', ['input', 'name']],
  ['createProvider', { name: LONG }, 'invalid-value', ['input', 'name']],
  ['createProvider', { name: 'two\nlines' }, 'invalid-value', ['input', 'name']],
  ['createProvider', { name: 'Anthropic' }, 'name-taken', ['input', 'name']],
  [
    'createEndpoint',
    { providerId: 'gone', name: 'x', surface: 'OPENAI_CHAT', baseUrl: 'https://a.example' },
    'not-found',
    ['input', 'providerId'],
  ],
  [
    'createEndpoint',
    { providerId: 'p1', name: 'main', surface: 'OPENAI_CHAT', baseUrl: 'https://a.example' },
    'name-taken',
    ['input', 'name'],
  ],
  [
    'createEndpoint',
    { providerId: 'p1', name: 'x', surface: 'OPENAI_CHAT', baseUrl: 'http://a.example' },
    'invalid-url',
    ['input', 'baseUrl'],
  ],
  [
    'createAccount',
    { providerId: 'gone', name: 'x', credential: 'secret' },
    'not-found',
    ['input', 'providerId'],
  ],
  [
    'createAccount',
    { providerId: 'p1', name: 'TEAM-A', credential: 'secret' },
    'name-taken',
    ['input', 'name'],
  ],
  [
    'createAccount',
    { providerId: 'p1', name: 'x', credential: ' ' },
    'invalid-value',
    ['input', 'credential'],
  ],
  [
    'createAccount',
    { providerId: 'p1', name: 'x', credential: 'a\nb' },
    'invalid-value',
    ['input', 'credential'],
  ],
  [
    'createAccount',
    { providerId: 'p1', name: 'x', credential: 'ключ' },
    'invalid-value',
    ['input', 'credential'],
  ],
  [
    'createAccount',
    { providerId: 'p1', name: 'x', credential: 's', weight: 0 },
    'invalid-value',
    ['input', 'weight'],
  ],
  [
    'createAccount',
    { providerId: 'p1', name: 'x', credential: 's', weight: 1001 },
    'invalid-value',
    ['input', 'weight'],
  ],
  [
    'createAccount',
    { providerId: 'p1', name: 'x', credential: 's', maxConcurrent: 0 },
    'invalid-value',
    ['input', 'maxConcurrent'],
  ],
  [
    'createAccount',
    { providerId: 'p1', name: 'x', credential: 's', cacheTtlMinutes: -1 },
    'invalid-value',
    ['input', 'cacheTtlMinutes'],
  ],
  [
    'createAccount',
    { providerId: 'p1', name: 'x', credential: 's', cacheTtlMinutes: 10081 },
    'invalid-value',
    ['input', 'cacheTtlMinutes'],
  ],
  [
    'createAccount',
    { providerId: 'p1', name: 'x', credential: 's', rateMultiplier: -0.1 },
    'invalid-value',
    ['input', 'rateMultiplier'],
  ],
  [
    'createAccount',
    { providerId: 'p1', name: 'x', credential: 's', rateMultiplier: 1001 },
    'invalid-value',
    ['input', 'rateMultiplier'],
  ],
  [
    'createAccount',
    { providerId: 'p1', name: 'x', credential: 's', cacheDomain: '' },
    'invalid-value',
    ['input', 'cacheDomain'],
  ],
  ['createModel', { name: 'llama' }, 'name-taken', ['input', 'name']],
  ['createModel', { name: 'sonnet' }, 'name-taken', ['input', 'name']],
  [
    'createModel',
    { name: 'x', price: { outputUsdPerMillion: -1 } },
    'invalid-value',
    ['input', 'price', 'outputUsdPerMillion'],
  ],
  [
    'createModelMapping',
    { providerId: 'gone', modelId: 'm1', upstreamModel: 'x' },
    'not-found',
    ['input', 'providerId'],
  ],
  [
    'createModelMapping',
    { providerId: 'p1', modelId: 'gone', upstreamModel: 'x' },
    'not-found',
    ['input', 'modelId'],
  ],
  [
    'createModelMapping',
    { providerId: 'p1', modelId: 'm1', upstreamModel: 'x' },
    'name-taken',
    ['input', 'modelId'],
  ],
  [
    'createModelMapping',
    { providerId: 'p1', modelId: 'm2', upstreamModel: 'x', aliases: ['sonnet'] },
    'name-taken',
    ['input', 'aliases'],
  ],
  [
    'createModelMapping',
    { providerId: 'p1', modelId: 'm2', upstreamModel: 'x', aliases: ['claude-sonnet-4-5'] },
    'name-taken',
    ['input', 'aliases'],
  ],
  [
    'createModelMapping',
    { providerId: 'p1', modelId: 'm2', upstreamModel: '' },
    'invalid-value',
    ['input', 'upstreamModel'],
  ],
  [
    'createModelMapping',
    { providerId: 'p1', modelId: 'm2', upstreamModel: 'x', aliases: ['ok', ''] },
    'invalid-value',
    ['input', 'aliases', '1'],
  ],
  ['createUser', { username: 'ADA' }, 'name-taken', ['input', 'username']],
  ['createUser', { username: 'eve', email: 'Ada@example.com' }, 'name-taken', ['input', 'email']],
  ['createUser', { username: 'eve', email: 'nonsense' }, 'invalid-value', ['input', 'email']],
  ['createApiKey', { name: '' }, 'invalid-value', ['input', 'name']],
  ['createApiKey', { name: 'Robot' }, 'name-taken', ['input', 'name']],
  ['createApiKey', { name: 'x', userId: 'gone' }, 'not-found', ['input', 'userId']],
];

for (const [field, input, code, path] of refused) {
  test(`${field} refuses ${JSON.stringify(input).slice(0, 120)} as ${code}`, async () => {
    const bench = await open();
    const before = JSON.stringify(bench.store.rows);
    const { errors } = await mutate(bench, field, '__typename', { input });
    assert.deepEqual(
      errors.map((error: { code: string; path: string[] }) => [error.code, error.path]),
      [[code, path]],
    );
    assert.match(errors[0].message, /^Cannot /);
    assert.equal(JSON.stringify(bench.store.rows), before);
  });
}

test('createAccount names every wrong value at once', async () => {
  const input = { providerId: 'p1', name: '', credential: 's', weight: 0, cacheTtlMinutes: 99999 };
  const { account, errors } = await mutate(await open(), 'createAccount', 'account { id }', { input });
  assert.equal(account, null);
  assert.deepEqual(
    errors.map((error: { path: string[] }) => error.path[1]),
    ['name', 'weight', 'cacheTtlMinutes'],
  );
  assert.equal(errors[1].message, 'Cannot accept weight: it must be a whole number from 1 to 1000');
});

test('createProvider gives a name once to two that come at the same time', async () => {
  const bench = await open();
  const create = () => mutate(bench, 'createProvider', 'provider { id }', { input: { name: 'twice' } });
  const [first, second] = await Promise.all([create(), create()]);
  assert.deepEqual(first.errors, []);
  assert.equal(second.errors[0].code, 'name-taken');
});

test('updateUser and updateAccount leave alone what they do not change, even if it could not be entered now', async () => {
  const rows = sampleRows();
  const users = [{ id: 'u1', username: 'ada', email: 'not an address' }];
  const accounts = (rows.accounts ?? []).map((row) => ({ ...row, cacheTtlMinutes: 5000 }));
  const bench = await openBench({ rows: { ...rows, users, accounts } });
  const user = await mutate(bench, 'updateUser', 'user { email }', { id: 'u1', input: { username: 'Ada' } });
  assert.deepEqual(user, { user: { email: 'not an address' }, errors: [] });
  const account = await mutate(bench, 'updateAccount', 'account { cacheTtlMinutes }', {
    id: 'a1',
    input: { weight: 2 },
  });
  assert.deepEqual(account, { account: { cacheTtlMinutes: 5000 }, errors: [] });
});
