// The price of each cache lifetime: golden figures by hand.

import assert from 'node:assert/strict';
import test from 'node:test';
import { type CachePrices, type TtlAdvice, ttlAdvice } from '../../server/analysis/ttl-advice.ts';
import type { CacheUse } from '../../server/gateway/log-queries.ts';

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

function advise(uses: CacheUse[], over: Partial<Parameters<typeof ttlAdvice>[1]> = {}): TtlAdvice {
  const advice = ttlAdvice(uses, {
    pricesOf: () => PRICES,
    maxPings: 2,
    toMs: 0,
    sessionsPerDrawn: 1,
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
    sessionsPerDrawn: 3,
  });
  assert.deepEqual([advice.basedOnRequests, advice.implicitRequests, advice.unpricedRequests], [1, 1, 1]);
  assert.deepEqual(rounded(advice.inPeriod), [375, 600, 375]);
  // Equal costs: the plan with less to do.
  assert.equal(advice.cheapest, 'five-minutes');
  const none = { pricesOf: () => 'implicit' as const, maxPings: 2, toMs: 0, sessionsPerDrawn: 1 };
  assert.equal(ttlAdvice(uses, none), null);
});
