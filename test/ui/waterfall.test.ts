// Where the time of a request went, as its details draw it: figures by hand.

import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type TimedAttempt,
  type TimedRequest,
  waterfallOf,
} from '../../ui/src/pages/requests/detail/waterfall.ts';

const ARRIVED_MS = Date.parse('2026-03-01T10:00:00.000Z');

function attempt(
  fromMs: number,
  durationMs: number,
  { connectMs = null, firstByteMs = null }: Partial<TimedAttempt> = {},
): TimedAttempt {
  return { startedAt: new Date(ARRIVED_MS + fromMs).toISOString(), connectMs, firstByteMs, durationMs };
}

function request(given: Partial<TimedRequest>): TimedRequest {
  return {
    startedAt: new Date(ARRIVED_MS).toISOString(),
    queueMs: 0,
    latencyMs: 1_000,
    timeToFirstTokenMs: null,
    waitedMs: 0,
    attempts: [],
    ...given,
  };
}

const phase = (kind: string, fromMs: number, toMs: number) => ({ kind, fromMs, toMs });

test('waterfallOf() puts queue, reading, the wait for an account and what is left into the lane of the gateway', () => {
  const { gateway, attempts } = waterfallOf(
    request({
      queueMs: 100,
      waitedMs: 250,
      attempts: [attempt(400, 590, { connectMs: 40, firstByteMs: 200 })],
    }),
  );
  assert.deepEqual(gateway, [
    phase('queue', 0, 100),
    phase('prepare', 100, 150),
    phase('account', 150, 400),
    phase('finish', 990, 1_000),
  ]);
  assert.deepEqual(attempts, [
    [phase('connect', 400, 440), phase('first-byte', 440, 600), phase('stream', 600, 990)],
  ]);
});

test('waterfallOf() splits the time between attempts into a pause and what is left of the wait', () => {
  const { gateway } = waterfallOf(
    request({ waitedMs: 300, attempts: [attempt(100, 100), attempt(600, 400)] }),
  );
  assert.deepEqual(gateway, [phase('account', 0, 100), phase('pause', 200, 400), phase('account', 400, 600)]);
});

test('waterfallOf() counts an attempt without a first byte as waiting to its end', () => {
  const { attempts } = waterfallOf(request({ attempts: [attempt(0, 600, { connectMs: 5 })] }));
  assert.deepEqual(attempts, [[phase('connect', 0, 5), phase('first-byte', 5, 600)]]);
});

for (const { name, given, spanMs, gateway } of [
  { name: 'no attempt', given: {}, spanMs: 1_000, gateway: [phase('prepare', 0, 1_000)] },
  { name: 'nothing at all', given: { latencyMs: 0 }, spanMs: 1, gateway: [phase('prepare', 0, 1)] },
  {
    name: 'an attempt that ends a millisecond late',
    given: { attempts: [attempt(0, 1_001)] },
    spanMs: 1_001,
    gateway: [],
  },
  {
    name: 'an attempt before the arrival, by a clock that was set',
    given: { attempts: [attempt(-50, 1_000)] },
    spanMs: 1_000,
    gateway: [],
  },
  {
    name: 'attempts that overlap',
    given: { attempts: [attempt(0, 700), attempt(500, 500)] },
    spanMs: 1_000,
    gateway: [],
  },
  {
    name: 'a queue longer than until the first attempt',
    given: { queueMs: 900, attempts: [attempt(300, 700)] },
    spanMs: 1_000,
    gateway: [phase('queue', 0, 300)],
  },
]) {
  test(`waterfallOf() stays within its axis: ${name}`, () => {
    const found = waterfallOf(request(given));
    assert.equal(found.spanMs, spanMs);
    assert.deepEqual(found.gateway, gateway);
  });
}

test('waterfallOf() never has a connection or a first byte beyond the attempt', () => {
  const { attempts } = waterfallOf(
    request({ attempts: [attempt(0, 100, { connectMs: 300, firstByteMs: 90 })] }),
  );
  assert.deepEqual(attempts, [[phase('connect', 0, 100)]]);
});

for (const [firstTokenMs, shown] of [
  [null, null],
  [0, 0],
  [400, 400],
  [5_000, 1_000],
] as const) {
  test(`waterfallOf() marks the first token at ${shown} when it came at ${firstTokenMs}`, () => {
    assert.equal(waterfallOf(request({ timeToFirstTokenMs: firstTokenMs })).firstTokenMs, shown);
  });
}

for (const [latencyMs, ticksMs] of [
  [1, [0, 1]],
  [7, [0, 2, 4, 6]],
  [1_000, [0, 200, 400, 600, 800, 1_000]],
  [1_644, [0, 500, 1_000, 1_500]],
  [90_000, [0, 20_000, 40_000, 60_000, 80_000]],
] as const) {
  test(`waterfallOf() has round ticks over ${latencyMs} ms`, () => {
    assert.deepEqual(waterfallOf(request({ latencyMs })).ticksMs, ticksMs);
  });
}
