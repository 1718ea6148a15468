// Deletions, pausing, health and the demo switch by GraphQL.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { CatalogRows } from '../../server/gateway/ports.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { type Bench, coolDown, openBench } from './admin-bench.ts';
import { mutate, open } from './mutate.ts';
import { sampleBinding, sampleRows } from './sample-rows.ts';

const deletions: [string, string, string, keyof CatalogRows, string[]][] = [
  ['deleteProvider', 'Provider', 'p1', 'providers', ['robot']],
  ['deleteEndpoint', 'Endpoint', 'e1', 'endpoints', ['robot']],
  ['deleteAccount', 'Account', 'a3', 'accounts', ['laptop']],
  ['deleteModel', 'Model', 'm2', 'models', ['laptop']],
  ['deleteModelMapping', 'ModelMapping', 'mm1', 'mappings', ['robot']],
  ['deleteUser', 'User', 'u1', 'users', ['robot']],
  ['deleteApiKey', 'ApiKey', 'k3', 'apiKeys', ['laptop']],
];

for (const [field, typename, rawId, table, left] of deletions) {
  test(`${field} removes the entry and the affinities that name it, once`, async () => {
    const bench = await open();
    const elsewhere = {
      modelId: 'm2',
      surface: 'openai-chat',
      providerId: 'p2',
      endpointId: 'e2',
      accountId: 'a3',
    } as const;
    bench.affinity.restore([
      sampleBinding('laptop'),
      sampleBinding('robot', { apiKeyId: 'k3', userId: null, ...elsewhere }),
    ]);
    const id = encodeGlobalId(typename, rawId);
    assert.deepEqual(await mutate(bench, field, 'deletedId', { id }), { deletedId: id, errors: [] });
    assert.ok(!JSON.stringify(bench.store.rows[table]).includes(`"id":"${rawId}"`));
    assert.deepEqual(
      bench.affinity.list().map(({ key }) => key),
      left,
    );
    const again = await mutate(bench, field, 'deletedId', { id: rawId });
    assert.equal(again.deletedId, null);
    assert.deepEqual([again.errors[0].code, again.errors[0].path], ['not-found', ['id']]);
  });
}

test('deleteUser takes the API keys of the user away', async () => {
  const bench = await open();
  await mutate(bench, 'deleteUser', 'deletedId', { id: 'u1' });
  assert.deepEqual(
    bench.store.rows.apiKeys.map(({ name }) => name),
    ['robot'],
  );
});

test('a deletion that cannot be stored is masked and leaves the catalogue', async () => {
  const bench = await open();
  bench.store.apply = () => Promise.reject(new Error('disk full'));
  const { errors } = await bench.call('mutation { deleteProvider(id: "p1") { deletedId } }');
  assert.equal(errors[0]?.message, 'Unexpected error.');
  assert.equal(bench.parts.catalog.current.providers.size, 2);
});

test('setAccountPaused takes an account out and back', async () => {
  const bench = await open();
  const mutation =
    'mutation ($paused: Boolean!) { setAccountPaused(id: "a1", paused: $paused) { account { paused state } errors { code } } }';
  const paused = await bench.ask(mutation, { paused: true });
  assert.deepEqual(paused.setAccountPaused, { account: { paused: true, state: 'PAUSED' }, errors: [] });
  const back = await bench.ask(mutation, { paused: false });
  assert.deepEqual(back.setAccountPaused, { account: { paused: false, state: 'AVAILABLE' }, errors: [] });
  const gone = await bench.ask(
    'mutation { setAccountPaused(id: "gone", paused: true) { account { id } errors { code path } } }',
  );
  assert.deepEqual(gone.setAccountPaused, { account: null, errors: [{ code: 'not-found', path: ['id'] }] });
});

async function openBroken(): Promise<Bench> {
  const rows = sampleRows();
  const accounts = (rows.accounts ?? []).map((row) => ({ ...row, disabledReason: '401' }));
  const bench = await openBench({ rows: { ...rows, accounts } });
  coolDown(bench, 'a1', 60_000);
  return bench;
}

test('resetAccountHealth puts a disabled and cooling account back', async () => {
  const bench = await openBroken();
  const { resetAccountHealth } = await bench.ask(
    'mutation { resetAccountHealth(id: "a1") { account { state stateReason } errors { code } } }',
  );
  assert.deepEqual(resetAccountHealth, { account: { state: 'AVAILABLE', stateReason: null }, errors: [] });
  assert.equal(bench.store.rows.accounts.find(({ id }) => id === 'a1')?.disabledReason, null);
});

test('updateAccount with a new credential puts a disabled account back, without one it does not', async () => {
  const bench = await openBroken();
  const update = (input: Record<string, unknown>) =>
    mutate(bench, 'updateAccount', 'account { state credentialLast4 }', { id: 'a1', input });
  assert.deepEqual((await update({ weight: 2 })).account, { state: 'DISABLED', credentialLast4: 'abcd' });
  assert.deepEqual((await update({ credential: 'sk-ant-0123456789' })).account, {
    state: 'AVAILABLE',
    credentialLast4: '6789',
  });
});

test('setDemoFailure works on demo accounts only', async () => {
  const bench = await open();
  bench.demoFailures.set('team-a', 'none');
  const mutation = (id: string, failure: string) =>
    `mutation { setDemoFailure(accountId: "${id}", failure: ${failure}) { account { demoFailure } errors { code path } } }`;
  const failing = await bench.ask(mutation('a1', 'OVERLOADED_IN_STREAM'));
  assert.deepEqual(failing.setDemoFailure, { account: { demoFailure: 'OVERLOADED_IN_STREAM' }, errors: [] });
  const real = await bench.ask(mutation('a2', 'UNAUTHORIZED'));
  assert.deepEqual(real.setDemoFailure, {
    account: null,
    errors: [{ code: 'not-a-demo-account', path: ['accountId'] }],
  });
  const gone = await bench.ask(mutation('gone', 'NONE'));
  assert.equal(gone.setDemoFailure.errors[0].code, 'not-found');
  const without = await openBench({ rows: sampleRows(), parts: { demo: null } });
  assert.equal(
    (await without.ask(mutation('a1', 'NONE'))).setDemoFailure.errors[0].code,
    'not-a-demo-account',
  );
});
