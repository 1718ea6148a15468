// Clearing bindings and log rows by GraphQL: what goes, what is said, who is told.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { LiveEvent } from '../../server/gateway/live-event.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { type Bench, openBench } from './admin-bench.ts';
import { ADA, ADAS, idOf, keysOf, openBound } from './bound-bench.ts';
import { START_MS, sampleBinding, sampleRow, sampleRows } from './sample-rows.ts';

const PAYLOAD = '{ clearedCount message clearedKeys errors { code message path } }';
const clears: [string, string[], string][] = [
  [
    'clearAffinity(apiKeyId: "k1", endpointId: "e1", modelId: "m1", surface: ANTHROPIC_MESSAGES)',
    ['laptop-1', 'laptop-2'],
    'Cleared 2 affinities of API key "ada-laptop" for claude-sonnet-4-5 at "main"',
  ],
  [
    'clearAffinity(apiKeyId: "k1", endpointId: "e1", modelId: "m1", surface: OPENAI_CHAT)',
    [],
    'Cleared 0 affinities of API key "ada-laptop" for claude-sonnet-4-5 at "main"',
  ],
  [
    `clearAffinity(apiKeyId: "${encodeGlobalId('ApiKey', 'anonymous')}", endpointId: "${encodeGlobalId('Endpoint', 'e1')}", modelId: "${encodeGlobalId('Model', 'm1')}", surface: ANTHROPIC_MESSAGES)`,
    ['nobody'],
    'Cleared 1 affinity of API key "anonymous" for claude-sonnet-4-5 at "main"',
  ],
  ['clearUserAffinities(identifier: "u1")', ADAS, 'Cleared 3 affinities of user "ada"'],
  ['clearUserAffinities(identifier: "Ada")', ADAS, 'Cleared 3 affinities of user "ada"'],
  ['clearUserAffinities(identifier: "ada@example.com")', ADAS, 'Cleared 3 affinities of user "ada"'],
  [`clearUserAffinities(identifier: "${ADA}")`, ADAS, 'Cleared 3 affinities of user "ada"'],
  ['clearUserAffinities(identifier: "k2")', ['ci'], 'Cleared 1 affinity of API key "ada-ci"'],
  [
    `clearUserAffinities(identifier: "${encodeGlobalId('ApiKey', 'k3')}")`,
    ['robot'],
    'Cleared 1 affinity of API key "robot"',
  ],
  ['clearUserAffinities(identifier: "bob")', [], 'Cleared 0 affinities of user "bob"'],
  [
    'clearProviderAffinities(providerId: "p1")',
    ['laptop-1', 'laptop-2', 'ci', 'nobody'],
    'Cleared 4 affinities at provider "anthropic"',
  ],
  ['clearAccountAffinities(accountId: "a2")', ['laptop-2'], 'Cleared 1 affinity on account "team-b"'],
  [
    `clearModelAffinities(modelId: "${encodeGlobalId('Model', 'm2')}")`,
    ['robot'],
    'Cleared 1 affinity of llama',
  ],
  [
    `clearAffinities(ids: ["${encodeGlobalId('Affinity', 'ci')}", "robot", "gone", "${encodeGlobalId('Model', 'laptop-1')}"])`,
    ['ci', 'robot'],
    'Cleared 2 affinities by id',
  ],
  ['clearAffinities(ids: [])', [], 'Cleared 0 affinities by id'],
  [
    'clearAllAffinities',
    ['laptop-1', 'laptop-2', 'ci', 'robot', 'nobody'],
    'Cleared 5 affinities of everybody',
  ],
];

for (const [mutation, gone, message] of clears) {
  test(`${mutation} clears ${gone.length}`, async () => {
    const bench = await openBound();
    const before = keysOf(bench);
    const events = listen(bench, 'cleared');
    const data = await bench.ask(`mutation { ${mutation} ${PAYLOAD} }`);
    const [payload] = Object.values<{ clearedKeys: string[] }>(data);
    assert.ok(payload);
    assert.deepEqual(payload.clearedKeys.map((id) => idOf({ id })).sort(), [...gone].sort());
    assert.deepEqual(
      { ...payload, clearedKeys: [] },
      { clearedCount: gone.length, message, clearedKeys: [], errors: [] },
    );
    assert.deepEqual(
      keysOf(bench),
      before.filter((key) => !gone.includes(key)),
    );
    const event = {
      subject: 'affinities',
      atMs: START_MS,
      actor: 'admin-token',
      clearedCount: gone.length,
      message,
    };
    assert.deepEqual(await events(), gone.length === 0 ? [] : [{ kind: 'cleared', event, sequence: 1 }]);
  });
}

const refusedClears: [string, string[]][] = [
  ['clearAffinity(apiKeyId: "gone", endpointId: "e1", modelId: "m1", surface: OPENAI_CHAT)', ['apiKeyId']],
  ['clearAffinity(apiKeyId: "k1", endpointId: "gone", modelId: "m1", surface: OPENAI_CHAT)', ['endpointId']],
  ['clearAffinity(apiKeyId: "k1", endpointId: "e1", modelId: "gone", surface: OPENAI_CHAT)', ['modelId']],
  ['clearUserAffinities(identifier: "mallory")', ['identifier']],
  ['clearUserAffinities(identifier: "")', ['identifier']],
  ['clearProviderAffinities(providerId: "gone")', ['providerId']],
  ['clearAccountAffinities(accountId: "gone")', ['accountId']],
  ['clearModelAffinities(modelId: "gone")', ['modelId']],
  [`clearProviderAffinities(providerId: "${encodeGlobalId('Model', 'p1')}")`, ['providerId']],
];

for (const [mutation, path] of refusedClears) {
  test(`${mutation} says what it cannot find and clears nothing`, async () => {
    const bench = await openBound();
    const data = await bench.ask(`mutation { ${mutation} ${PAYLOAD} }`);
    const [payload] = Object.values<{ clearedCount: number; errors: { code: string; path: string[] }[] }>(
      data,
    );
    assert.equal(payload?.clearedCount, 0);
    assert.equal(payload?.errors[0]?.code, 'not-found');
    assert.deepEqual(payload?.errors[0]?.path, path);
    assert.equal(keysOf(bench).length, 5);
  });
}

test('clearAffinities takes a thousand ids at most', async () => {
  const bench = await openBound();
  const ids = Array.from({ length: 1001 }, (_, n) => `b${n}`);
  const query = `mutation ($ids: [ID!]!) { clearAffinities(ids: $ids) ${PAYLOAD} }`;
  const { clearAffinities } = await bench.ask(query, { ids });
  assert.deepEqual(clearAffinities.errors, [
    {
      code: 'invalid-value',
      message: 'Cannot clear 1001 affinities: at most 1000 at once',
      path: ['ids'],
    },
  ]);
  assert.equal(keysOf(bench).length, 5);
});

test('clearAllAffinities clears pinned ones too', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.affinity.restore([sampleBinding('pinned', { isPinned: true })]);
  const { clearAllAffinities } = await bench.ask(`mutation { clearAllAffinities ${PAYLOAD} }`);
  assert.equal(clearAllAffinities.clearedCount, 1);
});

test('clearAllAffinities tells of a hundred thousand in one event, and of the first thousand one by one', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.affinity.restore(Array.from({ length: 100_000 }, (_, n) => sampleBinding(`b${n}`)));
  const affinityEvents = listen(bench, 'affinity');
  const clearedEvents = listen(bench, 'cleared');
  const startedMs = performance.now();
  const { clearAllAffinities } = await bench.ask(`mutation { clearAllAffinities ${PAYLOAD} }`);
  // Some 30 ms on a desktop machine; what matters is that it is no longer than a pause that nobody sees.
  assert.ok(performance.now() - startedMs < 10_000);
  assert.equal(clearAllAffinities.clearedCount, 100_000);
  const [told, cleared] = [await affinityEvents(), await clearedEvents()];
  assert.deepEqual([told.length, cleared.length], [1_000, 1]);
  assert.equal(bench.affinity.counters().invalidations.get('cleared'), 100_000);
});

test('clearAllAffinities lists a thousand ids at most', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.affinity.restore(Array.from({ length: 1500 }, (_, n) => sampleBinding(`b${n}`)));
  const { clearAllAffinities } = await bench.ask(`mutation { clearAllAffinities ${PAYLOAD} }`);
  assert.equal(clearAllAffinities.clearedCount, 1500);
  assert.equal(clearAllAffinities.clearedKeys.length, 1000);
});

test('clearRequestLogs deletes what matches and tells of it', async () => {
  const bench = await openBench();
  bench.log.append(sampleRow('r1'));
  bench.log.append(sampleRow('r2', { status: 500 }));
  bench.log.append(sampleRow('r3'));
  const events = listen(bench, 'cleared');
  const one = await bench.ask(`mutation { clearRequestLogs(filter: { minStatus: 500 }) ${PAYLOAD} }`);
  assert.deepEqual(one.clearRequestLogs, {
    clearedCount: 1,
    message: 'Deleted 1 request log',
    clearedKeys: [],
    errors: [],
  });
  assert.deepEqual(
    bench.log.rows.map(({ id }) => id),
    ['r1', 'r3'],
  );
  const rest = await bench.ask(`mutation { clearRequestLogs ${PAYLOAD} }`);
  assert.equal(rest.clearRequestLogs.message, 'Deleted 2 request logs');
  assert.deepEqual(
    (await events()).map((event) => event.kind === 'cleared' && event.event.subject),
    ['request-logs', 'request-logs'],
  );
});

function listen(bench: Bench, kind: LiveEvent['kind']): () => Promise<LiveEvent[]> {
  const stop = new AbortController();
  const events: LiveEvent[] = [];
  const reading = (async () => {
    for await (const event of bench.live.subscribe(kind, stop.signal)) events.push(event);
  })();
  return async () => {
    await new Promise((resolve) => setTimeout(resolve));
    stop.abort();
    await reading;
    return events;
  };
}
