// One request from front to back: routing, attempts, errors, bytes, and exactly one row.

import assert from 'node:assert/strict';
import {
  ADA_KEY,
  anthropicError,
  type Bench,
  createBench,
  gatewayTest,
  IMPATIENT,
  jsonAnswer,
  message,
  STREAM_END,
  STREAM_START,
  STREAM_TEXT,
  sse,
  stream,
} from './fixture.ts';

const attemptsOf = (bench: Bench) =>
  bench.rows.at(-1)?.attempts.map(({ accountName, outcome, status }) => [accountName, outcome, status]);

gatewayTest('handleExchange() passes the body on byte for byte but for the mapped model name', async () => {
  const bench = createBench(() => message());
  const body =
    '{ "max_tokens":10,\n "model" : "sonnet", "messages":[{"role":"user","content":"h\\u00e9\\/"}],"x":1.0}';
  await bench.send({ body });
  assert.equal(bench.calls[0]?.body, body.replace('"sonnet"', '"claude-sonnet-4-5-20250929"'));
  assert.equal(bench.calls[0]?.url, 'https://one.test/v1/messages');
});

gatewayTest('handleExchange() states an API version only where the client states none', async () => {
  const bench = createBench(() => message());
  await bench.send();
  await bench.send({ headers: { 'anthropic-version': '2026-10-21' } });
  assert.deepEqual(
    bench.calls.map(({ headers }) => headers.get('anthropic-version')),
    ['2023-06-01', '2026-10-21'],
  );
});

gatewayTest('handleExchange() sends the beta flag of the query on and nothing else of it', async () => {
  const bench = createBench(() => message());
  await bench.send({ path: '/v1/messages?beta=true&key=secret' });
  assert.equal(bench.calls[0]?.url, 'https://one.test/v1/messages?beta=true');
});

gatewayTest('handleExchange() does not double the version prefix of a base URL', async () => {
  const bench = createBench(() =>
    jsonAnswer(200, { choices: [], usage: { prompt_tokens: 5, completion_tokens: 1 } }),
  );
  const { row } = await bench.send({ path: '/v1/chat/completions', model: 'other' });
  assert.equal(bench.calls[0]?.url, 'https://one.test/v1/chat/completions');
  assert.deepEqual([row.surface, row.inputTokens, row.outputTokens, row.status], ['openai-chat', 5, 1, 200]);
});

gatewayTest('handleExchange() gives the reply its bytes, allowed headers and own ids', async () => {
  const text = '{"type":"message",  "usage":{"input_tokens":1,"output_tokens":1}}';
  const bench = createBench(
    () =>
      new Response(text, {
        headers: {
          'content-type': 'application/json',
          'request-id': 'req_1',
          'set-cookie': 'a=b',
          'anthropic-ratelimit-requests-remaining': '7',
        },
      }),
  );
  const reply = await bench.send({ headers: { 'x-request-id': 'mine-1' } });
  assert.equal(reply.text, text);
  const header = (name: string) => reply.headers.get(name);
  assert.equal(header('x-request-id'), 'mine-1');
  assert.equal(header('request-id'), 'req_1');
  assert.equal(header('x-upstream-request-id'), 'req_1');
  assert.equal(header('anthropic-ratelimit-requests-remaining'), '7');
  assert.equal(header('set-cookie'), null);
  assert.equal(header('x-warmpath-account'), 'a');
  assert.equal(header('x-warmpath-affinity'), 'new');
  assert.equal(reply.row.requestId, 'mine-1');
});

gatewayTest("handleExchange() sends the account its own credential and never the client's", async () => {
  const bench = createBench(() => message());
  await bench.send({
    headers: { cookie: 'a=b', 'x-forwarded-for': '1.2.3.4', 'anthropic-beta': 'x', 'x-unknown': 'y' },
  });
  const sent = bench.calls[0]?.headers;
  assert.equal(sent?.get('x-api-key'), 'secret-a');
  assert.equal(sent?.get('anthropic-beta'), 'x');
  for (const name of ['authorization', 'cookie', 'x-forwarded-for', 'x-unknown'])
    assert.equal(sent?.get(name), null, name);
});

gatewayTest('handleExchange() makes one row with usage, cost and times of a plain reply', async () => {
  const bench = createBench(() =>
    message({
      input_tokens: 100,
      cache_read_input_tokens: 900,
      cache_creation_input_tokens: 0,
      output_tokens: 10,
    }),
  );
  const { row } = await bench.send({ session: 's1' });
  assert.equal(bench.rows.length, 1);
  assert.deepEqual(
    [
      row.inputTokens,
      row.cacheReadTokens,
      row.outputTokens,
      row.usageSource,
      row.outcome,
      row.apiKeyId,
      row.userId,
    ],
    [1000, 900, 10, 'upstream', 'ok', 'ada', 'user-ada'],
  );
  // $3 and $0.30 per million in, $15 out.
  assert.equal(row.costNanoUsd, 100 * 3_000 + 900 * 300 + 10 * 15_000);
  assert.equal(row.savedNanoUsd, 900 * 2_700);
  assert.equal(row.timeToFirstTokenMs, null);
});

gatewayTest('handleExchange() passes a stream on byte for byte and reads its usage', async () => {
  const bench = createBench(() =>
    stream([STREAM_START.slice(0, 20), STREAM_START.slice(20), STREAM_TEXT, STREAM_END]),
  );
  const reply = await bench.send({ stream: true });
  assert.equal(reply.text, STREAM_START + STREAM_TEXT + STREAM_END);
  assert.deepEqual(
    [
      reply.row.isStreamed,
      reply.row.inputTokens,
      reply.row.cacheReadTokens,
      reply.row.outputTokens,
      reply.row.outcome,
    ],
    [true, 100, 90, 7, 'ok'],
  );
  assert.equal(bench.parts.slots.total(), 0);
});

for (const [name, upstream] of Object.entries({
  'a server error': () => anthropicError(500, 'api_error'),
  overload: () => anthropicError(529, 'overloaded_error'),
  'a rate limit': () => anthropicError(429, 'rate_limit_error'),
  'a refused credential': () => anthropicError(401, 'authentication_error'),
  'a broken connection': () => Promise.reject(Object.assign(new Error('x'), { code: 'ECONNRESET' })),
  'an error in a 200 stream before anything is generated': () =>
    stream([STREAM_START, sse('error', { error: { type: 'overloaded_error', message: 'x' } })]),
  'a stream that ends before it begins': () => stream([STREAM_START]),
  'a stream that breaks before it begins': () => stream([STREAM_START], 'fail'),
})) {
  gatewayTest(`handleExchange() tries another account after ${name}`, async () => {
    const bench = createBench(({ account }) =>
      account === 'a' ? upstream() : stream([STREAM_START, STREAM_TEXT, STREAM_END]),
    );
    const reply = await bench.send({ stream: true });
    assert.equal(reply.status, 200);
    assert.equal(reply.text, STREAM_START + STREAM_TEXT + STREAM_END);
    assert.deepEqual(
      bench.calls.map(({ account }) => account),
      ['a', 'b'],
    );
    assert.deepEqual(
      attemptsOf(bench)?.map(([, outcome]) => outcome),
      ['retryable', 'ok'],
    );
    assert.equal(bench.rows.length, 1);
    assert.equal(bench.parts.slots.total(), 0);
  });
}

gatewayTest(
  'handleExchange() tries at most 3 distinct accounts and passes the last error on as it came',
  async () => {
    const bench = createBench(() => anthropicError(500, 'api_error'));
    const reply = await bench.send();
    assert.equal(new Set(bench.calls.map(({ account }) => account)).size, 3);
    assert.equal(bench.calls.length, 3);
    assert.equal(reply.status, 500);
    assert.deepEqual(JSON.parse(reply.text), {
      type: 'error',
      error: { type: 'api_error', message: 'api_error!' },
    });
    assert.equal(reply.row.outcome, 'failed');
  },
);

for (const { random, pauseMs } of [
  { random: 0, pauseMs: 200 },
  { random: 1, pauseMs: 500 },
]) {
  gatewayTest(
    `handleExchange() tries one other account of an overloaded provider, ${pauseMs} ms later when chance says ${random}`,
    async () => {
      const bench = createBench(({ account }) =>
        anthropicError(529, 'overloaded_error', { 'request-id': `req_${account}` }),
      );
      bench.parts.random = () => random;
      const pending = bench.open();
      await bench.clock.advance(pauseMs - 1);
      assert.equal(bench.calls.length, 1);
      await bench.clock.advance(1);
      const reply = await pending;
      assert.deepEqual(
        bench.calls.map(({ account }) => account),
        ['a', 'b'],
      );
      assert.deepEqual([reply.status, reply.headers.get('request-id')], [529, 'req_b']);
      assert.deepEqual(JSON.parse(await reply.text()), {
        type: 'error',
        error: { type: 'overloaded_error', message: 'overloaded_error!' },
      });
      assert.deepEqual(
        bench.rows.map(({ status, outcome, attempts }) => [status, outcome, attempts.length]),
        [[529, 'failed', 2]],
      );
    },
  );
}

for (const status of [400, 404, 413, 422]) {
  gatewayTest(
    `handleExchange() passes ${status} on as it is, blames nobody and does not fail over`,
    async () => {
      const bench = createBench(() => anthropicError(status, 'invalid_request_error'));
      const reply = await bench.send({ session: 's' });
      assert.equal(reply.status, status);
      assert.equal(bench.calls.length, 1);
      assert.deepEqual([reply.row.outcome, reply.row.errorCode], ['rejected', 'invalid_request_error']);
      assert.equal(bench.parts.affinity.list().length, 0);
      assert.equal(bench.parts.slots.total(), 0);
    },
  );
}

gatewayTest("handleExchange() passes the caller's own mistake inside a stream on as it came", async () => {
  const error = sse('error', { error: { type: 'invalid_request_error', message: 'too long' } });
  const bench = createBench(() => stream([STREAM_START, error]));
  const reply = await bench.send({ stream: true });
  assert.equal(reply.text, STREAM_START + error);
  assert.equal(bench.calls.length, 1);
});

gatewayTest('handleExchange() lets a rate-limited account rest as long as it asks', async () => {
  const bench = createBench(({ account }) =>
    account === 'a' ? anthropicError(429, 'rate_limit_error', { 'retry-after': '30' }) : message(),
  );
  await bench.send({ session: 's1' });
  const { parts, catalog, clock } = bench;
  const a = catalog.accounts.get('a');
  assert.ok(a);
  assert.equal(parts.health.condition(a).state, 'cooling-down');
  await clock.advance(29_999);
  assert.equal(parts.health.condition(a).state, 'cooling-down');
  await clock.advance(1);
  assert.equal(parts.health.condition(a).state, 'available');
});

gatewayTest(
  'handleExchange() tells a client the smallest wait when every account is rate limited',
  async () => {
    const waits: Record<string, string> = { a: '30', b: '20', c: '40', d: '50' };
    const bench = createBench(
      ({ account }) => anthropicError(429, 'rate_limit_error', { 'retry-after': waits[account] ?? '' }),
      { settings: IMPATIENT },
    );
    const first = await bench.send();
    assert.deepEqual([first.status, first.headers.get('retry-after')], [429, '20']);
    const second = await bench.send();
    assert.deepEqual([second.status, second.headers.get('retry-after')], [429, '20']);
    assert.equal(bench.calls.length, 4);
    assert.equal(JSON.parse(second.text).error.type, 'rate_limit_error');
  },
);

gatewayTest(
  'handleExchange() takes an account with a refused credential out of service and says so once',
  async () => {
    const bench = createBench(({ account }) =>
      account === 'a' ? anthropicError(403, 'permission_error') : message(),
    );
    await bench.send();
    for (let i = 0; i < 5; i++) await bench.send();
    assert.equal(bench.calls.filter(({ account }) => account === 'a').length, 1);
    assert.deepEqual(bench.refused, ['a']);
  },
);

gatewayTest("handleExchange() never shows an upstream 401 as the client's", async () => {
  const bench = createBench(() => anthropicError(401, 'authentication_error'), { accounts: [{ name: 'a' }] });
  const reply = await bench.send();
  assert.equal(reply.status, 503);
  assert.equal(reply.row.errorCode, 'no-healthy-account');
  assert.doesNotMatch(reply.text, /secret-a/);
});

gatewayTest('handleExchange() gives an upstream that never answers up after its limit', async () => {
  const bench = createBench(
    ({ signal }) =>
      new Promise((_, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted')))),
    { accounts: [{ name: 'a' }] },
  );
  const pending = bench.send();
  await bench.clock.advance(600_000);
  const reply = await pending;
  assert.deepEqual([reply.status, reply.row.errorCode], [504, 'upstream-timeout']);
});

gatewayTest(
  'handleExchange() answers a fault of its own with 500, logs it, and tells the client nothing of it',
  async () => {
    const bench = createBench(() => message());
    bench.parts.affinity.open = () => {
      throw new Error('secret inner state');
    };
    const reply = await bench.send();
    assert.deepEqual([reply.status, reply.row.errorCode, bench.faults.length], [500, 'internal-error', 1]);
    assert.doesNotMatch(reply.text, /inner/);
  },
);

gatewayTest('handleExchange() passes an empty reply on', async () => {
  const reply = await createBench(() => new Response(null, { status: 204 })).send();
  assert.deepEqual([reply.status, reply.text, reply.row.outcome], [204, '', 'ok']);
});

gatewayTest('handleExchange() never follows a redirect', async () => {
  const bench = createBench(
    () => new Response(null, { status: 302, headers: { location: 'https://evil.test' } }),
    { accounts: [{ name: 'a' }] },
  );
  const reply = await bench.send();
  assert.deepEqual([reply.status, reply.row.errorCode, bench.calls.length], [502, 'unexpected-redirect', 1]);
});

gatewayTest('handleExchange() lists models in the dialect that asks', async () => {
  const bench = createBench(() => message());
  const openai = await bench.send({ method: 'GET', path: '/v1/models' });
  assert.deepEqual(
    JSON.parse(openai.text).data.map(({ id }: { id: string }) => id),
    ['claude-sonnet-4-5', 'other'],
  );
  const anthropic = await bench.send({
    method: 'GET',
    path: '/v1/models',
    headers: { 'anthropic-version': '2023-06-01' },
  });
  assert.equal(JSON.parse(anthropic.text).data[1].display_name, 'Other');
  assert.equal(bench.rows.length, 2);
});

gatewayTest(
  'handleExchange() identifies a known key and refuses nobody where keys are not required',
  async () => {
    const bench = createBench(() => message(), { settings: { requireApiKey: false } });
    const known = await bench.send({ key: ADA_KEY });
    assert.deepEqual([known.status, known.row.apiKeyId], [200, 'ada']);
    const unknown = await bench.send({ key: 'whatever' });
    assert.deepEqual([unknown.status, unknown.row.apiKeyId], [200, null]);
    const none = await bench.send({ key: null });
    assert.deepEqual([none.status, none.row.apiKeyId], [200, null]);
  },
);
