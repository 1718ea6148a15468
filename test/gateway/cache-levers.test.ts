// What the levers do to a request, and what they leave alone.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RequestBody } from '../../server/gateway/body.ts';
import { leveredBody, promptCacheKeyOf, pullLevers } from '../../server/gateway/cache-levers.ts';
import { buildCatalog } from '../../server/gateway/catalog.ts';
import { openExchange } from '../../server/gateway/exchange.ts';
import { gapKeyOf } from '../../server/gateway/gap-key.ts';
import { DEFAULT_SETTINGS } from '../../server/gateway/ports.ts';
import { type CacheLeverSettings, DEFAULT_CACHE_LEVERS } from '../../server/gateway/routing-settings.ts';
import { GapStatistics, type TtlChoice } from '../../server/routing/ttl-choice.ts';
import { parseJson } from '../../server/wire/json.ts';
import { scanRequest } from '../../server/wire/prompt-scan.ts';
import { readField } from '../../server/wire/scan.ts';
import { matchOperation, type Surface } from '../../server/wire/surface.ts';
import { ManualClock } from '../manual-clock.ts';
import { rowsOf } from './fixture.ts';

const ALL: CacheLeverSettings = {
  ...DEFAULT_CACHE_LEVERS,
  chooseTtl: true,
  placeBreakpoints: true,
  setPromptCacheKey: true,
};
const SUMS = { isOwn: true, savedUsd: 0.12, extraUsd: 0.01 };
const ONE_HOUR: TtlChoice = { ttl: '1h', code: 'gaps-pay', reason: 'long pauses', sums: SUMS };
const FIVE_MINUTES: TtlChoice = { ttl: '5m', code: 'gaps-do-not-pay', reason: 'no pauses', sums: SUMS };

function bodyOf(json: object, surface: Surface): RequestBody {
  const bytes = new TextEncoder().encode(JSON.stringify(json));
  const { fields, outline } = scanRequest(bytes, surface);
  return {
    bytes,
    model: 'claude',
    modelSpan: fields.get('model') ?? null,
    isStreamed: false,
    metadata: undefined,
    promptCacheKey: readField(bytes, fields, 'prompt_cache_key'),
    keptIds: [],
    outline,
  };
}

function pull(
  json: object,
  {
    surface = 'anthropic-messages',
    settings = ALL,
    choice = ONE_HOUR,
    sessionId = 'session-1',
  }: {
    surface?: Surface;
    settings?: CacheLeverSettings;
    choice?: TtlChoice;
    sessionId?: string | null;
  } = {},
) {
  const before = bodyOf(json, surface);
  const { body, record } = pullLevers(before, { surface, settings, sessionId, ttlChoice: () => choice });
  return { before, body, record, json: parseJson(new TextDecoder().decode(body.bytes)) };
}

const MARK = { cache_control: { type: 'ephemeral' } };
const SHORT = { cache_control: { type: 'ephemeral', ttl: '5m' } };
const LONG = { cache_control: { type: 'ephemeral', ttl: '1h' } };

/** The model's name comes last, so that every edit moves it. */
function anthropic(mark: object, more: object = {}) {
  return {
    max_tokens: 10,
    ...more,
    system: [{ type: 'text', text: 'Be brief.', ...mark }],
    messages: [{ role: 'user', content: [{ type: 'text', text: 'hi', ...mark }] }],
    model: 'claude',
  };
}

const CHAT = { messages: [{ role: 'user', content: 'hi' }], model: 'gpt' };

for (const { name, json, options = {} } of [
  { name: 'whose levers are off', json: anthropic({}), options: { settings: DEFAULT_CACHE_LEVERS } },
  {
    name: 'without marks when marks are not placed',
    json: anthropic({}),
    options: { settings: { ...ALL, placeBreakpoints: false } },
  },
  {
    name: 'with marks when no lifetime is chosen',
    json: anthropic(MARK),
    options: { settings: { ...ALL, chooseTtl: false } },
  },
  { name: 'with marks when 5 min are chosen', json: anthropic(MARK), options: { choice: FIVE_MINUTES } },
  { name: 'whose marks state 5 min', json: anthropic(SHORT) },
  { name: 'whose marks state 1 h', json: anthropic(LONG) },
  { name: 'with automatic caching', json: anthropic({}, MARK) },
  { name: 'with marks and automatic caching', json: anthropic(MARK, MARK) },
  { name: 'for chat without a session', json: CHAT, options: { surface: 'openai-chat', sessionId: null } },
  {
    name: 'for chat with a key',
    json: { ...CHAT, prompt_cache_key: 'k' },
    options: { surface: 'openai-chat' },
  },
  {
    name: 'for chat with a null as key',
    json: { ...CHAT, prompt_cache_key: null },
    options: { surface: 'openai-chat' },
  },
  {
    name: 'for chat when no key is to be set',
    json: CHAT,
    options: { surface: 'openai-chat', settings: { ...ALL, setPromptCacheKey: false } },
  },
  { name: 'for Gemini', json: { contents: [] }, options: { surface: 'gemini' } },
  { name: 'for embeddings', json: { input: 'hi' }, options: { surface: 'openai-embeddings' } },
] satisfies { name: string; json: object; options?: Parameters<typeof pull>[1] }[]) {
  test(`pullLevers() leaves a request alone ${name}`, () => {
    const { before, body, record } = pull(json, options);
    assert.equal(body, before);
    assert.equal(record, null);
  });
}

test('pullLevers() gives marks without a lifetime the chosen one', () => {
  const { body, record, json } = pull(anthropic(MARK));
  assert.deepEqual(json, anthropic(LONG));
  assert.deepEqual(record, {
    ttl: '1h',
    ttlReason: 'long pauses',
    ttlSums: SUMS,
    breakpointsPlaced: 0,
    promptCacheKeySet: false,
  });
  assert.deepEqual(
    body.outline?.marks.map(({ ttl }) => ttl),
    ['1h', '1h'],
  );
});

test('pullLevers() places marks where there are none', () => {
  const { body, record, json } = pull(anthropic({}), { settings: { ...ALL, chooseTtl: false } });
  assert.deepEqual(json, anthropic(MARK));
  assert.partialDeepStrictEqual(record, { ttl: null, breakpointsPlaced: 2 });
  assert.equal(body.outline?.marks.length, 2);
});

test('pullLevers() gives marks of its own the chosen lifetime too', () => {
  const { record, json } = pull(anthropic({}));
  assert.deepEqual(json, anthropic(LONG));
  assert.partialDeepStrictEqual(record, { ttl: '1h', ttlReason: 'long pauses', breakpointsPlaced: 2 });
});

for (const surface of ['openai-chat', 'openai-responses'] as const) {
  test(`pullLevers() sets a key of the session on ${surface}`, () => {
    const { record, json } = pull(CHAT, { surface });
    assert.deepEqual(json, { ...CHAT, prompt_cache_key: promptCacheKeyOf('session-1') });
    assert.deepEqual(record, {
      ttl: null,
      ttlReason: null,
      ttlSums: null,
      breakpointsPlaced: 0,
      promptCacheKeySet: true,
    });
  });
}

for (const { name, json, surface } of [
  { name: 'a lifetime', json: anthropic(MARK), surface: 'anthropic-messages' },
  { name: 'marks', json: anthropic({}), surface: 'anthropic-messages' },
  { name: 'a key', json: CHAT, surface: 'openai-chat' },
] as const) {
  test(`pullLevers() says where the model's name stands after ${name}`, () => {
    const { before, body } = pull(json, { surface });
    assert.notEqual(body, before);
    const { start, end } = body.modelSpan ?? { start: 0, end: 0 };
    assert.equal(new TextDecoder().decode(body.bytes.subarray(start, end)), JSON.stringify(json.model));
  });
}

test('promptCacheKeyOf() is the same for all requests of a session, and is not its name', () => {
  const key = promptCacheKeyOf('session-1');
  assert.match(key, /^[0-9a-f]{32}$/);
  assert.equal(promptCacheKeyOf('session-1'), key);
  assert.notEqual(promptCacheKeyOf('session-2'), key);
  assert.ok(!key.includes('session'));
});

test('pullLevers() does not touch the bytes it was given', () => {
  const { before } = pull(anthropic({}));
  assert.deepEqual(parseJson(new TextDecoder().decode(before.bytes)), anthropic({}));
});

/** An exchange of a session that pauses for so many minutes, with everything at hand that the levers ask for. */
function exchangeOf({ path = '/v1/messages', settings = ALL, pauseMinutes = 10, modelId = 'm1' } = {}) {
  const clock = new ManualClock();
  const rows = rowsOf({ settings: { ...DEFAULT_SETTINGS, cacheLevers: settings } });
  const catalog = buildCatalog(rows, new Map(rows.accounts.map(({ id }) => [id, `secret-${id}`])));
  const operation = matchOperation('POST', { path, query: '' }, new Headers());
  assert.ok(operation);
  const request = new Request(`http://gateway.test${path}`, { method: 'POST' });
  const exchange = openExchange({ request, path, operation, catalog, onBodyRead: () => undefined, clock });
  exchange.row.sessionId = 'session-1';
  exchange.row.modelId = modelId;
  const gaps = new GapStatistics({ clock });
  const key = gapKeyOf(exchange);
  assert.ok(key);
  for (let at = 0; at < 11; at += 1) {
    gaps.sawRequest(key, { atMs: at * pauseMinutes * 60_000, prefixTokens: 50_000, writtenTokens: 1_000 });
  }
  return { exchange, gaps, candidates: catalog.candidates(modelId, 'anthropic-messages') };
}

for (const { name, options = {}, record } of [
  { name: 'chooses by the pauses of the session', record: { ttl: '1h' } },
  { name: 'leaves a session without pauses alone', options: { pauseMinutes: 1 }, record: null },
  { name: 'leaves an unpriced model alone', options: { modelId: 'm2' }, record: null },
  { name: 'leaves a count of tokens alone', options: { path: '/v1/messages/count_tokens' }, record: null },
  { name: 'does nothing when all is off', options: { settings: DEFAULT_CACHE_LEVERS }, record: null },
]) {
  test(`leveredBody() ${name}`, () => {
    const { exchange, gaps, candidates } = exchangeOf(options);
    const body = bodyOf(anthropic(MARK), 'anthropic-messages');
    const pulled = leveredBody(exchange, { body, candidates }, gaps);
    if (record) assert.partialDeepStrictEqual(pulled.record, record);
    else assert.deepEqual(pulled, { body, record: null });
  });
}

test('leveredBody() leaves alone what no account takes as it is, and its own pings', () => {
  const { exchange, gaps, candidates } = exchangeOf();
  const body = bodyOf(anthropic(MARK), 'anthropic-messages');
  assert.equal(leveredBody(exchange, { body, candidates: [] }, gaps).body, body);
  exchange.row.isKeepWarm = true;
  assert.equal(leveredBody(exchange, { body, candidates }, gaps).body, body);
});

test('gapKeyOf() knows a conversation without a name by its first message', () => {
  const { exchange } = exchangeOf();
  const keyOf = (...texts: string[]) => {
    const messages = texts.map((content) => ({ role: 'user', content }));
    const { outline } = bodyOf({ model: 'claude', messages }, 'anthropic-messages');
    const row = { ...exchange.row, sessionId: null };
    return gapKeyOf({ ...exchange, row, prompt: { ...exchange.prompt, outline } });
  };
  assert.deepEqual(keyOf('one'), keyOf('one', 'two'));
  assert.notDeepEqual(keyOf('one'), keyOf('two'));
  assert.equal(keyOf(), null);
});
