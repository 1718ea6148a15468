// Slots kept for callers who come back: who may take them, when they are given away after all, and how long a slot is held.

import assert from 'node:assert/strict';
import { DEFAULT_SETTINGS, type Settings } from '../../server/gateway/ports.ts';
import type { ReservationSettings, RoutePolicy } from '../../server/gateway/routing-settings.ts';
import { accountsOf, type CachingBench, createCachingBench } from './caching-accounts.ts';
import { gatewayTest } from './fixture.ts';

const MAX_WAIT_MS = 25_000;

function settingsOf(policy: RoutePolicy, reservation: Partial<ReservationSettings> = {}): Partial<Settings> {
  return {
    routing: { ...DEFAULT_SETTINGS.routing, policy },
    reservation: { ...DEFAULT_SETTINGS.reservation, probeReservation: 0.5, ...reservation },
  };
}

function benchOf(policy: RoutePolicy, slots: number, reservation?: Partial<ReservationSettings>) {
  return createCachingBench({
    accounts: accountsOf('a', slots),
    settings: { ...settingsOf(policy, reservation), requireApiKey: false },
  });
}

/** A caller without a key whom nobody knows, with a prompt that nobody else sends. */
const stranger = (n: number) => ({ key: null, prompt: { about: `subject ${n}` } });

/** So many strangers hold a slot each. */
async function crowd(bench: CachingBench, count: number) {
  const slots = [];
  for (let n = 0; n < count; n += 1) slots.push(await bench.hold(stranger(n)));
  return slots;
}

const end = async (slots: Iterable<{ end(): Promise<void> }>) => {
  for (const slot of slots) await slot.end();
};

const inFlight = ({ parts }: CachingBench) => parts.slots.inFlight('a');

/** Warm callers fill two slots of `a` over five minutes, each request for a minute. */
async function makeBusy(bench: CachingBench): Promise<void> {
  for (const session of ['w1', 'w2']) await bench.ask({ session });
  for (let minute = 0; minute < 8; minute += 1) {
    const slots = [];
    for (const session of ['w1', 'w2', 'w3']) slots.push(await bench.hold({ session }));
    await bench.clock.advance(60_000);
    await end(slots);
  }
}

for (const { policy, slots, ratio, forNewcomers } of [
  { policy: 'session', slots: 4, ratio: 0.5, forNewcomers: 2 },
  { policy: 'session', slots: 4, ratio: 0.1, forNewcomers: 3 },
  { policy: 'session', slots: 10, ratio: 0.35, forNewcomers: 6 },
  { policy: 'session', slots: 1, ratio: 0.9, forNewcomers: 1 },
  { policy: 'api-key', slots: 3, ratio: 0.9, forNewcomers: 1 },
] as const) {
  gatewayTest(
    `${policy} leaves newcomers ${forNewcomers} of ${slots} slots at a ratio of ${ratio}, and warm callers all`,
    async () => {
      const bench = benchOf(policy, slots, { probeReservation: ratio });
      const warm = { session: 'home' };
      await bench.ask(warm);
      const taken = await crowd(bench, forNewcomers);
      const waiting = [97, 98, 99].map((n) => bench.ask(stranger(n)));
      await bench.clock.advance(1_000);
      assert.equal(inFlight(bench), forNewcomers);
      while (inFlight(bench) < slots) taken.push(await bench.hold(warm));
      await end(taken);
      await bench.clock.advance(500);
      const replies = await Promise.all(waiting);
      assert.deepEqual(
        replies.map(({ status }) => status),
        [200, 200, 200],
      );
    },
  );
}

for (const policy of ['warm-cost', 'session', 'api-key'] as const) {
  gatewayTest(
    `${policy} serves a newcomer at the end of its patience rather than refuse it beside free slots`,
    async () => {
      const bench = benchOf(policy, 4);
      if (policy === 'warm-cost') await makeBusy(bench);
      const slots = await crowd(bench, 2);
      const late = bench.ask(stranger(9));
      await bench.clock.advance(MAX_WAIT_MS - 100);
      assert.equal(inFlight(bench), 2);
      await bench.clock.advance(200);
      const { status, row } = await late;
      assert.deepEqual([status, row.accountId], [200, 'a']);
      assert.ok(row.queueMs <= MAX_WAIT_MS + 50, `waited ${row.queueMs} ms`);
      await end(slots);
    },
  );
}

gatewayTest('warm-cost keeps no slot while nobody is likely to come back', async () => {
  const bench = benchOf('warm-cost', 4);
  const slots = await crowd(bench, 4);
  assert.equal(inFlight(bench), 4);
  await end(slots);
});

gatewayTest('warm-cost keeps no slot for a caller who has not come back for a while', async () => {
  const bench = benchOf('warm-cost', 2);
  for (const turns of [1, 2]) await bench.ask({ session: 'home', prompt: { turns } });
  await bench.clock.advance(600_000);
  await end(await crowd(bench, 2));
});

gatewayTest('warm-cost keeps slots while warm callers come back, and lets them take all', async () => {
  const bench = benchOf('warm-cost', 4);
  await makeBusy(bench);
  const slots = await crowd(bench, 2);
  const waiting = [7, 8].map((n) => bench.ask(stranger(n)));
  await bench.clock.advance(2_000);
  assert.equal(inFlight(bench), 2);
  for (const session of ['w1', 'w2']) slots.push(await bench.hold({ session }));
  assert.equal(inFlight(bench), 4);
  await end(slots);
  await bench.clock.advance(500);
  assert.deepEqual(
    (await Promise.all(waiting)).map(({ status }) => status),
    [200, 200],
  );
  // Hours later nobody is expected any more.
  await bench.clock.advance(3 * 3600_000);
  await end(await crowd(bench, 4));
});

gatewayTest(
  'warm-cost gives a freed slot to a warm caller behind newcomers who may not have it',
  async () => {
    const bench = benchOf('warm-cost', 4);
    await makeBusy(bench);
    const strangers = await crowd(bench, 2);
    const newcomers = [7, 8, 9].map((n) => bench.ask(stranger(n)));
    await bench.clock.advance(100);
    const warm = [await bench.hold({ session: 'w1' }), await bench.hold({ session: 'w2' })];
    const waiting = bench.ask({ session: 'w3' });
    await bench.clock.advance(100);
    await warm.pop()?.end();
    await bench.clock.advance(500);
    assert.equal((await waiting).row.affinity, 'hit');
    assert.equal(inFlight(bench), 3);
    await end([...strangers, ...warm]);
    await bench.clock.advance(1_000);
    assert.equal((await Promise.all(newcomers)).length, 3);
  },
);

gatewayTest(
  'handleExchange() reserves nothing while the reservation is switched off, from the next request on',
  async () => {
    const bench = benchOf('session', 4);
    const slots = await crowd(bench, 2);
    const waiting = bench.ask(stranger(9));
    await bench.clock.advance(600);
    assert.equal(bench.rows.length, 0);
    bench.reconfigure({ settings: { reservation: { ...DEFAULT_SETTINGS.reservation, enabled: false } } });
    slots.push(await bench.hold(stranger(10)));
    assert.equal(inFlight(bench), 3);
    await end(slots);
    await bench.clock.advance(500);
    assert.equal((await waiting).status, 200);
  },
);

gatewayTest('handleExchange() leaves the probe phase after the first requests of an account', async () => {
  const bench = benchOf('session', 10, { probePhaseRequests: 8, stableMinReservation: 0.2 });
  const probing = await crowd(bench, 5);
  const waiting = bench.ask(stranger(9));
  await bench.clock.advance(600);
  assert.equal(bench.rows.length, 0);
  await end(probing);
  await bench.clock.advance(500);
  await waiting;
  for (let n = 20; n < 24; n += 1) await bench.ask(stranger(n));
  // Stable, with little load: the least.
  const slots = await crowd(bench, 6);
  assert.equal(inFlight(bench), 6);
  await end(slots);
  const { lastResult } = bench.parts.routing.reservations.stats();
  assert.equal(lastResult?.phase, 'stable');
});

gatewayTest('handleExchange() holds a slot to the end of the stream', async () => {
  const bench = benchOf('session', 1);
  const [slot] = await crowd(bench, 1);
  assert.ok(slot);
  const waiting = bench.ask(stranger(1));
  await bench.clock.advance(5_000);
  assert.deepEqual([bench.calls.length, bench.rows.length], [1, 0]);
  await slot.end();
  await bench.clock.advance(1);
  const { row } = await waiting;
  assert.equal(row.queueMs, 5_000);
});

gatewayTest(
  'handleExchange() takes in a request that comes while a freed slot goes down a long line',
  async () => {
    const bench = benchOf('session', 200, { probePhaseRequests: 1_000 });
    const slots = await crowd(bench, 100);
    const waiting = Array.from({ length: 70 }, (_, n) => bench.ask(stranger(200 + n)));
    await bench.clock.advance(10);
    assert.equal(bench.parts.routing.line.size, 70);
    const [home] = bench.parts.catalog().candidates('m1', 'anthropic-messages');
    assert.ok(home);
    bench.parts.routing.line.freed('a', () => bench.parts.slots.room(home.account));
    const late = bench.ask(stranger(300));
    await bench.clock.advance(0);
    assert.equal(bench.parts.routing.line.size, 71);
    await end(slots);
    await bench.clock.advance(500);
    const replies = await Promise.all([...waiting, late]);
    assert.deepEqual([...new Set(replies.map(({ status }) => status))], [200]);
    assert.deepEqual(bench.faults, []);
  },
);
