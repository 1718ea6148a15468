// The request log by GraphQL: rows, filters, pages and totals.

import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { openBench } from './admin-bench.ts';
import { START_MS, sampleRow, sampleRows } from './sample-rows.ts';

const START = '2026-11-21T22:00:00.000Z';

const ROW = `id requestId startedAt finishedAt path surface endpointSurface losses streamed requestedModel model { name } upstreamModel status outcome
  errorCode errorMessage apiKey { name } apiKeyName user { username } sessionId provider { name } endpoint { name } account { name }
  inputTokens outputTokens reasoningTokens cacheReadTokens cacheWriteTokens cacheWrite5mTokens cacheWrite1hTokens usageSource
  ledger { inputTokens cacheReadTokens cacheWrite5mTokens cacheWrite1hTokens outputTokens reasoningTokens audioTokens }
  rawUsage usageFlags bodies { request reply isCut }
  costUsd credits savedUsd priceVersion queueMs timeToFirstTokenMs latencyMs affinity affinityCode affinityReason expectedWarmTokens missCause
  misses { cause tokens costUsd detail } keepWarm prefixParentId prefixSharedTokens route { policy } cacheLevers { ttl }
  attempts { account { name } accountName providerName status outcome fault reason isPossibleDuplicate connectMs startedAt firstByteMs durationMs }`;

test('requestLog gives every field of a row', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.log.append(sampleRow('r1'));
  const expected = {
    id: encodeGlobalId('RequestLog', 'r1'),
    requestId: 'req-r1',
    startedAt: START,
    finishedAt: '2026-11-21T22:00:00.900Z',
    path: '/v1/messages',
    surface: 'ANTHROPIC_MESSAGES',
    endpointSurface: 'ANTHROPIC_MESSAGES',
    losses: [],
    streamed: true,
    requestedModel: 'sonnet',
    model: { name: 'claude-sonnet-4-5' },
    upstreamModel: 'claude-sonnet-4-5-20250929',
    status: 200,
    outcome: 'OK',
    errorCode: null,
    errorMessage: null,
    apiKey: { name: 'ada-laptop' },
    apiKeyName: 'ada-laptop',
    user: { username: 'ada' },
    sessionId: 'session-1',
    provider: { name: 'anthropic' },
    endpoint: { name: 'main' },
    account: { name: 'team-a' },
    inputTokens: 1000,
    outputTokens: 50,
    reasoningTokens: null,
    cacheReadTokens: 800,
    cacheWriteTokens: 100,
    cacheWrite5mTokens: 100,
    cacheWrite1hTokens: 0,
    usageSource: 'UPSTREAM',
    ledger: {
      inputTokens: 100,
      cacheReadTokens: 800,
      cacheWrite5mTokens: 100,
      cacheWrite1hTokens: 0,
      outputTokens: 50,
      reasoningTokens: null,
      audioTokens: null,
    },
    rawUsage: '{"input_tokens":100}',
    usageFlags: [],
    bodies: null,
    costUsd: 0.0015,
    credits: null,
    savedUsd: 0.00216,
    priceVersion: 'table-1',
    queueMs: 1,
    timeToFirstTokenMs: 300,
    latencyMs: 900,
    affinity: 'HIT',
    affinityCode: 'bound-account',
    affinityReason: 'went to the account it is bound to',
    expectedWarmTokens: 900,
    missCause: null,
    misses: null,
    keepWarm: false,
    prefixParentId: null,
    prefixSharedTokens: null,
    route: null,
    cacheLevers: null,
    attempts: [
      {
        account: { name: 'team-a' },
        accountName: 'team-a',
        providerName: 'anthropic',
        status: 200,
        outcome: 'OK',
        fault: null,
        reason: 'answered',
        isPossibleDuplicate: false,
        connectMs: 12,
        startedAt: '2026-11-21T22:00:00.001Z',
        firstByteMs: 200,
        durationMs: 899,
      },
    ],
  };
  for (const id of ['r1', expected.id]) {
    const { requestLog } = await bench.ask(`query ($id: ID!) { requestLog(id: $id) { ${ROW} } }`, { id });
    assert.deepEqual(requestLog, expected);
  }
  assert.equal((await bench.ask('{ requestLog(id: "gone") { id } }')).requestLog, null);
});

test('requestLog tells of translation, odd counts, faults, credits and kept bodies', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const [attempt] = sampleRow('r1').attempts;
  assert.ok(attempt);
  bench.log.append(
    sampleRow('r1', {
      surface: 'openai-responses',
      endpointSurface: 'gemini',
      losses: ['top-k', 'encrypted-reasoning'],
      usageFlags: ['total-mismatch', 'absurd-count'],
      credits: 0.25,
      audioInputTokens: 3,
      attempts: [{ ...attempt, outcome: 'interrupted', fault: 'broken', isPossibleDuplicate: true }],
    }),
  );
  const kept = { request: '{}', reply: 'data: {}', isCut: true };
  bench.bodies.set('r1', { ...kept, upstreamRequest: null, requestHeaders: null });
  const query = `{ requestLog(id: "r1") { surface endpointSurface losses usageFlags credits ledger { audioTokens }
    bodies { request reply isCut } attempts { fault isPossibleDuplicate } } requestLogStats { credits } }`;
  assert.deepEqual(await bench.ask(query), {
    requestLog: {
      surface: 'OPENAI_RESPONSES',
      endpointSurface: 'GEMINI',
      losses: ['top-k', 'encrypted-reasoning'],
      usageFlags: ['TOTAL_MISMATCH', 'ABSURD_COUNT'],
      credits: 0.25,
      ledger: { audioTokens: 3 },
      bodies: kept,
      attempts: [{ fault: 'BROKEN', isPossibleDuplicate: true }],
    },
    requestLogStats: { credits: 0.25 },
  });
});

test('requestLog gives bodies to nobody without a login', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.log.append(sampleRow('r1'));
  bench.bodies.set('r1', {
    request: 'canary',
    upstreamRequest: 'canary',
    requestHeaders: 'canary',
    reply: 'canary',
    isCut: false,
  });
  const reply = await bench.call('{ requestLog(id: "r1") { bodies { request } } }', {}, { bearer: null });
  assert.equal(reply.errors[0]?.extensions.code, 'UNAUTHENTICATED');
  assert.ok(!JSON.stringify(reply.data ?? null).includes('canary'));
});

test('requestLog gives null for what has been deleted or never was', async () => {
  const bench = await openBench();
  const nothing = {
    modelId: null,
    apiKeyId: null,
    userId: null,
    providerId: null,
    endpointId: null,
    accountId: null,
  };
  bench.log.append(sampleRow('r1'));
  bench.log.append(
    sampleRow('r2', {
      ...nothing,
      costNanoUsd: null,
      savedNanoUsd: null,
      missCause: 'cold-start',
      attempts: [],
    }),
  );
  const { requestLogs } = await bench.ask(`{ requestLogs { nodes {
    model { id } apiKey { id } user { id } provider { id } endpoint { id } account { id } costUsd savedUsd missCause attempts { account { id } accountName } } } }`);
  const gone = { model: null, apiKey: null, user: null, provider: null, endpoint: null, account: null };
  assert.deepEqual(requestLogs.nodes, [
    { ...gone, costUsd: null, savedUsd: null, missCause: 'COLD_START', attempts: [] },
    {
      ...gone,
      costUsd: 0.0015,
      savedUsd: 0.00216,
      missCause: null,
      attempts: [{ account: null, accountName: 'team-a' }],
    },
  ]);
});

test('requestLogs pages from new to old and counts only when asked', async () => {
  const bench = await openBench();
  for (let n = 0; n < 5; n += 1) bench.log.append(sampleRow(`r${n}`, { startedAtMs: START_MS + (n >> 1) }));
  const query =
    'query ($after: String) { requestLogs(first: 2, after: $after) { nodes { requestId } pageInfo { hasNextPage endCursor } } }';
  const seen: string[] = [];
  let after: string | null = null;
  do {
    const { requestLogs } = await bench.ask(query, { after });
    seen.push(...requestLogs.nodes.map((row: { requestId: string }) => row.requestId));
    after = requestLogs.pageInfo.hasNextPage ? requestLogs.pageInfo.endCursor : null;
  } while (after !== null);
  assert.deepEqual(seen, ['req-r4', 'req-r3', 'req-r2', 'req-r1', 'req-r0']);
  assert.equal(bench.log.calls.count, 0);
  const counted = await bench.ask('{ requestLogs(first: 1) { totalCount } }');
  assert.equal(counted.requestLogs.totalCount, 5);
  assert.equal(bench.log.calls.count, 1);
});

test('requestLogStats sums up, with rates as fractions', async () => {
  const bench = await openBench();
  bench.log.append(sampleRow('r1', { latencyMs: 100, timeToFirstTokenMs: 10 }));
  bench.log.append(
    sampleRow('r2', {
      inputTokens: 3000,
      cacheReadTokens: 0,
      outcome: 'failed',
      costNanoUsd: 500_000_000,
      latencyMs: 300,
    }),
  );
  bench.log.append(
    sampleRow('r3', {
      inputTokens: null,
      cacheReadTokens: null,
      outcome: 'rejected',
      costNanoUsd: null,
      savedNanoUsd: null,
      credits: 2.5,
      latencyMs: 200,
      timeToFirstTokenMs: null,
    }),
  );
  const fields = `total succeeded failed inputTokens outputTokens cacheReadTokens cacheWriteTokens credits costUsd savedUsd
    requestCacheHitRate tokenCacheHitRate latencyMs { p50 p90 p95 p99 } timeToFirstTokenMs { p50 }`;
  const { all, none } = await bench.ask(
    `{ all: requestLogStats { ${fields} } none: requestLogStats(filter: { status: 1 }) { total requestCacheHitRate tokenCacheHitRate } }`,
  );
  assert.deepEqual(all, {
    total: 3,
    succeeded: 1,
    failed: 2,
    inputTokens: 4000,
    outputTokens: 150,
    cacheReadTokens: 800,
    cacheWriteTokens: 300,
    credits: 2.5,
    costUsd: 0.5015,
    savedUsd: 0.00432,
    requestCacheHitRate: 0.5,
    tokenCacheHitRate: 0.2,
    latencyMs: { p50: 200, p90: 300, p95: 300, p99: 300 },
    timeToFirstTokenMs: { p50: 10 },
  });
  assert.deepEqual(none, { total: 0, requestCacheHitRate: 0, tokenCacheHitRate: 0 });
});

test('requestLogHealth tells what is lost, and how far back the log goes', async () => {
  const bench = await openBench();
  const empty = await bench.ask('{ requestLogHealth { oldestAt } }');
  assert.equal(empty.requestLogHealth.oldestAt, null);
  bench.log.append(sampleRow('r1'));
  const { requestLogHealth } = await bench.ask(
    '{ requestLogHealth { queuedRows droppedRows lastError oldestAt } }',
  );
  assert.deepEqual(requestLogHealth, {
    queuedRows: 2,
    droppedRows: 3,
    lastError: 'disk full',
    oldestAt: '2026-11-21T22:00:00.000Z',
  });
});

test('requestLogs goes on where the log looked through many rows and found few', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const asked: unknown[] = [];
  bench.log.page = async (_filter, { limit, after }) => {
    asked.push({ limit, after });
    if (after === null) return { rows: [], reached: { startedAtMs: START_MS - 9, id: '' } };
    return { rows: [sampleRow('r1')], reached: null };
  };
  const page = 'nodes { requestId } pageInfo { hasNextPage endCursor }';
  const first = await bench.ask(`{ requestLogs(first: 3) { ${page} } }`);
  assert.deepEqual(first.requestLogs.nodes, []);
  assert.equal(first.requestLogs.pageInfo.hasNextPage, true);
  const { endCursor } = first.requestLogs.pageInfo;
  const second = await bench.ask(`{ requestLogs(first: 3, after: "${endCursor}") { ${page} } }`);
  assert.deepEqual(second.requestLogs.nodes, [{ requestId: 'req-r1' }]);
  assert.equal(second.requestLogs.pageInfo.hasNextPage, false);
  assert.deepEqual(asked, [
    { limit: 4, after: null },
    { limit: 4, after: { startedAtMs: START_MS - 9, id: '' } },
  ]);
});
