// Where requests go, and what replies say of usage, errors and their own end.

import assert from 'node:assert/strict';
import test from 'node:test';
import { anthropicMessages as dialect } from '../../../server/wire/anthropic-messages/dialect.ts';
import { encodeUsage } from '../../../server/wire/anthropic-messages/usage.ts';
import type { ServerSentEvent } from '../../../server/wire/sse.ts';
import { NO_USAGE, UsageTally } from '../../../server/wire/usage.ts';
import { native } from './events.ts';

function watch(...events: ServerSentEvent[]) {
  const seen = dialect.watchStream();
  for (const event of events) seen.see(event);
  return seen;
}

test('upstreamPath() knows both operations', () => {
  const generate = { kind: 'generate', upstreamModel: 'm', isStreamed: true, framing: 'sse' } as const;
  assert.equal(dialect.upstreamPath(generate), '/v1/messages');
  assert.equal(
    dialect.upstreamPath({ kind: 'count-tokens', upstreamModel: 'm' }),
    '/v1/messages/count_tokens',
  );
  assert.throws(() => dialect.upstreamPath({ kind: 'embed', upstreamModel: 'm', isBatch: false }), /embed/);
});

test('credentialHeaders() tells OAuth tokens from API keys', () => {
  assert.deepEqual(dialect.credentialHeaders('sk-ant-oat01-x'), {
    authorization: 'Bearer sk-ant-oat01-x',
    'anthropic-beta': 'oauth-2025-04-20',
  });
  assert.deepEqual(dialect.credentialHeaders('sk-ant-api03-x'), { 'x-api-key': 'sk-ant-api03-x' });
});

const split = { ephemeral_5m_input_tokens: 148, ephemeral_1h_input_tokens: 100 };
for (const [name, raw, expected] of [
  [
    'counts all input, cache reads and writes included',
    {
      input_tokens: 2048,
      cache_read_input_tokens: 1800,
      cache_creation_input_tokens: 248,
      cache_creation: split,
      output_tokens: 503,
      output_tokens_details: { thinking_tokens: 400 },
      server_tool_use: { web_search_requests: 3 },
    },
    {
      inputTokens: 4096,
      outputTokens: 503,
      reasoningTokens: 400,
      cacheReadTokens: 1800,
      cacheWriteTokens: 248,
      cacheWrite5mTokens: 148,
      cacheWrite1hTokens: 100,
    },
  ],
  [
    'keeps what is not reported apart from zero',
    { input_tokens: 3, output_tokens: 0 },
    { inputTokens: 3, outputTokens: 0 },
  ],
  [
    'sums the writes from their lifetimes when the sum is missing',
    { input_tokens: 1, cache_creation: split },
    { inputTokens: 249, cacheWriteTokens: 248, cacheWrite5mTokens: 148, cacheWrite1hTokens: 100 },
  ],
  ['does not believe absurd figures', { input_tokens: -1, output_tokens: 1e18 }, {}],
  ['takes anything but an object for nothing', 'usage', {}],
] as const) {
  test(`readUsage() ${name}`, () => {
    assert.deepEqual(dialect.readUsage(raw).usage, { ...NO_USAGE, ...expected });
  });
}

test('readUsage() shows when the lifetimes do not add up to the writes', () => {
  const flagsOf = (written: number) => {
    const tally = new UsageTally(dialect.readUsage);
    tally.see({ input_tokens: 100, cache_creation_input_tokens: written, cache_creation: split });
    return tally.flags;
  };
  assert.deepEqual(flagsOf(248), []);
  assert.deepEqual(flagsOf(300), ['total-mismatch']);
  assert.deepEqual(flagsOf(200), ['total-mismatch']);
});

test('encodeUsage() is what readUsage() reads', () => {
  const usage = dialect.readUsage({
    input_tokens: 2048,
    cache_read_input_tokens: 1800,
    cache_creation_input_tokens: 248,
    cache_creation: split,
    output_tokens: 503,
    output_tokens_details: { thinking_tokens: 3 },
  }).usage;
  assert.deepEqual(dialect.readUsage(encodeUsage(usage)).usage, usage);
  assert.deepEqual(encodeUsage(NO_USAGE), { input_tokens: 0, output_tokens: 0 });
  assert.deepEqual(encodeUsage({ ...NO_USAGE, inputTokens: 5, cacheReadTokens: 9 }), {
    input_tokens: 0,
    cache_read_input_tokens: 9,
    output_tokens: 0,
  });
});

test('readReply() finds the usage and what only its maker can read', () => {
  const reply = {
    content: [
      { type: 'thinking', thinking: '', signature: 'sig' },
      { type: 'redacted_thinking', data: 'secret' },
      { type: 'thinking', thinking: 'x', signature: '' },
      { type: 'text', text: 'x' },
    ],
    usage: { input_tokens: 1 },
  };
  assert.deepEqual(dialect.readReply(reply), { usage: { input_tokens: 1 }, pins: ['sig', 'secret'] });
  assert.deepEqual(dialect.readReply({ input_tokens: 2095 }), { usage: undefined, pins: [] });
});

for (const [error, status, expected] of [
  [{ type: 'overloaded_error' }, 529, { type: 'overloaded_error', isQuota: false }],
  [{ type: 'rate_limit_error' }, 429, { type: 'rate_limit_error', isQuota: false }],
  [
    { type: 'rate_limit_error', details: { error_code: 'enforced_spend_limit_reached' } },
    429,
    { type: 'enforced_spend_limit_reached', isQuota: true },
  ],
  [
    { type: 'rate_limit_error', details: { error_code: 'ramp_limit_exceeded' } },
    429,
    { type: 'ramp_limit_exceeded', isQuota: false },
  ],
  [{ type: 'billing_error', details: null }, 402, { type: 'billing_error', isQuota: true }],
  [{ type: 'new_error' }, 418, { type: 'new_error', isQuota: false }],
] as const) {
  test(`readError() reads ${expected.type}`, () => {
    const body = { type: 'error', error: { ...error, message: 'No' }, request_id: 'req_1' };
    assert.deepEqual(dialect.readError(body, status), {
      message: 'No',
      status,
      retryAfterMs: null,
      ...expected,
    });
  });
}

test('readError() recognises nothing else', () => {
  for (const body of [null, 'x', {}, { error: 'x' }, { error: { code: 500 } }]) {
    assert.equal(dialect.readError(body, 500), null);
  }
});

const start = native('message_start', {
  message: { usage: { input_tokens: 25, cache_read_input_tokens: 0, output_tokens: 1 } },
});
const block = native('content_block_start', { index: 0, content_block: { type: 'text', text: '' } });
const delta = native('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'Hi' } });

test('watchStream() merges usage by the larger figure and sees generation and end', () => {
  assert.equal(watch(start, block, native('ping')).hasGenerated, false);
  const end = native('message_delta', {
    delta: { stop_reason: 'end_turn' },
    usage: { input_tokens: 25, cache_read_input_tokens: 1800, output_tokens: 15 },
  });
  const whole = watch(start, block, delta, end, native('message_stop'));
  assert.equal(whole.hasGenerated, true);
  assert.equal(whole.isComplete, true);
  assert.deepEqual(whole.tally.usage, {
    ...NO_USAGE,
    inputTokens: 1825,
    cacheReadTokens: 1800,
    outputTokens: 15,
  });
  assert.deepEqual(whole.tally.flags, []);
  assert.equal(watch(start, block, delta).isComplete, false);
});

test('watchStream() counts all input when only the last event states what was cached', () => {
  const end = native('message_delta', { usage: { cache_read_input_tokens: 1800, output_tokens: 15 } });
  const { usage, flags } = watch(start, delta, end).tally;
  assert.equal(usage.inputTokens, 1825);
  assert.deepEqual(flags, []);
});

test('watchStream() takes cumulative figures for replacements, not for additions', () => {
  const end = (tokens: number) => native('message_delta', { usage: { output_tokens: tokens } });
  assert.equal(watch(start, end(10), end(30)).tally.usage.outputTokens, 30);
});

test('watchStream() sees an error and the status it stands for', () => {
  const error = { type: 'overloaded_error', message: 'Overloaded' };
  const seen = watch(start, native('error', { error }));
  assert.deepEqual(seen.error, { ...error, status: 529, retryAfterMs: null, isQuota: false });
  assert.equal(seen.hasGenerated, false);
  assert.equal(watch({ event: 'error', data: 'oops' }).error?.status, 500);
});

test('watchStream() collects what only its maker can read', () => {
  const seen = watch(
    start,
    native('content_block_delta', { index: 0, delta: { type: 'signature_delta', signature: 'a/"b' } }),
    native('content_block_start', { index: 1, content_block: { type: 'redacted_thinking', data: 'secret' } }),
    native('content_block_delta', { index: 2, delta: { type: 'text_delta', text: '"signature_delta"' } }),
  );
  assert.deepEqual(seen.pins, ['a/"b', 'secret']);
});

test('watchStream() finds the name of an event in its data when it has none', () => {
  const unnamed = [start, block, delta, native('message_stop')].map(({ data }) => ({ event: '', data }));
  const seen = watch(...unnamed);
  assert.equal(seen.isComplete, true);
  assert.equal(seen.hasGenerated, true);
  assert.equal(seen.tally.usage.inputTokens, 25);
});

test('watchStream() survives and counts what is not JSON', () => {
  const seen = watch(
    { event: 'message_start', data: '{' },
    { event: 'content_block_delta', data: '{"type":' },
    { event: '', data: 'nonsense' },
    { event: 'message_delta', data: '[1]' },
  );
  assert.deepEqual(seen.tally.usage, NO_USAGE);
  assert.equal(seen.error, null);
  assert.equal(seen.parseErrors, 4);
});
