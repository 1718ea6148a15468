// Pings through the gateway: sent to the account that is warm, in its own name, with a row, and counted as nobody's request.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_RESERVATION } from '../../server/gateway/routing-settings.ts';
import { stopExchanges } from '../../server/gateway/shutdown.ts';
import { UpstreamFault } from '../../server/gateway/upstream.ts';
import { isObject, parseJson } from '../../server/wire/json.ts';
import { anthropicError, STREAM_END, STREAM_TEXT, sse, stream } from './fixture.ts';
import { assertAtRest, GROUP, isPing, MINUTE_MS, pingBench, SECOND_MS, turn } from './ping-bench.ts';

const ADA_SECRET = /wp_ada/;

test('handleExchange() holds and sends nothing for later while pings are off', async () => {
  const bench = pingBench({ enabled: false });
  await bench.send({ body: turn(1), session: 's' });
  assert.deepEqual([bench.parts.keepWarm.stats().heldBytes, bench.clock.pendingTimers], [0, 0]);
  await bench.clock.advance(60 * MINUTE_MS);
  assert.equal(bench.calls.length, 1);
  assertAtRest(bench);
});

test('handleExchange() keeps the prefix of a session warm at its account until it comes back', async () => {
  const bench = pingBench();
  const first = await bench.send({ body: turn(1), session: 's', headers: { 'anthropic-beta': 'x' } });
  assert.equal(first.row.accountId, 'a');
  await bench.clock.advance(279 * SECOND_MS);
  assert.deepEqual(bench.pings, []);
  await bench.clock.advance(300 * SECOND_MS);
  assert.deepEqual(bench.pings, ['a 280', 'a 560']);
  const back = await bench.send({ body: turn(2), session: 's', headers: { 'anthropic-beta': 'x' } });
  assert.equal(back.row.accountId, 'a');
  assert.ok((back.row.expectedWarmTokens ?? 0) > 10_000);
  assert.ok((back.row.cacheReadTokens ?? 0) > 10_000);
  await bench.clock.advance(279 * SECOND_MS);
  assert.equal(bench.pings.length, 2);
  bench.parts.keepWarm.clear();
  assertAtRest(bench);
});

test('handleExchange() sends as a ping the same request with one token and no stream, by the account', async () => {
  const bench = pingBench({ maxPings: 1 });
  const body = turn(1);
  await bench.send({
    body,
    session: 's',
    headers: { 'anthropic-beta': 'x', cookie: 'c=1', 'idempotency-key': 'i' },
  });
  await bench.clock.advance(5 * MINUTE_MS);
  const [sent, ping] = bench.calls;
  assert.equal(ping?.body, sent?.body.replace('"max_tokens":32000', '"max_tokens":1'));
  assert.equal(ping?.url, sent?.url);
  const headers = JSON.stringify([...(ping?.headers ?? [])]);
  assert.doesNotMatch(headers, ADA_SECRET);
  assert.deepEqual(
    ['x-api-key', 'anthropic-beta', 'cookie', 'idempotency-key'].map((name) => ping?.headers.get(name)),
    ['secret-a', 'x', null, null],
  );
  assertAtRest(bench);
});

test('handleExchange() pings a streamed request without a stream', async () => {
  const usage = { input_tokens: 4, cache_creation_input_tokens: 15_000, output_tokens: 1 };
  const events = [sse('message_start', { message: { usage } }), STREAM_TEXT, STREAM_END];
  const bench = pingBench({ maxPings: 1 }, (call) => (isPing(call) ? null : stream(events)));
  await bench.send({ body: turn(1, { isStreamed: true }), session: 's' });
  await bench.clock.advance(5 * MINUTE_MS);
  const ping = parseJson(bench.calls[1]?.body ?? '');
  assert.ok(isObject(ping));
  assert.deepEqual([ping.stream, ping.max_tokens], [false, 1]);
  assert.deepEqual(
    bench.rows.map(({ isStreamed, isKeepWarm }) => [isStreamed, isKeepWarm]),
    [
      [true, false],
      [false, true],
    ],
  );
  assertAtRest(bench);
});

test('handleExchange() logs a ping as a request of its own that binds nothing and is no return', async () => {
  const bench = pingBench({ maxPings: 1 });
  const { affinity, routing, health } = bench.parts;
  const { row } = await bench.send({ body: turn(1), session: 's' });
  const key = { group: GROUP, session: row.sessionId ?? '' };
  const load = { slots: 10, inFlight: 0, learned: null };
  const looks = () => ({
    bindings: affinity.list(),
    gaps: { ...routing.gaps.gaps(key) },
    odds: routing.gaps.returnOdds(key, MINUTE_MS, MINUTE_MS),
    reservation: routing.reservations.look('a', load, { ...DEFAULT_RESERVATION, probePhaseRequests: 2 }),
    failures: health.failureShare('a'),
  });
  const before = looks();
  assert.equal(before.bindings.length, 1);
  await bench.clock.advance(281 * SECOND_MS);
  assert.deepEqual(looks(), before);
  const ping = bench.rows[1];
  assert.partialDeepStrictEqual(ping, {
    isKeepWarm: true,
    outcome: 'ok',
    accountId: 'a',
    apiKeyId: 'ada',
    userId: 'user-ada',
    sessionId: row.sessionId,
    modelId: 'm1',
    affinity: 'none',
    affinityCode: 'keep-warm',
    cacheLevers: null,
    isStreamed: false,
  });
  assert.ok((ping?.cacheReadTokens ?? 0) > 10_000);
  const spentUsd = bench.parts.keepWarm.stats().spentTodayUsd;
  assert.ok(spentUsd > 0);
  assert.equal(spentUsd, (ping?.costNanoUsd ?? 0) / 1e9);
  assert.notEqual(ping?.requestId, row.requestId);
  assertAtRest(bench);
});

test('handleExchange() sends no ping for a session that comes back in time', async () => {
  const bench = pingBench({ maxPings: 1 });
  await bench.send({ body: turn(1), session: 's' });
  await bench.clock.advance(200 * SECOND_MS);
  await bench.send({ body: turn(2), session: 's' });
  await bench.clock.advance(279 * SECOND_MS);
  assert.deepEqual(bench.pings, []);
  await bench.clock.advance(SECOND_MS);
  assert.deepEqual(bench.pings, ['a 480']);
});

test('handleExchange() pings within the number and the money that are allowed', async () => {
  for (const { part, pings, reason } of [
    { part: { maxPings: 2 }, pings: 2, reason: 'enough-pings' },
    { part: { maxPings: 0 }, pings: 0, reason: null },
    { part: { maxUsdPerDay: 0 }, pings: 0, reason: 'budget-spent' },
    { part: { maxUsdPerDay: 0.006 }, pings: 1, reason: 'budget-spent' },
  ] as const) {
    const bench = pingBench(part);
    await bench.send({ body: turn(1), session: 's' });
    await bench.clock.advance(30 * MINUTE_MS);
    const { skipped, heldBytes } = bench.parts.keepWarm.stats();
    assert.deepEqual([bench.pings.length, heldBytes, bench.clock.pendingTimers], [pings, 0, 0]);
    if (reason) assert.equal(skipped[reason], 1);
  }
});

for (const [status, type, state] of [
  [400, 'invalid_request_error', 'available'],
  [429, 'rate_limit_error', 'cooling-down'],
  [500, 'api_error', 'available'],
  [529, 'overloaded_error', 'available'],
  [401, 'authentication_error', 'disabled'],
] as const) {
  test(`handleExchange() tries a ping that gets ${status} nowhere else, and gives it up`, async () => {
    const bench = pingBench({}, (call) =>
      isPing(call) ? anthropicError(status, type, status === 429 ? { 'retry-after': '5' } : {}) : null,
    );
    await bench.send({ body: turn(1), session: 's' });
    const [candidate] = bench.catalog.candidates('m1', 'anthropic-messages');
    assert.ok(candidate);
    await bench.clock.advance(281 * SECOND_MS);
    assert.equal(bench.parts.health.condition(candidate.account, candidate).state, state);
    await bench.clock.advance(30 * MINUTE_MS);
    assert.deepEqual(bench.pings, ['a 280']);
    assert.deepEqual(
      bench.rows.map(({ isKeepWarm, outcome, attempts }) => [isKeepWarm, outcome, attempts.length]),
      [
        [false, 'ok', 1],
        [true, status === 400 ? 'rejected' : 'failed', 1],
      ],
    );
    assert.equal(bench.parts.keepWarm.stats().skipped.failed, 1);
    assertAtRest(bench);
  });
}

test('handleExchange() lets a session whose ping failed go on at its account', async () => {
  const bench = pingBench({}, (call) => (isPing(call) ? anthropicError(500, 'api_error') : null));
  await bench.send({ body: turn(1), session: 's' });
  await bench.clock.advance(290 * SECOND_MS);
  const { row } = await bench.send({ body: turn(2), session: 's' });
  assert.deepEqual([row.accountId, row.affinity], ['a', 'hit']);
  bench.parts.keepWarm.clear();
});

test('handleExchange() lets go of held requests when pings are switched off', async () => {
  const bench = pingBench();
  await bench.send({ body: turn(1), session: 's' });
  assert.ok(bench.parts.keepWarm.stats().heldBytes > 50_000);
  bench.keepWarm.enabled = false;
  bench.parts.keepWarm.sweep();
  assert.deepEqual([bench.parts.keepWarm.stats().heldBytes, bench.clock.pendingTimers], [0, 0]);
  await bench.send({ body: turn(2), session: 's' });
  assert.equal(bench.parts.keepWarm.stats().heldBytes, 0);
});

test('handleExchange() holds nothing of a session that was cleared while its request was under way', async () => {
  const reply = Promise.withResolvers<null>();
  const bench = pingBench();
  const upstream = bench.parts.upstream;
  bench.parts.upstream = async (request) => {
    await reply.promise;
    return upstream(request);
  };
  const sending = bench.open({ body: turn(1), session: 's' });
  await bench.clock.advance(1);
  bench.parts.affinity.clear(() => true, 'cleared');
  reply.resolve(null);
  await (await sending).text();
  assert.deepEqual([bench.rows[0]?.affinityCode, bench.parts.keepWarm.stats().heldBytes], ['cleared', 0]);
});

test('handleExchange() pings in time when the wall clock is set back or ahead', async () => {
  const bench = pingBench({ maxPings: 1 });
  await bench.send({ body: turn(1), session: 's' });
  bench.clock.stepWall(-7 * 3_600_000);
  await bench.clock.advance(100 * SECOND_MS);
  bench.clock.stepWall(9 * 3_600_000);
  await bench.clock.advance(181 * SECOND_MS);
  assert.deepEqual(bench.pings, ['a 280']);
  const back = await bench.send({ body: turn(2), session: 's' });
  assert.ok((back.row.expectedWarmTokens ?? 0) > 10_000);
  bench.parts.keepWarm.clear();
});

test('handleExchange() ends a ping under way when the gateway stops, with its row', async () => {
  const bench = pingBench();
  await bench.send({ body: turn(1), session: 's' });
  const upstream = bench.parts.upstream;
  bench.parts.upstream = (request) =>
    new Promise((_, reject) => {
      request.signal.addEventListener('abort', () =>
        reject(new UpstreamFault('aborted', 'given up', { isSent: true })),
      );
    });
  await bench.clock.advance(281 * SECOND_MS);
  assert.equal(bench.parts.open.size, 1);
  bench.parts.keepWarm.stop();
  stopExchanges(bench.parts.open);
  await bench.clock.advance(0);
  assert.partialDeepStrictEqual(bench.rows[1], { isKeepWarm: true, errorCode: 'shutting-down' });
  bench.parts.upstream = upstream;
  await bench.clock.advance(30 * MINUTE_MS);
  assert.deepEqual([bench.rows.length, bench.clock.pendingTimers], [2, 0]);
  assertAtRest(bench);
});
