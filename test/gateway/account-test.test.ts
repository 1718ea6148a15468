// Testing one account: what is sent, what is told, and that nothing but a row of the log is left of it.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type AccountTestOutcome, AccountTests } from '../../server/gateway/account-test.ts';
import { stopExchanges } from '../../server/gateway/shutdown.ts';
import type { ChatSurface } from '../../server/wire/surface.ts';
import {
  anthropicError,
  type Bench,
  createBench,
  followEvents,
  jsonAnswer,
  STREAM_END,
  STREAM_START,
  STREAM_TEXT,
  sse,
  stream,
  type Upstream,
} from './fixture.ts';

const WHOLE_STREAM = [STREAM_START, STREAM_TEXT, STREAM_END];

function tested(outcome: AccountTestOutcome) {
  assert.ok(outcome.kind === 'tested', JSON.stringify(outcome));
  return outcome.result;
}

function bench(upstream: Upstream, accounts: Parameters<typeof createBench>[1] = {}) {
  const made = createBench(upstream, accounts);
  return { ...made, tests: new AccountTests(made.parts) };
}

/** Nothing is held, and nobody was blamed or praised. */
function assertUntouched({ parts, clock, refused, faults }: Bench): void {
  const { slots, open, affinity, health, catalog } = parts;
  assert.deepEqual(
    {
      inFlight: slots.total(),
      open: open.size,
      timers: clock.pendingTimers,
      bindings: affinity.list().length,
      refused,
      faults,
      results: catalog().rows.accounts.map(({ id }) => health.circuit(id).recentResults),
      states: [...new Set(catalog().rows.accounts.map((row) => health.condition(row).state))],
    },
    {
      inFlight: 0,
      open: 0,
      timers: 0,
      bindings: 0,
      refused: [],
      faults: [],
      results: catalog().rows.accounts.map(() => 0),
      states: ['available'],
    },
  );
}

test('test() sends one token to that account and leaves a row', async () => {
  const made = bench(async () => {
    await made.clock.advance(250);
    return stream(WHOLE_STREAM);
  });
  const events = followEvents(made);
  const { status, row, candidate } = tested(await made.tests.test('c', null));
  assert.deepEqual(
    made.calls.map(({ account, method, url, body }) => ({ account, method, url, body: JSON.parse(body) })),
    [
      {
        account: 'c',
        method: 'POST',
        url: 'https://one.test/v1/messages',
        body: {
          model: 'claude-sonnet-4-5-20250929',
          max_tokens: 1,
          stream: true,
          messages: [{ role: 'user', content: [{ type: 'text', text: 'ping' }] }],
        },
      },
    ],
  );
  assert.equal(status, 200);
  assert.equal(candidate.model.name, 'claude-sonnet-4-5');
  assert.deepEqual(made.rows, [row]);
  const { path, outcome, latencyMs, timeToFirstTokenMs, isKeepWarm, isStreamed, apiKeyId, affinity } = row;
  assert.deepEqual(
    { path, outcome, latencyMs, timeToFirstTokenMs, isKeepWarm, isStreamed, apiKeyId, affinity },
    {
      path: '/admin/test-account',
      outcome: 'ok',
      latencyMs: 250,
      timeToFirstTokenMs: 250,
      isKeepWarm: false,
      isStreamed: true,
      apiKeyId: null,
      affinity: 'none',
    },
  );
  assert.deepEqual([row.inputTokens, row.outputTokens, row.accountId, row.misses], [100, 7, 'c', null]);
  assert.ok((row.costNanoUsd ?? 0) > 0);
  assert.deepEqual(
    row.attempts.map(({ accountId, outcome, status }) => [accountId, outcome, status]),
    [['c', 'ok', 200]],
  );
  assert.deepEqual(events, []);
  assertUntouched(made);
});

for (const [name, part] of [
  ['paused', { isPaused: true }],
  ['disabled', { disabledReason: 'refused (401)' }],
] as const) {
  test(`test() reaches an account that is ${name}, and leaves it so`, async () => {
    const made = bench(() => stream(WHOLE_STREAM), { accounts: [{ name: 'a', ...part }] });
    const { row } = tested(await made.tests.test('a', null));
    assert.equal(row.outcome, 'ok');
    const account = made.catalog.accounts.get('a');
    assert.ok(account);
    assert.notEqual(made.parts.health.condition(account).state, 'available');
  });
}

const SURFACES: {
  surface: ChatSurface | 'openai-embeddings';
  url: string;
  limit: unknown;
  reply: () => Response;
}[] = [
  {
    surface: 'openai-chat',
    url: 'https://x.test/v1/chat/completions',
    limit: 'max_completion_tokens',
    reply: () => fixtureStream('openai-chat/text'),
  },
  {
    surface: 'openai-responses',
    url: 'https://x.test/v1/responses',
    limit: 'max_output_tokens',
    reply: () => fixtureStream('openai-responses/stream-text'),
  },
  {
    surface: 'gemini',
    url: 'https://x.test/v1beta/models/x-model:streamGenerateContent?alt=sse',
    limit: 'maxOutputTokens',
    reply: () => fixtureStream('gemini/text'),
  },
  {
    surface: 'openai-embeddings',
    url: 'https://x.test/v1/embeddings',
    limit: null,
    reply: () => jsonAnswer(200, { data: [], usage: { prompt_tokens: 1, total_tokens: 1 } }),
  },
];

function fixtureStream(path: string): Response {
  const folder = new URL(`../fixtures/${path}/`, import.meta.url);
  return stream([readFileSync(new URL('reply.sse', folder), 'utf8')]);
}

for (const { surface, url, limit, reply } of SURFACES) {
  test(`test() speaks ${surface} where the account's provider does`, async () => {
    const made = bench(reply, {
      accounts: [{ name: 'x', providerId: 'x' }],
      providers: { x: [surface] },
    });
    const { row } = tested(await made.tests.test('x', null));
    const [call] = made.calls;
    assert.equal(call?.url, url);
    if (limit !== null) assert.match(call?.body ?? '', new RegExp(`"${limit}":(1|16)\\b`));
    assert.deepEqual([row.outcome, row.surface, row.endpointSurface], ['ok', surface, surface]);
    assert.ok((row.inputTokens ?? 0) > 0);
    assertUntouched(made);
  });
}

test('test() asks for the model that it is told', async () => {
  const made = bench(() => stream(WHOLE_STREAM));
  assert.equal(tested(await made.tests.test('a', 'm2')).row.upstreamModel, 'other');
});

for (const { name, answer, expected } of [
  {
    name: 'a refused credential',
    answer: () =>
      jsonAnswer(401, { type: 'error', error: { type: 'authentication_error', message: 'bad secret-a' } }),
    expected: { status: 401, outcome: 'failed', errorCode: 'refused', errorMessage: 'bad [redacted]' },
  },
  {
    name: 'a rate limit',
    answer: () => anthropicError(429, 'rate_limit_error', { 'retry-after': '30' }),
    expected: {
      status: 429,
      outcome: 'failed',
      errorCode: 'rate-limited',
      errorMessage: 'rate_limit_error!',
    },
  },
  {
    name: 'a model that is not there',
    answer: () =>
      jsonAnswer(404, { type: 'error', error: { type: 'not_found_error', message: 'model: no such model' } }),
    expected: {
      status: 404,
      outcome: 'failed',
      errorCode: 'model-missing',
      errorMessage: 'model: no such model',
    },
  },
  {
    name: 'a request that is refused',
    answer: () => anthropicError(400, 'invalid_request_error'),
    expected: {
      status: 400,
      outcome: 'rejected',
      errorCode: 'invalid_request_error',
      errorMessage: 'invalid_request_error!',
    },
  },
  {
    name: 'an error in the stream',
    answer: () =>
      stream([
        STREAM_START,
        STREAM_TEXT,
        sse('error', { error: { type: 'overloaded_error', message: 'full' } }),
      ]),
    expected: { status: 200, outcome: 'failed', errorCode: 'overloaded_error', errorMessage: 'full' },
  },
  {
    name: 'a stream that breaks off',
    answer: () => stream([STREAM_START, STREAM_TEXT], 'fail'),
    expected: {
      status: 200,
      outcome: 'failed',
      errorCode: 'stream-interrupted',
      errorMessage: 'the reply broke off, or took too long',
    },
  },
]) {
  test(`test() tells of ${name}, and blames nobody`, async () => {
    const made = bench(answer);
    const { status, row } = tested(await made.tests.test('a', null));
    const { outcome, errorCode, errorMessage } = row;
    assert.deepEqual({ status, outcome, errorCode, errorMessage }, expected);
    assert.equal(made.rows.length, 1);
    assert.equal(made.calls.length, 1);
    assertUntouched(made);
  });
}

test('test() gives up on a reply that does not begin, and on one that does not end', async () => {
  const silent = bench((call) => {
    return new Promise<Response>((_resolve, reject) => {
      call.signal.addEventListener('abort', () => reject(call.signal.reason));
    });
  });
  const first = silent.tests.test('a', null);
  await silent.clock.advance(30_000);
  const unbegun = tested(await first);
  assert.deepEqual([unbegun.status, unbegun.row.errorCode, unbegun.row.latencyMs], [null, 'timeout', 30_000]);
  assertUntouched(silent);

  const endless = bench(() => stream([STREAM_START, STREAM_TEXT], 'hang'));
  const second = endless.tests.test('a', null);
  await endless.clock.advance(30_000);
  const unended = tested(await second);
  assert.deepEqual([unended.row.errorCode, unended.row.latencyMs], ['stream-interrupted', 30_000]);
  assert.equal(unended.row.timeToFirstTokenMs, 0);
  assertUntouched(endless);
});

test('test() tests an account once at a time, and others beside it', async () => {
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => {
    release = resolve;
  });
  const made = bench(async () => {
    await held;
    return stream(WHOLE_STREAM);
  });
  const [first, second, other] = ['a', 'a', 'b'].map((id) => made.tests.test(id, null));
  assert.equal((await second)?.kind, 'running');
  assert.equal(made.parts.slots.inFlight('a'), 1);
  release();
  assert.deepEqual([(await first)?.kind, (await other)?.kind], ['tested', 'tested']);
  assert.equal((await made.tests.test('a', null)).kind, 'tested');
});

for (const { name, account, modelId, providers, reason } of [
  {
    name: 'no model',
    account: { name: 'x', providerId: 'none' },
    modelId: null,
    providers: {},
    reason: 'provider-without-model',
  },
  {
    name: 'not this model',
    account: { name: 'x' },
    modelId: 'm9',
    providers: {},
    reason: 'model-not-mapped',
  },
  {
    name: 'no endpoint',
    account: { name: 'x', providerId: 'x' },
    modelId: null,
    providers: { x: [] },
    reason: 'provider-without-endpoint',
  },
  {
    name: 'a credential for other hosts',
    account: { name: 'x', credentialOrigins: ['https://elsewhere.test'] },
    modelId: null,
    providers: {},
    reason: 'credential-for-other-hosts',
  },
]) {
  test(`test() sends nothing where there is ${name}`, async () => {
    const made = bench(() => stream(WHOLE_STREAM), { accounts: [account], providers });
    const outcome = await made.tests.test('x', modelId);
    assert.ok(outcome.kind === 'untestable');
    assert.equal(outcome.reason, reason);
    assert.deepEqual([made.calls, made.rows], [[], []]);
  });
}

test('test() ends when the gateway stops, before the reply and in it', async () => {
  for (const answer of [
    (call: { signal: AbortSignal }) =>
      new Promise<Response>((_resolve, reject) => {
        call.signal.addEventListener('abort', () => reject(call.signal.reason));
      }),
    () => stream([STREAM_START, STREAM_TEXT], 'hang'),
  ]) {
    const made = bench(answer);
    const running = made.tests.test('a', null);
    await made.clock.advance(10);
    stopExchanges(made.parts.open);
    assert.equal(tested(await running).row.outcome, 'failed');
    assertUntouched(made);
  }
});
