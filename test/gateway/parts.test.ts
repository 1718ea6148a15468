// Health marks, retry advice, slots, live events and prices.

import assert from 'node:assert/strict';
import test from 'node:test';
import { retryAfterMs } from '../../server/gateway/headers.ts';
import { HealthTable } from '../../server/gateway/health.ts';
import { Slots } from '../../server/gateway/limits.ts';
import { Live } from '../../server/gateway/live.ts';
import type { ModelPrice } from '../../server/gateway/ports.ts';
import { costOf } from '../../server/gateway/pricing.ts';
import { NO_USAGE } from '../../server/wire/usage.ts';
import { ManualClock } from '../manual-clock.ts';
import { account } from './fixture.ts';

const NOW_MS = Date.parse('2026-11-21T12:00:00Z');

for (const [headers, expected] of [
  [{ 'retry-after': '7' }, 7_000],
  [{ 'retry-after': '0.5' }, 500],
  [{ 'retry-after': 'Sat, 21 Nov 2026 12:00:30 GMT' }, 30_000],
  [{ 'retry-after': 'Sat, 21 Nov 2026 11:00:00 GMT' }, 0],
  [{ 'retry-after-ms': '250', 'retry-after': '9' }, 250],
  [{ 'retry-after': 'soon' }, null],
  [{ 'retry-after': '-5' }, 0],
  [{ 'retry-after': '1e12' }, 8 * 24 * 3600_000],
  [{}, null],
] as [Record<string, string>, number | null][]) {
  test(`retryAfterMs() reads ${JSON.stringify(headers)}`, () => {
    assert.equal(retryAfterMs(new Headers(headers), NOW_MS), expected);
  });
}

test('HealthTable cools only the model that was rate limited', () => {
  const health = new HealthTable(new ManualClock());
  const a = account({ name: 'a' });
  health.rateLimited('a', 'm1', 1_000);
  assert.equal(health.condition(a, 'm1').state, 'cooling-down');
  assert.equal(health.condition(a, 'm2').state, 'available');
});

test('HealthTable never shortens a cooldown', async () => {
  const clock = new ManualClock();
  const health = new HealthTable(clock);
  const a = account({ name: 'a' });
  health.rateLimited('a', 'm', 10_000);
  health.rateLimited('a', 'm', 1_000);
  await clock.advance(5_000);
  assert.equal(health.condition(a, 'm').state, 'cooling-down');
});

test('HealthTable puts an account aside after five failures in a row, longer each time', async () => {
  const clock = new ManualClock();
  const health = new HealthTable(clock);
  const a = account({ name: 'a' });
  const fail = (times: number) => Array.from({ length: times }, () => health.failed('a'));
  fail(4);
  health.succeeded('a');
  assert.deepEqual(fail(5), [false, false, false, false, true]);
  assert.equal(health.condition(a).state, 'cooling-down');
  await clock.advance(30_000);
  assert.equal(health.condition(a).state, 'available');
  fail(5);
  await clock.advance(30_000);
  assert.equal(health.condition(a).state, 'cooling-down');
  health.reset('a');
  assert.equal(health.condition(a).state, 'available');
});

test('Slots gives each slot back once', () => {
  const slots = new Slots();
  const a = account({ name: 'a', maxConcurrent: 2 });
  const first = slots.take('a');
  slots.take('a');
  assert.equal(slots.isFull(a), true);
  first();
  first();
  assert.deepEqual([slots.inFlight('a'), slots.isFull(a), slots.total()], [1, false, 1]);
});

test('Live hands events on in order and stops at the signal', async () => {
  const live = new Live();
  const stop = new AbortController();
  const seen: string[] = [];
  const reading = (async () => {
    for await (const event of live.subscribe('account', stop.signal)) seen.push(event.accountId);
  })();
  for (const accountId of ['1', '2', '3']) live.publish({ kind: 'account', accountId });
  await new Promise((resolve) => setTimeout(resolve, 0));
  stop.abort();
  await reading;
  assert.deepEqual(seen, ['1', '2', '3']);
  assert.equal(live.has('account'), false);
});

test('Live ends a listener that is too far behind instead of growing', async () => {
  const live = new Live();
  const events = live.subscribe('account', new AbortController().signal);
  for (let i = 0; i <= 10_001; i++) live.publish({ kind: 'account', accountId: 'a' });
  await assert.rejects(async () => {
    for await (const _event of events);
  }, /events behind/);
});

const priced = (name: string, price: ModelPrice | null = null, rateMultiplier = 1) => ({
  model: { id: 'm', name, displayName: null, price },
  upstreamModel: name,
  baseUrl: 'https://upstream.test',
  rateMultiplier,
});
const USAGE = {
  ...NO_USAGE,
  inputTokens: 1_000,
  outputTokens: 100,
  cacheReadTokens: 600,
  cacheWriteTokens: 300,
  cacheWrite5mTokens: 200,
  cacheWrite1hTokens: 100,
};
const NO_PRICE: ModelPrice = {
  inputUsdPerMillion: null,
  outputUsdPerMillion: null,
  cacheReadUsdPerMillion: null,
  cacheWrite5mUsdPerMillion: null,
  cacheWrite1hUsdPerMillion: null,
};

test('costOf() prices each part by itself and subtracts the write premium from what was saved', () => {
  // Claude Sonnet 4.5: input 3, read 0.30, write 3.75 (5 min) and 6 (1 h), output 15 USD per million.
  const cost = costOf(USAGE, priced('claude-sonnet-4-5'));
  assert.equal(cost?.costNanoUsd, 100 * 3_000 + 600 * 300 + 200 * 3_750 + 100 * 6_000 + 100 * 15_000);
  assert.equal(cost?.savedNanoUsd, 600 * 2_700 - 200 * 750 - 100 * 3_000);
});

test("costOf() applies the account's rate multiplier", () => {
  const [one, half] = [
    costOf(USAGE, priced('claude-sonnet-4-5')),
    costOf(USAGE, priced('claude-sonnet-4-5', null, 0.5)),
  ];
  assert.equal(half?.costNanoUsd, (one?.costNanoUsd ?? 0) / 2);
});

test('costOf() takes an override before the table, and claims no saving it was not told of', () => {
  const cost = costOf(
    USAGE,
    priced('anything', { ...NO_PRICE, inputUsdPerMillion: 1, outputUsdPerMillion: 2 }),
  );
  assert.deepEqual(cost, {
    costNanoUsd: 1_000 * 1_000 + 100 * 2_000,
    savedNanoUsd: 0,
    priceVersion: 'override',
  });
});

test('costOf() leaves a model without a price, and a reply without usage, unpriced', () => {
  assert.equal(costOf(USAGE, priced('nobody-knows-this')), null);
  assert.equal(costOf(USAGE, priced('nobody-knows-this', { ...NO_PRICE, inputUsdPerMillion: 1 })), null);
  assert.equal(costOf(NO_USAGE, priced('claude-sonnet-4-5')), null);
});
