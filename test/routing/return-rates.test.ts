// How many warm callers are to be expected back at an account, and with how much.

import assert from 'node:assert/strict';
import test from 'node:test';
import { ReturnRates } from '../../server/routing/return-rates.ts';
import { ManualClock } from '../manual-clock.ts';

const NEWCOMER = { serviceMs: 20_000, promptTokens: 4_000 };
const NOTHING = { expectedWarmInFlight: 0, warmInFlight: 0, warmTokensShare: 0 };

function open() {
  const clock = new ManualClock();
  return { clock, returns: new ReturnRates({ clock }) };
}

function near(actual: number, expected: number, share = 1e-9) {
  assert.ok(Math.abs(actual - expected) <= expected * share, `${actual} is not ${expected}`);
}

test('ReturnRates expects nothing of an account that nobody was warm at', () => {
  const { returns } = open();
  returns.sawRequest('a', { warmTokens: 0 })();
  assert.deepEqual(returns.expected('a', NEWCOMER), NOTHING);
});

test('ReturnRates expects as many in flight as a steady rate and the time of one request make', async () => {
  const { clock, returns } = open();
  for (let n = 0; n < 360; n += 1) {
    await clock.advance(10_000);
    returns.sawRequest('a', { warmTokens: 1_000 })();
  }
  // One in 10 s, each for 20 s.
  near(returns.expected('a', NEWCOMER).expectedWarmInFlight, 2, 0.02);
  assert.deepEqual(returns.expected('b', NEWCOMER), NOTHING);
});

test('ReturnRates fades as the caches do', async () => {
  const { clock, returns } = open();
  returns.sawRequest('a', { warmTokens: 1_000 })();
  const now = returns.expected('a', NEWCOMER).expectedWarmInFlight;
  near(now, 20 / 300);
  await clock.advance(300_000);
  near(returns.expected('a', NEWCOMER).expectedWarmInFlight, now / Math.E);
  await clock.advance(24 * 3600_000);
  assert.deepEqual(returns.expected('a', NEWCOMER), NOTHING);
});

test('ReturnRates weighs what returns against the prompt that asks, up to as much', async () => {
  const { clock, returns } = open();
  returns.sawRequest('a', { warmTokens: 1_000 })();
  await clock.advance(1_000);
  returns.sawRequest('a', { warmTokens: 3_000 })();
  const shareFor = (promptTokens: number) =>
    returns.expected('a', { serviceMs: 1_000, promptTokens }).warmTokensShare;
  near(shareFor(4_000), 0.5, 0.01);
  assert.equal(shareFor(500), 1);
  assert.equal(shareFor(0), 1);
});

test('ReturnRates counts who is there until the slot is given back, once', () => {
  const { returns } = open();
  const first = returns.sawRequest('a', { warmTokens: 10 });
  const second = returns.sawRequest('a', { warmTokens: 10 });
  const inFlight = () => returns.expected('a', NEWCOMER).warmInFlight;
  assert.equal(inFlight(), 2);
  first();
  first();
  assert.equal(inFlight(), 1);
  second();
  assert.equal(inFlight(), 0);
});

test('ReturnRates.forget expects nobody back, and still counts who is there', () => {
  const { returns } = open();
  returns.sawRequest('a', { warmTokens: 10 });
  returns.forget('a');
  assert.deepEqual(returns.expected('a', NEWCOMER), { ...NOTHING, warmInFlight: 1 });
});

test('ReturnRates forgets the account that was idle longest when there are too many', () => {
  const { returns } = open();
  for (let n = 0; n < 10_000; n += 1) returns.sawRequest(`a${n}`, { warmTokens: 10 })();
  returns.sawRequest('a0', { warmTokens: 10 })();
  returns.sawRequest('one-more', { warmTokens: 10 })();
  assert.notEqual(returns.expected('a0', NEWCOMER).expectedWarmInFlight, 0);
  assert.equal(returns.expected('a1', NEWCOMER).expectedWarmInFlight, 0);
});
