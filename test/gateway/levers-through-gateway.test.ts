// The cache levers on requests through the gateway: what accounts get, what the row says, and what is believed afterwards.

import assert from 'node:assert/strict';
import { promptCacheKeyOf } from '../../server/gateway/cache-levers.ts';
import { DEFAULT_SETTINGS, type RequestRow, type Settings } from '../../server/gateway/ports.ts';
import { type CacheLeverSettings, DEFAULT_CACHE_LEVERS } from '../../server/gateway/routing-settings.ts';
import { parseJson, textAt } from '../../server/wire/json.ts';
import type { Surface } from '../../server/wire/surface.ts';
import { anthropicError, type Bench, createBench, gatewayTest, jsonAnswer, message } from './fixture.ts';
import type { UpstreamCall } from './fixture-ends.ts';

const MINUTE_MS = 60_000;
const LONG_TEXT = 'the parser returns a stale handle and every test that reads it twice fails. '.repeat(400);
const MARK = { cache_control: { type: 'ephemeral' } };
const TWO = { accounts: [{ name: 'a' }, { name: 'b' }] };

function pulled(levers: Partial<CacheLeverSettings>): Partial<Settings> {
  return { ...DEFAULT_SETTINGS, cacheLevers: { ...DEFAULT_CACHE_LEVERS, ...levers } };
}

/** The n-th turn of a conversation. The mark stands at the end of system and of the last message. */
function turn(n: number, mark: object = MARK): string {
  const messages = Array.from({ length: 2 * n - 1 }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: [{ type: 'text', text: `message ${index}`, ...(index === 2 * n - 2 && mark) }],
  }));
  const system = [{ type: 'text', text: LONG_TEXT, ...mark }];
  return JSON.stringify({ model: 'sonnet', max_tokens: 10, system, messages });
}

/** The same without marks, and with texts where blocks could stand. */
function plainTurn(n: number): string {
  const messages = Array.from({ length: 2 * n - 1 }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: `message ${index}`,
  }));
  const tools = [{ name: 'look', input_schema: { type: 'object' } }];
  return JSON.stringify({ model: 'sonnet', max_tokens: 10, tools, system: LONG_TEXT, messages });
}

/** A provider that caches up to the marks: reads what it was sent within the lifetime, writes the rest. */
function cachingUpstream(clock: () => number) {
  const untilMs = new Map<string, number>();
  return ({ account, body }: UpstreamCall) => {
    if (!body.includes('cache_control')) return message({ input_tokens: tokensOf(body), output_tokens: 2 });
    const is1h = body.includes('"ttl":"1h"');
    const warm = (untilMs.get(account) ?? 0) > clock() ? tokensOf(LONG_TEXT) : 0;
    untilMs.set(account, clock() + (is1h ? 60 : 5) * MINUTE_MS);
    const written = tokensOf(body) - warm;
    const field = is1h ? 'ephemeral_1h_input_tokens' : 'ephemeral_5m_input_tokens';
    return message({
      input_tokens: 4,
      output_tokens: 2,
      cache_read_input_tokens: warm,
      cache_creation_input_tokens: written,
      cache_creation: { [field]: written },
    });
  };
}

function tokensOf(text: string): number {
  return Math.round(text.length / 4);
}

function cachingBench(levers: Partial<CacheLeverSettings>): Bench {
  const bench: Bench = createBench((call) => upstream(call), { ...TWO, settings: pulled(levers) });
  const upstream = cachingUpstream(() => bench.clock.monotonicMs());
  return bench;
}

/** Turns of one session with a pause before each; the last one's row and what its account got. */
async function converse(
  bench: Bench,
  { pausesMinutes, mark = MARK }: { pausesMinutes: number[]; mark?: object },
) {
  const rows: RequestRow[] = [];
  for (const [index, minutes] of pausesMinutes.entries()) {
    await bench.clock.advance(minutes * MINUTE_MS);
    const { row } = await bench.send({ body: turn(index + 1, mark), session: 's' });
    rows.push(row);
  }
  const row = rows.at(-1);
  assert.ok(row);
  return { row, body: bench.calls.at(-1)?.body };
}

/** What the account must get: only the model has its name there. */
function renamed(body: string): string {
  return body.replace('"model":"sonnet"', '"model":"claude-sonnet-4-5-20250929"');
}

gatewayTest('handleExchange() sends the very bytes while the levers are off', async () => {
  const bench = cachingBench({});
  const chat = JSON.stringify({ model: 'sonnet', messages: [{ role: 'user', content: 'hi' }] });
  for (const minutes of [0, 10, 10, 10]) {
    await bench.clock.advance(minutes * MINUTE_MS);
    for (const body of [turn(2), plainTurn(2)]) {
      const { row } = await bench.send({ body, session: 's' });
      assert.deepEqual([bench.calls.at(-1)?.body, row.cacheLevers], [renamed(body), null]);
    }
    const { row } = await bench.send({ body: chat, session: 's', path: '/v1/chat/completions' });
    assert.deepEqual([bench.calls.at(-1)?.body, row.cacheLevers], [renamed(chat), null]);
  }
});

gatewayTest(
  'handleExchange() gives a session that pauses for long marks of 1 h, and believes in them',
  async () => {
    const bench = cachingBench({ chooseTtl: true });
    const { row, body } = await converse(bench, { pausesMinutes: [0, 10, 10] });
    assert.equal(body, renamed(turn(3)).replaceAll('"ephemeral"}', '"ephemeral","ttl":"1h"}'));
    const { cacheLevers } = row;
    assert.partialDeepStrictEqual(cacheLevers, { ttl: '1h', breakpointsPlaced: 0, promptCacheKeySet: false });
    assert.match(cacheLevers?.ttlReason ?? '', /pauses seen so far 1 h saves \$0\.\d+ /);
    const { isOwn, savedUsd = 0, extraUsd = 0 } = cacheLevers?.ttlSums ?? {};
    assert.equal(isOwn, false);
    assert.ok(savedUsd > extraUsd && extraUsd > 0);
    await bench.clock.advance(50 * MINUTE_MS);
    const later = await bench.send({ body: turn(4), session: 's' });
    assert.ok((later.row.expectedWarmTokens ?? 0) > 5_000);
    assert.ok((later.row.cacheReadTokens ?? 0) > 5_000);
    await bench.clock.advance(61 * MINUTE_MS);
    assert.equal((await bench.send({ body: turn(5), session: 's' })).row.expectedWarmTokens, 0);
  },
);

gatewayTest('handleExchange() leaves the marks of a session that does not pause', async () => {
  const bench = cachingBench({ chooseTtl: true });
  const { row, body } = await converse(bench, { pausesMinutes: [0, 1, 4, 2, 1] });
  assert.deepEqual([body, row.cacheLevers], [renamed(turn(5)), null]);
});

for (const ttl of ['5m', '1h']) {
  gatewayTest(`handleExchange() leaves marks that state ${ttl}`, async () => {
    const bench = cachingBench({ chooseTtl: true, placeBreakpoints: true });
    const mark = { cache_control: { type: 'ephemeral', ttl } };
    const { row, body } = await converse(bench, { mark, pausesMinutes: [0, 10, 10] });
    assert.deepEqual([body, row.cacheLevers], [renamed(turn(3, mark)), null]);
  });
}

gatewayTest('handleExchange() counts on the price of a 1 h write where it chose 1 h', async () => {
  const missUsd = async (levers: Partial<CacheLeverSettings>) => {
    const { row } = await converse(cachingBench(levers), { pausesMinutes: [0, 10, 10] });
    const cold = row.route?.considered.find(({ accountName }) => accountName === 'b');
    return cold?.cost?.missUsd ?? 0;
  };
  const ratio = (await missUsd({ chooseTtl: true })) / (await missUsd({}));
  // 2 against 1.25 times the price of input.
  assert.ok(Math.abs(ratio - 1.6) < 0.01, String(ratio));
});

gatewayTest(
  'handleExchange() marks the ends of what has no marks, and finds the next turn warm',
  async () => {
    const bench = cachingBench({ placeBreakpoints: true });
    const first = await bench.send({ body: plainTurn(1), session: 's' });
    const sent = parseJson(bench.calls[0]?.body ?? '');
    assert.deepEqual(sent, {
      model: 'claude-sonnet-4-5-20250929',
      max_tokens: 10,
      tools: [{ name: 'look', input_schema: { type: 'object' }, ...MARK }],
      system: [{ type: 'text', text: LONG_TEXT, ...MARK }],
      messages: [{ role: 'user', content: [{ type: 'text', text: 'message 0', ...MARK }] }],
    });
    assert.deepEqual(first.row.cacheLevers, {
      ttl: null,
      ttlReason: null,
      ttlSums: null,
      breakpointsPlaced: 3,
      promptCacheKeySet: false,
    });
    const second = await bench.send({ body: plainTurn(2), session: 's' });
    assert.ok((second.row.expectedWarmTokens ?? 0) > 5_000);
    assert.deepEqual([second.row.accountId, second.row.affinity], [first.row.accountId, 'hit']);
    const [cause] = second.row.misses ?? [];
    assert.equal(second.row.missCause, null, cause?.cause);
  },
);

gatewayTest('handleExchange() gives its own marks the lifetime of the session', async () => {
  const bench = cachingBench({ placeBreakpoints: true, chooseTtl: true });
  for (const n of [1, 2, 3]) {
    await bench.send({ body: plainTurn(n), session: 's' });
    await bench.clock.advance(10 * MINUTE_MS);
  }
  assert.equal(bench.calls.at(-1)?.body.split('"ttl":"1h"').length, 4);
  assert.partialDeepStrictEqual(bench.rows.at(-1)?.cacheLevers, { ttl: '1h', breakpointsPlaced: 3 });
});

gatewayTest('handleExchange() places no mark where there is one, or automatic caching', async () => {
  const bench = cachingBench({ placeBreakpoints: true });
  const marked = { role: 'user', content: [{ type: 'text', text: 'hi', ...MARK }] };
  for (const more of [{ messages: [marked] }, { messages: [{ role: 'user', content: 'hi' }], ...MARK }]) {
    const body = JSON.stringify({ model: 'sonnet', max_tokens: 10, system: 'Be brief.', ...more });
    const { row } = await bench.send({ body });
    assert.deepEqual([bench.calls.at(-1)?.body, row.cacheLevers], [renamed(body), null]);
  }
});

const ALL = pulled({ chooseTtl: true, placeBreakpoints: true, setPromptCacheKey: true });

const CHAT_REPLY = {
  object: 'chat.completion',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'hi' } }],
  usage: { prompt_tokens: 10, completion_tokens: 1, total_tokens: 11 },
};
const RESPONSES_REPLY = { object: 'response', status: 'completed', output: [], usage: {} };

/** One account of one further provider that speaks only these. */
function farBench(surfaces: readonly Surface[], { name = 'far' } = {}): Bench {
  return createBench(({ url }) => jsonAnswer(200, url.includes('/chat/') ? CHAT_REPLY : RESPONSES_REPLY), {
    accounts: [{ name: 'a', providerId: name }],
    providers: { [name]: surfaces },
    settings: ALL,
  });
}

for (const { surface, path, prompt } of [
  {
    surface: 'openai-chat',
    path: '/v1/chat/completions',
    prompt: { messages: [{ role: 'user', content: 'hi' }] },
  },
  { surface: 'openai-responses', path: '/v1/responses', prompt: { input: 'hi' } },
] as const) {
  const body = JSON.stringify({ model: 'claude-sonnet-4-5', ...prompt });

  gatewayTest(`handleExchange() sets one prompt_cache_key per session on ${surface}`, async () => {
    const bench = farBench([surface]);
    const keys: (string | null)[] = [];
    for (const session of ['s', 's', 't']) {
      const { row } = await bench.send({ path, body, session });
      const key = textAt(parseJson(bench.calls.at(-1)?.body ?? ''), 'prompt_cache_key');
      assert.match(key ?? '', /^[0-9a-f]{32}$/);
      assert.notEqual(key, row.sessionId);
      assert.deepEqual(row.cacheLevers, {
        ttl: null,
        ttlReason: null,
        ttlSums: null,
        breakpointsPlaced: 0,
        promptCacheKeySet: true,
      });
      keys.push(key);
    }
    assert.deepEqual([keys[0] === keys[1], keys[0] === keys[2]], [true, false]);
  });

  gatewayTest(
    `handleExchange() leaves a prompt_cache_key or none without a session on ${surface}`,
    async () => {
      const bench = farBench([surface]);
      const keyed = JSON.stringify({
        model: 'claude-sonnet-4-5',
        ...prompt,
        prompt_cache_key: 'of the client',
      });
      for (const asked of [{ body: keyed, session: 's' }, { body: keyed }, { body }]) {
        const { row } = await bench.send({ path, ...asked });
        assert.equal(bench.calls.at(-1)?.body, asked.body.replace('claude-sonnet-4-5', 'far-model'));
        assert.equal(row.cacheLevers, null);
      }
    },
  );
}

gatewayTest('handleExchange() sets no key for models that refuse what they do not know', async () => {
  const bench = farBench(['openai-chat'], { name: 'mistral' });
  const body = JSON.stringify({ model: 'claude-sonnet-4-5', messages: [{ role: 'user', content: 'hi' }] });
  await bench.send({ path: '/v1/chat/completions', body, session: 's' });
  assert.equal(bench.calls[0]?.body, body.replace('claude-sonnet-4-5', 'mistral-model'));
});

gatewayTest('handleExchange() leaves Gemini alone', async () => {
  const bench = createBench(() => jsonAnswer(200, { candidates: [] }), {
    accounts: [{ name: 'a', providerId: 'far' }],
    providers: { far: ['gemini'] },
    settings: ALL,
  });
  const body = JSON.stringify({ contents: [{ role: 'user', parts: [{ text: 'hi' }] }] });
  const path = '/v1beta/models/claude-sonnet-4-5:generateContent';
  const { row } = await bench.send({ path, body, session: 's' });
  assert.deepEqual([bench.calls[0]?.body, row.cacheLevers], [body, null]);
});

for (const surface of ['openai-chat', 'openai-responses'] as const) {
  gatewayTest(
    `handleExchange() pulls no lever on what it translates to ${surface}, which has the session's key`,
    async () => {
      const bench = farBench([surface]);
      const { row } = await bench.send({
        body: plainTurn(1).replace('sonnet', 'claude-sonnet-4-5'),
        session: 's',
      });
      const sent = parseJson(bench.calls[0]?.body ?? '');
      assert.equal(textAt(sent, 'prompt_cache_key'), promptCacheKeyOf(row.sessionId ?? ''));
      assert.deepEqual([row.cacheLevers, bench.calls[0]?.body.includes('cache_control')], [null, false]);
    },
  );
}

gatewayTest('handleExchange() keeps its key out of a translated reply', async () => {
  const bench = createBench(() => message(), { ...TWO, settings: ALL });
  for (const key of [null, 'of the client']) {
    const body = { model: 'sonnet', input: 'hi', ...(key !== null && { prompt_cache_key: key }) };
    const { status, text } = await bench.send({
      path: '/v1/responses',
      body: JSON.stringify(body),
      session: 's',
    });
    assert.equal(status, 200);
    assert.equal(textAt(parseJson(text), 'prompt_cache_key'), key);
  }
});

gatewayTest(
  'handleExchange() translates the request of the client, not the marked one, and says so',
  async () => {
    const bench = createBench(
      ({ url }) => (url.includes('/chat/') ? jsonAnswer(200, CHAT_REPLY) : anthropicError(500, 'api_error')),
      {
        accounts: [{ name: 'a' }, { name: 'b', providerId: 'far' }],
        providers: { far: ['openai-chat'] },
        settings: ALL,
      },
    );
    const { row } = await bench.send({ body: plainTurn(1), session: 's' });
    assert.deepEqual([row.accountId, row.endpointSurface, row.cacheLevers], ['b', 'openai-chat', null]);
    assert.deepEqual(
      bench.calls.map(({ body }) => body.includes('cache_control')),
      [true, false],
    );
  },
);
