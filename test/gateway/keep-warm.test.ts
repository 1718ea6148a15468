// Pings that keep prefixes warm: when they are sent, what they may cost, and what is held for them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeepWarm, type KeepWarmParts, type PingResult } from '../../server/gateway/keep-warm.ts';
import type { Binding } from '../../server/gateway/ports.ts';
import type { WarmRequest } from '../../server/gateway/warm-request.ts';
import { ManualClock } from '../manual-clock.ts';

const SECOND_MS = 1_000;
const TTL_MS = 300 * SECOND_MS;
/** Of 100,000 tokens at these prices: a read costs $0.03, a write saves $0.345. */
const PRICES = { inputUsd: 3e-6, readUsd: 0.3e-6, writeUsd: 3.75e-6 };
const PING_USD = 0.03;

const BINDING: Binding = {
  key: 'k',
  apiKeyId: null,
  userId: null,
  sessionId: 's',
  modelId: 'm1',
  surface: 'anthropic-messages',
  providerId: 'p1',
  endpointId: 'e1',
  accountId: 'a',
  createdAtMs: 0,
  expiresAtMs: 0,
  lastHitAtMs: 0,
  requestCount: 1,
  warmTokens: 0,
  cacheReadTokens: 0,
  isPinned: false,
};

const OK: PingResult = { isOk: true, costUsd: PING_USD, isPossiblyBilled: true, readTokens: 100_000 };

/** Keeps prefixes warm with an upstream that says what the test wants. */
function bench(
  part: Partial<KeepWarmParts> & { maxUsdPerDay?: number; maxPings?: number; maxHeldBytes?: number } = {},
) {
  const clock = new ManualClock();
  const startMs = clock.monotonicMs();
  const settings = { enabled: true, maxUsdPerDay: part.maxUsdPerDay ?? 10, maxPings: part.maxPings ?? 3 };
  /** Session and second of every ping. */
  const sent: string[] = [];
  const asked: [idleMs: number, withinMs: number][] = [];
  const keepWarm = new KeepWarm(
    {
      clock,
      settings: () => settings,
      returnOdds: (_key, idleMs, withinMs) => {
        asked.push([idleMs, withinMs]);
        return 0.5;
      },
      hasRoom: () => true,
      send: () => Promise.resolve(OK),
      ...part,
      ...(part.send
        ? {}
        : {
            send: ({ key }: WarmRequest) => {
              sent.push(`${key.session} ${(clock.monotonicMs() - startMs) / SECOND_MS}`);
              return Promise.resolve(OK);
            },
          }),
    },
    { ...(part.maxHeldBytes === undefined ? {} : { maxHeldBytes: part.maxHeldBytes }) },
  );
  const hold = (session: string, other: Partial<WarmRequest> = {}) =>
    keepWarm.hold(held({ key: { session, group: 'g' }, startedMs: clock.monotonicMs(), ...other }));
  const returned = (session: string) => keepWarm.returned({ session, group: 'g' });
  return { clock, keepWarm, settings, sent, asked, hold, returned };
}

function held(part: Partial<WarmRequest>): WarmRequest {
  return {
    key: { session: 's', group: 'g' },
    accountId: 'a',
    caller: { kind: 'anonymous', fingerprint: null },
    sessionId: 's',
    binding: BINDING,
    url: 'http://gateway.test/v1/messages',
    headers: new Headers(),
    bytes: new Uint8Array(1_000),
    warmTokens: 100_000,
    uncachedTokens: 0,
    prices: PRICES,
    ttlMs: TTL_MS,
    startedMs: 0,
    ...part,
  };
}

test('KeepWarm sends a ping 20 s before the expiry, and again, up to the allowed number', async () => {
  const { clock, keepWarm, sent, asked, hold } = bench();
  hold('s');
  await clock.advance(279 * SECOND_MS);
  assert.deepEqual(sent, []);
  await clock.advance(1_000 * SECOND_MS);
  assert.deepEqual(sent, ['s 280', 's 560', 's 840']);
  // Asked each time: how likely is a return within another lifetime, once this one is over?
  assert.deepEqual(
    asked.map(([idle, within]) => [idle / SECOND_MS, within / SECOND_MS]),
    [
      [300, 300],
      [580, 300],
      [860, 300],
    ],
  );
  const { waiting, heldBytes, skipped, sent: count, spentTodayUsd } = keepWarm.stats();
  assert.deepEqual([waiting, heldBytes, skipped['enough-pings'], count], [0, 0, 1, 3]);
  assert.ok(Math.abs(spentTodayUsd - 3 * PING_USD) < 1e-9);
  assert.equal(clock.pendingTimers, 0);
});

test('KeepWarm.hold() counts from when the request was sent, and pings at once when little is left', async () => {
  const { clock, sent, hold } = bench();
  hold('late', { startedMs: clock.monotonicMs() - 290 * SECOND_MS });
  hold('too-late', { startedMs: clock.monotonicMs() - 300 * SECOND_MS });
  await clock.advance(SECOND_MS);
  assert.deepEqual(sent, ['late 0']);
});

test('KeepWarm.returned() cancels the ping and frees the request', async () => {
  const { clock, keepWarm, sent, hold, returned } = bench();
  hold('s');
  hold('t');
  await clock.advance(100 * SECOND_MS);
  returned('s');
  assert.equal(keepWarm.stats().heldBytes, 1_000);
  await clock.advance(190 * SECOND_MS);
  assert.deepEqual(sent, ['t 280']);
});

test('KeepWarm.hold() takes the place of the last request, and begins to count anew', async () => {
  const { clock, keepWarm, sent, hold } = bench({ maxPings: 1 });
  hold('s');
  await clock.advance(200 * SECOND_MS);
  hold('s', { bytes: new Uint8Array(500) });
  assert.equal(keepWarm.stats().heldBytes, 500);
  await clock.advance(400 * SECOND_MS);
  hold('s');
  await clock.advance(400 * SECOND_MS);
  assert.deepEqual(sent, ['s 480', 's 880']);
});

test('KeepWarm goes on with what a session held that came back while its ping was under way', async () => {
  const pings: PromiseWithResolvers<PingResult>[] = [];
  const send = () => {
    const ping = Promise.withResolvers<PingResult>();
    pings.push(ping);
    return ping.promise;
  };
  const { clock, keepWarm, hold, returned } = bench({ send });
  hold('s');
  await clock.advance(280 * SECOND_MS);
  returned('s');
  hold('s');
  pings[0]?.resolve(OK);
  await clock.advance(279 * SECOND_MS);
  assert.equal(pings.length, 1);
  await clock.advance(SECOND_MS);
  assert.equal(pings.length, 2);
  returned('s');
  pings[1]?.resolve(OK);
  await clock.advance(0);
  assert.deepEqual([keepWarm.stats().waiting, keepWarm.stats().heldBytes, clock.pendingTimers], [0, 0, 0]);
});

for (const { odds, reason } of [
  { odds: 0.08, reason: 'rarely-returns' },
  // A little more than a ping costs.
  { odds: 0.13, reason: 'rarely-returns' },
  { odds: null, reason: 'odds-unknown' },
] as const) {
  test(`KeepWarm sends no ping at odds of ${odds}`, async () => {
    const { clock, keepWarm, sent, hold } = bench({ returnOdds: () => odds });
    hold('s');
    await clock.advance(TTL_MS);
    assert.deepEqual([sent.length, keepWarm.stats().skipped[reason], keepWarm.stats().heldBytes], [0, 1, 0]);
  });
}

test('KeepWarm stays below what may be spent in a day, pings under way included', async () => {
  const send: PromiseWithResolvers<PingResult>[] = [];
  const { clock, keepWarm, hold } = bench({
    maxUsdPerDay: 2.5 * PING_USD,
    send: () => {
      const ping = Promise.withResolvers<PingResult>();
      send.push(ping);
      return ping.promise;
    },
  });
  for (const session of ['s', 't', 'u']) hold(session);
  await clock.advance(280 * SECOND_MS);
  assert.deepEqual([send.length, keepWarm.stats().skipped['budget-spent']], [2, 1]);
});

test('KeepWarm counts what a ping really cost, and the day anew', async () => {
  const costs: PingResult[] = [
    { ...OK, costUsd: 0.5 },
    { isOk: false, costUsd: null, isPossiblyBilled: true, readTokens: null },
    { isOk: false, costUsd: null, isPossiblyBilled: false, readTokens: null },
  ];
  const { clock, keepWarm, hold } = bench({
    maxPings: 1,
    send: () => Promise.resolve(costs.shift() ?? OK),
  });
  keepWarm.spentBefore(0.1);
  const afterPing = async () => {
    hold('s');
    await clock.advance(280 * SECOND_MS);
    return Number(keepWarm.stats().spentTodayUsd.toFixed(6));
  };
  assert.deepEqual([await afterPing(), await afterPing(), await afterPing()], [0.6, 0.63, 0.63]);
  clock.stepWall(-86_400_000);
  assert.equal(Number(keepWarm.stats().spentTodayUsd.toFixed(6)), 0.63);
  clock.stepWall(2 * 86_400_000);
  assert.equal(keepWarm.stats().spentTodayUsd, 0);
});

test('KeepWarm waits for room at the account as long as the prefix lives', async () => {
  let hasRoom = false;
  const { clock, keepWarm, sent, hold } = bench({ hasRoom: () => hasRoom, maxPings: 1 });
  hold('s');
  await clock.advance(288 * SECOND_MS + 500);
  hasRoom = true;
  await clock.advance(2 * SECOND_MS);
  assert.deepEqual(sent, ['s 289']);
  hasRoom = false;
  hold('t');
  await clock.advance(TTL_MS);
  assert.deepEqual([sent.length, keepWarm.stats().skipped['no-room'], clock.pendingTimers], [1, 1, 0]);
});

for (const { name, result, reason } of [
  { name: 'was refused', result: { ...OK, isOk: false }, reason: 'failed' },
  { name: 'found nothing warm', result: { ...OK, readTokens: 40_000 }, reason: 'was-cold' },
] as const) {
  test(`KeepWarm gives a session up whose ping ${name}`, async () => {
    const { clock, keepWarm, hold } = bench({ send: () => Promise.resolve(result) });
    hold('s');
    await clock.advance(3 * TTL_MS);
    const { sent, skipped, heldBytes } = keepWarm.stats();
    assert.deepEqual([sent, skipped[reason], heldBytes], [1, 1, 0]);
  });
}

test('KeepWarm takes a send that throws for a failed ping', async () => {
  const { clock, keepWarm, hold } = bench({ send: () => Promise.reject(new Error('no')) });
  hold('s');
  await clock.advance(TTL_MS);
  assert.deepEqual([keepWarm.stats().skipped.failed, keepWarm.stats().heldBytes], [1, 0]);
});

test('KeepWarm holds so many bytes and lets go of the session used longest ago', async () => {
  const { clock, keepWarm, sent, hold } = bench({ maxHeldBytes: 2_500, maxPings: 1 });
  for (const session of ['s', 't']) hold(session);
  hold('s');
  hold('u');
  assert.deepEqual([keepWarm.stats().heldBytes, keepWarm.stats().skipped.evicted], [2_000, 1]);
  hold('huge', { bytes: new Uint8Array(3_000) });
  assert.equal(keepWarm.stats().heldBytes, 2_000);
  await clock.advance(TTL_MS);
  assert.deepEqual(sent, ['s 280', 'u 280']);
});

test('KeepWarm holds nothing when it is off, and lets go when it is switched off', async () => {
  const { clock, keepWarm, settings, sent, hold } = bench();
  hold('s');
  settings.enabled = false;
  hold('t');
  assert.deepEqual([keepWarm.stats().heldBytes, clock.pendingTimers], [0, 0]);
  settings.enabled = true;
  hold('u');
  settings.enabled = false;
  await clock.advance(TTL_MS);
  assert.deepEqual([sent.length, keepWarm.stats().heldBytes], [0, 0]);
});

test('KeepWarm keeps one timer, for the ping that is due first', async () => {
  const { clock, sent, hold } = bench({ maxPings: 1 });
  hold('hour', { ttlMs: 12 * TTL_MS });
  await clock.advance(SECOND_MS);
  for (const session of ['a', 'b', 'c']) hold(session);
  assert.equal(clock.pendingTimers, 1);
  await clock.advance(12 * TTL_MS);
  assert.deepEqual(sent, ['a 281', 'b 281', 'c 281', 'hour 3580']);
});

test('KeepWarm.sweep() lets go once it is switched off, not at the next ping', () => {
  const { clock, keepWarm, settings, hold } = bench();
  hold('s');
  keepWarm.sweep();
  assert.equal(keepWarm.stats().heldBytes, 1_000);
  settings.enabled = false;
  keepWarm.sweep();
  assert.deepEqual([keepWarm.stats().heldBytes, clock.pendingTimers], [0, 0]);
});

test('KeepWarm.stop() holds and sends nothing any more', async () => {
  const pings: PromiseWithResolvers<PingResult>[] = [];
  const send = () => {
    const ping = Promise.withResolvers<PingResult>();
    pings.push(ping);
    return ping.promise;
  };
  const { clock, keepWarm, hold } = bench({ send });
  hold('s');
  await clock.advance(280 * SECOND_MS);
  hold('t');
  keepWarm.stop();
  hold('u');
  pings[0]?.resolve(OK);
  await clock.advance(3 * TTL_MS);
  assert.deepEqual([pings.length, keepWarm.stats().heldBytes, clock.pendingTimers], [1, 0, 0]);
});

test('KeepWarm.drop() lets go of what matches', async () => {
  const { clock, keepWarm, sent, hold } = bench({ maxPings: 1 });
  hold('s', { binding: { ...BINDING, providerId: 'p2' } });
  hold('t');
  keepWarm.drop(({ binding }) => binding.providerId === 'p2');
  assert.equal(keepWarm.stats().heldBytes, 1_000);
  await clock.advance(TTL_MS);
  assert.deepEqual(sent, ['t 280']);
});

test('KeepWarm has few pings under way at one account', async () => {
  let underWay = 0;
  let most = 0;
  const { clock, keepWarm, hold } = bench({
    maxPings: 1,
    send: async ({ accountId }) => {
      if (accountId !== 'a') return OK;
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise<void>((resolve) => clock.setTimer(resolve, 2 * SECOND_MS));
      underWay -= 1;
      return OK;
    },
  });
  for (let at = 0; at < 20; at += 1) hold(`s${at}`);
  hold('elsewhere', { accountId: 'b' });
  await clock.advance(TTL_MS);
  assert.deepEqual([most, keepWarm.stats().sent, keepWarm.stats().skipped['no-room']], [4, 21, 0]);
});

test('KeepWarm does not care when the wall clock is set back or ahead', async () => {
  const { clock, sent, hold } = bench({ maxPings: 1 });
  hold('s');
  clock.stepWall(3_600_000);
  await clock.advance(100 * SECOND_MS);
  clock.stepWall(-90_000_000);
  await clock.advance(TTL_MS);
  assert.deepEqual(sent, ['s 280']);
});
