// Requests to accounts of another dialect: what is sent, what comes back, what is lost, and what is refused.

import assert from 'node:assert/strict';
import type { ChatSurface, Surface } from '../../server/wire/surface.ts';
import { ANTHROPIC, CHAT, type Dialogue, GEMINI, GEMINI_ARRAY, RESPONSES } from './dialogues.ts';
import {
  anthropicError,
  type BenchOptions,
  createBench,
  gatewayTest,
  jsonAnswer,
  message,
} from './fixture.ts';
import { LiveReply, readerOf } from './live-reply.ts';

const CLIENTS = [ANTHROPIC, CHAT, RESPONSES, GEMINI, GEMINI_ARRAY] as const;
const UPSTREAMS = [ANTHROPIC, CHAT, RESPONSES, GEMINI] as const;

/** One account that speaks only this. */
const only = (surface: Surface): BenchOptions => ({
  accounts: [{ name: 'a', providerId: 'far' }],
  providers: { far: [surface] },
});
const PAIRS = CLIENTS.flatMap((client) =>
  UPSTREAMS.filter(({ surface }) => surface !== client.surface).map((upstream) => ({ client, upstream })),
);
const nameOf = ({ client, upstream }: { client: Dialogue; upstream: Dialogue }) =>
  `${client.surface} (${client.framing}) over ${upstream.surface}`;

const URLS: Readonly<Record<ChatSurface, string>> = {
  'anthropic-messages': 'https://far.test/v1/messages',
  'openai-chat': 'https://far.test/v1/chat/completions',
  'openai-responses': 'https://far.test/v1/responses',
  gemini: 'https://far.test/v1beta/models/far-model:streamGenerateContent?alt=sse',
};

/** The JSON of each event of a reply in the client's framing. */
function eventsOf(text: string, { framing }: Dialogue): unknown[] {
  if (framing === 'json-array') {
    const list: unknown = JSON.parse(text);
    assert.ok(Array.isArray(list));
    return list;
  }
  return text
    .split('\n')
    .filter((line) => line.startsWith('data: ') && line !== 'data: [DONE]')
    .map((line): unknown => JSON.parse(line.slice('data: '.length)));
}

/** A text of the answer as each dialect's own client puts it together. */
function answerIn(events: readonly unknown[]): string {
  const found: string[] = [];
  const look = (value: unknown, depth: number) => {
    if (depth > 6 || typeof value !== 'object' || value === null) return;
    for (const [field, inner] of Object.entries(value)) {
      if (typeof inner === 'string' && ['text', 'content', 'delta'].includes(field)) found.push(inner);
      else look(inner, depth + 1);
    }
  };
  for (const event of events) {
    const type = typeof event === 'object' && event !== null && 'type' in event ? event.type : '';
    // Responses repeats the whole text in its closing events.
    if (typeof type !== 'string' || !/\.(done|completed)$/.test(type)) look(event, 0);
  }
  return found.join('');
}

for (const { client, upstream } of PAIRS) {
  gatewayTest(`handleExchange() translates a stream: ${nameOf({ client, upstream })}`, async () => {
    const reply = new LiveReply();
    const bench = createBench(() => reply, only(upstream.surface));
    reply.say(upstream.start + upstream.text + upstream.end).end();
    const sent = await bench.send({ path: client.path, body: client.body, session: 's' });
    assert.equal(sent.status, 200);
    assert.equal(
      sent.headers.get('content-type'),
      client.framing === 'sse' ? 'text/event-stream' : 'application/json',
    );
    const events = eventsOf(sent.text, client);
    assert.equal(answerIn(events), 'hi');
    const [call] = bench.calls;
    assert.equal(call?.url, URLS[upstream.surface]);
    assert.ok(call?.url.includes('far-model') || call?.body.includes('"far-model"'));
    assert.equal(call?.headers.get('x-claude-code-session-id'), null);
    const { row } = sent;
    assert.deepEqual(
      [row.surface, row.endpointSurface, row.inputTokens, row.outputTokens, row.outcome, row.affinity],
      [client.surface, upstream.surface, 10, 2, 'ok', 'new'],
    );
  });

  gatewayTest(
    `handleExchange() ends a translated stream that broke off in the client's words: ${nameOf({ client, upstream })}`,
    async () => {
      const reply = new LiveReply();
      const bench = createBench(() => reply, only(upstream.surface));
      reply.say(upstream.start + upstream.text).breakOff();
      const sent = await bench.send({ path: client.path, body: client.body });
      const events = eventsOf(sent.text, client);
      assert.match(JSON.stringify(events.at(-1)), /error/);
      assert.match(JSON.stringify(events.at(-1)), /broke off in the middle/);
      if (client.surface === 'openai-responses')
        assert.partialDeepStrictEqual(events.at(-1), { sequence_number: events.length - 1 });
      assert.deepEqual([sent.row.outcome, sent.row.errorCode], ['failed', 'stream-interrupted']);
    },
  );

  gatewayTest(
    `handleExchange() pings inside a translated stream as the client frames it: ${nameOf({ client, upstream })}`,
    async () => {
      const reply = new LiveReply();
      const bench = createBench(() => reply, only(upstream.surface));
      reply.say(upstream.start + upstream.text + upstream.end.slice(0, 9));
      const reader = readerOf(await bench.open({ path: client.path, body: client.body }));
      await reader.next();
      const next = reader.next();
      await bench.clock.advance(15_000);
      assert.equal(await next, client.framing === 'sse' ? ': ping\n\n' : '\n');
      reply.say(upstream.end.slice(9)).end();
      await reader.rest();
      assert.equal(bench.rows[0]?.outcome, 'ok');
    },
  );

  gatewayTest(
    `handleExchange() tells an upstream's refusal in the client's words: ${nameOf({ client, upstream })}`,
    async () => {
      const bench = createBench(() => {
        if (upstream.surface === 'anthropic-messages') return anthropicError(400, 'invalid_request_error');
        const error = { message: 'invalid_request_error!', code: 400, status: 'INVALID_ARGUMENT', type: 'x' };
        return jsonAnswer(400, { error });
      }, only(upstream.surface));
      const sent = await bench.send({ path: client.path, body: client.body });
      const body: unknown = JSON.parse(sent.text);
      assert.equal(sent.status, 400);
      assert.partialDeepStrictEqual(body, { error: { message: 'invalid_request_error!' } });
      assert.equal(sent.headers.get('content-type'), 'application/json');
      assert.deepEqual([sent.row.outcome, bench.calls.length], ['rejected', 1]);
      if (client.surface === 'anthropic-messages') assert.partialDeepStrictEqual(body, { type: 'error' });
      if (client.surface === 'gemini')
        assert.partialDeepStrictEqual(body, { error: { status: 'INVALID_ARGUMENT' } });
    },
  );
}

const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  content: [{ type: 'text', text: 'hi' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 10, output_tokens: 2 },
};
const ASK = { model: 'claude-sonnet-4-5', messages: [{ role: 'user', content: 'hi' }] };

gatewayTest('handleExchange() translates a whole reply and names the model as it was asked for', async () => {
  const bench = createBench(() => jsonAnswer(200, MESSAGE), only('anthropic-messages'));
  const reply = await bench.send({ path: CHAT.path, body: JSON.stringify(ASK) });
  const body: unknown = JSON.parse(reply.text);
  assert.partialDeepStrictEqual(body, {
    object: 'chat.completion',
    model: 'claude-sonnet-4-5',
    choices: [{ message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
    usage: { prompt_tokens: 10, completion_tokens: 2 },
  });
  assert.deepEqual([reply.row.inputTokens, reply.row.usageSource], [10, 'upstream']);
});

for (const client of [CHAT, RESPONSES, GEMINI, GEMINI_ARRAY]) {
  gatewayTest(
    `handleExchange() makes a stream of a whole reply for a client that asked for one: ${client.surface} (${client.framing})`,
    async () => {
      const bench = createBench(() => jsonAnswer(200, MESSAGE), only('anthropic-messages'));
      const reply = await bench.send({ path: client.path, body: client.body });
      assert.equal(answerIn(eventsOf(reply.text, client)), 'hi');
      assert.equal(
        reply.headers.get('content-type'),
        client.framing === 'sse' ? 'text/event-stream' : 'application/json',
      );
      assert.equal(reply.row.outcome, 'ok');
    },
  );
}

gatewayTest(
  'handleExchange() answers 502 when what should be translated is no reply, and gives its slot back',
  async () => {
    const bench = createBench(() => jsonAnswer(200, { hello: 'world' }), only('openai-chat'));
    const reply = await bench.send();
    assert.deepEqual([reply.status, reply.row.errorCode, bench.calls.length], [502, 'upstream-error', 1]);
    assert.equal(JSON.parse(reply.text).error.type, 'api_error');
  },
);

gatewayTest('handleExchange() notes in the row what a translation lost', async () => {
  const bench = createBench(() => jsonAnswer(200, MESSAGE), only('anthropic-messages'));
  const body = JSON.stringify({ ...ASK, seed: 7, logit_bias: { 1: 2 }, metadata: { a: 'b' } });
  const { row } = await bench.send({ path: CHAT.path, body });
  assert.ok(row.losses.includes('seed') && row.losses.includes('logit-bias'), row.losses.join());
});

gatewayTest('handleExchange() forgets the losses of an attempt that did not answer', async () => {
  let farCalls = 0;
  const far = () => {
    farCalls += 1;
    return farCalls === 1 ? jsonAnswer(200, MESSAGE) : anthropicError(500, 'api_error');
  };
  const bench = createBench(({ account }) => (account === 'far' ? far() : jsonAnswer(200, { choices: [] })), {
    accounts: [
      { name: 'near', providerId: 'near' },
      { name: 'far', providerId: 'far' },
    ],
    providers: { near: ['openai-chat'], far: ['anthropic-messages'] },
  });
  const sent = { path: CHAT.path, body: JSON.stringify({ ...ASK, seed: 7 }), session: 's' };
  const near = bench.catalog.accounts.get('near');
  assert.ok(near);
  // While the near account rests, the conversation is bound to the far one.
  const way = { upstreamModel: 'near-model', host: 'near.test' };
  bench.parts.health.failed(near, way, { fault: 'rate-limited', retryAfterMs: 1_000, reason: '' });
  assert.deepEqual((await bench.send(sent)).row.losses, ['seed']);
  await bench.clock.advance(1_000);
  const { row } = await bench.send(sent);
  assert.deepEqual(
    row.attempts.map(({ accountName }) => accountName),
    ['far', 'near'],
  );
  assert.deepEqual([row.endpointSurface, row.losses], ['openai-chat', []]);
});

const REFUSED: readonly { client: Dialogue; upstream: Surface; fields: object }[] = [
  { client: CHAT, upstream: 'anthropic-messages', fields: { n: 2, messages: ASK.messages } },
  { client: CHAT, upstream: 'gemini', fields: { logprobs: true, messages: ASK.messages } },
  { client: RESPONSES, upstream: 'openai-chat', fields: { background: true, input: 'hi' } },
  {
    client: RESPONSES,
    upstream: 'anthropic-messages',
    fields: { previous_response_id: 'resp_1', input: 'hi' },
  },
  {
    client: ANTHROPIC,
    upstream: 'openai-chat',
    fields: {
      tools: [{ type: 'web_search_20250305', name: 'web_search' }],
      max_tokens: 9,
      messages: ASK.messages,
    },
  },
];
for (const { client, upstream, fields } of REFUSED) {
  gatewayTest(
    `handleExchange() refuses what ${client.surface} cannot say over ${upstream}: ${Object.keys(fields)[0]}`,
    async () => {
      const bench = createBench(() => message(), only(upstream));
      const body = JSON.stringify({ model: 'claude-sonnet-4-5', ...fields });
      const reply = await bench.send({ path: client.path, body });
      const said: unknown = JSON.parse(reply.text);
      assert.deepEqual(
        [reply.status, reply.row.errorCode, reply.row.outcome, bench.calls.length, reply.row.attempts.length],
        [400, 'cannot-translate', 'rejected', 0, 0],
      );
      assert.partialDeepStrictEqual(said, { error: { type: 'invalid_request_error' } });
      assert.equal(reply.row.accountId, null);
    },
  );
}

gatewayTest('handleExchange() passes over an account whose dialect cannot say the request', async () => {
  const bench = createBench(() => jsonAnswer(200, MESSAGE), {
    accounts: [
      { name: 'mute', providerId: 'mute', weight: 9 },
      { name: 'able', providerId: 'able' },
    ],
    providers: { mute: ['openai-responses'], able: ['anthropic-messages'] },
  });
  const body = JSON.stringify({ ...ASK, stop: ['x'] });
  const { status, row } = await bench.send({ path: CHAT.path, body });
  assert.equal(status, 200);
  assert.deepEqual(
    row.attempts.map(({ accountName, outcome }) => [accountName, outcome]),
    [['able', 'ok']],
  );
  assert.deepEqual([row.accountId, row.endpointSurface], ['able', 'anthropic-messages']);
});

gatewayTest('handleExchange() translates only when nobody who speaks the dialect can be had', async () => {
  const bench = createBench(
    ({ account }) =>
      account === 'near' ? jsonAnswer(500, { error: { message: 'x' } }) : jsonAnswer(200, MESSAGE),
    {
      accounts: [
        { name: 'far', providerId: 'far' },
        { name: 'near', providerId: 'near' },
      ],
      providers: { far: ['anthropic-messages'], near: ['openai-chat'] },
    },
  );
  const { row } = await bench.send({ path: CHAT.path, body: JSON.stringify(ASK) });
  assert.deepEqual(
    row.attempts.map(({ accountName }) => accountName),
    ['near', 'far'],
  );
  assert.deepEqual([row.endpointSurface, row.outcome], ['anthropic-messages', 'ok']);
});

gatewayTest("handleExchange() tells a translated upstream's last error in the client's words", async () => {
  const bench = createBench(() => anthropicError(500, 'api_error'), only('anthropic-messages'));
  const reply = await bench.send({ path: CHAT.path, body: JSON.stringify(ASK) });
  assert.equal(reply.status, 500);
  assert.partialDeepStrictEqual(JSON.parse(reply.text), {
    error: { message: 'api_error!', type: 'server_error' },
  });
});

gatewayTest('handleExchange() does not translate when that is switched off', async () => {
  const bench = createBench(() => jsonAnswer(200, MESSAGE), {
    ...only('anthropic-messages'),
    settings: { translation: false },
  });
  const reply = await bench.send({ path: CHAT.path, body: JSON.stringify(ASK) });
  assert.deepEqual([reply.status, reply.row.errorCode, bench.calls.length], [404, 'model-not-found', 0]);
});

gatewayTest(
  'handleExchange() pins nothing of a translated reply: its ids mean nothing to the account',
  async () => {
    const bench = createBench(
      () =>
        jsonAnswer(200, {
          ...MESSAGE,
          content: [{ type: 'thinking', thinking: 'x', signature: 'sig' }, ...MESSAGE.content],
        }),
      only('anthropic-messages'),
    );
    await bench.send({
      path: RESPONSES.path,
      body: JSON.stringify({ model: 'claude-sonnet-4-5', input: 'hi' }),
    });
    assert.equal(bench.parts.pins.size, 0);
  },
);

gatewayTest(
  "handleExchange() gives a provider of another dialect none of the client's own headers",
  async () => {
    const bench = createBench(() => jsonAnswer(200, MESSAGE), only('anthropic-messages'));
    const headers = { 'openai-beta': 'x', 'user-agent': 'me/1', 'x-stainless-lang': 'js' };
    await bench.send({ path: CHAT.path, body: JSON.stringify(ASK), headers });
    const sent = bench.calls[0]?.headers;
    assert.deepEqual(
      ['openai-beta', 'user-agent', 'x-stainless-lang', 'x-api-key', 'anthropic-version'].map((name) =>
        sent?.get(name),
      ),
      [null, 'me/1', null, 'secret-a', '2023-06-01'],
    );
  },
);

for (const [path, body] of [
  ['/v1/messages/count_tokens', JSON.stringify(ASK)],
  ['/v1beta/models/claude-sonnet-4-5:countTokens', '{"contents":[]}'],
  ['/v1beta/models/claude-sonnet-4-5:embedContent', '{"content":{}}'],
  ['/v1/embeddings', JSON.stringify({ model: 'claude-sonnet-4-5', input: 'x' })],
] as const) {
  gatewayTest(`handleExchange() never translates ${path}`, async () => {
    const bench = createBench(() => message(), only('openai-responses'));
    const reply = await bench.send({ path, body });
    assert.deepEqual([reply.status, reply.row.errorCode, bench.calls.length], [404, 'model-not-found', 0]);
  });
}
