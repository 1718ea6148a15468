// What becomes of what is under way when the gateway stops.

import assert from 'node:assert/strict';
import { DEFAULT_SETTINGS } from '../../server/gateway/ports.ts';
import { stopExchanges } from '../../server/gateway/shutdown.ts';
import { DIALOGUES, GEMINI_ARRAY, OMNI } from './dialogues.ts';
import { ADA_KEY, createBench, gatewayTest, message } from './fixture.ts';
import type { UpstreamCall } from './fixture-ends.ts';
import { LiveReply, readerOf } from './live-reply.ts';

const silent = ({ signal }: UpstreamCall) =>
  new Promise<Response>((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));

for (const { surface, framing, path, body, start, text, lastEvent } of DIALOGUES) {
  gatewayTest(
    `stopExchanges() ends a ${surface} stream (${framing}) with an error of the dialect`,
    async () => {
      const reply = new LiveReply();
      const bench = createBench(() => reply, OMNI);
      reply.say(start + text);
      const reader = readerOf(await bench.open({ path, body }));
      await reader.next();
      const rest = reader.rest();
      await bench.clock.advance(0);
      stopExchanges(bench.parts.open);
      const last = await rest;
      // The same event as for any break, but for what it says.
      const pattern = lastEvent.source
        .replace('stream_interrupted', 'shutting_down')
        .replace('502', '503')
        .replace('INTERNAL', 'UNAVAILABLE')
        .replace(/^\\n\\n/, '^');
      assert.match(last, new RegExp(pattern));
      assert.match(last, /The gateway is shutting down/);
      assert.equal(reply.isLetGo, true);
      const [row] = bench.rows;
      assert.deepEqual(
        [row?.status, row?.outcome, row?.errorCode, row?.attempts[0]?.outcome, row?.attempts[0]?.fault],
        [200, 'failed', 'shutting-down', 'interrupted', null],
      );
    },
  );
}

gatewayTest('stopExchanges() gives a client that has not read yet what was held for it first', async () => {
  const reply = new LiveReply();
  const bench = createBench(() => reply, OMNI);
  const { path, body, start, text } = GEMINI_ARRAY;
  reply.say(start + text);
  const response = await bench.open({ path, body });
  stopExchanges(bench.parts.open);
  const sent: unknown = JSON.parse(await response.text());
  assert.ok(Array.isArray(sent));
  assert.deepEqual([sent.length, sent[2].error.status], [3, 'UNAVAILABLE']);
});

gatewayTest('stopExchanges() answers requests without a reply with 503 and makes their rows', async () => {
  const { limits } = DEFAULT_SETTINGS;
  const bench = createBench(silent, { settings: { limits: { ...limits, maxInFlight: 2 } } });
  const waiting = [bench.open(), bench.open({ stream: true }), bench.open()];
  await bench.clock.advance(1_000);
  assert.deepEqual([bench.calls.length, bench.parts.admission.queued], [2, 1]);
  stopExchanges(bench.parts.open);
  for (const reply of await Promise.all(waiting)) {
    assert.deepEqual([reply.status, reply.headers.get('retry-after')], [503, '1']);
  }
  assert.deepEqual(
    bench.rows.map(({ errorCode, outcome }) => [errorCode, outcome]),
    Array.from({ length: 3 }, () => ['shutting-down', 'failed']),
  );
  assert.deepEqual(
    bench.rows.flatMap(({ attempts }) => attempts.map(({ outcome, reason }) => [outcome, reason])),
    Array.from({ length: 2 }, () => ['interrupted', 'the gateway was shut down']),
  );
});

gatewayTest('stopExchanges() ends the pause before another attempt', async () => {
  const bench = createBench(() => new Response('{}', { status: 529 }));
  const pending = bench.open();
  await bench.clock.advance(10);
  assert.equal(bench.calls.length, 1);
  stopExchanges(bench.parts.open);
  assert.equal((await pending).status, 503);
  assert.equal(bench.rows[0]?.errorCode, 'shutting-down');
});

gatewayTest('stopExchanges() ends a request whose body is still coming', async () => {
  const bench = createBench(() => message());
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array([0x7b])),
  });
  const pending = bench.openRequest(
    new Request('http://gateway.test/v1/messages', {
      method: 'POST',
      headers: { authorization: `Bearer ${ADA_KEY}` },
      body,
      ...{ duplex: 'half' },
    }),
  );
  await bench.clock.advance(10);
  stopExchanges(bench.parts.open);
  assert.equal((await pending).status, 503);
});
