// What became of affinities, read back: of one, of all, of those that are gone; and where one could be moved.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { AffinityEvent } from '../../server/gateway/affinity-event.ts';
import { AffinityHistory } from '../../server/gateway/affinity-history.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { type Bench, openBench } from './admin-bench.ts';
import { idOf, openBound } from './bound-bench.ts';
import { subscribe } from './event-stream.ts';
import { START_MS, sampleBinding, sampleRows } from './sample-rows.ts';

const id = (key: string) => encodeGlobalId('Affinity', key);
const EVENT = 'kind reason at accountBefore { name } accountAfter { name } affinity { id account { name } }';

interface Told {
  kind: string;
  reason: string;
  accountBefore: { name: string } | null;
  accountAfter: { name: string } | null;
  affinity: { id: string };
}

const short = ({ kind, reason, accountBefore, accountAfter, affinity }: Told) =>
  [kind, idOf(affinity), accountBefore?.name ?? 'nowhere', accountAfter?.name ?? 'nowhere', reason].join(
    ' | ',
  );

/** The first events of a subscription to `affinityChanged`. */
async function told(bench: Bench, query: string, count: number): Promise<unknown[]> {
  const stream = await subscribe(bench, query);
  const events: unknown[] = [];
  while (events.length < count) events.push((await stream.next()).data.data.affinityChanged);
  await stream.cancel();
  return events;
}

/** Pinned, moved after 10 ms, and another one cleared after 20 ms. */
async function openChanged(): Promise<Bench> {
  const bench = await openBound();
  await bench.ask(`mutation { pinAffinity(id: "${id('laptop-1')}", pinned: true) { errors { code } } }`);
  await bench.clock.advance(10);
  await bench.ask(`mutation { moveAffinity(id: "${id('laptop-1')}", accountId: "a2") { errors { code } } }`);
  await bench.clock.advance(10);
  await bench.ask(`mutation { clearAffinities(ids: ["${id('ci')}"]) { clearedCount } }`);
  return bench;
}

const PINNED = 'PINNED | laptop-1 | team-a | team-a | pinned by an administrator';
const MOVED = 'MOVED | laptop-1 | team-a | team-b | moved by an administrator';
const CLEARED = 'CLEARED | ci | team-a | nowhere | cleared by an administrator';

test('affinityHistory tells of all, newest first, since the start', async () => {
  const bench = await openChanged();
  const { affinityHistory } = await bench.ask(
    `{ affinityHistory { nodes { ${EVENT} } totalCount since pageInfo { hasNextPage } } }`,
  );
  assert.deepEqual(affinityHistory.nodes.map(short), [CLEARED, MOVED, PINNED]);
  assert.equal(affinityHistory.totalCount, 3);
  assert.equal(affinityHistory.since, new Date(START_MS).toISOString());
  assert.deepEqual(
    affinityHistory.nodes.map(({ at }: { at: string }) => Date.parse(at) - START_MS),
    [20, 10, 0],
  );
});

test('Affinity.history tells of that one only', async () => {
  const bench = await openChanged();
  const { node, affinities } = await bench.ask(
    `query ($id: ID!) {
      node(id: $id) { ... on Affinity { history { ${EVENT} } newest: history(first: 1) { kind } } }
      affinities(filter: { id: $id }) { nodes { id } }
    }`,
    { id: id('laptop-1') },
  );
  assert.deepEqual(node.history.map(short), [MOVED, PINNED]);
  assert.deepEqual(node.newest, [{ kind: 'MOVED' }]);
  assert.deepEqual(affinities.nodes.map(idOf), ['laptop-1']);
});

const filters: [string, string, string[]][] = [
  ['one affinity that is gone', `filter: { id: "${id('ci')}" }`, [CLEARED]],
  ['kinds', 'kinds: [MOVED, PINNED]', [MOVED, PINNED]],
  ['no kind at all', 'kinds: []', []],
  ['the account that one left', 'filter: { accountId: "a1" }', [CLEARED, MOVED, PINNED]],
  ['the account that one came to', 'filter: { accountId: "a2" }', [MOVED]],
  ['a provider', 'filter: { providerId: "p1" }', [CLEARED, MOVED, PINNED]],
  ['a provider of nothing', 'filter: { providerId: "p2" }', []],
  ['an API key', 'filter: { apiKeyId: "k2" }', [CLEARED]],
];
for (const [name, args, expected] of filters) {
  test(`affinityHistory finds the changes of ${name}`, async () => {
    const bench = await openChanged();
    const { affinityHistory } = await bench.ask(`{ affinityHistory(${args}) { nodes { ${EVENT} } } }`);
    assert.deepEqual(affinityHistory.nodes.map(short), expected);
  });
}

test('affinityHistory goes on behind a cursor, whatever has happened since', async () => {
  const bench = await openChanged();
  const page = `query ($after: String) { affinityHistory(first: 2, after: $after) {
    nodes { ${EVENT} } pageInfo { hasNextPage endCursor } } }`;
  const first = (await bench.ask(page)).affinityHistory;
  assert.deepEqual(first.nodes.map(short), [CLEARED, MOVED]);
  assert.equal(first.pageInfo.hasNextPage, true);
  await bench.ask('mutation { clearAllAffinities { clearedCount } }');
  const next = (await bench.ask(page, { after: first.pageInfo.endCursor })).affinityHistory;
  assert.deepEqual(next.nodes.map(short), [PINNED]);
  assert.equal(next.pageInfo.hasNextPage, false);
});

test('affinityHistory leaves out what names something deleted', async () => {
  const bench = await openChanged();
  await bench.parts.catalog.apply([{ kind: 'delete', table: 'api-key', id: 'k2' }]);
  const { affinityHistory } = await bench.ask(`{ affinityHistory { nodes { ${EVENT} } } }`);
  assert.deepEqual(affinityHistory.nodes.map(short), [MOVED, PINNED]);
});

test('the cursor of a kept event is the one it was told with', async () => {
  const bench = await openChanged();
  const { affinityHistory } = await bench.ask('{ affinityHistory { nodes { cursor kind } } }');
  const [, , oldest] = affinityHistory.nodes;
  const query = `subscription { affinityChanged(after: "${oldest.cursor}") { cursor kind } }`;
  assert.deepEqual(await told(bench, query, 2), [affinityHistory.nodes[1], affinityHistory.nodes[0]]);
});

test('affinityChanged of an account tells of one that leaves it', async () => {
  const bench = await openChanged();
  const { affinityHistory } = await bench.ask('{ affinityHistory { nodes { cursor kind } } }');
  const [, , oldest] = affinityHistory.nodes;
  const query = (account: string) =>
    `subscription { affinityChanged(after: "${oldest.cursor}", filter: { accountId: "${account}" }) { kind } }`;
  assert.deepEqual(await told(bench, query('a1'), 2), [{ kind: 'MOVED' }, { kind: 'CLEARED' }]);
  assert.deepEqual(await told(bench, query('a2'), 1), [{ kind: 'MOVED' }]);
});

function event(kind: AffinityEvent['kind'], atMs: number): AffinityEvent {
  return {
    kind,
    atMs,
    code: 'used',
    reason: '',
    accountIdBefore: null,
    accountIdAfter: null,
    binding: sampleBinding('b'),
  };
}

test('AffinityHistory keeps so many changes, no uses, and knows since when it is whole', () => {
  const history = new AffinityHistory(1, 3);
  const sequences = () => [...history.newestFirst()].map(({ sequence }) => sequence);
  assert.deepEqual([sequences(), history.sinceMs], [[], 1]);
  history.add({ event: event('bound', 10), sequence: 1 });
  history.add({ event: event('renewed', 11), sequence: 2 });
  history.add({ event: event('moved', 12), sequence: 3 });
  assert.deepEqual([sequences(), history.sinceMs], [[3, 1], 1]);
  history.add({ event: event('expired', 13), sequence: 4 });
  assert.deepEqual([sequences(), history.sinceMs], [[4, 3, 1], 1]);
  history.add({ event: event('bound', 14), sequence: 5 });
  assert.deepEqual([sequences(), history.sinceMs], [[5, 4, 3], 10]);
});

const DESTINATIONS = `query ($id: ID!) { node(id: $id) { ... on Affinity {
  destinations { account { name } refusal refusalCode isTranslated coldUsd } } } }`;
const destinationsOf = async (bench: Bench, key: string) =>
  (await bench.ask(DESTINATIONS, { id: id(key) })).node.destinations;

test('Affinity.destinations names the other accounts that serve the model, with what would be cold', async () => {
  const bench = await openBound();
  // Claude Sonnet 4.5: $3.75 to write a million tokens, $0.30 to read them; 1000 tokens are warm.
  assert.deepEqual(await destinationsOf(bench, 'laptop-1'), [
    { account: { name: 'team-b' }, refusal: null, refusalCode: null, isTranslated: false, coldUsd: 0.00345 },
  ]);
  // Nobody else serves it.
  assert.deepEqual(await destinationsOf(bench, 'robot'), []);
});

test('Affinity.destinations says why an account is none', async () => {
  const rows = sampleRows();
  rows.accounts = rows.accounts?.map((one) => (one.id === 'a2' ? { ...one, isPaused: true } : one)) ?? [];
  const bench = await openBench({ rows });
  bench.affinity.restore([sampleBinding('b', { warmTokens: 0 })]);
  const [paused] = await destinationsOf(bench, 'b');
  assert.deepEqual(
    [paused.refusal, paused.refusalCode, paused.coldUsd],
    ['the account was paused', 'ACCOUNT_PAUSED', 0],
  );
});

test('Affinity.destinations refuses an account whose credential was refused, also for a pinned affinity', async () => {
  const rows = sampleRows();
  const disabledReason = 'credential refused (401)';
  rows.accounts = rows.accounts?.map((one) => (one.id === 'a2' ? { ...one, disabledReason } : one)) ?? [];
  const bench = await openBench({ rows });
  bench.affinity.restore([sampleBinding('b', { isPinned: true })]);
  const [disabled] = await destinationsOf(bench, 'b');
  assert.deepEqual(
    [disabled.refusal, disabled.refusalCode],
    ['the account was disabled: credential refused (401)', 'ACCOUNT_DISABLED'],
  );
});

test('Affinity.destinations leaves the dollars out where there is no price', async () => {
  const rows = sampleRows();
  rows.models = rows.models?.map((model) => ({ ...model, name: 'nobody-sells-this' })) ?? [];
  rows.mappings = rows.mappings?.map((one) => ({ ...one, upstreamModel: 'nobody-sells-this' })) ?? [];
  const bench = await openBench({ rows });
  bench.affinity.restore([sampleBinding('b')]);
  const [only] = await destinationsOf(bench, 'b');
  assert.equal(only.coldUsd, null);
});

test('affinities put those that end soonest first on demand', async () => {
  const bench = await openBound();
  const { affinities } = await bench.ask(
    '{ affinities(orderBy: EXPIRES_AT_ASC, first: 2) { nodes { id } } }',
  );
  assert.deepEqual(affinities.nodes.map(idOf), ['nobody', 'robot']);
});
