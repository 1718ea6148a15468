// Streams that break off, are left by their client, or never begin.

import assert from 'node:assert/strict';
import { createBench, gatewayTest, STREAM_START, STREAM_TEXT, stream } from './fixture.ts';

gatewayTest('handleExchange() ends a stream that breaks off with an error event of the dialect', async () => {
  const bench = createBench(() =>
    stream([STREAM_START, STREAM_TEXT, 'event: content_block_delta\ndata: {"ty'], 'fail'),
  );
  const reply = await bench.send({ stream: true });
  const sent = `${STREAM_START}${STREAM_TEXT}event: content_block_delta\ndata: {"ty`;
  assert.ok(reply.text.startsWith(`${sent}\n\nevent: error\ndata: {"type":"error"`), reply.text);
  assert.deepEqual(
    [reply.row.outcome, reply.row.errorCode, reply.row.usageSource],
    ['failed', 'stream-interrupted', 'partial'],
  );
  assert.equal(bench.calls.length, 1);
  assert.equal(bench.parts.slots.total(), 0);
});

gatewayTest("handleExchange() takes a clean end without the protocol's own end for a break", async () => {
  const bench = createBench(() => stream([STREAM_START, STREAM_TEXT]));
  const reply = await bench.send({ stream: true });
  assert.match(reply.text, /event: error/);
  assert.equal(reply.row.errorCode, 'stream-interrupted');
});

gatewayTest(
  'handleExchange() lets go of the upstream and blames nobody when the client hangs up mid-stream',
  async () => {
    let isLetGo = false;
    const bench = createBench(() =>
      stream([STREAM_START, STREAM_TEXT], 'hang', () => {
        isLetGo = true;
      }),
    );
    const response = await bench.open({ stream: true, session: 's' });
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    const row = bench.rows.at(-1);
    assert.deepEqual(
      [isLetGo, row?.status, row?.outcome, row?.usageSource],
      [true, 499, 'client-gone', 'partial'],
    );
    assert.equal(bench.parts.slots.total(), 0);
    assert.equal(bench.parts.affinity.list().length, 1);
    const a = bench.catalog.accounts.get('a');
    assert.ok(a);
    assert.equal(bench.parts.health.condition(a).state, 'available');
  },
);

gatewayTest('handleExchange() aborts the upstream when the client hangs up before the reply', async () => {
  const gone = new AbortController();
  const bench = createBench(
    ({ signal }) =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted')))),
  );
  const pending = bench.open({ signal: gone.signal });
  await bench.clock.advance(10);
  gone.abort();
  await pending;
  assert.deepEqual(
    [bench.rows.length, bench.rows[0]?.status, bench.rows[0]?.outcome, bench.calls.length],
    [1, 499, 'client-gone', 1],
  );
  assert.equal(bench.parts.slots.total(), 0);
});
