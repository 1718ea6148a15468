// Which requests can be sent once more, what is kept of them, and what a ping looks like.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildCatalog } from '../../server/gateway/catalog.ts';
import { type Exchange, openExchange } from '../../server/gateway/exchange.ts';
import { sendKeepWarm } from '../../server/gateway/keep-warm-ping.ts';
import { KeyUsage } from '../../server/gateway/key-usage.ts';
import type { ApiKey } from '../../server/gateway/ports.ts';
import { shortForm, warmRequestOf } from '../../server/gateway/warm-request.ts';
import type { CacheMark, PromptOutline } from '../../server/wire/outline.ts';
import { matchOperation } from '../../server/wire/surface.ts';
import { ManualClock } from '../manual-clock.ts';
import { message, rowsOf, STREAM_START } from './fixture.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder();

for (const { name, request, short } of [
  {
    name: 'asks for one token and no stream, and leaves the rest as it is',
    request: '{ "stream":true,"model" : "m","max_tokens": 32000 ,"messages":[{"content":"\\u00e9"}],"x":1.0}',
    short: '{ "stream":false,"model" : "m","max_tokens": 1 ,"messages":[{"content":"\\u00e9"}],"x":1.0}',
  },
  { name: 'adds no field', request: '{"max_tokens":7}', short: '{"max_tokens":1}' },
  {
    name: 'keeps thinking that has no budget',
    request: '{"max_tokens":7,"thinking":{"type":"adaptive"}}',
    short: '{"max_tokens":1,"thinking":{"type":"adaptive"}}',
  },
  {
    name: 'is none for thinking with a budget',
    request: '{"max_tokens":7000,"thinking":{"type":"enabled","budget_tokens":2000}}',
    short: null,
  },
  { name: 'is none without max_tokens', request: '{"stream":true}', short: null },
]) {
  test(`shortForm() ${name}`, () => {
    const bytes = shortForm(encoder.encode(request));
    assert.equal(bytes && decoder.decode(bytes), short);
  });
}

const BODY = JSON.stringify({
  model: 'claude-sonnet-4-5',
  max_tokens: 100,
  stream: true,
  messages: [{ role: 'user', content: 'hi' }],
});

/** An exchange that was answered from a warm account. */
function answered({ ttls = ['1h'] }: { ttls?: CacheMark['ttl'][] } = {}) {
  const clock = new ManualClock();
  const rows = rowsOf({});
  const catalog = buildCatalog(rows, new Map(rows.accounts.map(({ id }) => [id, `secret-${id}`])));
  const path = '/v1/messages';
  const operation = matchOperation('POST', { path, query: '' }, new Headers());
  assert.ok(operation);
  const request = new Request(`http://gateway.test${path}?beta=true&key=secret`, {
    method: 'POST',
    headers: {
      authorization: 'Bearer wp_secret',
      cookie: 'a=b',
      'anthropic-beta': 'some-beta',
      'idempotency-key': 'once',
      'x-stainless-timeout': '600',
      'user-agent': 'agent/1',
    },
  });
  const exchange = openExchange({ request, path, operation, catalog, onBodyRead: () => undefined, clock });
  const [candidate] = catalog.candidates('m1', 'anthropic-messages');
  assert.ok(candidate);
  exchange.candidate = candidate;
  const [apiKey] = rows.apiKeys;
  assert.ok(apiKey);
  exchange.caller = { kind: 'api-key', apiKey };
  Object.assign(exchange.row, {
    outcome: 'ok',
    status: 200,
    endpointSurface: 'anthropic-messages',
    inputTokens: 120_500,
    cacheReadTokens: 100_000,
    cacheWriteTokens: 20_000,
    sessionId: 'session-1',
    modelId: 'm1',
    apiKeyId: apiKey.id,
    userId: apiKey.userId,
  });
  const outline: PromptOutline = {
    cuts: [],
    bytes: 0,
    blockCount: 0,
    hasAutomaticMark: false,
    flags: 0,
    marks: ttls.map((ttl) => ({ span: { start: 0, end: 0 }, ttl })),
    places: [],
  };
  const bytes = encoder.encode(BODY);
  const body = {
    bytes,
    model: 'claude-sonnet-4-5',
    modelSpan: null,
    isStreamed: true,
    metadata: undefined,
    promptCacheKey: undefined,
    keptIds: [],
    outline,
  };
  const key = { session: 'session-1', group: 'g' };
  return { exchange, body, key, clock, catalog };
}

test('warmRequestOf() keeps what an upstream gets of a request, and no credential', () => {
  const { exchange, body, key } = answered();
  const kept = warmRequestOf(exchange, { body, key });
  assert.ok(kept);
  const { headers, url, prices, binding, ...rest } = kept;
  assert.deepEqual([...headers.keys()].sort(), ['anthropic-beta', 'user-agent']);
  assert.equal(url, 'http://gateway.test/v1/messages?beta=true');
  assert.partialDeepStrictEqual(binding, {
    apiKeyId: 'ada',
    userId: 'user-ada',
    sessionId: 'session-1',
    modelId: 'm1',
    surface: 'anthropic-messages',
    providerId: 'p1',
    endpointId: 'e1',
    accountId: 'a',
  });
  assert.ok(prices.readUsd < prices.inputUsd && prices.inputUsd < prices.writeUsd);
  assert.deepEqual(rest, {
    key,
    accountId: 'a',
    caller: exchange.caller,
    sessionId: 'session-1',
    bytes: body.bytes,
    warmTokens: 120_000,
    uncachedTokens: 500,
    ttlMs: 3_600_000,
    startedMs: exchange.startedMs,
  });
});

for (const { ttls, ttlMs } of [
  { ttls: ['1h', '1h'], ttlMs: 3_600_000 },
  { ttls: ['1h', '5m'], ttlMs: 300_000 },
  { ttls: ['1h', null], ttlMs: 300_000 },
  { ttls: [], ttlMs: 300_000 },
] satisfies { ttls: CacheMark['ttl'][]; ttlMs: number }[]) {
  test(`warmRequestOf() counts on the shortest lifetime of ${JSON.stringify(ttls)}`, () => {
    const { exchange, body, key } = answered({ ttls });
    assert.equal(warmRequestOf(exchange, { body, key })?.ttlMs, ttlMs);
  });
}

const CHANGES: Record<string, (exchange: Exchange) => void> = {
  'a failed request': ({ row }) => {
    row.outcome = 'failed';
  },
  'a translated request': ({ row }) => {
    row.endpointSurface = 'openai-chat';
  },
  'another surface': ({ row }) => {
    row.surface = 'openai-chat';
  },
  'a ping': ({ row }) => {
    row.isKeepWarm = true;
  },
  'a small prefix': ({ row }) => {
    row.cacheReadTokens = 0;
    row.cacheWriteTokens = 9_999;
  },
  'a reply without counts': ({ row }) => {
    row.inputTokens = null;
  },
  'a provider that states no lifetime': ({ candidate }) => {
    if (candidate) candidate.upstreamModel = 'kimi-k2';
  },
  'an account that does not cache': ({ candidate }) => {
    if (candidate) candidate.account = { ...candidate.account, cacheTtlMinutes: 0 };
  },
  'a session that an administrator cleared meanwhile': (exchange) => {
    exchange.ticket = {
      identity: {
        key: 'k',
        tenant: 'key:ada',
        apiKeyId: 'ada',
        userId: null,
        sessionId: 'session-1',
        modelId: 'm1',
        surface: 'anthropic-messages',
        scope: 'session',
      },
      entry: null,
      boundAccountId: null,
      isHeldToBound: false,
      borrowedAccountId: null,
      movedFrom: null,
      isThroughApiKey: false,
      candidate: null,
      isRevoked: true,
    };
  },
  'an unpriced model': ({ candidate }) => {
    if (!candidate) return;
    candidate.model = { ...candidate.model, name: 'claude-nobody-knows' };
    candidate.upstreamModel = 'claude-nobody-knows';
  },
};

for (const [name, change] of Object.entries(CHANGES)) {
  test(`warmRequestOf() keeps nothing of ${name}`, () => {
    const { exchange, body, key } = answered();
    change(exchange);
    assert.equal(warmRequestOf(exchange, { body, key }), null);
  });
}

test('warmRequestOf() keeps nothing of a request that cannot be shortened', () => {
  const { exchange, body, key } = answered();
  const bytes = encoder.encode('{"max_tokens":7000,"thinking":{"type":"enabled","budget_tokens":2000}}');
  assert.equal(warmRequestOf(exchange, { body: { ...body, bytes }, key }), null);
});

test('sendKeepWarm() sends an exchange of its own that says what it is', async () => {
  const { exchange, body, key, clock, catalog } = answered();
  const kept = warmRequestOf(exchange, { body, key });
  assert.ok(kept);
  const open = new Set<Exchange>();
  let seen: { body: string; headers: Headers; accountId: string; row: Exchange['row'] } | null = null;
  const result = await sendKeepWarm(kept, {
    catalog: () => catalog,
    clock,
    keyUsage: new KeyUsage(clock),
    open,
    async callAccount(ping, accountId) {
      assert.equal(open.has(ping), true);
      seen = { body: await ping.request.text(), headers: ping.request.headers, accountId, row: ping.row };
      Object.assign(ping.row, { outcome: 'ok', costNanoUsd: 36_000_000, cacheReadTokens: 119_000 });
      for (const release of ping.releases) release();
      return message();
    },
  });
  assert.deepEqual(result, { isOk: true, costUsd: 0.036, isPossiblyBilled: false, readTokens: 119_000 });
  assert.equal(open.size, 0);
  assert.partialDeepStrictEqual(seen, {
    accountId: 'a',
    body: BODY.replace('"max_tokens":100,"stream":true', '"max_tokens":1,"stream":false'),
    row: {
      isKeepWarm: true,
      sessionId: 'session-1',
      affinity: 'none',
      affinityCode: 'keep-warm',
      path: '/v1/messages',
    },
  });
});

const ENDED_KEYS: Record<string, (apiKey: ApiKey, nowMs: number) => ApiKey | null> = {
  'switched off': (apiKey) => ({ ...apiKey, isEnabled: false }),
  expired: (apiKey, nowMs) => ({ ...apiKey, expiresAtMs: nowMs }),
  revoked: (apiKey, nowMs) => ({ ...apiKey, revokedAtMs: nowMs - 1 }),
  deleted: () => null,
  'given a budget that is spent': (apiKey) => ({ ...apiKey, budgetUsdPerMonth: 0.5 }),
};

for (const [name, change] of Object.entries(ENDED_KEYS)) {
  test(`sendKeepWarm() sends nothing for a key that was ${name} meanwhile`, async () => {
    const { exchange, body, key, clock, catalog } = answered();
    const kept = warmRequestOf(exchange, { body, key });
    assert.ok(kept);
    const [apiKey, ...others] = catalog.rows.apiKeys;
    assert.ok(apiKey);
    const keyUsage = new KeyUsage(clock);
    keyUsage.restore('month', clock.nowMs(), [{ id: apiKey.id, costNanoUsd: 5e8, unpricedRequests: 0 }]);
    const send = (apiKeys: ApiKey[]) =>
      sendKeepWarm(kept, {
        catalog: () => buildCatalog({ ...catalog.rows, apiKeys }, new Map()),
        clock,
        keyUsage,
        open: new Set(),
        callAccount: () => {
          sent += 1;
          return Promise.resolve(message());
        },
      });
    let sent = 0;
    const now = change(apiKey, clock.nowMs());
    const result = await send(now ? [now, ...others] : others);
    assert.deepEqual(result, { isOk: false, costUsd: null, isPossiblyBilled: false, readTokens: null });
    assert.equal(sent, 0);
    await send([apiKey, ...others]);
    assert.equal(sent, 1);
  });
}

test('sendKeepWarm() reads a reply that came as a stream all the same to its end', async () => {
  const { exchange, body, key, clock, catalog } = answered();
  const kept = warmRequestOf(exchange, { body, key });
  assert.ok(kept);
  let isRead = false;
  const reply = new ReadableStream<Uint8Array>({
    pull(controller) {
      controller.enqueue(encoder.encode(STREAM_START));
      controller.close();
      isRead = true;
    },
  });
  await sendKeepWarm(kept, {
    catalog: () => catalog,
    clock,
    keyUsage: new KeyUsage(clock),
    open: new Set(),
    callAccount: () => Promise.resolve(new Response(reply)),
  });
  assert.equal(isRead, true);
});

test('sendKeepWarm() takes a ping whose connection broke for one that may be billed', async () => {
  const { exchange, body, key, clock, catalog } = answered();
  const kept = warmRequestOf(exchange, { body, key });
  assert.ok(kept);
  const result = await sendKeepWarm(kept, {
    catalog: () => catalog,
    clock,
    keyUsage: new KeyUsage(clock),
    open: new Set(),
    callAccount(ping) {
      ping.row.attempts.push({
        accountId: 'a',
        accountName: 'a',
        providerName: 'one',
        status: null,
        outcome: 'retryable',
        fault: 'broken',
        reason: 'reset',
        isPossibleDuplicate: true,
        connectMs: null,
        startedAtMs: 0,
        firstByteMs: null,
        durationMs: 1,
      });
      return Promise.resolve(new Response('', { status: 502 }));
    },
  });
  assert.deepEqual(result, { isOk: false, costUsd: null, isPossiblyBilled: true, readTokens: null });
});
