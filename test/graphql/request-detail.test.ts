// What the details of one logged request tell beyond its row: its session, its trace, how its cost adds up, what was sent.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ModelPrice } from '../../server/gateway/ports.ts';
import { encodeGlobalId } from '../../server/graphql/global-id.ts';
import { openBench } from './admin-bench.ts';
import { START_MS, sampleRow, sampleRows } from './sample-rows.ts';

const TRACE_ID = '0af7651916cd43dd8448eb211c80319c';
const globalId = (id: string) => encodeGlobalId('RequestLog', id);

test('requestLog tells its trace', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.log.rows = [sampleRow('r1', { traceId: TRACE_ID }), sampleRow('r2')];
  const query = '{ one: requestLog(id: "r1") { traceId } other: requestLog(id: "r2") { traceId } }';
  assert.deepEqual(await bench.ask(query), { one: { traceId: TRACE_ID }, other: { traceId: null } });
});

test('sessionNeighbours are the nearest of the same session and API key, oldest first', async () => {
  const bench = await openBench({ rows: sampleRows() });
  const turn = (number: number) => sampleRow(`t${number}`, { startedAtMs: START_MS + number * 1_000 });
  bench.log.rows = [
    ...[5, 1, 3, 2, 4].map(turn),
    sampleRow('other-session', { startedAtMs: START_MS + 2_900, sessionId: 'session-2' }),
    sampleRow('other-key', { startedAtMs: START_MS + 3_100, apiKeyId: 'k2' }),
  ];
  const { requestLog } = await bench.ask(
    '{ requestLog(id: "t3") { near: sessionNeighbours(first: 1) { ...ids } all: sessionNeighbours { ...ids } } } fragment ids on SessionNeighbours { before { id } after { id } }',
  );
  const nodes = (...ids: string[]) => ids.map((id) => ({ id: globalId(id) }));
  assert.deepEqual(requestLog, {
    near: { before: nodes('t2'), after: nodes('t4') },
    all: { before: nodes('t1', 't2'), after: nodes('t4', 't5') },
  });
});

test('sessionNeighbours is null for a request without a session', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.log.rows = [sampleRow('r1', { sessionId: null }), sampleRow('r2', { sessionId: null })];
  const { requestLog } = await bench.ask('{ requestLog(id: "r1") { sessionNeighbours { after { id } } } }');
  assert.equal(requestLog.sessionNeighbours, null);
});

const PRICE: ModelPrice = {
  inputUsdPerMillion: 10,
  outputUsdPerMillion: 50,
  cacheReadUsdPerMillion: 1,
  cacheWrite5mUsdPerMillion: 12.5,
  cacheWrite1hUsdPerMillion: 20,
  tiers: [],
};
const COST_LINES = '{ requestLog(id: "r1") { costLines { part tokens usdPerMillion costUsd } } }';

/** 100 fresh, 800 read, 100 written, 50 out: 1.0 + 0.8 + 1.25 + 2.5 thousandths of a dollar. */
const COST_NANO_USD = 5_550_000;

async function pricedBench() {
  const rows = sampleRows();
  rows.models = (rows.models ?? []).map((model) => ({ ...model, price: PRICE }));
  return openBench({ rows });
}

test('costLines is tokens times price for each kind of token that there was', async () => {
  const bench = await pricedBench();
  bench.log.rows = [sampleRow('r1', { costNanoUsd: COST_NANO_USD, priceVersion: 'override' })];
  const { requestLog } = await bench.ask(COST_LINES);
  assert.deepEqual(requestLog.costLines, [
    { part: 'INPUT', tokens: 100, usdPerMillion: 10, costUsd: 0.001 },
    { part: 'CACHE_READ', tokens: 800, usdPerMillion: 1, costUsd: 0.0008 },
    { part: 'CACHE_WRITE_5M', tokens: 100, usdPerMillion: 12.5, costUsd: 0.00125 },
    { part: 'OUTPUT', tokens: 50, usdPerMillion: 50, costUsd: 0.0025 },
  ]);
});

for (const { name, given } of [
  { name: 'the price is another since', given: { costNanoUsd: COST_NANO_USD + 2, priceVersion: 'override' } },
  { name: 'it was billed by another list', given: { costNanoUsd: COST_NANO_USD, priceVersion: 'table-1' } },
  { name: 'it was not priced', given: { costNanoUsd: null, priceVersion: null } },
  {
    name: 'its account is gone',
    given: { costNanoUsd: COST_NANO_USD, priceVersion: 'override', accountId: 'gone' },
  },
]) {
  test(`costLines is null where ${name}`, async () => {
    const bench = await pricedBench();
    bench.log.rows = [sampleRow('r1', given)];
    const { requestLog } = await bench.ask(COST_LINES);
    assert.equal(requestLog.costLines, null);
  });
}

test('bodies tell what was sent on and the headers, where they were kept', async () => {
  const bench = await openBench({ rows: sampleRows() });
  bench.log.rows = [sampleRow('r1'), sampleRow('r2')];
  const sent = { upstreamRequest: '{"a":1}', requestHeaders: '{"x-api-key":"•••"}' };
  bench.bodies.set('r1', { request: '{}', reply: '{}', isCut: false, ...sent });
  bench.bodies.set('r2', {
    request: '{}',
    reply: '{}',
    isCut: false,
    upstreamRequest: null,
    requestHeaders: null,
  });
  const { r1, r2 } =
    await bench.ask(`{ r1: requestLog(id: "r1") { bodies { ...sent } } r2: requestLog(id: "r2") { bodies { ...sent } } }
    fragment sent on RequestBodies { upstreamRequest requestHeaders }`);
  assert.deepEqual(r1.bodies, sent);
  assert.deepEqual(r2.bodies, { upstreamRequest: null, requestHeaders: null });
});
