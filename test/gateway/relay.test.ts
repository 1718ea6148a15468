// A begun reply on its way to the client: when it begins, its silences, how it ends, and at whose pace it goes.

import assert from 'node:assert/strict';
import { ANTHROPIC, DIALOGUES, GEMINI_ARRAY, OMNI } from './dialogues.ts';
import { anthropicError, createBench, gatewayTest, sse } from './fixture.ts';
import { LiveReply, readerOf } from './live-reply.ts';

const SECOND_MS = 1_000;

/** A gateway before one live reply. */
function liveBench(options = OMNI) {
  const reply = new LiveReply();
  const bench = createBench(({ signal }) => {
    signal.addEventListener('abort', () => reply.breakOff());
    return reply;
  }, options);
  return { bench, reply };
}

for (const { surface, framing, path, body, start, text, end } of DIALOGUES) {
  gatewayTest(
    `handleExchange() holds a ${surface} stream (${framing}) back until the answer begins, then passes its bytes`,
    async () => {
      const { bench, reply } = liveBench();
      let isHere = false;
      const pending = bench.open({ path, body }).then((response) => {
        isHere = true;
        return response;
      });
      reply.say(start);
      await bench.clock.advance(9 * SECOND_MS);
      assert.equal(isHere, false);
      reply.say(text);
      const reader = readerOf(await pending);
      assert.equal((await reader.next()) === start, true);
      assert.equal(await reader.next(), text);
      reply.say(end).end();
      assert.equal(await reader.rest(), end);
      const [row] = bench.rows;
      assert.deepEqual(
        [row?.status, row?.outcome, row?.inputTokens, row?.outputTokens, row?.usageSource, row?.isStreamed],
        [200, 'ok', 10, 2, 'upstream', true],
      );
      assert.deepEqual([row?.timeToFirstTokenMs, row?.attempts[0]?.firstByteMs], [9_000, 9_000]);
    },
  );

  gatewayTest(
    `handleExchange() ends a ${surface} stream (${framing}) that fell silent with an error of the dialect`,
    async () => {
      const { bench, reply } = liveBench();
      const pending = bench.open({ path, body });
      await bench.clock.advance(0);
      reply.say(start).say(text);
      const reader = readerOf(await pending);
      await reader.next();
      const rest = reader.rest();
      await bench.clock.advance(119 * SECOND_MS);
      assert.equal(bench.rows.length, 0);
      await bench.clock.advance(SECOND_MS);
      const last = DIALOGUES.find((one) => one.path === path)?.lastEvent.exec(await rest);
      assert.ok(last?.[1]);
      JSON.parse(last[1]);
      assert.equal(reply.isLetGo, true);
      const [row] = bench.rows;
      assert.deepEqual(
        [row?.status, row?.outcome, row?.errorCode, row?.attempts[0]?.fault, row?.attempts[0]?.outcome],
        [200, 'failed', 'stream-interrupted', 'stalled', 'interrupted'],
      );
      assert.equal(bench.calls.length, 1);
    },
  );

  gatewayTest(
    `handleExchange() takes a ${surface} stream (${framing}) without its own end for a break`,
    async () => {
      const { bench, reply } = liveBench();
      reply.say(start + text).end();
      const { text: sent, row } = await bench.send({ path, body });
      assert.ok(sent.startsWith(start + text));
      assert.notEqual(sent, start + text);
      assert.deepEqual(
        [row.outcome, row.errorCode, row.attempts[0]?.fault, bench.calls.length],
        ['failed', 'stream-interrupted', 'incomplete', 1],
      );
    },
  );
}

gatewayTest('handleExchange() ends a JSON array that broke off so that it is still JSON', async () => {
  const { bench, reply } = liveBench();
  const { path, body, start, text } = GEMINI_ARRAY;
  reply.say(start + text).breakOff();
  const sent: unknown = JSON.parse((await bench.send({ path, body })).text);
  assert.ok(Array.isArray(sent));
  assert.equal(sent.length, 3);
  assert.equal(sent[2].error.code, 502);
});

gatewayTest('handleExchange() counts what a broken stream reported as partial usage', async () => {
  const { bench, reply } = liveBench();
  const { path, body, start, text } = ANTHROPIC;
  reply.say(start + text).breakOff();
  const { row } = await bench.send({ path, body });
  assert.deepEqual([row.inputTokens, row.outputTokens, row.usageSource], [10, 1, 'partial']);
});

gatewayTest(
  'handleExchange() lets a stream begin when its answer takes longer than 10 s after its first bytes',
  async () => {
    const { bench, reply } = liveBench();
    const { path, body, start, text, end } = ANTHROPIC;
    const pending = bench.open({ path, body });
    await bench.clock.advance(60 * SECOND_MS);
    reply.say(start);
    const reader = readerOf(await pending);
    assert.equal(await reader.next(), start);
    const next = reader.next();
    reply.say(text);
    assert.equal(await next, text);
    reply.say(end).end();
    await reader.rest();
    assert.equal(bench.rows[0]?.outcome, 'ok');
  },
);

gatewayTest('handleExchange() never retries an error after the answer has begun', async () => {
  const error = sse('error', { error: { type: 'overloaded_error', message: 'full' } });
  const { bench, reply } = liveBench({ accounts: [{ name: 'a' }, { name: 'b' }] });
  const { path, body, start, text } = ANTHROPIC;
  reply.say(start + text + error).end();
  const { text: sent, row } = await bench.send({ path, body });
  assert.equal(sent, start + text + error);
  assert.deepEqual(
    [row.status, row.outcome, row.errorCode, row.errorMessage, row.usageSource],
    [200, 'failed', 'overloaded_error', 'full', 'partial'],
  );
  assert.deepEqual(
    row.attempts.map(({ outcome, fault }) => [outcome, fault]),
    [['interrupted', 'server-error']],
  );
  assert.equal(bench.calls.length, 1);
});

for (const { framing, path, body, start, text, end } of [ANTHROPIC, GEMINI_ARRAY]) {
  const ping = framing === 'sse' ? ': ping\n\n' : '\n';

  gatewayTest(
    `handleExchange() writes a comment into a silent stream (${framing}) every 15 s, between events only`,
    async () => {
      const { bench, reply } = liveBench();
      const half = text.slice(0, 30);
      const pending = bench.open({ path, body });
      await bench.clock.advance(0);
      reply.say(start + text);
      const reader = readerOf(await pending);
      assert.equal(await reader.next(), start + text);
      const first = reader.next();
      await bench.clock.advance(15 * SECOND_MS);
      assert.equal(await first, ping);
      const second = reader.next();
      await bench.clock.advance(15 * SECOND_MS);
      assert.equal(await second, ping);
      reply.say(half);
      assert.equal(await reader.next(), half);
      const rest = reader.next();
      await bench.clock.advance(100 * SECOND_MS);
      reply.say(text.slice(30));
      assert.equal(await rest, text.slice(30));
      const third = reader.next();
      await bench.clock.advance(15 * SECOND_MS);
      assert.equal(await third, ping);
      reply.say(end).end();
      assert.equal(await reader.rest(), end);
      assert.equal(bench.rows[0]?.outcome, 'ok');
    },
  );
}

gatewayTest(
  'handleExchange() reads nothing ahead of a slow client and lets no silence count against the upstream',
  async () => {
    const { bench, reply } = liveBench();
    const { path, body, start, text, end } = ANTHROPIC;
    const pending = bench.open({ path, body });
    await bench.clock.advance(0);
    reply.say(start);
    await bench.clock.advance(0);
    reply.say(text);
    const response = await pending;
    reply.say(text);
    assert.equal(reply.reads, 2);
    await bench.clock.advance(3_600 * SECOND_MS);
    assert.equal(reply.reads, 2);
    const reader = readerOf(response);
    assert.deepEqual([await reader.next(), await reader.next(), reply.reads], [start, text, 2]);
    assert.deepEqual([await reader.next(), reply.reads], [text, 3]);
    await bench.clock.advance(3_600 * SECOND_MS);
    assert.deepEqual([reply.reads, reply.isLetGo], [3, false]);
    reply.say(end).end();
    assert.equal(await reader.rest(), end);
    assert.equal(bench.rows[0]?.outcome, 'ok');
  },
);

gatewayTest(
  'handleExchange() passes a reply of more than 16 MB on as it comes when its length is declared',
  async () => {
    const length = 17 * 1024 * 1024;
    const reply = new LiveReply({
      headers: { 'content-type': 'application/json', 'content-length': String(length) },
    });
    const bench = createBench(() => reply);
    const response = await bench.open();
    const reader = readerOf(response);
    reply.say('x'.repeat(1_000));
    assert.equal(await reader.next(), 'x'.repeat(1_000));
    reply.say('y'.repeat(length - 1_000)).end();
    assert.equal((await reader.rest()).length, length - 1_000);
    assert.deepEqual([bench.rows[0]?.outcome, bench.rows[0]?.usageSource], ['ok', 'none']);
  },
);

gatewayTest(
  'handleExchange() breaks the connection of a large reply that broke off: there is no place for an error',
  async () => {
    const reply = new LiveReply({
      headers: { 'content-type': 'application/json', 'content-length': String(20 * 1024 * 1024) },
    });
    const bench = createBench(() => reply);
    const reader = readerOf(await bench.open());
    reply.say('{');
    assert.equal(await reader.next(), '{');
    reply.breakOff();
    await assert.rejects(reader.rest());
    assert.deepEqual([bench.rows[0]?.outcome, bench.rows[0]?.errorCode], ['failed', 'stream-interrupted']);
  },
);

for (const [name, headers, answer] of [
  ['an undeclared reply', {}, 'x'.repeat(16 * 1024 * 1024 + 1)],
  ['a declared error reply', { 'content-length': '20000000' }, ''],
] as const) {
  gatewayTest(`handleExchange() lets go of ${name} over 16 MB and tries another account`, async () => {
    const big = new LiveReply({
      status: answer === '' ? 500 : 200,
      headers: { 'content-type': 'application/json', ...headers },
    });
    const bench = createBench(({ account }) =>
      account === 'a' ? big.say(answer) : anthropicError(400, 'invalid_request_error'),
    );
    const { status, row } = await bench.send();
    assert.deepEqual([status, row.attempts[0]?.fault, big.isLetGo], [400, 'broken', true]);
  });
}

for (const { ending, failures } of [
  { ending: 'ends as it should', failures: 0 },
  { ending: 'breaks off', failures: 1 },
  { ending: 'tells of an error', failures: 1 },
]) {
  gatewayTest(`handleExchange() notes for the account's health that its stream ${ending}`, async () => {
    const { bench, reply } = liveBench();
    const { path, body, start, text, end } = ANTHROPIC;
    reply.say(start + text);
    if (ending === 'ends as it should') reply.say(end);
    if (ending === 'tells of an error') reply.say(sse('error', { error: { type: 'api_error' } }));
    reply.end();
    await bench.send({ path, body });
    assert.equal(bench.parts.health.circuit('a').recentFailures, failures);
  });
}
