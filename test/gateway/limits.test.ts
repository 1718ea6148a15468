// Slots are never lost or invented, and the learned limit follows its rule.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Slots } from '../../server/gateway/limits.ts';
import type { RateLimitKind } from '../../server/gateway/rate-limits.ts';
import { SteppedClock, testAccount } from './stepped-clock.ts';

const A = testAccount({ id: 'a' });
const FIXED = testAccount({ id: 'f', maxConcurrent: 2 });
const MINUTE_MS = 60_000;

function bench() {
  const clock = new SteppedClock();
  const slots = new Slots(clock);
  const take = (count: number, account = A) => Array.from({ length: count }, () => slots.take(account));
  const give = (releases: (() => void)[]) => {
    for (const release of releases) release();
  };
  const limit = () => slots.limitOf(A);
  /** So many 429s about concurrency with so many in flight. */
  const learn = (inFlight: number) => {
    const releases = take(inFlight);
    slots.rateLimited(A, 'concurrent');
    give(releases);
  };
  /** So many requests, one after another, each the last of `used` slots; filling the others makes samples too. */
  const work = (requests: number, used: number) => {
    const others = take(used - 1);
    for (let i = 0; i < requests; i++) slots.take(A)();
    give(others);
  };
  return { clock, slots, take, give, limit, learn, work };
}

test('Slots gives each slot back once', () => {
  const { slots, take } = bench();
  const [first] = take(2, FIXED);
  assert.equal(slots.isFull(FIXED), true);
  first?.();
  first?.();
  assert.deepEqual([slots.inFlight('f'), slots.isFull(FIXED), slots.total()], [1, false, 1]);
});

test('Slots knows no limit before anything was learned', () => {
  const { slots, take, limit } = bench();
  take(500);
  assert.deepEqual([limit(), slots.isFull(A), slots.learned('a')], [null, false, null]);
});

for (const [kind, inFlight, expected] of [
  ['concurrent', 20, 17],
  ['concurrent', 2, 3],
  ['concurrent', 500, 200],
  ['concurrent', 0, 42],
  ['unknown', 20, 45],
  ['unknown', 0, 45],
  ['requests-per-minute', 20, null],
] as const) {
  test(`Slots learns ${expected} from a first 429 "${kind}" with ${inFlight} in flight`, () => {
    const { slots, take, limit } = bench();
    take(inFlight);
    slots.rateLimited(A, kind);
    assert.equal(limit(), expected);
    assert.equal(slots.learned('a')?.rateLimitCounts[kind], 1);
  });
}

test('Slots never raises the limit at a 429, nor lowers it below 3', async () => {
  const { clock, slots, take, limit, learn } = bench();
  learn(10);
  await clock.advance(10_000);
  take(100);
  slots.rateLimited(A, 'concurrent');
  assert.equal(limit(), 8);
  for (let i = 0; i < 20; i++) {
    await clock.advance(10_000);
    slots.rateLimited(A, 'unknown');
  }
  assert.equal(limit(), 3);
});

test('Slots takes the 429s of one burst for one', async () => {
  const { clock, slots, take, limit, learn } = bench();
  learn(10);
  await clock.advance(10_000);
  take(20);
  for (let i = 0; i < 15; i++) slots.rateLimited(A, 'concurrent');
  assert.equal(limit(), 8);
  assert.equal(slots.learned('a')?.rateLimitCounts.concurrent, 16);
});

test('Slots counts only a 429 among answers that are nearly all good', () => {
  const { slots, take, limit } = bench();
  take(8);
  for (let i = 0; i < 20; i++) slots.succeeded(A);
  assert.equal(slots.learned('a'), null);
  slots.rateLimited(A, 'concurrent');
  assert.deepEqual([limit(), slots.learned('a')?.rateLimitCounts.concurrent], [null, 1]);
});

test('Slots lowers the limit as long as a tenth of the answers are 429s', async () => {
  const { clock, slots, take, limit } = bench();
  take(20);
  const limits = [];
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 8; i++) slots.succeeded(A);
    slots.rateLimited(A, 'concurrent');
    slots.rateLimited(A, 'concurrent');
    limits.push(limit());
    await clock.advance(10_000);
  }
  assert.deepEqual(limits, [17, 17, 17]);
});

test('Slots is full at the learned limit', () => {
  const { slots, take, learn } = bench();
  learn(10);
  take(7);
  assert.equal(slots.isFull(A), false);
  take(1);
  assert.equal(slots.isFull(A), true);
});

test('Slots leaves a configured limit alone', () => {
  const { slots } = bench();
  slots.rateLimited(FIXED, 'concurrent');
  assert.deepEqual([slots.limitOf(FIXED), slots.learned('f')], [2, null]);
});

test('Slots adds 2 once it is well used 5 minutes after a 429', async () => {
  const { clock, slots, learn, work, limit } = bench();
  learn(20);
  await clock.advance(5 * MINUTE_MS - 1);
  work(5, 13);
  assert.equal(limit(), 17);
  await clock.advance(2 * MINUTE_MS);
  slots.take(A)();
  assert.equal(limit(), 17);
  for (let i = 0; i < 4; i++) work(1, 12);
  assert.equal(limit(), 17, 'most of its samples were of little use');
  work(60, 12);
  assert.equal((limit() ?? 0) > 17, true);
  assert.deepEqual(slots.learned('a')?.history.at(1), {
    atMs: clock.nowMs(),
    from: 17,
    to: 19,
    reason: 'well used',
  });
});

test('Slots forgets samples after 120 s', async () => {
  const { clock, learn, take, give, limit } = bench();
  learn(10);
  await clock.advance(10 * MINUTE_MS);
  const held = take(4);
  const used = () =>
    take(2).forEach((release) => {
      release();
    });
  used();
  await clock.advance(2 * MINUTE_MS);
  used();
  used();
  assert.equal(limit(), 8);
  used();
  assert.equal(limit(), 8, 'six samples of which fewer than 60 % use 70 %');
  give(held);
});

test('Slots never grows above 200', async () => {
  const { clock, learn, take, limit } = bench();
  learn(500);
  await clock.advance(31 * MINUTE_MS);
  take(200);
  assert.equal(limit(), 200);
});

test('Slots probes 30 minutes after the last 429 and the last probe', async () => {
  const { clock, slots, learn, work, limit } = bench();
  learn(12);
  assert.equal(limit(), 10);
  await clock.advance(30 * MINUTE_MS - 1);
  work(20, 4);
  assert.equal(limit(), 10);
  await clock.advance(1);
  work(1, 4);
  assert.equal(limit(), 12);
  assert.match(slots.learned('a')?.history.at(-1)?.reason ?? '', /probe/);
  await clock.advance(29 * MINUTE_MS);
  work(20, 5);
  assert.equal(limit(), 12);
  await clock.advance(3 * MINUTE_MS);
  work(20, 2);
  assert.equal(limit(), 12, 'less than 30 % in use');
  work(20, 6);
  assert.equal(limit(), 14);
});

test('Slots waits anew after a 429 about requests per minute', async () => {
  const { clock, slots, learn, take, limit } = bench();
  learn(10);
  await clock.advance(5 * MINUTE_MS);
  slots.rateLimited(A, 'requests-per-minute');
  take(20);
  assert.equal(limit(), 8);
});

test('Slots keeps its durations when the wall clock is set', async () => {
  const { clock, learn, take, limit } = bench();
  learn(10);
  clock.stepWall(3600_000);
  take(20);
  assert.equal(limit(), 8);
  clock.stepWall(-2 * 3600_000);
  await clock.advance(5 * MINUTE_MS);
  take(20);
  assert.equal((limit() ?? 0) > 8, true);
});

test('Slots keeps the last 20 adjustments', async () => {
  const { slots, clock } = bench();
  for (let i = 0; i < 40; i++) {
    slots.rateLimited(A, 'unknown');
    await clock.advance(10_000);
  }
  const history = slots.learned('a')?.history ?? [];
  assert.ok(history.length <= 20 && history.length > 5);
  assert.equal(history.at(-1)?.to, 3);
  assert.ok(history.every(({ atMs }) => atMs < clock.nowMs()));
});

test('Slots.reset() forgets what was learned and keeps what is in flight', () => {
  const { slots, take, limit } = bench();
  take(10);
  slots.rateLimited(A, 'concurrent');
  slots.reset('a');
  assert.deepEqual([limit(), slots.learned('a'), slots.inFlight('a')], [null, null, 10]);
});

test('Slots agrees with a plain list of what is held, whatever happens', async () => {
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ take: fc.constantFrom('a', 'b', 'f') }) },
    { weight: 6, arbitrary: fc.record({ release: fc.nat(60) }) },
    {
      weight: 2,
      arbitrary: fc.record({
        kind: fc.constantFrom<RateLimitKind>('requests-per-minute', 'concurrent', 'unknown'),
      }),
    },
    { weight: 1, arbitrary: fc.record({ minutes: fc.integer({ min: 1, max: 40 }) }) },
    { weight: 1, arbitrary: fc.constant({ reset: true }) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const { clock, slots } = bench();
      const accounts = { a: A, b: testAccount({ id: 'b' }), f: FIXED };
      const held: { id: string; release: () => void; isHeld: boolean }[] = [];
      for (const event of steps) {
        const before = slots.limitOf(A);
        if ('take' in event) {
          const account = event.take === 'a' ? accounts.a : event.take === 'b' ? accounts.b : accounts.f;
          held.push({ id: account.id, release: slots.take(account), isHeld: true });
        } else if ('release' in event) {
          const one = held[event.release % Math.max(1, held.length)];
          one?.release();
          if (one) one.isHeld = false;
        } else if ('kind' in event) {
          slots.rateLimited(A, event.kind);
          assert.ok(before === null || (slots.limitOf(A) ?? Number.NaN) <= before, 'a 429 raised the limit');
        } else if ('minutes' in event) await clock.advance(event.minutes * MINUTE_MS);
        else slots.reset('a');
        for (const id of ['a', 'b', 'f']) {
          assert.equal(slots.inFlight(id), held.filter((one) => one.isHeld && one.id === id).length);
        }
        assert.equal(slots.total(), held.filter((one) => one.isHeld).length);
        const limit = slots.limitOf(A);
        assert.ok(limit === null || (Number.isInteger(limit) && limit >= 3 && limit <= 200));
        assert.equal(slots.isFull(A), limit !== null && slots.inFlight('a') >= limit);
        assert.ok((slots.learned('a')?.history.length ?? 0) <= 20);
      }
      for (const { release } of held) release();
      assert.equal(slots.total(), 0);
    }),
    { numRuns: 80 },
  );
});
