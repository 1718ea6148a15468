// The lifetime that a session's gaps make cheaper, the price of a ping, and the odds of a return.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseTtl, GapStatistics, pingPays, type SessionGaps } from '../../server/routing/ttl-choice.ts';
import { ManualClock } from '../manual-clock.ts';

const MINUTE_MS = 60_000;
/** Anthropic's, per million input tokens at $1. */
const PRICES = { readUsd: 0.1e-6, write5mUsd: 1.25e-6, write1hUsd: 2e-6 };

function gaps(part: Partial<SessionGaps>): SessionGaps {
  return { atStakeTokens5to60: 0, atStakeTokensOver60: 0, writtenTokens: 0, gapCount: 20, ...part };
}

for (const { name, own, usual = null, prices = PRICES, ttl, code } of [
  {
    name: '1 h just above the point where both cost the same',
    own: gaps({ atStakeTokens5to60: 75_001, writtenTokens: 115_000 }),
    ttl: '1h',
    code: 'gaps-pay',
  },
  {
    name: '5 min just below it',
    own: gaps({ atStakeTokens5to60: 74_999, writtenTokens: 115_000 }),
    ttl: '5m',
    code: 'gaps-do-not-pay',
  },
  {
    name: '5 min when gaps beyond an hour are written at the higher price too',
    own: gaps({ atStakeTokens5to60: 80_000, writtenTokens: 100_000, atStakeTokensOver60: 30_000 }),
    ttl: '5m',
    code: 'gaps-do-not-pay',
  },
  {
    name: '5 min for a session without pauses',
    own: gaps({ writtenTokens: 50_000 }),
    ttl: '5m',
    code: 'gaps-do-not-pay',
  },
  { name: '5 min when nothing was seen', own: gaps({ gapCount: 0 }), ttl: '5m', code: 'no-gaps' },
  {
    name: 'what is usual for a session that was not seen yet',
    own: gaps({ gapCount: 0 }),
    usual: gaps({ gapCount: 1_000, atStakeTokens5to60: 90e6, writtenTokens: 100e6 }),
    ttl: '1h',
    code: 'gaps-pay',
  },
  {
    name: 'its own gaps once there are enough of them, whatever is usual',
    own: gaps({ gapCount: 10, writtenTokens: 1 }),
    usual: gaps({ gapCount: 1_000, atStakeTokens5to60: 90e9 }),
    ttl: '5m',
    code: 'gaps-do-not-pay',
  },
  {
    name: '5 min when no price is known',
    own: gaps({ atStakeTokens5to60: 1e6 }),
    prices: null,
    ttl: '5m',
    code: 'unpriced',
  },
  {
    name: '5 min when the price list does not tell the lifetimes apart',
    own: gaps({ atStakeTokens5to60: 1e6 }),
    prices: { ...PRICES, write1hUsd: PRICES.write5mUsd },
    ttl: '5m',
    code: 'unpriced',
  },
]) {
  test(`chooseTtl() takes ${name}`, () => {
    const choice = chooseTtl(own, { prices, usual });
    assert.deepEqual([choice.ttl, choice.code], [ttl, code]);
    assert.ok(choice.reason.length > 10);
  });
}

test('chooseTtl() gives both sums in its reason', () => {
  const { reason, sums } = chooseTtl(gaps({ atStakeTokens5to60: 100_000, writtenTokens: 10_000 }), {
    prices: PRICES,
    usual: null,
  });
  assert.equal(reason, 'by its own pauses 1 h saves $0.12 of writing again and costs $0.0075 more to write');
  // 1.15 of the input's price for each of 100,000 tokens, 0.75 of it for each of 10,000.
  assert.ok(sums?.isOwn && Math.abs(sums.savedUsd - 0.115) < 1e-12);
  assert.ok(Math.abs(sums.extraUsd - 0.0075) < 1e-12);
});

test('chooseTtl() says when it went by more than its own pauses, and gives no sums of nothing', () => {
  const seen = gaps({ gapCount: 9, atStakeTokens5to60: 100 });
  assert.equal(chooseTtl(seen, { prices: PRICES, usual: null }).sums?.isOwn, false);
  assert.equal(chooseTtl(seen, { prices: null, usual: null }).sums, null);
  assert.equal(chooseTtl(gaps({ gapCount: 0 }), { prices: PRICES, usual: null }).sums, null);
});

for (const { odds, uncachedTokens = 0, pays, code } of [
  { odds: 0.087, pays: true, code: 'pays' },
  { odds: 0.0869, pays: false, code: 'rarely-returns' },
  { odds: 0.087, uncachedTokens: 500, pays: false, code: 'rarely-returns' },
  { odds: null, pays: false, code: 'odds-unknown' },
]) {
  test(`pingPays() says ${code} at odds of ${odds} and ${uncachedTokens} uncached tokens`, () => {
    const prices = { inputUsd: 1e-6, readUsd: 0.1e-6, writeUsd: 1.25e-6 };
    const verdict = pingPays({ odds, warmTokens: 100_000, uncachedTokens, prices });
    assert.deepEqual([verdict.pays, verdict.code], [pays, code]);
    assert.ok(Math.abs(verdict.costUsd - 0.01 - uncachedTokens * 1e-6) < 1e-12);
  });
}

test('pingPays() pays nothing where writes cost no more than reads', () => {
  const prices = { inputUsd: 1e-6, readUsd: 1e-6, writeUsd: 1e-6 };
  const verdict = pingPays({ odds: 1, warmTokens: 100_000, uncachedTokens: 0, prices });
  assert.deepEqual([verdict.pays, verdict.code], [false, 'unpriced']);
});

test('GapStatistics.sawRequest() sums what was at stake at each gap, and new writes only', () => {
  const clock = new ManualClock();
  const statistics = new GapStatistics({ clock });
  const key = { session: 's', group: 'g' };
  const saw = (minute: number, prefixTokens: number, writtenTokens: number) =>
    statistics.sawRequest(key, { atMs: minute * MINUTE_MS, prefixTokens, writtenTokens });
  saw(0, 10_000, 10_000);
  saw(5, 12_000, 2_000);
  // Written again after 5 min, with 1,000 new ones.
  saw(11, 13_000, 13_000);
  // Shortened: 8,000 are shared at most.
  saw(71, 8_000, 8_000);
  saw(132, 9_000, 9_000);
  assert.deepEqual(statistics.gaps(key), {
    atStakeTokens5to60: 12_000 + 8_000,
    atStakeTokensOver60: 8_000,
    writtenTokens: 10_000 + 2_000 + 1_000 + 0 + 1_000,
    gapCount: 4,
  });
  assert.deepEqual(statistics.usualGaps({ session: 'other', group: 'g' }), statistics.gaps(key));
});

test('GapStatistics keeps sessions and groups apart', () => {
  const statistics = new GapStatistics({ clock: new ManualClock() });
  const sighting = { atMs: 0, prefixTokens: 100, writtenTokens: 100 };
  statistics.sawRequest({ session: 's', group: 'g' }, sighting);
  statistics.sawRequest({ session: 's', group: 'h' }, sighting);
  assert.equal(statistics.size, 2);
  assert.equal(statistics.gaps({ session: 't', group: 'g' }).writtenTokens, 0);
  assert.equal(statistics.usualGaps({ session: 's', group: 'g' })?.writtenTokens, 100);
  assert.equal(statistics.usualGaps({ session: 's', group: 'i' }), null);
});

test('GapStatistics.sawRequest() counts requests that are told out of order as no gap', () => {
  const statistics = new GapStatistics({ clock: new ManualClock() });
  const key = { session: 's', group: 'g' };
  for (const minute of [20, 0, 22]) {
    statistics.sawRequest(key, { atMs: minute * MINUTE_MS, prefixTokens: 100, writtenTokens: 0 });
  }
  assert.deepEqual([statistics.gaps(key).gapCount, statistics.gaps(key).atStakeTokens5to60], [2, 0]);
});

/** Sessions of one gap each: `returning` of them come back after the given minutes, the others never do. */
async function seen(returning: number, gone: number, minutes: number) {
  const clock = new ManualClock();
  const statistics = new GapStatistics({ clock });
  const saw = (session: string) =>
    statistics.sawRequest(
      { session, group: 'g' },
      { atMs: clock.nowMs(), prefixTokens: 100, writtenTokens: 0 },
    );
  for (let at = 0; at < returning + gone; at += 1) saw(`s${at}`);
  await clock.advance(minutes * MINUTE_MS);
  for (let at = 0; at < returning; at += 1) saw(`s${at}`);
  return { clock, statistics };
}

const STRANGER = { session: 'stranger', group: 'g' };

test('GapStatistics.returnOdds() counts sessions that never came back', async () => {
  const { clock, statistics } = await seen(30, 70, 7);
  await clock.advance(300 * MINUTE_MS);
  const odds = (idle: number, within: number) =>
    statistics.returnOdds(STRANGER, idle * MINUTE_MS, within * MINUTE_MS) ?? Number.NaN;
  // Those that came back once and then no more were seen idle as well: 30 of 130.
  assert.ok(Math.abs(odds(5, 5) - 30 / 130) < 0.001, String(odds(5, 5)));
  assert.equal(odds(8, 5), 0);
  assert.equal(odds(0, 5), 0);
});

test('GapStatistics.returnOdds() does not count sessions as gone for longer than they have been idle', async () => {
  const { statistics } = await seen(30, 70, 7);
  // All that are idle now have been so for 7 min or less: of those that 8 min would tell of, all came back.
  const odds = statistics.returnOdds(STRANGER, 6 * MINUTE_MS, 2 * MINUTE_MS) ?? Number.NaN;
  assert.ok(odds > 0.4 && odds < 0.5, String(odds));
});

test('GapStatistics.returnOdds() shares a bucket out evenly', async () => {
  const { clock, statistics } = await seen(50, 0, 7);
  await clock.advance(300 * MINUTE_MS);
  const whole = statistics.returnOdds(STRANGER, 6 * MINUTE_MS, 2 * MINUTE_MS) ?? Number.NaN;
  const first = statistics.returnOdds(STRANGER, 6 * MINUTE_MS, MINUTE_MS) ?? Number.NaN;
  assert.ok(Math.abs(whole - 0.5) < 0.001, String(whole));
  assert.ok(Math.abs((1 - first) ** 2 - (1 - whole)) < 1e-9);
});

test('GapStatistics.returnOdds() weighs a session by its own habits', async () => {
  const { clock, statistics } = await seen(30, 70, 7);
  await clock.advance(300 * MINUTE_MS);
  const key = { session: 'regular', group: 'g' };
  const usual = statistics.returnOdds(key, 5 * MINUTE_MS, 5 * MINUTE_MS) ?? Number.NaN;
  for (let round = 0; round < 11; round += 1) {
    statistics.sawRequest(key, { atMs: clock.nowMs(), prefixTokens: 100, writtenTokens: 0 });
    await clock.advance(7 * MINUTE_MS);
  }
  const own = statistics.returnOdds(key, 5 * MINUTE_MS, 5 * MINUTE_MS) ?? Number.NaN;
  assert.ok(usual < 0.3 && own > 0.6, `${usual} ${own}`);
});

test('GapStatistics.returnOdds() says nothing before enough was seen', async () => {
  const { statistics } = await seen(5, 5, 7);
  assert.equal(statistics.returnOdds(STRANGER, 5 * MINUTE_MS, 5 * MINUTE_MS), null);
  assert.equal(statistics.returnOdds({ session: 's', group: 'unknown' }, 0, MINUTE_MS), null);
});

test('GapStatistics forgets the sessions used longest ago, and still knows that they did not come back', async () => {
  const clock = new ManualClock();
  const statistics = new GapStatistics({ clock, maxSessions: 50 });
  const saw = (session: string) =>
    statistics.sawRequest(
      { session, group: 'g' },
      { atMs: clock.nowMs(), prefixTokens: 100, writtenTokens: 0 },
    );
  for (let at = 0; at < 50; at += 1) saw(`old${at}`);
  await clock.advance(7 * MINUTE_MS);
  for (let at = 0; at < 25; at += 1) saw(`old${at}`);
  await clock.advance(300 * MINUTE_MS);
  for (let at = 0; at < 50; at += 1) saw(`new${at}`);
  assert.equal(statistics.size, 50);
  const odds = statistics.returnOdds(STRANGER, 5 * MINUTE_MS, 5 * MINUTE_MS) ?? Number.NaN;
  assert.ok(Math.abs(odds - 25 / 75) < 0.001, String(odds));
});
