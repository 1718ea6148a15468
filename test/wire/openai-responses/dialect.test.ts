// The Responses API on the straight path: paths, usage, errors, pins and what a stream tells.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { StreamWatch } from '../../../server/wire/dialect.ts';
import { openaiResponses } from '../../../server/wire/openai-responses/dialect.ts';
import { encodeUsage } from '../../../server/wire/openai-responses/usage.ts';
import { NO_USAGE } from '../../../server/wire/usage.ts';

const event = (type: string, fields: object = {}) => ({
  event: type,
  data: JSON.stringify({ type, ...fields }),
});

function watch(...events: { event: string; data: string }[]): StreamWatch {
  const seen = openaiResponses.watchStream();
  for (const one of events) seen.see(one);
  return seen;
}

const created = event('response.created', { response: { id: 'resp_1', usage: null } });
const delta = event('response.output_text.delta', { delta: 'Hi' });

test('upstreamPath() names a new response and what follows a stored one', () => {
  const generate = { kind: 'generate', upstreamModel: 'm', isStreamed: true, framing: 'sse' } as const;
  assert.equal(openaiResponses.upstreamPath(generate), '/v1/responses');
  const stored = { kind: 'stored-response', responseId: 'resp_1', rest: '/cancel' } as const;
  assert.equal(openaiResponses.upstreamPath(stored), '/v1/responses/resp_1/cancel');
  assert.throws(
    () => openaiResponses.upstreamPath({ kind: 'count-tokens', upstreamModel: 'm' }),
    /Cannot send/,
  );
});

test('credentialHeaders() gives a bearer token', () => {
  assert.deepEqual(openaiResponses.credentialHeaders('sk-1'), { authorization: 'Bearer sk-1' });
});

test('readUsage() takes cached, written and reasoning tokens as parts of the whole', () => {
  const raw = {
    input_tokens: 2006,
    input_tokens_details: { cached_tokens: 1920, cache_write_tokens: 64 },
    output_tokens: 300,
    output_tokens_details: { reasoning_tokens: 12 },
    total_tokens: 2306,
  };
  const { usage, totals } = openaiResponses.readUsage(raw);
  assert.deepEqual(usage, {
    ...NO_USAGE,
    inputTokens: 2006,
    outputTokens: 300,
    reasoningTokens: 12,
    cacheReadTokens: 1920,
    cacheWriteTokens: 64,
  });
  assert.deepEqual(totals, { input: 2006, output: 300, total: 2306 });
  assert.deepEqual(encodeUsage(usage), raw);
});

for (const [name, raw] of Object.entries({
  negative: { input_tokens: -1, output_tokens: -5 },
  huge: { input_tokens: 1e18, output_tokens: 1e18 },
  text: { input_tokens: '12', output_tokens: null },
  missing: {},
  nothing: null,
})) {
  test(`readUsage() does not believe ${name} figures`, () => {
    assert.deepEqual(openaiResponses.readUsage(raw).usage, NO_USAGE);
  });
}

test('readUsage() leaves more cached tokens than input to be flagged', () => {
  const usage = {
    input_tokens: 10,
    input_tokens_details: { cached_tokens: 11 },
    output_tokens: 1,
    total_tokens: 11,
  };
  const seen = watch(event('response.completed', { response: { usage } }));
  assert.equal(seen.tally.usage.cacheReadTokens, 11);
  assert.ok(seen.tally.flags.includes('cache-exceeds-input'));
});

test('encodeUsage() says nothing where nothing is known', () => {
  assert.equal(encodeUsage(NO_USAGE), null);
});

test('encodeUsage() adds up writes that are reported by lifetime', () => {
  const usage = {
    ...NO_USAGE,
    inputTokens: 9,
    outputTokens: 1,
    cacheWrite5mTokens: 3,
    cacheWrite1hTokens: 4,
  };
  assert.deepEqual(encodeUsage(usage), {
    input_tokens: 9,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 7 },
    output_tokens: 1,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: 10,
  });
});

for (const [name, reply, status, expected] of [
  [
    'an error body',
    {
      error: {
        message: 'You exceeded your current quota',
        type: 'insufficient_quota',
        param: null,
        code: 'insufficient_quota',
      },
    },
    429,
    {
      type: 'insufficient_quota',
      message: 'You exceeded your current quota',
      status: 429,
      retryAfterMs: null,
      isQuota: true,
    },
  ],
  [
    'an error without a code',
    { error: { message: 'No such field', type: 'invalid_request_error', param: 'x', code: null } },
    400,
    {
      type: 'invalid_request_error',
      message: 'No such field',
      status: 400,
      retryAfterMs: null,
      isQuota: false,
    },
  ],
  [
    'a plan that is used up, and when it is not',
    {
      error: {
        type: 'usage_limit_reached',
        message: 'The usage limit has been reached',
        resets_in_seconds: 12.5,
      },
    },
    429,
    {
      type: 'usage_limit_reached',
      message: 'The usage limit has been reached',
      status: 429,
      retryAfterMs: 12_500,
      isQuota: true,
    },
  ],
  [
    'a failed response inside a 200',
    { id: 'resp_1', object: 'response', status: 'failed', error: { code: 'server_error', message: 'Sorry' } },
    200,
    { type: 'server_error', message: 'Sorry', status: 500, retryAfterMs: null, isQuota: false },
  ],
  [
    'a bare detail',
    { detail: 'Unauthorized' },
    401,
    { type: 'server_error', message: 'Unauthorized', status: 401, retryAfterMs: null, isQuota: false },
  ],
  [
    'a status in place of a code',
    { error: { code: 503, message: 'Busy' } },
    200,
    { type: 'server_error', message: 'Busy', status: 503, retryAfterMs: null, isQuota: false },
  ],
  ['a good response', { id: 'resp_1', object: 'response', error: null }, 200, null],
  ['a reply that is no object', ['nothing'], 500, null],
] as const) {
  test(`readError() reads ${name}`, () => {
    assert.deepEqual(openaiResponses.readError(reply, status), expected);
  });
}

test('readReply() pins the id of a stored response and every sealed item', () => {
  const output = [
    { type: 'reasoning', encrypted_content: 'sealed' },
    { type: 'message', content: [] },
  ];
  const reply = { id: 'resp_1', object: 'response', output, usage: { input_tokens: 1 } };
  assert.deepEqual(openaiResponses.readReply(reply), {
    usage: { input_tokens: 1 },
    pins: ['resp_1', 'sealed'],
  });
  assert.deepEqual(openaiResponses.readReply({ ...reply, store: false }).pins, ['sealed']);
  assert.deepEqual(
    openaiResponses.readReply({ id: 'resp_1', object: 'response.deleted', deleted: true }).pins,
    [],
  );
});

for (const [name, preamble] of [
  ['the start', event('response.created')],
  ['progress', event('response.in_progress')],
  ['a queue', event('response.queued')],
  ['an empty item', event('response.output_item.added', { item: { type: 'message', content: [] } })],
  ['an empty part', event('response.content_part.added')],
  ['rate limits', event('codex.rate_limits')],
  ['a keep-alive', event('keepalive')],
] as const) {
  test(`watchStream() does not take ${name} for something generated`, () => {
    assert.equal(watch(created, preamble).hasGenerated, false);
  });
}

for (const type of [
  'response.output_text.delta',
  'response.refusal.delta',
  'response.function_call_arguments.delta',
  'response.reasoning_summary_text.delta',
  'response.reasoning_text.delta',
  'response.custom_tool_call_input.delta',
  'response.web_search_call.searching',
  'response.output_item.done',
]) {
  test(`watchStream() takes ${type} for something generated`, () => {
    assert.equal(watch(created, event(type)).hasGenerated, true);
  });
}

for (const type of ['response.completed', 'response.incomplete', 'response.failed']) {
  test(`watchStream() reads usage and the end from ${type}`, () => {
    const usage = { input_tokens: 9, output_tokens: 2, total_tokens: 11 };
    const seen = watch(
      created,
      delta,
      event(type, { response: { id: 'r', status: 'x', error: null, usage } }),
    );
    assert.equal(seen.isComplete, true);
    assert.deepEqual(seen.tally.usage, { ...NO_USAGE, inputTokens: 9, outputTokens: 2 });
    assert.deepEqual(seen.tally.raw, usage);
  });
}

test('watchStream() sees a stream that breaks off as not complete', () => {
  assert.equal(watch(created, delta).isComplete, false);
});

test('watchStream() sees an overload after the preamble, before anything was generated', () => {
  const error = { code: 'server_is_overloaded', message: 'Our servers are currently overloaded.' };
  const seen = watch(
    created,
    event('response.in_progress'),
    event('response.failed', { response: { error } }),
  );
  assert.equal(seen.hasGenerated, false);
  assert.deepEqual(seen.error, {
    type: error.code,
    message: error.message,
    status: 503,
    retryAfterMs: null,
    isQuota: false,
  });
});

for (const [name, fields] of [
  ['its own fields', { code: 'rate_limit_exceeded', message: 'Slow', param: null }],
  ['an error inside', { error: { type: 'requests', code: 'rate_limit_exceeded', message: 'Slow' } }],
] as const) {
  test(`watchStream() reads an error event with ${name}`, () => {
    const seen = watch(created, event('error', fields));
    assert.equal(seen.error?.type, 'rate_limit_exceeded');
    assert.equal(seen.error?.message, 'Slow');
    assert.equal(seen.error?.status, 429);
    assert.equal(seen.hasGenerated, false);
  });
}

test('watchStream() pins sealed items even of a stream that breaks off, each once', () => {
  const item = { type: 'reasoning', encrypted_content: 'sealed "1"' };
  const done = event('response.output_item.done', { item });
  assert.deepEqual(watch(created, done).pins, ['sealed "1"']);
  const response = { id: 'resp_1', object: 'response', store: true, output: [item] };
  assert.deepEqual(watch(created, done, event('response.completed', { response })).pins, [
    'sealed "1"',
    'resp_1',
  ]);
});

test('watchStream() reads events that are named only in their data', () => {
  const unnamed = (one: { data: string }) => ({ event: '', data: one.data });
  const late = {
    event: '',
    data: JSON.stringify({ response: { usage: { input_tokens: 3 } }, type: 'response.completed' }),
  };
  const seen = watch(unnamed(created), unnamed(delta), late, { event: '', data: '[DONE]' });
  assert.equal(seen.hasGenerated, true);
  assert.equal(seen.isComplete, true);
  assert.equal(seen.tally.usage.inputTokens, 3);
  assert.equal(seen.parseErrors, 0);
});

test('watchStream() counts events that are not JSON and goes on', () => {
  const seen = watch({ event: 'response.completed', data: '{' }, { event: 'error', data: 'nonsense' });
  assert.equal(seen.parseErrors, 2);
  assert.equal(seen.isComplete, true);
  assert.deepEqual(seen.tally.usage, NO_USAGE);
});
