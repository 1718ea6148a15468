// Lifetimes recommended from the request log, by GraphQL.

import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { type Bench, openBench } from './admin-bench.ts';
import { START_MS, sampleRow, sampleRows } from './sample-rows.ts';

const MINUTE_MS = 60_000;
const FIELDS = `analysisPeriodHours totalUsersAnalyzed isExact ttlDistribution { min5 min15 min30 min60 }
  users {
    groupId username email name requestCount
    intervalDistribution { within5min within15min within30min within60min over60min }
    intervalPercentages { within5min within15min within30min within60min over60min }
    percentiles { p50 p75 p90 } avgIntervalMinutes minIntervalMinutes maxIntervalMinutes
    recommendedTtlMinutes recommendationReason
  }`;

/** Requests so many minutes before now. */
function append(
  bench: Bench,
  minutesAgo: readonly number[],
  over: Parameters<typeof sampleRow>[1] = {},
): void {
  for (const ago of minutesAgo) {
    const startedAtMs = START_MS - ago * MINUTE_MS;
    const finishedAtMs = startedAtMs + 1_000;
    bench.log.append(
      sampleRow(`r${bench.log.rows.length}`, { startedAtMs, finishedAtMs, latencyMs: 1_000, ...over }),
    );
  }
}

test('ttlAnalysis tells every figure of a user', async () => {
  const bench = await openBench({ rows: sampleRows() });
  // Intervals of 20, 0 and 40 minutes; p50 = 20, p75 at 1.5 = 30, p90 at 1.8 = 36.
  append(bench, [100, 80, 80, 40]);
  // Of nobody, failed, a ping, too old, and too few.
  append(bench, [99, 98, 97], { userId: null, apiKeyId: 'k3' });
  append(bench, [70], { outcome: 'failed' });
  append(bench, [60], { isKeepWarm: true });
  append(bench, [169 * 60]);
  append(bench, [50, 49], { userId: 'u2', apiKeyId: null });
  const { ttlAnalysis } = await bench.ask(`{ ttlAnalysis { ${FIELDS} } }`);
  assert.deepEqual(ttlAnalysis, {
    analysisPeriodHours: 168,
    totalUsersAnalyzed: 1,
    isExact: true,
    ttlDistribution: { min5: 0, min15: 0, min30: 1, min60: 0 },
    users: [
      {
        groupId: encodeGlobalId('User', 'u1'),
        username: 'ada',
        email: 'ada@example.com',
        name: 'ada',
        requestCount: 3,
        intervalDistribution: { within5min: 1, within15min: 0, within30min: 1, within60min: 1, over60min: 0 },
        intervalPercentages: {
          within5min: 0.333,
          within15min: 0,
          within30min: 0.333,
          within60min: 0.333,
          over60min: 0,
        },
        percentiles: { p50: 20, p75: 30, p90: 36 },
        avgIntervalMinutes: 20,
        minIntervalMinutes: 0,
        maxIntervalMinutes: 40,
        recommendedTtlMinutes: 30,
        recommendationReason: 'Medium frequency: 75 % of intervals within 30.0 min',
      },
    ],
  });
});

test('ttlAnalysis groups by key, session and model, and by key where one is given', async () => {
  const bench = await openBench({ rows: sampleRows() });
  append(bench, [9, 8, 7]);
  append(bench, [6, 5, 4], { apiKeyId: 'k2', sessionId: 'other', modelId: 'm2' });
  const groups = async (args: string) => {
    const { ttlAnalysis } = await bench.ask(`{ ttlAnalysis(${args}) { users { groupId name username } } }`);
    return ttlAnalysis.users;
  };
  const ofKey = { groupId: encodeGlobalId('ApiKey', 'k2'), name: 'ada-ci', username: null };
  assert.deepEqual(await groups('groupBy: API_KEY, first: 1'), [
    { groupId: encodeGlobalId('ApiKey', 'k1'), name: 'ada-laptop', username: null },
  ]);
  assert.deepEqual(await groups('apiKeyId: "k2"'), [ofKey]);
  assert.deepEqual(await groups(`apiKeyId: "${encodeGlobalId('ApiKey', 'k2')}", userId: "u1"`), [ofKey]);
  assert.deepEqual(await groups('apiKeyId: "k2", userId: "u2"'), []);
  assert.deepEqual(await groups('groupBy: SESSION'), [
    { groupId: 'other', name: null, username: null },
    { groupId: 'session-1', name: null, username: null },
  ]);
  assert.deepEqual(
    (await groups('groupBy: MODEL')).map(({ name }: { name: string }) => name),
    ['claude-sonnet-4-5', 'llama'],
  );
});

test('ttlAnalysis prices the lifetimes at the real prices of the model', async () => {
  const rows = sampleRows();
  const price = {
    inputUsdPerMillion: 10,
    outputUsdPerMillion: 50,
    cacheReadUsdPerMillion: 1,
    cacheWrite5mUsdPerMillion: 12.5,
    cacheWrite1hUsdPerMillion: 20,
    tiers: [],
  };
  const models = (rows.models ?? []).map((model) => (model.id === 'm1' ? { ...model, price } : model));
  const bench = await openBench({ rows: { ...rows, models } });
  // 100,000 tokens, written, then after 20 minutes again: gap 1,199 s.
  const tokens = { inputTokens: 100_000, cacheReadTokens: 0, cacheWriteTokens: 100_000 };
  append(bench, [30, 10, 10], tokens);
  // A provider that caches by itself.
  append(bench, [5], { modelId: 'm2', accountId: 'a3', userId: 'u2', ...tokens });
  const ADVICE = `advice { basedOnRequests implicitRequests unpricedRequests cheapest reason
    per1000Requests { fiveMinutesUsd oneHourUsd keepWarmUsd } inPeriod { fiveMinutesUsd oneHourUsd keepWarmUsd } }`;
  const { ttlAnalysis } = await bench.ask(`{ ttlAnalysis { ${ADVICE} users { ${ADVICE} } } }`);
  // A write costs 1.25 USD for 5 minutes and 2 for an hour, a read 0.1; three pings are allowed.
  //   5 min: 1.25 + 1.25 + 0.1 = 2.6; 1 h: 2 + 0.1 + 0.1 = 2.2
  //   pings: the gap of 19:59 is kept by three, 1.25 + 0.3 + 0.1 + 0.1, and one ping after the last (9:59 idle): 1.85
  const { inPeriod, per1000Requests, ...advice } = ttlAnalysis.advice;
  assert.deepEqual(advice, {
    basedOnRequests: 3,
    implicitRequests: 1,
    unpricedRequests: 0,
    cheapest: 'KEEP_WARM',
    reason:
      'The 5-minute cache with keep-warm pings is cheapest: $616.6667 per 1,000 requests, 16 % less than the 1-hour cache at $733.3333',
  });
  const cents = (costs: Record<string, number>) => Object.values(costs).map((usd) => Math.round(usd * 100));
  assert.deepEqual(cents(inPeriod), [260, 220, 185]);
  assert.deepEqual(cents(per1000Requests), [86_667, 73_333, 61_667]);
  assert.equal(ttlAnalysis.users[0].advice.basedOnRequests, 3);
  assert.equal(ttlAnalysis.users[0].advice.implicitRequests, 0);
});

test('ttlAnalysis advises on each session by itself, whatever else there is', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const use = { inputTokens: 10_000, cacheReadTokens: 0, cacheWriteTokens: 10_000 };
  append(bench, [90, 80, 70], { ...use, sessionId: 'long-pauses' });
  append(bench, [60, 58, 56], { ...use, sessionId: 'short-pauses' });
  const { ttlAnalysis } = await bench.ask(
    '{ ttlAnalysis(groupBy: SESSION) { users { groupId advice { cheapest basedOnRequests inPeriod { fiveMinutesUsd } } } } }',
  );
  const found = ttlAnalysis.users.map(({ groupId, advice }: { groupId: string; advice: SessionAdvice }) => [
    groupId,
    advice.cheapest,
    advice.basedOnRequests,
    Number(advice.inPeriod.fiveMinutesUsd.toFixed(6)),
  ]);
  // USD per million: 3.75 to write, three times or once, and 0.3 to read or ping.
  assert.deepEqual(found, [
    ['long-pauses', 'KEEP_WARM', 3, 0.1125],
    ['short-pauses', 'FIVE_MINUTES', 3, 0.0435],
  ]);
});

interface SessionAdvice {
  cheapest: string;
  basedOnRequests: number;
  inPeriod: { fiveMinutesUsd: number };
}

test('ttlAnalysis has no advice where there is nothing to choose', async () => {
  const bench = await openBench({ rows: sampleRows() });
  append(bench, [3, 2, 1], { modelId: 'm2', accountId: 'a3' });
  const { ttlAnalysis } = await bench.ask(
    '{ ttlAnalysis { advice { reason } users { advice { reason } } } }',
  );
  assert.deepEqual(ttlAnalysis, { advice: null, users: [{ advice: null }] });
});

test('ttlAnalysis refuses hours and group numbers that make no sense', async () => {
  const bench = await openBench();
  for (const args of ['hours: 0', 'hours: 721', 'first: 0', 'first: 1001']) {
    const { errors } = await bench.call(`{ ttlAnalysis(${args}) { isExact } }`);
    assert.equal(errors[0]?.extensions.code, 'BAD_USER_INPUT', args);
  }
});
