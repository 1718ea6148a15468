// The analysis under Aether's paths: percent and minutes, bare bodies, the fields of its TypeScript client.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import type { RequestRow } from '../../server/gateway/ports.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { openBench } from '../graphql/admin-bench.ts';
import { ADA } from '../graphql/bound-bench.ts';
import { START_MS, sampleRow, sampleRows } from '../graphql/sample-rows.ts';
import { HitAnalysis, IntervalTimeline, restCaller, TtlAnalysis } from './client.ts';

const USAGE = '/api/admin/usage/cache-affinity';
const MINUTE_MS = 60_000;

/** Rows that started so many minutes before the bench's now. */
async function open(minutesAgo: readonly number[], part: Partial<RequestRow> = {}) {
  const bench = await openBench({ rows: sampleRows() });
  bench.log.rows = minutesAgo.map((minutes, index) =>
    sampleRow(`${index}`.padStart(6, '0'), { startedAtMs: START_MS - minutes * MINUTE_MS, ...part }),
  );
  return { bench, call: restCaller(bench) };
}

test('analyzeTTL() counts intervals in exclusive buckets, in percent, with the ladder', async () => {
  // Intervals of 2, 10 and 48 minutes.
  const { call } = await open([61, 59, 49, 1]);
  const { status, body } = await call('GET', `${USAGE}/ttl-analysis?hours=24`);
  const analysis = v.parse(TtlAnalysis, body);
  assert.equal(status, 200);
  assert.deepEqual(
    [analysis.analysis_period_hours, analysis.total_users_analyzed, analysis.ttl_distribution],
    [24, 1, { '5min': 0, '15min': 0, '30min': 1, '60min': 0 }],
  );
  const [user] = analysis.users;
  assert.ok(user);
  const { recommendation_reason, ...figures } = user;
  assert.match(recommendation_reason, /29\.0/);
  assert.deepEqual(figures, {
    group_id: ADA,
    username: 'ada',
    email: 'ada@example.com',
    request_count: 3,
    interval_distribution: {
      within_5min: 1,
      within_15min: 1,
      within_30min: 0,
      within_60min: 1,
      over_60min: 0,
    },
    interval_percentages: {
      within_5min: 33.3,
      within_15min: 33.3,
      within_30min: 0,
      within_60min: 33.3,
      over_60min: 0,
    },
    // Between 2, 10 and 48: rank 1, 1.5 and 1.8 of 0 to 2.
    percentiles: { p50: 10, p75: 29, p90: 40.4 },
    avg_interval_minutes: 20,
    min_interval_minutes: 2,
    max_interval_minutes: 48,
    recommended_ttl_minutes: 30,
  });
});

test('analyzeTTL() by API key gives the key as the group, without a user', async () => {
  const { call } = await open([9, 6, 3]);
  const id = encodeGlobalId('ApiKey', 'k1');
  const { users } = v.parse(TtlAnalysis, (await call('GET', `${USAGE}/ttl-analysis?api_key_id=${id}`)).body);
  assert.deepEqual(
    users.map(({ group_id, username, recommended_ttl_minutes: ttl }) => [group_id, username, ttl]),
    [[id, null, 5]],
  );
});

test('analyzeTTL() counts the groups of each recommendation', async () => {
  // So many users who always pause for so many minutes.
  const crowds = [
    { minutes: 5, count: 4 },
    { minutes: 15, count: 3 },
    { minutes: 30, count: 2 },
    { minutes: 60, count: 1 },
  ];
  const bench = await openBench({ rows: sampleRows() });
  bench.log.rows = crowds.flatMap(({ minutes, count }) =>
    Array.from({ length: count * 3 }, (_, n) =>
      sampleRow(`${minutes}-${n}`, {
        userId: `every-${minutes}-${n % count}`,
        startedAtMs: START_MS - (1 + Math.floor(n / count)) * minutes * MINUTE_MS,
      }),
    ),
  );
  const { body } = await restCaller(bench)('GET', `${USAGE}/ttl-analysis`);
  assert.deepEqual(body.ttl_distribution, { '5min': 4, '15min': 3, '30min': 2, '60min': 1 });
});

test('analyzeTTL() gives every group, not a first page of them', async () => {
  const users = Array.from({ length: 300 }, (_, n) => ({ id: `u${n}`, username: `user ${n}`, email: null }));
  const bench = await openBench({ rows: { ...sampleRows(), users } });
  bench.log.rows = users.flatMap(({ id }, user) =>
    [3, 2, 1].map((minutes) =>
      sampleRow(`${user}-${minutes}`, { startedAtMs: START_MS - minutes * MINUTE_MS, userId: id }),
    ),
  );
  const { body } = await restCaller(bench)('GET', `${USAGE}/ttl-analysis`);
  assert.deepEqual([body.total_users_analyzed, body.users.length], [300, 300]);
});

test('analyzeHit() has percent, the right figures, and the original ones beside them', async () => {
  // 1000 input of which 800 read and 100 written; read for $0.00024, saved $0.00216.
  const { call } = await open([3, 2], { cacheWriteNanoUsd: 375_000 });
  const { body } = await call('GET', `${USAGE}/hit-analysis`);
  assert.deepEqual(v.parse(HitAnalysis, body), {
    analysis_period_hours: 168,
    total_requests: 2,
    requests_with_cache_hit: 2,
    request_cache_hit_rate: 100,
    total_input_tokens: 2000,
    total_cache_read_tokens: 1600,
    total_cache_creation_tokens: 200,
    token_cache_hit_rate: 80,
    total_cache_read_cost_usd: 0.0005,
    total_cache_creation_cost_usd: 0.0008,
    estimated_savings_usd: 0.0043,
  });
  // 1600 / (200 + 1600), and nine times what reading cost.
  assert.equal(body.original_token_cache_hit_rate, 88.89);
  assert.equal(body.original_estimated_savings_usd, 0.0043);
});

test('getIntervalTimeline() has minutes, and users only when asked for', async () => {
  const { call } = await open([33, 31.5, 1]);
  const plain = v.parse(IntervalTimeline, (await call('GET', `${USAGE}/interval-timeline?hours=2`)).body);
  const iso = (minutes: number) => new Date(START_MS - minutes * MINUTE_MS).toISOString();
  assert.deepEqual(plain, {
    analysis_period_hours: 2,
    total_points: 2,
    points: [
      { x: iso(31.5), y: 1.5, model: 'claude-sonnet-4-5' },
      { x: iso(1), y: 30.5, model: 'claude-sonnet-4-5' },
    ],
    models: ['claude-sonnet-4-5'],
  });
  const path = `${USAGE}/interval-timeline?hours=2&include_user_info=true`;
  const named = v.parse(IntervalTimeline, (await call('GET', path)).body);
  assert.deepEqual(named.users, { [ADA]: 'ada' });
  assert.deepEqual(
    named.points.map((point) => point.user_id),
    [ADA, ADA],
  );
});

test('the analysis refuses hours and limits out of bounds', async () => {
  const { call } = await open([]);
  for (const path of [
    'ttl-analysis?hours=0',
    'hit-analysis?hours=721',
    'interval-timeline?limit=99',
    'interval-timeline?include_user_info=maybe',
  ]) {
    assert.equal((await call('GET', `${USAGE}/${path}`)).status, 422, path);
  }
});
