// Pinning and moving affinities by GraphQL: what changes, what is refused, who is told.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { AffinityEvent } from '../../server/gateway/affinity-event.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { type Bench, coolDown } from './admin-bench.ts';
import { idOf, keysOf, openBound } from './bound-bench.ts';
import { START_MS, sampleBinding } from './sample-rows.ts';

const FIELDS =
  '{ affinity { id account { name } pinned state requestCount warmTokens cacheReadTokens createdAt expiresAt } errors { code message path } }';

const id = (key: string) => encodeGlobalId('Affinity', key);

function pin(bench: Bench, key: string, pinned: boolean) {
  const query = `mutation ($id: ID!, $pinned: Boolean!) { pinAffinity(id: $id, pinned: $pinned) ${FIELDS} }`;
  return bench.ask(query, { id: id(key), pinned }).then(({ pinAffinity }) => pinAffinity);
}

function move(bench: Bench, key: string, accountId: string) {
  const query = `mutation ($id: ID!, $accountId: ID!) { moveAffinity(id: $id, accountId: $accountId) ${FIELDS} }`;
  return bench.ask(query, { id: id(key), accountId }).then(({ moveAffinity }) => moveAffinity);
}

function follow(bench: Bench): AffinityEvent[] {
  const events: AffinityEvent[] = [];
  const publish = bench.live.publish.bind(bench.live);
  bench.live.publish = (event) => {
    if (event.kind === 'affinity') events.push(event.event);
    publish(event);
  };
  return events;
}

test('pinAffinity pins, tells of it, and takes the pin off', async () => {
  const bench = await openBound();
  const events = follow(bench);
  const { affinity, errors } = await pin(bench, 'laptop-1', true);
  assert.deepEqual([errors, affinity.pinned, affinity.state], [[], true, 'WARM']);
  await bench.clock.advance(3_600_000);
  bench.affinity.sweep();
  assert.deepEqual(keysOf(bench), ['laptop-1']);
  const listed = await bench.ask(
    '{ affinities(filter: { pinned: true }) { nodes { id pinned state } } affinityStats { activeAffinities pinnedAffinities expiredAffinities cacheInvalidations } }',
  );
  assert.deepEqual(listed, {
    affinities: { nodes: [{ id: id('laptop-1'), pinned: true, state: 'COLD' }] },
    affinityStats: { activeAffinities: 1, pinnedAffinities: 1, expiredAffinities: 4, cacheInvalidations: 0 },
  });
  const off = await pin(bench, 'laptop-1', false);
  assert.equal(off.affinity.pinned, false);
  // The account says 5 minutes.
  assert.equal(off.affinity.expiresAt, new Date(START_MS + 3_600_000 + 300_000).toISOString());
  assert.deepEqual(
    events
      .filter(({ kind }) => kind !== 'expired')
      .map(({ kind, reason, accountIdAfter }) => [kind, reason, accountIdAfter]),
    [
      ['pinned', 'pinned by an administrator', 'a1'],
      ['unpinned', 'unpinned by an administrator', 'a1'],
    ],
  );
  const again = await bench.ask('{ affinities(filter: { pinned: false }) { nodes { id } } }');
  assert.deepEqual(again.affinities.nodes.map(idOf), ['laptop-1']);
});

test('pinAffinity refuses what is not there, anonymous callers, and more than a thousand', async () => {
  const bench = await openBound();
  const gone = await pin(bench, 'gone', true);
  assert.deepEqual(gone.errors, [
    { code: 'not-found', message: 'Cannot find the affinity: there is none with this id', path: ['id'] },
  ]);
  const nobody = await pin(bench, 'nobody', true);
  assert.deepEqual(
    [nobody.affinity, nobody.errors[0].code, nobody.errors[0].path],
    [null, 'invalid-value', ['id']],
  );
  bench.affinity.restore(Array.from({ length: 1_000 }, (_, n) => sampleBinding(`p${n}`, { isPinned: true })));
  const full = await pin(bench, 'ci', true);
  assert.deepEqual(full.errors, [
    { code: 'invalid-value', message: 'Cannot pin the affinity: 1000 are pinned already', path: ['pinned'] },
  ]);
});

test('moveAffinity binds to the other account, where nothing is warm, and tells of it', async () => {
  const bench = await openBound();
  await bench.clock.advance(100);
  const events = follow(bench);
  const { affinity, errors } = await move(bench, 'laptop-1', encodeGlobalId('Account', 'a2'));
  assert.deepEqual(errors, []);
  assert.deepEqual(affinity, {
    id: id('laptop-1'),
    account: { name: 'team-b' },
    pinned: false,
    state: 'COLD',
    requestCount: 0,
    warmTokens: 0,
    cacheReadTokens: 0,
    createdAt: new Date(START_MS + 100).toISOString(),
    expiresAt: new Date(START_MS + 100 + 300_000).toISOString(),
  });
  assert.deepEqual(
    events.map(({ kind, reason, accountIdBefore, accountIdAfter }) => [
      kind,
      reason,
      accountIdBefore,
      accountIdAfter,
    ]),
    [['moved', 'moved by an administrator', 'a1', 'a2']],
  );
  const { affinityStats } = await bench.ask(
    '{ affinityStats { totalAffinities keySwitches providerSwitches invalidationsByReason { reason count } activeByAccount { account { name } count } activeByModel { model { name } count } } }',
  );
  assert.deepEqual(affinityStats, {
    // Five were there.
    totalAffinities: 6,
    keySwitches: 1,
    providerSwitches: 0,
    invalidationsByReason: [{ reason: 'moved by an administrator', count: 1 }],
    activeByAccount: [
      { account: { name: 'team-a' }, count: 1 },
      { account: { name: 'team-b' }, count: 2 },
      { account: { name: 'gpu' }, count: 1 },
    ].sort((a, b) => b.count - a.count),
    activeByModel: [
      { model: { name: 'claude-sonnet-4-5' }, count: 3 },
      { model: { name: 'llama' }, count: 1 },
    ],
  });
});

test('moveAffinity keeps a pin', async () => {
  const bench = await openBound();
  await pin(bench, 'laptop-1', true);
  const { affinity } = await move(bench, 'laptop-1', 'a2');
  assert.deepEqual([affinity.account.name, affinity.pinned], ['team-b', true]);
});

type Change = (bench: Bench) => Promise<unknown>;
const account = (bench: Bench, change: object) => {
  const row = bench.store.rows.accounts.find((one) => one.id === 'a2');
  assert.ok(row);
  return bench.parts.catalog.apply([{ kind: 'put-account', row: { ...row, ...change } }]);
};
const refusals: [string, { key?: string; to?: string; change?: Change; message: RegExp; path?: string }][] = [
  ['an affinity that is gone', { key: 'gone', message: /Cannot find the affinity/, path: 'id' }],
  ['an account that is gone', { to: 'gone', message: /Cannot find the account/ }],
  [
    'an account that does not serve the model',
    { to: 'a3', message: /"gpu" does not serve claude-sonnet-4-5/ },
  ],
  [
    'a paused account',
    { change: (bench) => account(bench, { isPaused: true }), message: /the account was paused/ },
  ],
  [
    'a disabled account',
    {
      change: (bench) => account(bench, { disabledReason: 'refused (401)' }),
      message: /disabled: refused \(401\)/,
    },
  ],
  [
    'an account that does not cache',
    { change: (bench) => account(bench, { cacheTtlMinutes: 0 }), message: /"team-b" does not cache/ },
  ],
  [
    'an account that the API key may not use',
    {
      change: (bench) => {
        const row = bench.store.rows.apiKeys.find((one) => one.id === 'k1');
        assert.ok(row);
        return bench.parts.catalog.apply([
          { kind: 'put-api-key', row: { ...row, allowedProviderIds: ['p2'] } },
        ]);
      },
      message: /"ada-laptop" may not use the provider "anthropic"/,
    },
  ],
];

for (const [name, { key = 'laptop-1', to = 'a2', change, message, path = 'accountId' }] of refusals) {
  test(`moveAffinity refuses ${name} and changes nothing`, async () => {
    const bench = await openBound();
    await change?.(bench);
    const before = bench.affinity.list();
    const { affinity, errors } = await move(bench, key, to);
    assert.equal(affinity, null);
    assert.match(errors[0].message, message);
    assert.deepEqual(errors[0].path, [path]);
    assert.deepEqual(bench.affinity.list(), before);
    assert.equal(bench.affinity.counters().total, 5);
  });
}

test('moveAffinity goes to an account that rests for a moment only', async () => {
  const bench = await openBound();
  coolDown(bench, 'a2', 50);
  assert.deepEqual((await move(bench, 'laptop-1', 'a2')).errors, []);
});

const OPERATIONS = [
  'pinAffinity(id: "x", pinned: true) { errors { code } }',
  'moveAffinity(id: "x", accountId: "a2") { errors { code } }',
  'clearAffinities(ids: []) { errors { code } }',
  'clearAccountAffinities(accountId: "a3") { errors { code } }',
  'clearModelAffinities(modelId: "m2") { errors { code } }',
  'clearModelMapping(name: "x") { errors { code } }',
  'clearProviderModelMapping(providerId: "p1", modelId: "m1") { errors { code } }',
  'clearModelMappingCache { errors { code } }',
];

for (const operation of OPERATIONS) {
  test(`${operation.split(/\W/)[0]} is for operators`, async () => {
    const bench = await openBound();
    const callAs = async (role: 'operator' | 'viewer') => {
      const { secret } = await bench.parts.adminTokens.issue({
        id: role,
        name: role,
        role,
        expiresAtMs: null,
      });
      return bench.call(`mutation { ${operation} }`, {}, { bearer: secret });
    };
    assert.deepEqual((await callAs('operator')).errors, []);
    const { errors } = await callAs('viewer');
    assert.equal(errors[0]?.extensions.code, 'FORBIDDEN');
  });
}
