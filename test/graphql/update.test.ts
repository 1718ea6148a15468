// Every update mutation: what changes, what stays, what is refused.

import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { mutate, open } from './mutate.ts';

const updates: [string, string, string, Record<string, unknown>, string, unknown][] = [
  [
    'updateProvider',
    'provider',
    'p1',
    { name: 'renamed' },
    'name allowPrivateNetwork',
    { name: 'renamed', allowPrivateNetwork: false },
  ],
  ['updateProvider', 'provider', 'p1', { name: 'ANTHROPIC' }, 'name', { name: 'ANTHROPIC' }],
  ['updateProvider', 'provider', 'p1', {}, 'name', { name: 'anthropic' }],
  [
    'updateEndpoint',
    'endpoint',
    'e2',
    { baseUrl: 'http://10.1.2.3:1234/v2/' },
    'name baseUrl',
    { name: 'main', baseUrl: 'http://10.1.2.3:1234/v2' },
  ],
  [
    'updateAccount',
    'account',
    'a3',
    { weight: 7 },
    'weight cacheDomain name',
    { weight: 7, cacheDomain: 'rack-1', name: 'gpu' },
  ],
  ['updateAccount', 'account', 'a3', { cacheDomain: null }, 'cacheDomain', { cacheDomain: null }],
  ['updateAccount', 'account', 'a1', { maxConcurrent: null }, 'maxConcurrent', { maxConcurrent: null }],
  [
    'updateAccount',
    'account',
    encodeGlobalId('Account', 'a1'),
    { maxConcurrent: 9, cacheTtlMinutes: 0 },
    'maxConcurrent cacheTtlMinutes',
    { maxConcurrent: 9, cacheTtlMinutes: 0 },
  ],
  [
    'updateModel',
    'model',
    'm1',
    { displayName: null },
    'name displayName',
    { name: 'claude-sonnet-4-5', displayName: null },
  ],
  [
    'updateModel',
    'model',
    'm1',
    { price: { cacheReadUsdPerMillion: 0.3 } },
    'displayName price { cacheReadUsdPerMillion }',
    { displayName: 'Claude Sonnet 4.5', price: { cacheReadUsdPerMillion: 0.3 } },
  ],
  [
    'updateModel',
    'model',
    'm1',
    { routePolicy: 'LEAST_LOADED', routeProfile: 'LATENCY_FIRST' },
    'displayName routePolicy routeProfile',
    { displayName: 'Claude Sonnet 4.5', routePolicy: 'LEAST_LOADED', routeProfile: 'LATENCY_FIRST' },
  ],
  [
    'updateModel',
    'model',
    'm2',
    { routePolicy: null },
    'routePolicy routeProfile',
    { routePolicy: null, routeProfile: 'LATENCY_FIRST' },
  ],
  [
    'updateModelMapping',
    'modelMapping',
    'mm1',
    { aliases: [] },
    'upstreamModel aliases',
    { upstreamModel: 'claude-sonnet-4-5-20250929', aliases: [] },
  ],
  ['updateUser', 'user', 'u1', { email: null }, 'username email', { username: 'ada', email: null }],
  [
    'updateApiKey',
    'apiKey',
    'k1',
    { enabled: false },
    'name enabled user { username }',
    { name: 'ada-laptop', enabled: false, user: { username: 'ada' } },
  ],
  [
    'updateApiKey',
    'apiKey',
    'k1',
    { userId: null },
    'enabled isStandalone',
    { enabled: true, isStandalone: true },
  ],
  [
    'updateApiKey',
    'apiKey',
    'k3',
    { userId: encodeGlobalId('User', 'u2') },
    'user { username }',
    { user: { username: 'bob' } },
  ],
];

for (const [field, entity, id, input, selection, expected] of updates) {
  test(`${field} ${JSON.stringify(input)} changes that and nothing else`, async () => {
    const bench = await open();
    const payload = await mutate(bench, field, `${entity} { ${selection} }`, { id, input });
    assert.deepEqual(payload, { [entity]: expected, errors: [] });
  });
}

const refusedUpdates: [string, string, Record<string, unknown>, string, string[]][] = [
  ['updateProvider', 'gone', { name: 'x' }, 'not-found', ['id']],
  ['updateProvider', encodeGlobalId('Model', 'p1'), { name: 'x' }, 'not-found', ['id']],
  ['updateProvider', 'p1', { name: 'local' }, 'name-taken', ['input', 'name']],
  ['updateProvider', 'p1', { name: null }, 'invalid-value', ['input', 'name']],
  ['updateProvider', 'p1', { allowPrivateNetwork: null }, 'invalid-value', ['input', 'allowPrivateNetwork']],
  ['updateProvider', 'p2', { allowPrivateNetwork: false }, 'in-use', ['input', 'allowPrivateNetwork']],
  ['updateEndpoint', 'gone', {}, 'not-found', ['id']],
  ['updateEndpoint', 'e1', { baseUrl: 'http://127.0.0.1' }, 'invalid-url', ['input', 'baseUrl']],
  ['updateEndpoint', 'e1', { baseUrl: null }, 'invalid-value', ['input', 'baseUrl']],
  ['updateAccount', 'gone', {}, 'not-found', ['id']],
  ['updateAccount', 'a1', { name: 'team-b' }, 'name-taken', ['input', 'name']],
  ['updateAccount', 'a1', { weight: null }, 'invalid-value', ['input', 'weight']],
  ['updateAccount', 'a1', { credential: null }, 'invalid-value', ['input', 'credential']],
  ['updateModel', 'gone', {}, 'not-found', ['id']],
  ['updateModel', 'm2', { name: 'sonnet' }, 'name-taken', ['input', 'name']],
  ['updateModelMapping', 'gone', {}, 'not-found', ['id']],
  ['updateModelMapping', 'mm2', { aliases: ['sonnet'] }, 'name-taken', ['input', 'aliases']],
  ['updateModelMapping', 'mm2', { aliases: null }, 'invalid-value', ['input', 'aliases']],
  ['updateUser', 'gone', {}, 'not-found', ['id']],
  ['updateUser', 'u2', { username: 'Ada' }, 'name-taken', ['input', 'username']],
  ['updateApiKey', 'gone', {}, 'not-found', ['id']],
  ['updateApiKey', 'anonymous', { enabled: false }, 'not-found', ['id']],
  ['updateApiKey', 'k1', { userId: 'gone' }, 'not-found', ['input', 'userId']],
  ['updateApiKey', 'k1', { enabled: null }, 'invalid-value', ['input', 'enabled']],
];

for (const [field, id, input, code, path] of refusedUpdates) {
  test(`${field} of ${id} refuses ${JSON.stringify(input)} as ${code}`, async () => {
    const bench = await open();
    const before = JSON.stringify(bench.store.rows);
    const { errors } = await mutate(bench, field, '__typename', { id, input });
    assert.deepEqual(
      errors.map((error: { code: string; path: string[] }) => [error.code, error.path]),
      [[code, path]],
    );
    assert.equal(JSON.stringify(bench.store.rows), before);
  });
}

/** field, type, id, table, bindings left of: a1 at p1 by k1, a3 at p2 by k3. */
