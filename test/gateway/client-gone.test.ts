// Clients that hang up: before the reply, in its middle, after its end; and what is read on without them.

import assert from 'node:assert/strict';
import { DEFAULT_SETTINGS } from '../../server/gateway/ports.ts';
import { stopExchanges } from '../../server/gateway/shutdown.ts';
import { ANTHROPIC, CHAT, OMNI } from './dialogues.ts';
import { createBench, gatewayTest, message } from './fixture.ts';
import { LiveReply, readerOf } from './live-reply.ts';

const DRAIN = { settings: { clientGone: { policy: 'drain', drainSeconds: 60 } } } as const;

const { path, body, start, text, end } = ANTHROPIC;

/** A stream of which the client has read the answer's first piece. */
async function begun(settings: Parameters<typeof createBench>[1] = {}) {
  const reply = new LiveReply();
  const bench = createBench(() => reply, { ...OMNI, ...settings });
  const pending = bench.open({ path, body, session: 's' });
  reply.say(start + text);
  const reader = readerOf(await pending);
  await reader.next();
  return { bench, reply, reader };
}

for (const isWaiting of [false, true]) {
  const when = isWaiting ? 'while it waits for the next piece' : 'between two pieces';

  gatewayTest(
    `handleExchange() lets go of the upstream at once when the client hangs up ${when}`,
    async () => {
      const { bench, reply, reader } = await begun();
      if (isWaiting) void reader.next().catch(() => undefined);
      await bench.clock.advance(0);
      await reader.leave();
      const [row] = bench.rows;
      assert.equal(reply.isLetGo, true);
      assert.deepEqual(
        [row?.status, row?.outcome, row?.errorCode, row?.inputTokens, row?.usageSource],
        [499, 'client-gone', 'client-gone', 10, 'partial'],
      );
      assert.deepEqual(
        row?.attempts.map(({ outcome, fault }) => [outcome, fault]),
        [['client-gone', null]],
      );
      assert.equal(bench.parts.affinity.list().length, 1);
    },
  );

  gatewayTest(
    `handleExchange() reads on to learn the usage when the client hangs up ${when} and is set to drain`,
    async () => {
      const { bench, reply, reader } = await begun(DRAIN);
      if (isWaiting) void reader.next().catch(() => undefined);
      await bench.clock.advance(0);
      const left = reader.leave();
      await bench.clock.advance(30_000);
      assert.deepEqual([reply.isLetGo, bench.parts.slots.inFlight('a'), bench.rows.length], [false, 1, 0]);
      reply.say(text);
      await bench.clock.advance(0);
      reply.say(end).end();
      await left;
      const [row] = bench.rows;
      assert.deepEqual(
        [row?.status, row?.outcome, row?.outputTokens, row?.usageSource, row?.latencyMs],
        [499, 'client-gone', 2, 'upstream', 30_000],
      );
    },
  );

  gatewayTest(`handleExchange() drains no longer than it may when the client hangs up ${when}`, async () => {
    const { bench, reply, reader } = await begun(DRAIN);
    if (isWaiting) void reader.next().catch(() => undefined);
    await bench.clock.advance(0);
    const left = reader.leave();
    await bench.clock.advance(59_999);
    assert.equal(reply.isLetGo, false);
    await bench.clock.advance(1);
    await left;
    assert.equal(reply.isLetGo, true);
    assert.deepEqual([bench.rows[0]?.outcome, bench.rows[0]?.usageSource], ['client-gone', 'partial']);
  });
}

gatewayTest('handleExchange() stops draining when the gateway stops', async () => {
  const { bench, reply, reader } = await begun(DRAIN);
  void reader.next().catch(() => undefined);
  await bench.clock.advance(0);
  const left = reader.leave();
  stopExchanges(bench.parts.open);
  await left;
  assert.deepEqual([reply.isLetGo, bench.rows[0]?.outcome], [true, 'client-gone']);
});

for (const policy of ['cancel', 'drain'] as const) {
  gatewayTest(
    `handleExchange() counts a client that leaves after the last event as answered (${policy})`,
    async () => {
      const { bench, reply, reader } = await begun({
        settings: { clientGone: { policy, drainSeconds: 60 } },
      });
      reply.say(end);
      assert.equal(await reader.next(), end);
      await reader.leave();
      const [row] = bench.rows;
      assert.equal(reply.isLetGo, true);
      assert.deepEqual(
        [row?.status, row?.outcome, row?.outputTokens, row?.usageSource, row?.errorCode],
        [200, 'ok', 2, 'upstream', null],
      );
    },
  );
}

gatewayTest(
  'handleExchange() counts a client as gone that leaves before it was given the last event',
  async () => {
    const reply = new LiveReply();
    const bench = createBench(() => reply, OMNI);
    reply.say(start + text + end);
    const response = await bench.open({ path, body });
    await response.body?.cancel();
    const [row] = bench.rows;
    assert.deepEqual(
      [row?.status, row?.outcome, row?.outputTokens, row?.usageSource],
      [499, 'client-gone', 2, 'upstream'],
    );
  },
);

gatewayTest('handleExchange() takes a client that stops at the finish reason for answered', async () => {
  const reply = new LiveReply();
  const bench = createBench(() => reply, OMNI);
  reply.say(CHAT.start + CHAT.text + CHAT.end);
  const reader = readerOf(await bench.open({ path: CHAT.path, body: CHAT.body }));
  await reader.next();
  await reader.leave();
  assert.deepEqual([bench.rows[0]?.status, bench.rows[0]?.outcome], [200, 'ok']);
});

gatewayTest('handleExchange() takes a second hang-up for the same', async () => {
  const { bench, reader } = await begun();
  await Promise.all([reader.leave(), reader.leave()]);
  assert.equal(bench.rows.length, 1);
});

gatewayTest('handleExchange() asks nobody when the client has gone before it is its turn', async () => {
  const { limits } = DEFAULT_SETTINGS;
  const reply = new LiveReply();
  const bench = createBench(() => reply, { settings: { limits: { ...limits, maxInFlight: 1 } } });
  const gone = new AbortController();
  const first = bench.open({ path, body });
  const second = bench.open({ path, body, signal: gone.signal });
  await bench.clock.advance(2_000);
  assert.equal(bench.parts.admission.queued, 1);
  gone.abort();
  assert.equal((await second).status, 499);
  assert.deepEqual([bench.calls.length, bench.rows[0]?.outcome], [1, 'client-gone']);
  reply.say(start + text + end).end();
  await (await first).text();
});

gatewayTest('handleExchange() ends the attempt when the client hangs up before the reply', async () => {
  const gone = new AbortController();
  const reply = new LiveReply({ signal: gone.signal });
  const bench = createBench(({ signal }) => {
    signal.addEventListener('abort', () => reply.breakOff());
    return reply.say(start);
  });
  const pending = bench.open({ path, body, signal: gone.signal });
  await bench.clock.advance(1_000);
  gone.abort();
  assert.equal((await pending).status, 499);
  assert.deepEqual(
    bench.rows[0]?.attempts.map(({ outcome, durationMs }) => [outcome, durationMs]),
    [['client-gone', 1_000]],
  );
  assert.equal(bench.calls.length, 1);
});

gatewayTest(
  "handleExchange() does not take the end of the client's own signal after a reply for a hang-up",
  async () => {
    const done = new AbortController();
    const bench = createBench(() => message());
    const reply = await bench.send({ signal: done.signal });
    done.abort();
    await bench.clock.advance(0);
    assert.deepEqual([reply.status, bench.rows.length, bench.rows[0]?.outcome], [200, 1, 'ok']);
  },
);

gatewayTest('handleExchange() tries nobody for a client that has gone already', async () => {
  const bench = createBench(() => message());
  const reply = await bench.send({ signal: AbortSignal.abort() });
  assert.deepEqual([reply.status, reply.row.outcome, reply.row.attempts], [499, 'client-gone', []]);
});
