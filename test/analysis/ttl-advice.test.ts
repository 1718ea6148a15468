// The price of each cache lifetime: golden figures by hand.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type CachePrices, type TtlAdvice, ttlAdvice } from '../../server/analysis/ttl-advice.ts';
import type { CacheUse, SessionSample } from '../../server/gateway/log-queries.ts';

const MINUTE_MS = 60_000;
/** One USD per token of input, at the ratios of Anthropic. */
const PRICES: CachePrices = { inputUsd: 1, readUsd: 0.1, write5mUsd: 1.25, write1hUsd: 2 };

function use(startMinute: number, over: Partial<CacheUse> = {}): CacheUse {
  return {
    sessionId: 's1',
    userId: 'u1',
    apiKeyId: 'k1',
    modelId: 'm1',
    accountId: 'a1',
    startedAtMs: startMinute * MINUTE_MS,
    finishedAtMs: startMinute * MINUTE_MS + MINUTE_MS,
    inputTokens: 100,
    cacheReadTokens: 0,
    cacheWriteTokens: 100,
    ...over,
  };
}

/** Each drawn session stands for so many. */
function sampleOf(uses: readonly CacheUse[], times: number): SessionSample {
  const sessions = Map.groupBy(uses, ({ sessionId }) => sessionId);
  return {
    sessions: sessions.size * times,
    requests: uses.length * times,
    drawn: new Map([...sessions].map(([id, own]) => [id, { requests: own.length, chance: 1 / times }])),
  };
}

function advise(uses: CacheUse[], over: Partial<Parameters<typeof ttlAdvice>[1]> = {}): TtlAdvice {
  const advice = ttlAdvice(uses, {
    pricesOf: () => PRICES,
    maxPings: 2,
    toMs: 0,
    sample: sampleOf(uses, 1),
    ...over,
  });
  assert.ok(advice);
  return advice;
}

/** To nano-USD, so that sums of decimals compare. */
function rounded(costs: TtlAdvice['inPeriod']): number[] {
  return [costs.fiveMinutesUsd, costs.oneHourUsd, costs.keepWarmUsd].map(
    (usd) => Math.round(usd * 1e9) / 1e9,
  );
}

test('ttlAdvice() prices a gap of 12 minutes by hand', () => {
  // First: 100 tokens written. Second, 100 → 150 tokens, 12 minutes after the first one ended: P = 100.
  //   5 min: 100×1.25 + 150×1.25                              = 125 + 187.5       = 312.5
  //   1 h:   100×2    + 100×0.1 + 50×2                        = 200 + 10 + 100    = 310
  //   pings: 100×1.25 + 100×0.1 + 50×1.25 + 2 pings × 100×0.1 = 125 + 72.5 + 20   = 217.5
  // The period ends with the second request: no pings after it.
  const advice = advise([use(0), use(13, { inputTokens: 150, cacheReadTokens: 0, cacheWriteTokens: 150 })]);
  assert.deepEqual(rounded(advice.inPeriod), [312.5, 310, 217.5]);
  assert.deepEqual(rounded(advice.per1000Requests), [156_250, 155_000, 108_750]);
  assert.equal(advice.basedOnRequests, 2);
  assert.equal(advice.cheapest, 'keep-warm');
  assert.equal(
    advice.reason,
    'The 5-minute cache with keep-warm pings is cheapest: $108750.0000 per 1,000 requests, 30 % less than the 1-hour cache at $155000.0000',
  );
});

test('ttlAdvice() counts a gap from the end of the request before', () => {
  // Starts are 6 minutes apart, but the first ran for 2: the gap is 4 minutes, within the lifetime.
  const long = use(0, { finishedAtMs: 2 * MINUTE_MS });
  // 125 + 100×0.1 = 135; 200 + 10 = 210; pings: none needed.
  assert.deepEqual(rounded(advise([long, use(6)]).inPeriod), [135, 210, 135]);
  // Overlapping requests have no gap.
  assert.deepEqual(
    rounded(advise([use(0, { finishedAtMs: 60 * MINUTE_MS }), use(1)]).inPeriod),
    [135, 210, 135],
  );
});

test('ttlAdvice() keeps lifetimes to the millisecond', () => {
  const at = (gapMs: number) =>
    rounded(
      advise([use(0), use(0, { startedAtMs: MINUTE_MS + gapMs, finishedAtMs: MINUTE_MS + gapMs })]).inPeriod,
    );
  assert.deepEqual(at(300_000), [135, 210, 135]);
  // One ping of 10.
  assert.deepEqual(at(300_001), [250, 210, 145]);
  // Beyond 15 minutes two pings are wasted: 125 + 20 + 125.
  assert.deepEqual(at(900_001), [250, 210, 270]);
  assert.deepEqual(at(3_600_000), [250, 210, 270]);
  assert.deepEqual(at(3_600_001), [250, 400, 270]);
});

test('ttlAdvice() keeps sessions, models and accounts apart and pings after the last request', () => {
  const uses = [use(0), use(1, { sessionId: 's2' }), use(2, { modelId: 'm2' }), use(3, { accountId: 'a2' })];
  // Four chains of one: 4×125, 4×200. By minute 60 each has had its two pings: 4×125 + 4×20.
  assert.deepEqual(rounded(advise(uses, { toMs: 60 * MINUTE_MS }).inPeriod), [500, 800, 580]);
});

test('ttlAdvice() prices what went past the cache as input, and a request without a cache as if it had one', () => {
  // 80 of 100 through the cache: 80×1.25 + 20×1 = 120; 80×2 + 20 = 180.
  assert.deepEqual(rounded(advise([use(0, { cacheWriteTokens: 80 })]).inPeriod), [120, 180, 120]);
  assert.deepEqual(rounded(advise([use(0, { cacheWriteTokens: 0 })]).inPeriod), [125, 200, 125]);
});

test('ttlAdvice() leaves out what has no price or nothing to choose, and scales the period', () => {
  const uses = [use(0), use(1, { modelId: 'free' }), use(2, { modelId: 'implicit' })];
  const advice = advise(uses, {
    pricesOf: ({ modelId }) => (modelId === 'm1' ? PRICES : modelId === 'implicit' ? 'implicit' : 'unpriced'),
    sample: sampleOf(uses, 3),
  });
  assert.deepEqual([advice.basedOnRequests, advice.implicitRequests, advice.unpricedRequests], [1, 1, 1]);
  assert.deepEqual(rounded(advice.inPeriod), [375, 600, 375]);
  assert.deepEqual([advice.sampledSessions, advice.sessions], [1, 3]);
  // One session tells nothing about the others.
  assert.deepEqual(advice.inPeriod.plusMinus, { fiveMinutesUsd: 375, oneHourUsd: 600, keepWarmUsd: 375 });
  // Equal costs: the plan with less to do.
  assert.equal(advice.cheapest, 'five-minutes');
  const none = { pricesOf: () => 'implicit' as const, maxPings: 2, toMs: 0, sample: sampleOf(uses, 1) };
  assert.equal(ttlAdvice(uses, none), null);
});

test('ttlAdvice() tells savings with their errors, and which are not clear', () => {
  // Two sessions of four. Each pauses for 30 minutes: 5 min 250, 1 h 210, pings 270; or not: 135, 210, 135.
  const pausing = (sessionId: string) => [use(0, { sessionId }), use(31, { sessionId })];
  const steady = (sessionId: string) => [use(0, { sessionId }), use(2, { sessionId })];
  const differing = [...pausing('s1'), ...steady('s2')];
  const over = { sample: sampleOf(differing, 2), toMs: 31 * MINUTE_MS };
  const unclear = advise(differing, over);
  // 5 min 385, 1 h 420, pings 405 and two after the last of the steady: × 2. Pings cost 20 more in either, without error.
  assert.deepEqual(rounded(unclear.inPeriod), [770, 840, 850]);
  assert.deepEqual(
    unclear.savings.map(({ plan, usd, isClear }) => [plan, Math.round(usd), isClear]),
    [
      ['one-hour', 70, false],
      ['keep-warm', 80, true],
    ],
  );
  // Half of (250 - 192.5)^2 twice, doubled for each being drawn by half, × 2 / 1; × 8 requests / 8.
  const half = 1.96 * Math.sqrt(2 * 0.5 * 2 * (2 * 57.5) ** 2);
  assert.equal(unclear.inPeriod.plusMinus?.fiveMinutesUsd.toFixed(6), half.toFixed(6));
  assert.equal(
    unclear.reason,
    'The 5-minute cache and the 1-hour cache cost about the same: $96000 ± $40000 and $105000.0000 per 1,000 requests',
  );
  // All alike: nothing differs between sessions, so the saving is clear.
  const alike = [...pausing('s1'), ...pausing('s2')];
  const clear = advise(alike, { ...over, sample: sampleOf(alike, 2) });
  assert.equal(clear.cheapest, 'one-hour');
  assert.deepEqual(
    clear.savings.map(({ plan, isClear }) => [plan, isClear]),
    [
      ['five-minutes', true],
      ['keep-warm', true],
    ],
  );
  // Counted whole there is no error: of equals the one that needs less doing is the cheapest.
  const whole = advise(steady('s1'));
  assert.equal(whole.inPeriod.plusMinus, null);
  assert.deepEqual(
    whole.savings.map(({ plan, plusMinusUsd, isClear }) => [plan, plusMinusUsd, isClear]),
    [
      ['keep-warm', null, true],
      ['one-hour', null, true],
    ],
  );
  assert.match(
    whole.reason,
    /^The 5-minute cache and the 5-minute cache with keep-warm pings cost about the same: /,
  );
});
