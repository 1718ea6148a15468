// Figures of the request log over time and by group, by GraphQL.

import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { openBench } from './admin-bench.ts';
import { START_MS, sampleRow, sampleRows } from './sample-rows.ts';

test('requestSeries has a bucket for every day of a zone', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const at = (time: string) => Date.parse(time);
  // The clocks of Berlin go back on 25 October 2026: that day ends at 23:00 UTC.
  bench.log.append(sampleRow('r1', { startedAtMs: at('2026-10-25T22:59:59Z') }));
  bench.log.append(sampleRow('r2', { startedAtMs: at('2026-10-25T23:00:00Z'), outcome: 'failed' }));
  const query = `{ requestSeries(bucketSeconds: 86400, timeZone: "Europe/Berlin",
    filter: { from: "2026-10-24T22:00:00Z", to: "2026-10-26T23:00:00Z" }) { from to total succeeded failed costUsd } }`;
  assert.deepEqual((await bench.ask(query)).requestSeries, [
    {
      from: '2026-10-24T22:00:00.000Z',
      to: '2026-10-25T23:00:00.000Z',
      total: 1,
      succeeded: 1,
      failed: 0,
      costUsd: 0.0015,
    },
    {
      from: '2026-10-25T23:00:00.000Z',
      to: '2026-10-26T23:00:00.000Z',
      total: 1,
      succeeded: 0,
      failed: 1,
      costUsd: 0.0015,
    },
  ]);
});

test('requestSeries counts only what the filter allows, in whole buckets', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.log.append(sampleRow('early', { startedAtMs: START_MS - 3_600_000 }));
  bench.log.append(sampleRow('late', { startedAtMs: START_MS - 1 }));
  const query = `{ requestSeries(bucketSeconds: 3600, filter: { from: "2026-11-21T21:30:00Z" }) { from to total } }`;
  assert.deepEqual((await bench.ask(query)).requestSeries, [
    { from: '2026-11-21T21:00:00.000Z', to: '2026-11-21T22:00:00.000Z', total: 1 },
  ]);
  const open = await bench.ask('{ requestSeries(bucketSeconds: 60) { total } }');
  assert.equal(open.requestSeries.length, 99);
});

test('requestSeries refuses buckets that make no sense', async () => {
  const bench = await openBench();
  const cases = [
    'bucketSeconds: 59',
    'bucketSeconds: 2592001',
    'bucketSeconds: 60, timeZone: "Mars/Olympus"',
    'bucketSeconds: 60, filter: { from: "2026-11-01T00:00:00Z" }',
    'bucketSeconds: 60, filter: { from: "2026-11-22T00:00:00Z" }',
  ];
  for (const args of cases) {
    const { errors } = await bench.call(`{ requestSeries(${args}) { total } }`);
    assert.equal(errors[0]?.extensions.code, 'BAD_USER_INPUT', args);
  }
});

test('requestGroups tells keys, models and outcomes apart, most requests first', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.log.append(sampleRow('r1', { latencyMs: 100 }));
  bench.log.append(sampleRow('r2', { latencyMs: 300 }));
  bench.log.append(sampleRow('r3', { apiKeyId: 'gone', outcome: 'client-gone', latencyMs: 200 }));
  bench.log.append(sampleRow('r4', { apiKeyId: null }));
  const groups = async (args: string, fields = 'groupId name total') =>
    (await bench.ask(`{ requestGroups(${args}) { ${fields} } }`)).requestGroups;
  assert.deepEqual(await groups('by: API_KEY'), [
    { groupId: encodeGlobalId('ApiKey', 'k1'), name: 'ada-laptop', total: 2 },
    { groupId: encodeGlobalId('ApiKey', 'gone'), name: null, total: 1 },
    { groupId: null, name: null, total: 1 },
  ]);
  assert.deepEqual(await groups('by: OUTCOME'), [
    { groupId: 'OK', name: 'OK', total: 3 },
    { groupId: 'CLIENT_GONE', name: 'CLIENT_GONE', total: 1 },
  ]);
  assert.deepEqual(
    await groups(
      'by: MODEL, first: 1, filter: { apiKeyId: "k1" }',
      'name latencyMs { p50 p99 } percentilesExact',
    ),
    [{ name: 'claude-sonnet-4-5', latencyMs: { p50: 100, p99: 300 }, percentilesExact: true }],
  );
  const { errors } = await bench.call('{ requestGroups(by: USER, first: 201) { total } }');
  assert.equal(errors[0]?.extensions.code, 'BAD_USER_INPUT');
});

test('requestGroups tells of the groups alone that are asked for, those with few requests too', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.log.append(sampleRow('r1'));
  bench.log.append(sampleRow('r2'));
  bench.log.append(sampleRow('r3', { apiKeyId: 'k2', outcome: 'client-gone' }));
  bench.log.append(sampleRow('r4', { apiKeyId: null }));
  const query = `query ($by: RequestDimension!, $ids: [ID]) { requestGroups(by: $by, groupIds: $ids, first: 1) { groupId } }`;
  const found = async (by: string, ids: unknown) =>
    (await bench.ask(query, { by, ids })).requestGroups.map(({ groupId }: { groupId: unknown }) => groupId);
  const [first, second] = [encodeGlobalId('ApiKey', 'k1'), encodeGlobalId('ApiKey', 'k2')];
  assert.deepEqual(await found('API_KEY', null), [first]);
  assert.deepEqual(await found('API_KEY', [second]), [second]);
  assert.deepEqual(await found('API_KEY', ['k2', encodeGlobalId('ApiKey', 'k3')]), [second]);
  assert.deepEqual(await found('API_KEY', [null]), [null]);
  assert.deepEqual(await found('API_KEY', []), []);
  assert.deepEqual(await found('OUTCOME', ['CLIENT_GONE']), ['CLIENT_GONE']);
  const { errors } = await bench.call(query, { by: 'USER', ids: Array(201).fill('u1') });
  assert.equal(errors[0]?.extensions.code, 'BAD_USER_INPUT');
});

test('requestLogStats tells of requests without a price', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.log.append(sampleRow('r1'));
  bench.log.append(sampleRow('r2', { costNanoUsd: null }));
  const query = `{ requestLogStats { total unpricedRequests reportedRequests requestsWithCacheHit percentilesExact
    cacheReadCostUsd cacheWriteCostUsd } }`;
  assert.deepEqual((await bench.ask(query)).requestLogStats, {
    total: 2,
    unpricedRequests: 1,
    reportedRequests: 2,
    requestsWithCacheHit: 2,
    percentilesExact: true,
    cacheReadCostUsd: 0.00048,
    cacheWriteCostUsd: 0,
  });
});
