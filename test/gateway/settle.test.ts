// The row that every exchange leaves: counts, money, and how it ended.

import assert from 'node:assert/strict';
import test from 'node:test';
import { openExchange } from '../../server/gateway/exchange.ts';
import { settle } from '../../server/gateway/settle.ts';
import { anthropicMessages } from '../../server/wire/anthropic-messages/dialect.ts';
import { UsageTally } from '../../server/wire/usage.ts';
import { DIALOGUES, OMNI } from './dialogues.ts';
import { createBench, gatewayTest, jsonAnswer, message } from './fixture.ts';
import { LiveReply, readerOf } from './live-reply.ts';

for (const { surface, framing, path, body, start, text, end } of DIALOGUES) {
  gatewayTest(
    `handleExchange() notes usage, cost and the way of a ${surface} reply (${framing})`,
    async () => {
      const reply = new LiveReply();
      const bench = createBench(() => reply, OMNI);
      reply.say(start + text + end).end();
      const { row } = await bench.send({ path, body, session: 's' });
      assert.deepEqual(
        {
          surface: row.surface,
          endpointSurface: row.endpointSurface,
          requestedModel: row.requestedModel,
          modelId: row.modelId,
          upstreamModel: row.upstreamModel,
          inputTokens: row.inputTokens,
          outputTokens: row.outputTokens,
          usageFlags: row.usageFlags,
          losses: row.losses,
          connectMs: row.attempts[0]?.connectMs,
          affinity: row.affinity,
        },
        {
          surface,
          endpointSurface: surface,
          requestedModel: 'claude-sonnet-4-5',
          modelId: 'm1',
          upstreamModel: 'omni-model',
          inputTokens: 10,
          outputTokens: 2,
          usageFlags: [],
          losses: [],
          connectMs: 3,
          affinity: 'new',
        },
      );
      assert.ok(row.rawUsage?.startsWith(surface === 'anthropic-messages' ? '[{' : '{'), row.rawUsage ?? '');
    },
  );
}

const PLAIN: readonly {
  name: string;
  answer: () => Response;
  usageSource: string;
  flags: readonly string[];
  inputTokens: number | null;
}[] = [
  { name: 'with usage', answer: () => message(), usageSource: 'upstream', flags: [], inputTokens: 10 },
  {
    name: 'without usage',
    answer: () => jsonAnswer(200, { type: 'message', content: [] }),
    usageSource: 'none',
    flags: [],
    inputTokens: null,
  },
  {
    name: 'with a count below zero',
    answer: () => message({ input_tokens: 5, output_tokens: -3 }),
    usageSource: 'upstream',
    flags: ['absurd-count'],
    inputTokens: 5,
  },
];
for (const { name, answer, usageSource, flags, inputTokens } of PLAIN) {
  gatewayTest(`handleExchange() makes the row of a plain reply ${name}`, async () => {
    const { row } = await createBench(answer).send();
    assert.deepEqual(
      [row.usageSource, row.usageFlags, row.inputTokens, row.outcome, row.isStreamed],
      [usageSource, flags, inputTokens, 'ok', false],
    );
  });
}

gatewayTest('handleExchange() takes JSON that is not whole for a broken reply', async () => {
  const bench = createBench(
    () => new Response('{"type":"message"', { headers: { 'content-type': 'application/json' } }),
  );
  const { status, row } = await bench.send();
  assert.deepEqual([status, row.errorCode, row.attempts.length], [502, 'upstream-unreachable', 2]);
});

gatewayTest('handleExchange() flags a reply that should have been JSON', async () => {
  const bench = createBench(
    () => new Response('{"type":"message"', { headers: { 'content-type': 'text/plain' } }),
  );
  const { text, row } = await bench.send();
  assert.deepEqual([text, row.outcome, row.usageSource], ['{"type":"message"', 'ok', 'none']);
  assert.deepEqual(row.usageFlags, ['unreadable']);
});

gatewayTest('handleExchange() flags a stream with an event that is no JSON', async () => {
  const reply = new LiveReply();
  const bench = createBench(() => reply, OMNI);
  const [{ path, body, start, text, end }] = DIALOGUES;
  reply.say(`${start}${text}event: content_block_delta\ndata: {"type\n\n${end}`).end();
  const { row } = await bench.send({ path, body });
  assert.deepEqual([row.outcome, row.usageFlags, row.outputTokens], ['ok', ['unreadable'], 2]);
});

test('settle() runs once, whatever comes after, and gives back what was taken', () => {
  const bench = createBench(() => message());
  const exchange = openExchange({
    request: new Request('http://gateway.test/'),
    path: '/v1/messages',
    operation: { kind: 'generate', surface: 'anthropic-messages', inPath: null, framing: 'sse' },
    catalog: bench.catalog,
    onBodyRead: () => undefined,
    clock: bench.clock,
  });
  let releases = 0;
  exchange.releases.push(() => {
    releases += 1;
  });
  settle(exchange, { status: 200, outcome: 'ok' }, bench.parts);
  settle(exchange, { status: 500, outcome: 'failed' }, bench.parts);
  assert.deepEqual([releases, bench.rows.length, bench.rows[0]?.status], [1, 1, 200]);
});

test('settle() keeps errors printable, short and without secrets, and usage objects short', () => {
  const bench = createBench(() => message());
  const exchange = openExchange({
    request: new Request('http://gateway.test/'),
    path: '/',
    operation: { kind: 'unavailable', surface: 'openai-chat' },
    catalog: bench.catalog,
    onBodyRead: () => undefined,
    clock: bench.clock,
  });
  const tally = new UsageTally(anthropicMessages.readUsage);
  tally.see({ input_tokens: 1, note: 'x'.repeat(20_000) });
  settle(
    exchange,
    {
      status: 502,
      outcome: 'failed',
      errorMessage: `a\u001b[31m\r\nb sk-ant-api03-${'k'.repeat(80)} ${'c'.repeat(3_000)}`,
      tally,
      isWhole: false,
    },
    bench.parts,
  );
  const [row] = bench.rows;
  assert.match(row?.errorMessage ?? '', /^a \[31m b /);
  assert.doesNotMatch(row?.errorMessage ?? '', /kkkkkkkk/);
  assert.ok((row?.errorMessage?.length ?? 9_999) <= 2_000);
  assert.equal(row?.rawUsage?.length, 16_384);
  assert.equal(row?.usageSource, 'partial');
});

gatewayTest('handleExchange() tells listeners of every row and of the account it was about', async () => {
  const bench = createBench(() => message());
  const seen: string[] = [];
  bench.parts.live.publish = (event) => {
    if (event.kind === 'request') seen.push(`row ${event.row.status}`);
    if (event.kind === 'account') seen.push(`account ${event.accountId} ${bench.parts.slots.total()}`);
  };
  await bench.send();
  await bench.send({ key: null });
  assert.deepEqual(seen, ['account a 1', 'row 200', 'account a 0', 'row 401']);
});

for (const sent of [{}, { stream: true }, { method: 'GET', path: '/v1/responses/resp_1' }]) {
  gatewayTest(
    `handleExchange() gives everything back after a fault of its own: ${JSON.stringify(sent)}`,
    async () => {
      const bench = createBench(() => message(), OMNI);
      bench.parts.pins.remember('key:ada', 'resp_1', 'a');
      const fault = new TypeError('inner state');
      bench.parts.upstream = () => Promise.reject(fault);
      const reply = await bench.send(sent);
      assert.deepEqual(
        [reply.status, reply.row.errorCode, reply.row.outcome],
        [500, 'internal-error', 'failed'],
      );
      assert.deepEqual(bench.faults, [fault]);
    },
  );
}

gatewayTest(
  'handleExchange() ends a reply on which the gateway itself fails, and gives everything back',
  async () => {
    const reply = new LiveReply();
    const bench = createBench(() => reply, OMNI);
    const [{ path, body, start, text }] = DIALOGUES;
    reply.say(start + text);
    const reader = readerOf(await bench.open({ path, body }));
    await reader.next();
    // A piece that cannot be looked at stands for a fault in whoever looks.
    class Unreadable extends Uint8Array {
      override get length(): number {
        throw new TypeError('inner state');
      }
    }
    reply.body.read = () => Promise.resolve(new Unreadable(1));
    await assert.rejects(reader.next());
    assert.deepEqual([bench.rows[0]?.outcome, reply.isLetGo], ['failed', true]);
  },
);
