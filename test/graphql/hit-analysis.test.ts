// How well prompt caches did, by GraphQL.

import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { openBench } from './admin-bench.ts';
import { START_MS, sampleRow, sampleRows } from './sample-rows.ts';

const HOUR_MS = 3_600_000;

// 1,000 tokens at 3 USD per million: 800 read at 0.3, 100 written at 3.75.
// Reads 240,000 nano-USD, writes 375,000; saved 900 × 3,000 - 615,000 = 2,085,000.
const CACHED = {
  inputTokens: 1_000,
  cacheReadTokens: 800,
  cacheWriteTokens: 100,
  cacheReadNanoUsd: 240_000,
  cacheWriteNanoUsd: 375_000,
  savedNanoUsd: 2_085_000,
};
const COLD = {
  inputTokens: 500,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  cacheReadNanoUsd: 0,
  cacheWriteNanoUsd: 0,
  savedNanoUsd: 0,
};

test('cacheHitAnalysis tells the right figures and, apart, the original ones', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const { log } = bench;
  const startedAtMs = START_MS - HOUR_MS;
  log.append(sampleRow('r1', { startedAtMs, ...CACHED }));
  log.append(sampleRow('r2', { startedAtMs, ...COLD, affinity: 'new', accountId: 'a2' }));
  log.append(
    sampleRow('r3', { startedAtMs, inputTokens: null, outputTokens: null, usageSource: 'none', ...NOTHING }),
  );
  // Not of the analysis: without usage (r3), failed, a ping, too old, still to come.
  log.append(sampleRow('x1', { startedAtMs, outcome: 'failed' }));
  log.append(sampleRow('x2', { startedAtMs, isKeepWarm: true }));
  log.append(sampleRow('x3', { startedAtMs: START_MS - 169 * HOUR_MS }));
  log.append(sampleRow('x4', { startedAtMs: START_MS }));
  const { cacheHitAnalysis } = await bench.ask(`{ cacheHitAnalysis {
    analysisPeriodHours totalRequests requestsWithCacheHit requestCacheHitRate totalInputTokens totalCacheReadTokens
    totalCacheCreationTokens tokenCacheHitRate totalCacheReadCostUsd totalCacheCreationCostUsd estimatedSavingsUsd
    originalTokenCacheHitRate originalEstimatedSavingsUsd writePremiumUsd grossSavingsUsd unpricedRequests
    bound { totalRequests tokenCacheHitRate } unbound { totalRequests tokenCacheHitRate }
    byModel { modelId model totalRequests }
    byAccount { accountId account totalRequests requestsWithCacheHit }
  } }`);
  const { grossSavingsUsd, ...figures } = cacheHitAnalysis;
  assert.deepEqual(figures, {
    analysisPeriodHours: 168,
    totalRequests: 2,
    requestsWithCacheHit: 1,
    requestCacheHitRate: 0.5,
    totalInputTokens: 1_500,
    totalCacheReadTokens: 800,
    totalCacheCreationTokens: 100,
    tokenCacheHitRate: 800 / 1_500,
    totalCacheReadCostUsd: 0.00024,
    totalCacheCreationCostUsd: 0.000375,
    estimatedSavingsUsd: 0.002085,
    // 600 tokens went past the cache: 800 of 1,400.
    originalTokenCacheHitRate: 800 / 1_400,
    originalEstimatedSavingsUsd: 0.00216,
    // 100 tokens at 3.75 in place of 3.
    writePremiumUsd: 0.000075,
    unpricedRequests: 0,
    bound: { totalRequests: 1, tokenCacheHitRate: 0.8 },
    unbound: { totalRequests: 1, tokenCacheHitRate: 0 },
    byModel: [{ modelId: encodeGlobalId('Model', 'm1'), model: 'claude-sonnet-4-5', totalRequests: 2 }],
    byAccount: [
      {
        accountId: encodeGlobalId('Account', 'a1'),
        account: 'team-a',
        totalRequests: 1,
        requestsWithCacheHit: 1,
      },
      {
        accountId: encodeGlobalId('Account', 'a2'),
        account: 'team-b',
        totalRequests: 1,
        requestsWithCacheHit: 0,
      },
    ],
  });
  assert.equal(grossSavingsUsd.toFixed(9), '0.002160000');
});

const NOTHING = {
  cacheReadTokens: null,
  cacheWriteTokens: null,
  cacheReadNanoUsd: null,
  cacheWriteNanoUsd: null,
  costNanoUsd: null,
  savedNanoUsd: null,
};

test('cacheHitAnalysis takes user and key together', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const startedAtMs = START_MS - 1;
  bench.log.append(sampleRow('r1', { startedAtMs }));
  bench.log.append(sampleRow('r2', { startedAtMs, apiKeyId: 'k2' }));
  const total = async (args: string) =>
    (await bench.ask(`{ cacheHitAnalysis(${args}) { totalRequests } }`)).cacheHitAnalysis.totalRequests;
  assert.equal(await total('userId: "u1"'), 2);
  assert.equal(await total('userId: "u1", apiKeyId: "k2"'), 1);
  assert.equal(await total('userId: "u2", apiKeyId: "k2"'), 0);
});

test('cacheHitAnalysis shows the trend in whole buckets', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.log.append(sampleRow('r1', { startedAtMs: START_MS - 1, ...CACHED }));
  const trend = async (hours: number) => {
    const query = `{ cacheHitAnalysis(hours: ${hours}) { trend { from to totalRequests tokenCacheHitRate } } }`;
    return (await bench.ask(query)).cacheHitAnalysis.trend;
  };
  const day = await trend(24);
  assert.equal(day.length, 96);
  assert.deepEqual(day.at(-1), {
    from: '2026-11-21T21:45:00.000Z',
    to: '2026-11-21T22:00:00.000Z',
    totalRequests: 1,
    tokenCacheHitRate: 0.8,
  });
  assert.equal((await trend(1)).length, 12);
  assert.equal((await trend(720)).length, 181);
});

test('cacheHitAnalysis does not guess a premium where prices are missing', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.log.append(sampleRow('r1', { startedAtMs: START_MS - 1, costNanoUsd: null, savedNanoUsd: null }));
  const { cacheHitAnalysis } = await bench.ask(
    '{ cacheHitAnalysis { unpricedRequests writePremiumUsd grossSavingsUsd } }',
  );
  assert.deepEqual(cacheHitAnalysis, { unpricedRequests: 1, writePremiumUsd: null, grossSavingsUsd: null });
});
