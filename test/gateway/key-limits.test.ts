// How often, how much and for how much money an API key may ask, by whole requests in every dialect.

import assert from 'node:assert/strict';
import type { KeyRestrictions } from '../../server/gateway/key-restrictions.ts';
import { stopExchanges } from '../../server/gateway/shutdown.ts';
import type { Surface } from '../../server/wire/surface.ts';
import { ANTHROPIC, CHAT, DIALOGUES, type Dialogue, OMNI, RESPONSES } from './dialogues.ts';
import {
  type Bench,
  type BenchOptions,
  BOB_KEY,
  createBench,
  gatewayTest,
  jsonAnswer,
  message,
  type Upstream,
} from './fixture.ts';
import { LiveReply, readerOf } from './live-reply.ts';

/** A price for the model of these tests: 1 USD for the 10 tokens that go in, 2 for the 2 that come out. */
const PRICE = { inputUsdPerMillion: 100_000, outputUsdPerMillion: 1_000_000 };

function benchOf(
  restrictions: Partial<KeyRestrictions>,
  { upstream = () => message(), ...options }: BenchOptions & { upstream?: Upstream } = {},
): Bench {
  const bench = createBench(upstream, { ...OMNI, ...options });
  Object.assign(bench.catalog.apiKeys.get('ada') ?? assert.fail(), restrictions);
  const none = {
    cacheReadUsdPerMillion: null,
    cacheWrite5mUsdPerMillion: null,
    cacheWrite1hUsdPerMillion: null,
  };
  const price = { ...PRICE, ...none, tiers: [] };
  Object.assign(bench.catalog.models.get('m1') ?? assert.fail(), { price });
  return bench;
}

/** A whole stream of the dialect, with 10 tokens in and 2 out. */
function streamOf({ start, text, end, framing }: Dialogue): Response {
  const type = framing === 'sse' ? 'text/event-stream' : 'application/json';
  return new Response(start + text + end, { headers: { 'content-type': type } });
}

/** The error as clients of the dialect read it. */
function told({ surface }: Dialogue, text: string): { type: string; code: unknown; message: string } {
  const { error } = JSON.parse(text);
  return { type: error[surface === 'gemini' ? 'status' : 'type'], code: error.code, message: error.message };
}

const familyOf = (surface: Surface) =>
  surface === 'anthropic-messages' ? 'Anthropic' : surface === 'gemini' ? 'Gemini' : 'OpenAI';

const LIMITED = {
  Anthropic: { type: 'rate_limit_error', code: undefined },
  OpenAI: { type: 'rate_limit_error', code: 'rate_limit_exceeded' },
  Gemini: { type: 'RESOURCE_EXHAUSTED', code: 429 },
};
const SPENT = {
  Anthropic: { type: 'billing_error', code: undefined },
  OpenAI: { type: 'insufficient_quota', code: 'insufficient_quota' },
  Gemini: { type: 'RESOURCE_EXHAUSTED', code: 402 },
};

for (const { name, restrictions, code, status, retryAfter, error, words } of [
  {
    name: 'requests per minute',
    restrictions: { requestsPerMinute: 1 },
    code: 'key-requests-exceeded',
    status: 429,
    retryAfter: '61',
    error: LIMITED,
    words: /it may send 1 per minute\. Try again in 61 s$/,
  },
  {
    name: 'tokens per minute',
    restrictions: { tokensPerMinute: 12 },
    code: 'key-tokens-exceeded',
    status: 429,
    retryAfter: '61',
    error: LIMITED,
    words: /it may use 12 tokens per minute, input and output together\. Try again in 61 s$/,
  },
  {
    name: 'money per day',
    restrictions: { budgetUsdPerDay: 3 },
    code: 'key-budget-spent',
    status: 402,
    retryAfter: null,
    error: SPENT,
    words:
      /its budget of \$3\.00 per day is spent \(\$3\.00\)\. It begins anew at 2023-11-15T00:00:00\.000Z$/,
  },
  {
    name: 'money per month',
    restrictions: { budgetUsdPerMonth: 3 },
    code: 'key-budget-spent',
    status: 402,
    retryAfter: null,
    error: SPENT,
    words:
      /its budget of \$3\.00 per month is spent \(\$3\.00\)\. It begins anew at 2023-12-01T00:00:00\.000Z$/,
  },
] as const) {
  for (const dialogue of DIALOGUES) {
    const { path, body, surface, framing } = dialogue;
    gatewayTest(
      `handleExchange() refuses more ${name} than the key may have on ${surface} (${framing})`,
      async () => {
        const bench = benchOf(restrictions, { upstream: () => streamOf(dialogue) });
        const first = await bench.send({ path, body });
        assert.deepEqual(
          [first.status, first.row.inputTokens, first.row.outputTokens, first.row.costNanoUsd],
          [200, 10, 2, 3e9],
        );
        const second = await bench.send({ path, body });
        assert.equal(second.status, status);
        const { message: said, ...rest } = told(dialogue, second.text);
        assert.deepEqual(rest, error[familyOf(surface)]);
        assert.match(said, words);
        assert.equal(second.headers.get('retry-after'), retryAfter);
        assert.deepEqual(
          [second.row.errorCode, second.row.outcome, second.row.apiKeyId, bench.calls.length],
          [code, 'rejected', 'ada', 1],
        );
        assert.equal((await bench.send({ path, body, key: BOB_KEY })).status, 200);
      },
    );
  }
}

gatewayTest('handleExchange() takes requests of a key again when its minute is over', async () => {
  const bench = benchOf({ requestsPerMinute: 2 });
  const statuses = async (count: number) => {
    const found: number[] = [];
    for (let index = 0; index < count; index += 1) found.push((await bench.send()).status);
    return found;
  };
  assert.deepEqual(await statuses(3), [200, 200, 429]);
  await bench.clock.advance(60_999);
  assert.deepEqual(await statuses(1), [429]);
  await bench.clock.advance(1);
  assert.deepEqual(await statuses(3), [200, 200, 429]);
});

gatewayTest('handleExchange() takes requests of a key again on the next day', async () => {
  const bench = benchOf({ budgetUsdPerDay: 3, budgetUsdPerMonth: 6 });
  // 2023-11-14T22:13:20Z
  assert.equal((await bench.send()).status, 200);
  assert.equal((await bench.send()).status, 402);
  await bench.clock.advance(2 * 3600_000);
  assert.equal((await bench.send()).status, 200);
  await bench.clock.advance(24 * 3600_000);
  // The month's is spent too.
  assert.equal((await bench.send()).status, 402);
  await bench.clock.advance(16 * 24 * 3600_000);
  assert.equal((await bench.send()).status, 200);
});

gatewayTest('handleExchange() counts calls that cost nothing as requests, and lists not at all', async () => {
  const upstream: Upstream = ({ url }) =>
    url.endsWith('/count_tokens') ? jsonAnswer(200, { input_tokens: 7 }) : message();
  const bench = benchOf({ requestsPerMinute: 3, tokensPerMinute: 12, budgetUsdPerDay: 1 }, { upstream });
  assert.equal((await bench.send()).status, 200);
  assert.equal((await bench.send()).status, 402);
  assert.equal((await bench.send({ path: '/v1/messages/count_tokens' })).status, 200);
  assert.equal((await bench.send({ method: 'GET', path: '/v1/models' })).status, 200);
  assert.equal((await bench.send({ path: '/v1/messages/count_tokens' })).status, 200);
  assert.equal(
    (await bench.send({ path: '/v1/messages/count_tokens' })).row.errorCode,
    'key-requests-exceeded',
  );
});

/** The ways in which a streamed reply of one request ends. */
const ENDINGS: Record<
  string,
  (of: { bench: Bench; reply: LiveReply; leave: () => Promise<void> }) => Promise<unknown>
> = {
  ends: async ({ reply }) => reply.say(ANTHROPIC.end).end(),
  'breaks off': async ({ reply }) => reply.breakOff(),
  'falls silent': ({ bench }) => bench.clock.advance(130_000),
  'is left by its client': ({ leave }) => leave(),
  'is stopped with the gateway': async ({ bench }) => stopExchanges(bench.parts.open),
};

for (const [name, end] of Object.entries(ENDINGS)) {
  gatewayTest(`handleExchange() holds a key's place until the stream ${name}`, async () => {
    const reply = new LiveReply();
    const bench = benchOf({ maxConcurrent: 1 }, { upstream: () => reply });
    const { path, body, start, text } = ANTHROPIC;
    const pending = bench.open({ path, body });
    reply.say(start + text);
    const reader = readerOf(await pending);
    await reader.next();
    const second = await bench.send({ path, body });
    assert.deepEqual(
      [second.status, second.row.errorCode, second.headers.get('retry-after')],
      [429, 'key-concurrency-exceeded', '1'],
    );
    assert.equal(bench.parts.keyUsage.look('ada').inFlight, 1);
    const rest = reader.rest().catch(() => '');
    await bench.clock.advance(0);
    await end({ bench, reply, leave: () => reader.leave() });
    await rest;
    await bench.clock.advance(0);
    assert.equal(bench.parts.keyUsage.look('ada').inFlight, 0);
    const third = await bench.send({ path, body: '{"model":"unknown-model"}' });
    assert.equal(third.row.errorCode, 'model-not-found');
  });
}

for (const [name, sent] of [
  ['bad JSON', { body: '{' }],
  ['an unknown model', { model: 'unknown' }],
  ['a refusal of the upstream', {}],
] as const) {
  gatewayTest(`handleExchange() gives a key's place back after ${name}`, async () => {
    const upstream = () =>
      jsonAnswer(400, { type: 'error', error: { type: 'invalid_request_error', message: 'no' } });
    const bench = benchOf({ maxConcurrent: 1, tokensPerMinute: 10 }, { upstream });
    for (let index = 0; index < 3; index += 1) {
      const { status } = await bench.send(sent);
      assert.ok(status === 400 || status === 404);
    }
    assert.equal(bench.parts.keyUsage.look('ada').inFlight, 0);
  });
}

gatewayTest('handleExchange() gives the place of a client back that hangs up before the reply', async () => {
  const upstream: Upstream = ({ signal }) => new LiveReply({ signal });
  const bench = benchOf({ maxConcurrent: 1 }, { upstream });
  const client = new AbortController();
  const pending = bench.open({ signal: client.signal });
  await bench.clock.advance(0);
  assert.equal(bench.parts.keyUsage.look('ada').inFlight, 1);
  client.abort();
  await (await pending).text();
  assert.equal(bench.parts.keyUsage.look('ada').inFlight, 0);
});

gatewayTest('handleExchange() holds the expected tokens of what is under way', async () => {
  const reply = new LiveReply();
  const bench = benchOf({ tokensPerMinute: 100 }, { upstream: () => reply });
  const { path, body, start, text, end } = ANTHROPIC;
  const long = JSON.stringify({
    ...JSON.parse(body),
    messages: [{ role: 'user', content: 'x'.repeat(400) }],
  });
  const pending = bench.open({ path, body: long });
  await bench.clock.advance(0);
  assert.deepEqual((await bench.send({ path, body })).row.errorCode, 'key-tokens-exceeded');
  reply.say(start + text + end).end();
  await (await pending).text();
  // 12 were taken, not the 100 that were expected.
  assert.equal(bench.parts.keyUsage.look('ada').tokensLastMinute, 12);
  const third = bench.open({ path, body });
  await (await third).text();
  assert.equal(bench.calls.length, 2);
});

gatewayTest('handleExchange() counts money of a reply that broke off', async () => {
  const reply = new LiveReply();
  const bench = benchOf({ budgetUsdPerDay: 1 }, { upstream: () => reply });
  const { path, body, start, text } = ANTHROPIC;
  const pending = bench.open({ path, body });
  reply.say(start + text).breakOff();
  await (await pending).text();
  assert.equal(bench.rows[0]?.usageSource, 'partial');
  assert.equal((await bench.send({ path, body })).row.errorCode, 'key-budget-spent');
});

for (const { dialogue, expected } of [
  {
    dialogue: ANTHROPIC,
    expected: {
      'anthropic-ratelimit-requests-limit': '5',
      'anthropic-ratelimit-requests-remaining': '4',
      'anthropic-ratelimit-requests-reset': '2023-11-14T22:13:20.000Z',
      'anthropic-ratelimit-tokens-limit': '1000',
      'anthropic-ratelimit-tokens-remaining': '1000',
    },
  },
  {
    dialogue: CHAT,
    expected: {
      'x-ratelimit-limit-requests': '5',
      'x-ratelimit-remaining-requests': '4',
      'x-ratelimit-reset-requests': '0s',
      'x-ratelimit-limit-tokens': '1000',
      'x-ratelimit-remaining-tokens': '1000',
    },
  },
  { dialogue: RESPONSES, expected: { 'x-ratelimit-remaining-requests': '4' } },
]) {
  gatewayTest(
    `handleExchange() states the key's own limits on ${dialogue.surface}, not the provider's`,
    async () => {
      const upstream = () => {
        const reply = streamOf(dialogue);
        for (const name of Object.keys(expected)) reply.headers.set(name, '999');
        return reply;
      };
      const { path, body } = dialogue;
      const bench = benchOf({ requestsPerMinute: 5, tokensPerMinute: 1_000 }, { upstream });
      const { headers } = await bench.send({ path, body });
      const found = Object.keys(expected).map((name) => [name, headers.get(name)]);
      assert.deepEqual(Object.fromEntries(found), expected);
      const other = await bench.send({ path, body, key: BOB_KEY });
      assert.equal(other.headers.get(Object.keys(expected)[0] ?? ''), '999');
    },
  );
}

gatewayTest('handleExchange() states the limits in its refusals too', async () => {
  const bench = benchOf({ requestsPerMinute: 1 }, { upstream: () => streamOf(CHAT) });
  const { path, body } = CHAT;
  await bench.send({ path, body });
  const { headers } = await bench.send({ path, body });
  assert.deepEqual(
    [headers.get('x-ratelimit-remaining-requests'), headers.get('x-ratelimit-reset-requests')],
    ['0', '61s'],
  );
});
