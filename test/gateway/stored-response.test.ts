// Replies that the provider keeps are read, cancelled and deleted at the account that made them, by their own tenant.

import assert from 'node:assert/strict';
import { stopExchanges } from '../../server/gateway/shutdown.ts';
import {
  ADA_KEY,
  type BenchOptions,
  BOB_KEY,
  createBench,
  gatewayTest,
  jsonAnswer,
  type Upstream,
} from './fixture.ts';

const POOL: BenchOptions = {
  accounts: [
    { name: 'a', providerId: 'omni' },
    { name: 'b', providerId: 'omni' },
  ],
  providers: { omni: ['openai-responses'] },
};
const KEPT = { id: 'resp_1', object: 'response', output: [], usage: { input_tokens: 3, output_tokens: 4 } };

function benchOf(upstream: Upstream) {
  const bench = createBench(upstream, POOL);
  bench.parts.pins.remember('key:ada', 'resp_1', 'b');
  return bench;
}

for (const [method, rest] of [
  ['GET', ''],
  ['DELETE', ''],
  ['POST', '/cancel'],
  ['GET', '/input_items'],
] as const) {
  gatewayTest(`handleExchange() sends ${method} of a kept response${rest} to who made it`, async () => {
    const bench = benchOf(() => jsonAnswer(200, KEPT));
    const reply = await bench.send({ method, path: `/v1/responses/resp_1${rest}`, body: '' });
    assert.deepEqual([reply.status, JSON.parse(reply.text)], [200, KEPT]);
    const [call] = bench.calls;
    assert.deepEqual(
      [call?.method, call?.url, call?.account, call?.body],
      [method, `https://omni.test/v1/responses/resp_1${rest}`, 'b', ''],
    );
    const { row } = reply;
    assert.deepEqual(
      [row.accountId, row.outcome, row.modelId, row.affinity, row.attempts.length],
      ['b', 'ok', null, 'none', 1],
    );
  });
}

for (const [who, key, path] of [
  ['another tenant', BOB_KEY, '/v1/responses/resp_1'],
  ['nobody who made it', ADA_KEY, '/v1/responses/resp_2'],
] as const) {
  gatewayTest(`handleExchange() finds no kept response for ${who}`, async () => {
    const bench = benchOf(() => jsonAnswer(200, KEPT));
    const reply = await bench.send({ method: 'GET', path, key });
    assert.deepEqual([reply.status, reply.row.errorCode, bench.calls.length], [404, 'model-not-found', 0]);
  });
}

gatewayTest("handleExchange() passes the provider's own refusal of a kept response on", async () => {
  const error = { error: { message: 'not here', type: 'invalid_request_error', code: null, param: null } };
  const bench = benchOf(() => jsonAnswer(404, error));
  const reply = await bench.send({ method: 'GET', path: '/v1/responses/resp_1' });
  assert.deepEqual([reply.status, JSON.parse(reply.text), reply.row.outcome], [404, error, 'rejected']);
});

for (const [name, answer, status] of [
  ['a server error', () => jsonAnswer(500, { error: { message: 'oops' } }), 500],
  ['a refused credential', () => jsonAnswer(401, { error: { message: 'bad key' } }), 503],
  ['a broken connection', () => Promise.reject(new Error('reset')), 502],
] as const) {
  gatewayTest(`handleExchange() asks nobody else for a kept response after ${name}`, async () => {
    const bench = benchOf(answer);
    const reply = await bench.send({ method: 'GET', path: '/v1/responses/resp_1' });
    assert.deepEqual([reply.status, bench.calls.length], [status, 1]);
  });
}

gatewayTest('handleExchange() ends the call for a kept response when the gateway stops', async () => {
  const bench = benchOf(
    ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted')))),
  );
  const pending = bench.open({ method: 'GET', path: '/v1/responses/resp_1' });
  await bench.clock.advance(10);
  stopExchanges(bench.parts.open);
  assert.equal((await pending).status, 503);
});
