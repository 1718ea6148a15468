// The gateway takes so many requests, lets as many wait in order, and refuses the rest.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Admission } from '../../server/gateway/admission.ts';
import { GatewayError } from '../../server/gateway/errors.ts';
import { Stop } from '../../server/gateway/stop.ts';
import { SteppedClock } from './stepped-clock.ts';

type Release = () => void;

function bench() {
  const clock = new SteppedClock();
  const admission = new Admission(clock);
  const enter = (options: { maxInFlight?: number; queueMs?: number; stop?: Stop } = {}) =>
    admission.enter({ maxInFlight: 1, queueMs: 1_000, stop: new Stop(), ...options });
  const enterNow = (options: { maxInFlight?: number } = {}): Release => {
    const entered = enter(options);
    if (typeof entered !== 'function') throw new Error('had to wait');
    return entered;
  };
  const counts = () => [admission.inFlight, admission.queued];
  return { clock, admission, enter, enterNow, counts };
}

const isFull = (error: unknown) =>
  error instanceof GatewayError && error.code === 'gateway-full' && error.retryAfterMs === 1_000;
const isGone = (error: unknown) => error instanceof GatewayError && error.code === 'client-gone';

test('Admission gives a place without a promise while there is room, and takes it back once', () => {
  const { enterNow, counts } = bench();
  const release = enterNow({ maxInFlight: 2 });
  enterNow({ maxInFlight: 2 });
  assert.deepEqual(counts(), [2, 0]);
  release();
  release();
  assert.deepEqual(counts(), [1, 0]);
});

test('Admission serves those who wait in order', async () => {
  const { clock, enter, enterNow, counts } = bench();
  const first = enterNow({ maxInFlight: 3 });
  enterNow({ maxInFlight: 3 });
  enterNow({ maxInFlight: 3 });
  const order: string[] = [];
  const waiting = ['b', 'c'].map(async (name) => {
    const release = await enter({ maxInFlight: 3 });
    order.push(name);
    return release;
  });
  assert.deepEqual(counts(), [3, 2]);
  first();
  (await waiting[0])?.();
  await waiting[1];
  assert.deepEqual(order, ['b', 'c']);
  assert.deepEqual(counts(), [3, 0]);
  assert.equal(clock.pendingTimers, 0);
});

test('Admission lets nobody overtake those who wait', async () => {
  const { enter, enterNow, counts } = bench();
  const release = enterNow();
  const second = enter();
  release();
  assert.throws(() => enter({ queueMs: 0 }), isFull);
  await second;
  assert.deepEqual(counts(), [1, 0]);
});

test('Admission refuses at once when the queue is full or nobody may wait', async () => {
  const { enter, enterNow, counts } = bench();
  enterNow();
  assert.throws(() => enter({ queueMs: 0 }), isFull);
  void Promise.resolve(enter());
  assert.throws(() => enter(), isFull);
  assert.deepEqual(counts(), [1, 1]);
});

test('Admission refuses when the wait is over, whatever the wall clock does', async () => {
  const { clock, enter, enterNow, counts } = bench();
  enterNow();
  const waiting = assert.rejects(Promise.resolve(enter({ queueMs: 1_000 })), isFull);
  clock.stepWall(-3600_000);
  await clock.advance(999);
  assert.deepEqual(counts(), [1, 1]);
  await clock.advance(1);
  await waiting;
  assert.deepEqual(counts(), [1, 0]);
});

test('Admission drops those who hang up while waiting', async () => {
  const { clock, enter, enterNow, counts } = bench();
  const release = enterNow({ maxInFlight: 2 });
  enterNow({ maxInFlight: 2 });
  const client = new Stop();
  const gone = assert.rejects(Promise.resolve(enter({ maxInFlight: 2, stop: client })), isGone);
  const next = enter({ maxInFlight: 2 });
  client.end();
  await gone;
  assert.throws(() => enter({ maxInFlight: 2, stop: client }), isGone);
  release();
  await next;
  assert.deepEqual(counts(), [2, 0]);
  assert.equal(clock.pendingTimers, 0);
});

test('Admission follows a changed limit', async () => {
  const { enter, enterNow, counts } = bench();
  enterNow({ maxInFlight: 1 });
  const second = enter({ maxInFlight: 1 });
  const third = enterNow({ maxInFlight: 3 });
  await second;
  assert.deepEqual(counts(), [3, 0]);
  assert.ok(enter({ maxInFlight: 1 }) instanceof Promise);
  third();
  assert.deepEqual(counts(), [2, 1]);
});

test('Admission reserves bytes up to the maximum and frees them once', () => {
  const { admission } = bench();
  const release = admission.tryReserve(60, 100);
  assert.equal(admission.tryReserve(41, 100), null);
  assert.notEqual(admission.tryReserve(40, 100), null);
  release?.();
  release?.();
  assert.equal(admission.bufferedBytes, 40);
});

test('Admission never exceeds its limit, loses a place or leaves a timer, whatever happens', async () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant('enter' as const), queueMs: fc.nat(50) }),
    fc.record({ do: fc.constant('release' as const), which: fc.nat(30) }),
    fc.record({ do: fc.constant('abort' as const), which: fc.nat(30) }),
    fc.record({ do: fc.constant('advance' as const), ms: fc.nat(40) }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 3 }),
      fc.array(step, { maxLength: 25 }),
      async (max, steps) => {
        const { clock, admission } = bench();
        const clients: Stop[] = [];
        const releases: Release[] = [];
        for (const event of steps) {
          if (event.do === 'enter') {
            const client = new Stop();
            clients.push(client);
            const options = { maxInFlight: max, queueMs: event.queueMs, stop: client };
            void (async () => releases.push(await admission.enter(options)))().catch(() => {});
          } else if (event.do === 'release') releases[event.which % releases.length]?.();
          else if (event.do === 'abort') clients[event.which % clients.length]?.end();
          else await clock.advance(event.ms);
          assert.ok(admission.inFlight >= 0 && admission.inFlight <= max);
          assert.ok(admission.queued <= max);
          assert.ok(admission.queued === 0 || admission.inFlight === max, 'waits although there is room');
        }
        await clock.advance(100);
        for (const release of releases) release();
        assert.deepEqual([admission.inFlight, admission.queued, clock.pendingTimers], [0, 0, 0]);
      },
    ),
    { numRuns: 60 },
  );
});
