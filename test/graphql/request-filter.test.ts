// The filters of the request log by GraphQL: which rows each of them leaves.

import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { openBench } from './admin-bench.ts';
import { START_MS, sampleRow } from './sample-rows.ts';

const rowFilters: [string, string[]][] = [
  ['{ from: "2026-11-21T22:00:01Z" }', ['failed']],
  ['{ to: "2026-11-21T22:00:01Z" }', ['ok']],
  ['{ from: "2026-11-22T00:00:01+02:00", to: "2026-11-21T22:00:02Z" }', ['failed']],
  [`{ apiKeyId: "${encodeGlobalId('ApiKey', 'k1')}" }`, ['ok']],
  ['{ apiKeyName: "ROBOT" }', ['failed']],
  [`{ userId: "${encodeGlobalId('User', 'u1')}" }`, ['ok']],
  ['{ modelId: "m2" }', ['failed']],
  ['{ requestedModel: "LLA" }', ['failed']],
  ['{ providerId: "p2" }', ['failed']],
  ['{ accountId: "a3" }', ['failed']],
  ['{ sessionId: "session-1" }', ['ok']],
  ['{ surface: OPENAI_CHAT }', ['failed']],
  ['{ outcome: FAILED }', ['failed']],
  ['{ affinity: HIT }', ['ok']],
  ['{ streamed: false }', ['failed']],
  ['{ status: 200 }', ['ok']],
  ['{ minStatus: 500, maxStatus: 599 }', ['failed']],
  ['{ minLatencyMs: 5000 }', ['failed']],
  ['{ minTimeToFirstTokenMs: 301 }', ['failed']],
  ['{ minInputTokens: 1001 }', ['failed']],
  ['{ minCostUsd: 0.0015 }', ['failed', 'ok']],
  ['{ minCostUsd: 0.001500001 }', ['failed']],
  ['{ minCostUsd: 1e300 }', []],
  ['{ search: "OVERLOADED" }', ['failed']],
  ['{ search: "req-" }', ['failed', 'ok']],
  ['{ search: null, status: null }', ['failed', 'ok']],
  ['{}', ['failed', 'ok']],
];

for (const [filter, ids] of rowFilters) {
  test(`requestLogs filters by ${filter}`, async () => {
    const bench = await openBench();
    bench.log.append(sampleRow('ok'));
    const other = {
      apiKeyId: 'k3',
      apiKeyName: 'robot',
      userId: null,
      modelId: 'm2',
      requestedModel: 'llama',
      providerId: 'p2',
      accountId: 'a3',
    };
    const end = {
      sessionId: null,
      status: 529,
      outcome: 'failed',
      errorMessage: 'Overloaded',
      affinity: 'new',
      latencyMs: 6000,
      timeToFirstTokenMs: 301,
      inputTokens: 1001,
      costNanoUsd: 1_500_001,
    } as const;
    bench.log.append(
      sampleRow('failed', {
        ...other,
        ...end,
        surface: 'openai-chat',
        isStreamed: false,
        startedAtMs: START_MS + 1000,
      }),
    );
    const { requestLogs } = await bench.ask(
      `{ requestLogs(filter: ${filter}) { totalCount nodes { requestId } } }`,
    );
    assert.deepEqual(
      requestLogs.nodes.map((row: { requestId: string }) => row.requestId),
      ids.map((id) => `req-${id}`),
    );
    assert.equal(requestLogs.totalCount, ids.length);
  });
}

for (const text of ['2026-11-21', '22:00', 'yesterday', '2026-13-01T00:00:00Z', '2026-11-21T22:00:00', '']) {
  test(`requestLogs refuses the time ${JSON.stringify(text)}`, async () => {
    const query = 'query ($from: DateTime) { requestLogs(filter: { from: $from }) { totalCount } }';
    const { errors } = await (await openBench()).call(query, { from: text });
    assert.match(errors[0]?.message ?? '', /Cannot read DateTime/);
  });
}
