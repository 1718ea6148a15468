// Cache hit figures, computed by hand.

import assert from 'node:assert/strict';
import test from 'node:test';
import { addSums, hitFigures, originalFigures, writePremiumUsd } from '../../server/analysis/hits.ts';
import type { RequestSums } from '../../server/gateway/log-queries.ts';

function sums(over: Partial<RequestSums> = {}): RequestSums {
  return { ...addSums([]), ...over };
}

// 1,000 input tokens: 600 read at 0.1, 300 written at 1.25, 100 plain; input costs 1,000 nano-USD a token.
// Reads cost 60,000, writes 375,000. Without a cache the 900 had cost 900,000: saved 465,000.
const SUMS = sums({
  total: 4,
  reportedRequests: 4,
  requestsWithCacheRead: 3,
  inputTokens: 1_000,
  cacheReadTokens: 600,
  cacheWriteTokens: 300,
  cacheReadNanoUsd: 60_000,
  cacheWriteNanoUsd: 375_000,
  savedNanoUsd: 465_000,
});

test('hitFigures() counts every input token and takes the write premium off', () => {
  assert.deepEqual(hitFigures(SUMS), {
    requestCacheHitRate: 0.75,
    tokenCacheHitRate: 0.6,
    cacheReadUsd: 0.00006,
    cacheCreationUsd: 0.000375,
    savedUsd: 0.000465,
  });
  assert.equal(hitFigures(sums()).tokenCacheHitRate, 0);
});

test('originalFigures() ignores writes, and nine times the reads is what it calls saved', () => {
  const { tokenCacheHitRate, savedUsd } = originalFigures(SUMS);
  // 600 of 100 + 600.
  assert.equal(tokenCacheHitRate, 600 / 700);
  assert.equal(savedUsd, 0.00054);
});

test('writePremiumUsd() is what writes cost above input, by model', () => {
  // 300 tokens at 1,250 instead of 1,000: 75,000. The second model is five times dearer.
  const dear = sums({
    cacheWriteTokens: 100,
    cacheWriteNanoUsd: 625_000,
    savedNanoUsd: -125_000,
    inputTokens: 100,
  });
  assert.equal(writePremiumUsd([SUMS]), 0.000075);
  assert.equal(writePremiumUsd([SUMS, dear]), 0.0002);
  assert.equal(writePremiumUsd([]), 0);
});

test('writePremiumUsd() does not guess where a request has no price', () => {
  assert.equal(writePremiumUsd([SUMS, { ...SUMS, unpricedRequests: 1 }]), null);
  // Without writes there is no premium to tell.
  assert.equal(writePremiumUsd([sums({ unpricedRequests: 1, inputTokens: 5 })]), 0);
});

test('addSums() adds every sum', () => {
  const twice = addSums([SUMS, SUMS]);
  assert.equal(twice.inputTokens, 2_000);
  assert.equal(twice.savedNanoUsd, 930_000);
  assert.equal(twice.total, 8);
});
