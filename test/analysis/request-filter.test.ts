// The filter in memory means what the filter in SQL means.

import assert from 'node:assert/strict';
import test from 'node:test';
import { matchesFilter } from '../../server/analysis/request-filter.ts';
import type { RequestFilter, RequestRow } from '../../server/gateway/ports.ts';
import { START_MS, sampleRow } from '../graphql/sample-rows.ts';

const ROW = sampleRow('r1', {
  errorMessage: 'Overloaded 100%',
  status: 529,
  sessionId: 'S_1',
  missCause: 'ttl-expired',
  apiKeyName: 'Ärzte-CI',
});

/** Each filter alone: one that the row matches and one that it does not. */
const cases: [RequestFilter, RequestFilter][] = [
  [{ fromMs: START_MS }, { fromMs: START_MS + 1 }],
  [{ toMs: START_MS + 1 }, { toMs: START_MS }],
  [{ apiKeyId: 'k1' }, { apiKeyId: 'k' }],
  [{ apiKeyName: 'TE-ci' }, { apiKeyName: 'ärzte' }],
  [{ userId: 'u1' }, { userId: 'U1' }],
  [{ modelId: 'm1' }, { modelId: '' }],
  [{ requestedModel: 'ONN' }, { requestedModel: 'opus' }],
  [{ providerId: 'p1' }, { providerId: 'p2' }],
  [{ accountId: 'a1' }, { accountId: 'a2' }],
  [{ sessionId: 'S_1' }, { sessionId: 's_1' }],
  [{ surface: 'anthropic-messages' }, { surface: 'openai-chat' }],
  [{ outcome: 'ok' }, { outcome: 'failed' }],
  [{ affinity: 'hit' }, { affinity: 'new' }],
  [{ missCause: 'ttl-expired' }, { missCause: 'cold-start' }],
  [{ isStreamed: true }, { isStreamed: false }],
  [{ isKeepWarm: false }, { isKeepWarm: true }],
  [{ status: 529 }, { status: 52 }],
  [{ minStatus: 529 }, { minStatus: 530 }],
  [{ maxStatus: 529 }, { maxStatus: 528 }],
  [{ minLatencyMs: 900 }, { minLatencyMs: 901 }],
  [{ minTimeToFirstTokenMs: 300 }, { minTimeToFirstTokenMs: 301 }],
  [{ minInputTokens: 1_000 }, { minInputTokens: 1_001 }],
  [{ minCostNanoUsd: 1_500_000 }, { minCostNanoUsd: 1_500_001 }],
  [{ search: 'REQ-R1' }, { search: 'req-r2' }],
  [{ search: 's_1' }, { search: 's%1' }],
  [{ search: 'sonn' }, { search: 'sonn ' }],
  [{ search: 'rzte' }, { search: '/v1/messages' }],
  [{ search: '100%' }, { search: '100_' }],
  [{}, { status: 529, outcome: 'failed' }],
  [
    { search: '', requestedModel: '', apiKeyName: '' },
    { search: '', status: 1 },
  ],
];

for (const [matching, missing] of cases) {
  test(`matchesFilter takes ${JSON.stringify(matching)}`, () =>
    assert.equal(matchesFilter(ROW, matching), true));
  test(`matchesFilter leaves ${JSON.stringify(missing)}`, () =>
    assert.equal(matchesFilter(ROW, missing), false));
}

test('matchesFilter finds nothing in what a row does not have', () => {
  const nothing: Partial<RequestRow> = {
    apiKeyId: null,
    apiKeyName: null,
    userId: null,
    sessionId: null,
    errorMessage: null,
    timeToFirstTokenMs: null,
    inputTokens: null,
    costNanoUsd: null,
  };
  const row = sampleRow('r1', nothing);
  const filters: RequestFilter[] = [
    { apiKeyId: 'null' },
    { apiKeyName: 'null' },
    { userId: '' },
    { search: 'null' },
    { minTimeToFirstTokenMs: 0 },
    { minInputTokens: 0 },
    { minCostNanoUsd: 0 },
  ];
  for (const filter of filters) {
    assert.equal(matchesFilter(row, filter), false, JSON.stringify(filter));
  }
});
