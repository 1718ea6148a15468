// Contract of RequestLog's filters, on SQLite: what is found, counted and deleted.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { RequestFilter, RequestRow } from '../../server/gateway/ports.ts';
import { NOW_MS, requestRow, withStorage } from './scratch.ts';

const ALL = { limit: 1_000, after: null };

const ROWS: readonly RequestRow[] = [
  requestRow({ id: 'a', startedAtMs: NOW_MS }),
  requestRow({
    id: 'b',
    startedAtMs: NOW_MS + 1,
    requestId: 'REQ_50%',
    apiKeyId: 'k2',
    apiKeyName: 'Build Server',
    userId: 'u2',
    modelId: 'm2',
    requestedModel: 'gpt-5',
    surface: 'openai-chat',
    isStreamed: false,
    latencyMs: 5_000,
    timeToFirstTokenMs: 121,
    inputTokens: 2_000,
    costNanoUsd: 1_000_000,
    affinity: 'moved',
    missCause: 'account-moved',
    isKeepWarm: true,
  }),
  requestRow({
    id: 'c',
    startedAtMs: NOW_MS + 2,
    apiKeyId: null,
    apiKeyName: null,
    userId: null,
    sessionId: null,
    timeToFirstTokenMs: null,
    providerId: 'p2',
    accountId: 'a2',
    status: 429,
    outcome: 'failed',
    errorMessage: "every account is 100% busy\\down, isn't it",
  }),
  requestRow({
    id: 'd',
    startedAtMs: NOW_MS + 3,
    sessionId: 'sess-Ärger',
    providerId: null,
    accountId: null,
    modelId: null,
    requestedModel: 'nope_model',
    status: 404,
    outcome: 'rejected',
    affinity: 'none',
  }),
];

const FILTERS: readonly { filter: RequestFilter; ids: string }[] = [
  { filter: {}, ids: 'dcba' },
  { filter: { fromMs: NOW_MS + 1, toMs: NOW_MS + 3 }, ids: 'cb' },
  { filter: { apiKeyId: 'k2' }, ids: 'b' },
  { filter: { apiKeyName: 'SERVER' }, ids: 'b' },
  { filter: { userId: 'u1' }, ids: 'da' },
  { filter: { modelId: 'm1' }, ids: 'ca' },
  { filter: { requestedModel: 'GPT' }, ids: 'b' },
  { filter: { requestedModel: 'e_m' }, ids: 'd' },
  { filter: { providerId: 'p1' }, ids: 'ba' },
  { filter: { accountId: 'a2' }, ids: 'c' },
  { filter: { sessionId: 's1' }, ids: 'ba' },
  { filter: { surface: 'openai-chat' }, ids: 'b' },
  { filter: { outcome: 'failed' }, ids: 'c' },
  { filter: { affinity: 'none' }, ids: 'd' },
  { filter: { missCause: 'account-moved' }, ids: 'b' },
  { filter: { missCause: 'new-content' }, ids: '' },
  { filter: { isKeepWarm: true }, ids: 'b' },
  { filter: { isKeepWarm: false }, ids: 'dca' },
  { filter: { isStreamed: false }, ids: 'b' },
  { filter: { isStreamed: true }, ids: 'dca' },
  { filter: { status: 200 }, ids: 'ba' },
  { filter: { minStatus: 404, maxStatus: 429 }, ids: 'dc' },
  { filter: { maxStatus: 403 }, ids: 'ba' },
  { filter: { minLatencyMs: 5_000 }, ids: 'b' },
  { filter: { minTimeToFirstTokenMs: 121 }, ids: 'b' },
  { filter: { minTimeToFirstTokenMs: 0 }, ids: 'dba' },
  { filter: { minInputTokens: 2_000 }, ids: 'b' },
  { filter: { minCostNanoUsd: 1_000_000 }, ids: 'b' },
  { filter: { minCostNanoUsd: 1_000_001 }, ids: '' },
  { filter: { search: 'req_50%' }, ids: 'b' },
  { filter: { search: '%' }, ids: 'cb' },
  { filter: { search: '_' }, ids: 'db' },
  { filter: { search: 'busy\\down' }, ids: 'c' },
  { filter: { search: "isn't it" }, ids: 'c' },
  { filter: { search: 'Ärger' }, ids: 'd' },
  { filter: { search: 'build' }, ids: 'b' },
  { filter: { search: 'sonnet' }, ids: 'ca' },
  { filter: { search: "' OR 1=1 --" }, ids: '' },
  { filter: { search: '' }, ids: 'dcba' },
  { filter: { userId: 'u1', outcome: 'rejected', search: 'NOPE' }, ids: 'd' },
  { filter: { userId: 'u1', status: 429 }, ids: '' },
];

test('RequestLog.page, count and totals match exactly the filter', () =>
  withStorage(async ({ log }) => {
    for (const row of ROWS) log.append(row);
    for (const { filter, ids } of FILTERS) {
      const label = JSON.stringify(filter);
      assert.equal(idsOf((await log.page(filter, ALL)).rows), ids, label);
      assert.equal(await log.count(filter), ids.length, label);
      assert.equal((await log.totals(filter)).total, ids.length, label);
    }
  }));

test('RequestLog.clear deletes exactly what matches the filter', () =>
  withStorage(async ({ log }) => {
    for (const { filter, ids } of FILTERS) {
      for (const row of ROWS) log.append(row);
      const label = JSON.stringify(filter);
      assert.equal(await log.clear(filter), ids.length, label);
      const left = [...'dcba'].filter((id) => !ids.includes(id)).join('');
      assert.equal(idsOf((await log.page({}, ALL)).rows), left, label);
      await log.clear({});
    }
  }));

function idsOf(rows: readonly RequestRow[]): string {
  return rows.map(({ id }) => id).join('');
}
