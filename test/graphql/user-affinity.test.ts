// Where one user or one API key is warm, by GraphQL.

import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { openBench } from './admin-bench.ts';
import { ADA, ADAS, idOf, openBound } from './bound-bench.ts';
import { START_MS, sampleBinding, sampleRows } from './sample-rows.ts';

const QUERY = `query ($identifier: String!) { userAffinity(identifier: $identifier) {
  user { username email } apiKey { name } totalCount totalEndpoints affinities { id } } }`;

const ada = { username: 'ada', email: 'ada@example.com' };
const identifiers: [string, { user: object | null; apiKey: object | null; keys: string[] }][] = [
  ['u1', { user: ada, apiKey: null, keys: ADAS }],
  [ADA, { user: ada, apiKey: null, keys: ADAS }],
  ['Ada', { user: ada, apiKey: null, keys: ADAS }],
  ['ADA@example.com', { user: ada, apiKey: null, keys: ADAS }],
  [' ada ', { user: ada, apiKey: null, keys: ADAS }],
  ['bob', { user: { username: 'bob', email: null }, apiKey: null, keys: [] }],
  ['k1', { user: ada, apiKey: { name: 'ada-laptop' }, keys: ['laptop-1', 'laptop-2'] }],
  [encodeGlobalId('ApiKey', 'k2'), { user: ada, apiKey: { name: 'ada-ci' }, keys: ['ci'] }],
  ['k3', { user: null, apiKey: { name: 'robot' }, keys: ['robot'] }],
  ['anonymous', { user: null, apiKey: { name: 'anonymous' }, keys: ['nobody'] }],
];

for (const [identifier, { keys, ...whom }] of identifiers) {
  test(`userAffinity finds ${JSON.stringify(identifier)}`, async () => {
    const { userAffinity } = await (await openBound()).ask(QUERY, { identifier });
    const { affinities, ...rest } = userAffinity;
    assert.deepEqual(affinities.map(idOf), keys);
    assert.deepEqual(rest, { ...whom, totalCount: keys.length, totalEndpoints: keys.length === 0 ? 0 : 1 });
  });
}

for (const identifier of ['mallory', '', encodeGlobalId('Model', 'm1'), 'ada-laptop']) {
  test(`userAffinity is null for ${JSON.stringify(identifier)}`, async () => {
    assert.deepEqual(await (await openBound()).ask(QUERY, { identifier }), { userAffinity: null });
  });
}

test('userAffinity counts endpoints and rows beyond those it lists', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.affinity.restore([
    ...Array.from({ length: 1_200 }, (_, n) => sampleBinding(`b${n}`, { expiresAtMs: START_MS + 5_000 + n })),
    sampleBinding('far', { providerId: 'p2', endpointId: 'e2', accountId: 'a3', surface: 'openai-chat' }),
  ]);
  const { userAffinity } = await bench.ask(QUERY, { identifier: 'ada' });
  assert.deepEqual(
    [userAffinity.totalCount, userAffinity.totalEndpoints, userAffinity.affinities.length],
    [1_201, 2, 1_000],
  );
  assert.deepEqual(userAffinity.affinities.slice(0, 2).map(idOf), ['far', 'b1199']);
  const few = await bench.ask('{ userAffinity(identifier: "ada") { affinities(first: 2) { id } } }');
  assert.deepEqual(few.userAffinity.affinities.map(idOf), ['far', 'b1199']);
  const { errors } = await bench.call('{ userAffinity(identifier: "ada") { affinities(first: 0) { id } } }');
  assert.match(errors[0]?.message ?? '', /first must be from 1 to 1000/);
});

test('userAffinity and the list count as no lookup', async () => {
  const bench = await openBound();
  await bench.ask(QUERY, { identifier: 'ada' });
  await bench.ask('{ affinities { totalCount nodes { id } } }');
  await bench.ask(`{ node(id: "${encodeGlobalId('Affinity', 'ci')}") { id } }`);
  const { hits, misses } = bench.affinity.counters();
  assert.deepEqual([hits, misses], [0, 0]);
});
