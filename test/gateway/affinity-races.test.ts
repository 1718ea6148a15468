// Requests under way against an administrator's clears, moves and pins: no interleaving brings back what went.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { affinityIdentity } from '../../server/gateway/identity.ts';
import { DEFAULT_SETTINGS } from '../../server/gateway/ports.ts';
import { ACTIONS, API_KEY, candidateOf, Race, type Step, TTL_MS } from './affinity-race.ts';
import { createBench, gatewayTest, message, STREAM_START, STREAM_TEXT, stream } from './fixture.ts';

const steps = fc.array(
  fc.tuple(fc.constantFrom(...ACTIONS), fc.nat(1000), fc.nat(1000)) as fc.Arbitrary<Step>,
  { minLength: 20, maxLength: 250, size: 'max' },
);

test('AffinityTable lets no interleaving bring back what was cleared, or move what is newer', () => {
  fc.assert(
    fc.property(steps, (all) => {
      const race = new Race();
      for (const step of all) race.run(step);
      race.end();
    }),
    { numRuns: 500 },
  );
});

/** A reproducible order: Park and Miller's generator. */
function shuffled<Item>(items: readonly Item[], seed: number): Item[] {
  let state = seed;
  const luck = () => {
    state = (state * 48_271) % 2_147_483_647;
    return state;
  };
  return items
    .map((item) => ({ item, at: luck() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

for (const seed of [1, 2, 3]) {
  gatewayTest(`clear() holds against 200 requests under way, in order ${seed}`, async () => {
    const held: ((response: Response) => void)[] = [];
    let isHeld = false;
    const bench = createBench(() => (isHeld ? new Promise((resolve) => held.push(resolve)) : message()));
    const sessions = Array.from({ length: 40 }, (_, n) => `s${n}`);
    for (const session of sessions.slice(0, 20)) await bench.send({ session });
    isHeld = true;
    const underWay = [...sessions, ...sessions, ...sessions, ...sessions, ...sessions].map((session) =>
      bench.open({ session }),
    );
    await bench.clock.advance(1);
    assert.equal(held.length, 200);
    const early = shuffled(held, seed).slice(0, 60);
    for (const answer of early) answer(message());
    await bench.clock.advance(1);
    const boundBefore = bench.parts.affinity.list().length;
    assert.ok(boundBefore >= 20);
    assert.equal(bench.parts.affinity.clear(() => true, 'cleared').length, boundBefore);
    for (const answer of shuffled(held, seed + 7)) answer(message());
    await bench.clock.advance(1);
    assert.equal(bench.parts.affinity.list().length, 0);
    for (const response of await Promise.all(underWay)) await response.text();
    assert.equal(bench.parts.affinity.list().length, 0);
    const cleared = bench.rows.filter(({ affinityCode }) => affinityCode === 'cleared');
    assert.equal(cleared.length, 140);
    isHeld = false;
    assert.equal((await bench.send({ session: 's1' })).row.affinity, 'new');
  });
}

gatewayTest('clear() holds against a request that waits for the account it was bound to', async () => {
  let isHanging = true;
  const bench = createBench(() => (isHanging ? stream([STREAM_START, STREAM_TEXT], 'hang') : message()), {
    accounts: [{ name: 'a', maxConcurrent: 1 }],
    settings: { routing: { ...DEFAULT_SETTINGS.routing, policy: 'session' } },
  });
  const first = await bench.open({ session: 's', stream: true });
  isHanging = false;
  const waiting = bench.open({ session: 's' });
  await bench.clock.advance(1);
  assert.equal(bench.calls.length, 1);
  assert.equal(bench.parts.affinity.clear(({ accountId }) => accountId === 'a', 'cleared').length, 1);
  await first.body?.cancel();
  await bench.clock.advance(1);
  await (await waiting).text();
  assert.equal(bench.rows.at(-1)?.affinityCode, 'cleared');
  assert.deepEqual(bench.parts.affinity.list(), []);
});

gatewayTest('move() holds against a request under way where the conversation was', async () => {
  const held: ((response: Response) => void)[] = [];
  let isHeld = false;
  const bench = createBench(() => (isHeld ? new Promise((resolve) => held.push(resolve)) : message()));
  await bench.send({ session: 's' });
  const [bound] = bench.parts.affinity.list();
  assert.equal(bound?.accountId, 'a');
  isHeld = true;
  const underWay = bench.send({ session: 's' });
  await bench.clock.advance(1);
  const candidate = bench.catalog
    .candidates('m1', 'anthropic-messages')
    .find(({ account }) => account.id === 'c');
  assert.ok(candidate);
  bench.parts.affinity.move(bound.key, { candidate, ttlMs: TTL_MS });
  held.shift()?.(message());
  const { row } = await underWay;
  assert.deepEqual([row.accountId, row.affinity, row.affinityCode], ['a', 'borrowed', 'bound-meanwhile']);
  const [moved] = bench.parts.affinity.list();
  assert.deepEqual([moved?.accountId, moved?.requestCount, moved?.warmTokens], ['c', 0, 0]);
  isHeld = false;
  const next = await bench.send({ session: 's' });
  assert.deepEqual([next.row.accountId, next.row.affinity], ['c', 'hit']);
});

test('clear() holds against a request that goes by another binding of its API key and has not been sent', () => {
  const race = new Race();
  const caller = { kind: 'api-key', apiKey: API_KEY } as const;
  const identity = (modelId: string) =>
    affinityIdentity(caller, { modelId, surface: 'anthropic-messages', scope: 'api-key', sessionId: null });
  const [first, second] = [identity('m1'), identity('m2')];
  assert.ok(first && second);
  const { table } = race;
  const bound = table.open(first, () => null);
  table.confirm(bound, candidateOf('a'), { ttlMs: TTL_MS, away: null });
  table.settle(bound, null);
  const waiting = table.open(second, () => null);
  assert.deepEqual([waiting.boundAccountId, waiting.isThroughApiKey], ['a', true]);
  table.clear(({ accountId }) => accountId === 'a', 'cleared');
  assert.equal(waiting.boundAccountId, null);
  table.reserve(waiting, candidateOf('a'), TTL_MS);
  assert.equal(table.confirm(waiting, candidateOf('a'), { ttlMs: TTL_MS, away: null }).code, 'cleared');
  assert.deepEqual(table.list(), []);
});
