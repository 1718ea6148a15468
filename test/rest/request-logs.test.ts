// The request log under Kiro-Go's paths: its fields, order, filter and totals.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestRow } from '../../server/gateway/ports.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { ADMIN_TOKEN, openBench } from '../graphql/admin-bench.ts';
import { START_MS, sampleRow, sampleRows } from '../graphql/sample-rows.ts';
import { restCaller } from './client.ts';

async function benchWith(rows: readonly Partial<RequestRow>[]) {
  const bench = await openBench({ rows: sampleRows() });
  bench.log.rows = rows.map((row, index) =>
    sampleRow(`${index}`.padStart(6, '0'), { startedAtMs: START_MS + index, ...row }),
  );
  return { bench, call: restCaller(bench) };
}

test('GET /admin/api/logs has the newest last, with their names and without null', async () => {
  const nothing = {
    inputTokens: null,
    outputTokens: null,
    cacheReadTokens: null,
    cacheWriteTokens: null,
    credits: null,
    apiKeyId: null,
    apiKeyName: null,
    status: 502,
    errorMessage: 'Cannot reach any account',
  };
  const { call } = await benchWith([{ credits: 1.5 }, nothing]);
  const { status, body } = await call('GET', '/admin/api/logs');
  const common = { path: '/v1/messages', model: 'sonnet', latencyMs: 900 };
  assert.equal(status, 200);
  assert.deepEqual(body, [
    {
      ...common,
      timestamp: START_MS,
      status: 200,
      inputTokens: 1000,
      outputTokens: 50,
      cacheRead: 800,
      cacheWrite: 100,
      credits: 1.5,
      apiKeyId: encodeGlobalId('ApiKey', 'k1'),
      apiKeyName: 'ada-laptop',
    },
    {
      ...common,
      timestamp: START_MS + 1,
      status: 502,
      inputTokens: 0,
      outputTokens: 0,
      cacheRead: 0,
      cacheWrite: 0,
      credits: 0,
      apiKeyId: '',
      apiKeyName: '',
      error: 'Cannot reach any account',
    },
  ]);
});

test('GET /admin/api/logs gives the newest 100, or as many as asked for up to 1000', async () => {
  const { call } = await benchWith(Array.from({ length: 1100 }, () => ({})));
  const stamps = async (query: string) => {
    const { body } = await call('GET', `/admin/api/logs${query}`);
    return [body.length, body[0].timestamp - START_MS, body.at(-1).timestamp - START_MS];
  };
  assert.deepEqual(await stamps(''), [100, 1000, 1099]);
  assert.deepEqual(await stamps('?limit=450'), [450, 650, 1099]);
  assert.deepEqual(await stamps('?limit=1000'), [1000, 100, 1099]);
  assert.equal((await call('GET', '/admin/api/logs?limit=1001')).status, 422);
});

test('GET /admin/api/logs filters by the exact id or name of a key, the stats by the same', async () => {
  const { call } = await benchWith([
    { apiKeyId: 'k1' },
    { apiKeyId: 'k2' },
    { apiKeyId: 'k1', outcome: 'failed' },
  ]);
  const counts = [];
  for (const key of ['ada-laptop', 'k1', encodeGlobalId('ApiKey', 'k1'), 'ada', 'nobody']) {
    const { body } = await call('GET', `/admin/api/logs?apiKey=${encodeURIComponent(key)}`);
    counts.push(body.length);
  }
  assert.deepEqual(counts, [2, 2, 2, 0, 0]);
  assert.deepEqual((await call('GET', '/admin/api/logs/stats')).body, {
    total: 3,
    success: 2,
    failed: 1,
    totalInput: 3000,
    totalOutput: 150,
    totalCacheRead: 2400,
  });
  assert.equal((await call('GET', '/admin/api/logs/stats?apiKey=k2')).body.total, 1);
});

test('DELETE /admin/api/logs empties the log and is audited', async () => {
  const { bench, call } = await benchWith([{}, {}]);
  assert.deepEqual(await call('DELETE', '/admin/api/logs'), { status: 200, body: { success: true } });
  assert.equal(bench.log.rows.length, 0);
  const [entry] = await bench.parts.audit.page({}, { limit: 1, afterId: null });
  assert.deepEqual([entry?.action, entry?.outcome], ['clearRequestLogs', 'ok']);
});

test('the routes ask for the same login as GraphQL, also as x-admin-password', async () => {
  const { call } = await benchWith([{}]);
  const statuses = [];
  for (const headers of [
    {},
    { authorization: 'Bearer wrong' },
    { 'x-admin-password': 'wrong' },
    { 'x-admin-password': ADMIN_TOKEN },
  ]) {
    statuses.push((await call('GET', '/admin/api/logs', headers)).status);
  }
  assert.deepEqual(statuses, [401, 401, 401, 200]);
  const foreign = { cookie: '__Host-warmpath=x', 'sec-fetch-site': 'cross-site' };
  assert.equal((await call('DELETE', '/admin/api/logs', foreign)).status, 403);
});

test('a path of the routes refuses other methods and says which it takes', async () => {
  const { call } = await benchWith([]);
  assert.equal((await call('POST', '/admin/api/logs')).status, 405);
});
