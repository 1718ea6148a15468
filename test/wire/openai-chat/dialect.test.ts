// The straight path of Chat Completions: usage of many servers, errors, and what a stream tells while it passes.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { StreamWatch } from '../../../server/wire/dialect.ts';
import { openaiChat } from '../../../server/wire/openai-chat/dialect.ts';
import { encodeUsage } from '../../../server/wire/openai-chat/usage.ts';
import { SseReader } from '../../../server/wire/sse.ts';
import { NO_USAGE, UsageTally } from '../../../server/wire/usage.ts';

function watch(...chunks: (object | string)[]): StreamWatch {
  const seen = openaiChat.watchStream();
  const text = chunks
    .map((chunk) => `data: ${typeof chunk === 'string' ? chunk : JSON.stringify(chunk)}\n\n`)
    .join('');
  for (const event of new SseReader().feed(new TextEncoder().encode(text))) seen.see(event);
  return seen;
}

const piece = (delta: object, finish: string | null = null) => ({
  choices: [{ index: 0, delta, finish_reason: finish }],
});

for (const [name, raw, expected] of [
  [
    'OpenAI',
    {
      prompt_tokens: 2006,
      completion_tokens: 300,
      total_tokens: 2306,
      prompt_tokens_details: { cached_tokens: 1500, cache_write_tokens: 400, audio_tokens: 6 },
      completion_tokens_details: { reasoning_tokens: 12, audio_tokens: 8 },
    },
    {
      inputTokens: 2006,
      outputTokens: 300,
      reasoningTokens: 12,
      cacheReadTokens: 1500,
      cacheWriteTokens: 400,
      audioInputTokens: 6,
      audioOutputTokens: 8,
    },
  ],
  [
    'DeepSeek',
    {
      prompt_tokens: 120,
      completion_tokens: 5,
      total_tokens: 125,
      prompt_cache_hit_tokens: 64,
      prompt_cache_miss_tokens: 56,
    },
    { inputTokens: 120, outputTokens: 5, cacheReadTokens: 64 },
  ],
  [
    'Moonshot',
    { prompt_tokens: 19, completion_tokens: 21, total_tokens: 40, cached_tokens: 10 },
    { inputTokens: 19, outputTokens: 21, cacheReadTokens: 10 },
  ],
  [
    'vLLM',
    { prompt_tokens: 19, completion_tokens: 21, total_tokens: 40, prompt_tokens_details: null },
    { inputTokens: 19, outputTokens: 21 },
  ],
  [
    'xAI',
    {
      prompt_tokens: 32,
      completion_tokens: 9,
      total_tokens: 135,
      prompt_tokens_details: { cached_tokens: 8 },
      completion_tokens_details: { reasoning_tokens: 94 },
    },
    { inputTokens: 32, outputTokens: 103, reasoningTokens: 94, cacheReadTokens: 8 },
  ],
] as const) {
  test(`readUsage() counts all input and output of ${name}, and the parts add up`, () => {
    const tally = new UsageTally(openaiChat.readUsage);
    tally.see(raw);
    assert.deepEqual(tally.usage, { ...NO_USAGE, ...expected });
    assert.deepEqual(tally.flags, []);
  });
}

for (const [name, raw] of Object.entries({
  negative: { prompt_tokens: -1, completion_tokens: -5 },
  huge: { prompt_tokens: 1e18, completion_tokens: 1e18 },
  text: { prompt_tokens: '12', completion_tokens: null },
  missing: {},
  'not an object': [1],
})) {
  test(`readUsage() does not believe ${name} figures`, () => {
    assert.deepEqual(openaiChat.readUsage(raw).usage, NO_USAGE);
  });
}

for (const [flag, raw] of Object.entries({
  'cache-exceeds-input': { prompt_tokens: 10, prompt_tokens_details: { cached_tokens: 11 } },
  'reasoning-exceeds-output': { completion_tokens: 1, completion_tokens_details: { reasoning_tokens: 2 } },
  'total-mismatch': { prompt_tokens: 10, completion_tokens: 1, total_tokens: 12 },
})) {
  test(`readUsage() leaves contradictions to be seen: ${flag}`, () => {
    const tally = new UsageTally(openaiChat.readUsage);
    tally.see(raw);
    assert.ok(tally.flags.some((found) => found === flag));
  });
}

test('readUsage() checks the prompt against what DeepSeek counts as hit and miss', () => {
  const tally = new UsageTally(openaiChat.readUsage);
  tally.see({
    prompt_tokens: 100,
    completion_tokens: 1,
    prompt_cache_hit_tokens: 64,
    prompt_cache_miss_tokens: 56,
  });
  assert.deepEqual(tally.flags, ['total-mismatch']);
});

test('encodeUsage() leaves out what is not known', () => {
  assert.equal(encodeUsage(NO_USAGE), null);
  assert.deepEqual(encodeUsage({ ...NO_USAGE, inputTokens: 5, outputTokens: 2, cacheReadTokens: 0 }), {
    prompt_tokens: 5,
    completion_tokens: 2,
    total_tokens: 7,
    prompt_tokens_details: { cached_tokens: 0 },
    completion_tokens_details: {},
  });
});

test('readReply() finds the usage of a whole reply', () => {
  const usage = { prompt_tokens: 1 };
  assert.deepEqual(openaiChat.readReply({ choices: [{ index: 0 }], usage }), { usage, pins: [] });
  assert.deepEqual(openaiChat.readReply({ choices: [], x_groq: { usage } }).usage, usage);
  assert.equal(openaiChat.readReply({ choices: [] }).usage, undefined);
});

for (const [name, status, body, expected] of [
  [
    'OpenAI',
    401,
    {
      error: {
        message: 'Incorrect API key',
        type: 'invalid_request_error',
        param: null,
        code: 'invalid_api_key',
      },
    },
    { type: 'invalid_api_key', message: 'Incorrect API key', status: 401, isQuota: false },
  ],
  [
    'OpenAI out of credit',
    429,
    { error: { message: 'You exceeded your quota', type: 'insufficient_quota', code: 'insufficient_quota' } },
    { type: 'insufficient_quota', message: 'You exceeded your quota', status: 429, isQuota: true },
  ],
  [
    'DeepSeek out of credit',
    402,
    { error: { message: 'Insufficient Balance', type: 'unknown_error', code: 'invalid_request_error' } },
    { type: 'invalid_request_error', message: 'Insufficient Balance', status: 402, isQuota: true },
  ],
  [
    'Moonshot out of credit',
    429,
    { error: { message: 'suspended', type: 'exceeded_current_quota_error' } },
    { type: 'exceeded_current_quota_error', message: 'suspended', status: 429, isQuota: true },
  ],
  [
    'OpenRouter',
    502,
    { error: { code: 502, message: 'Provider disconnected' } },
    { type: 'server_error', message: 'Provider disconnected', status: 502, isQuota: false },
  ],
  [
    'vLLM',
    400,
    { object: 'error', message: 'too long', type: 'BadRequestError', param: null, code: 400 },
    { type: 'BadRequestError', message: 'too long', status: 400, isQuota: false },
  ],
  [
    'Ollama',
    404,
    { error: 'model not found' },
    { type: 'server_error', message: 'model not found', status: 404, isQuota: false },
  ],
] as const) {
  test(`readError() reads an error of ${name}`, () => {
    assert.deepEqual(openaiChat.readError(body, status), { ...expected, retryAfterMs: null });
  });
}

for (const body of [{ detail: 'x' }, { error: null }, { error: '' }, null, 'text', []]) {
  test(`readError() finds none in ${JSON.stringify(body)}`, () => {
    assert.equal(openaiChat.readError(body, 500), null);
  });
}

test('watchStream() waits for content, reads the last usage chunk and the end', () => {
  const role = { ...piece({ role: 'assistant', content: '', refusal: null, tool_calls: [] }), usage: null };
  assert.equal(watch(role).hasGenerated, false);
  assert.equal(watch(role, piece({ content: 'Hi' })).hasGenerated, true);
  assert.equal(watch(role, piece({ content: 'Hi' })).isComplete, false);
  const usage = { prompt_tokens: 9, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 0 } };
  const whole = watch(role, piece({ content: 'Hi' }), { choices: [], usage }, '[DONE]');
  assert.equal(whole.isComplete, true);
  assert.deepEqual(whole.tally.usage, { ...NO_USAGE, inputTokens: 9, outputTokens: 2, cacheReadTokens: 0 });
  assert.deepEqual(whole.tally.raw, usage);
});

for (const delta of [
  { tool_calls: [{ index: 0, id: 'call_1', function: { name: 'f', arguments: '' } }] },
  { function_call: { name: 'f', arguments: '' } },
  { reasoning_content: 'hm' },
  { reasoning_details: [{ type: 'reasoning.text', text: 'hm' }] },
  { refusal: 'no' },
]) {
  test(`watchStream() counts ${Object.keys(delta)[0]} as generated`, () => {
    assert.equal(watch(piece(delta)).hasGenerated, true);
  });
}

test('watchStream() takes a finish reason for an end where [DONE] is left out, spaces or not', () => {
  const end = JSON.stringify(piece({}, 'stop'), null, 1).replaceAll('\n', '');
  assert.equal(watch(piece({ content: 'Hi' }), end).isComplete, true);
});

test('watchStream() takes usage repeated in every chunk for one usage', () => {
  const usage = (completion: number) => ({
    prompt_tokens: 9,
    completion_tokens: completion,
    total_tokens: 9 + completion,
  });
  const seen = watch(
    { ...piece({ content: 'a' }), usage: usage(1) },
    { ...piece({ content: 'b' }), usage: usage(2) },
    { ...piece({}, 'stop'), usage: usage(2) },
  );
  assert.deepEqual([seen.tally.usage.inputTokens, seen.tally.usage.outputTokens], [9, 2]);
});

test('watchStream() finds usage in the last choice and in x_groq', () => {
  const usage = { prompt_tokens: 4, completion_tokens: 2 };
  const moonshot = { choices: [{ index: 0, delta: {}, finish_reason: 'stop', usage }] };
  for (const last of [moonshot, { ...piece({}, 'stop'), x_groq: { id: 'req_1', usage } }]) {
    assert.equal(watch(piece({ content: 'Hi' }), last).tally.usage.inputTokens, 4);
  }
});

test('watchStream() is not misled by text that looks like a field', () => {
  const seen = watch(
    piece({ content: 'a' }),
    piece({ content: '"finish_reason":"stop","error":{"message":"x"}' }),
  );
  assert.deepEqual([seen.isComplete, seen.error], [false, null]);
});

for (const [name, error, status] of [
  ['by its type', { message: 'm', type: 'server_error', code: null }, 500],
  ['by its word', { message: 'm', type: 'requests', code: 'rate_limit_exceeded' }, 429],
  ['by a number', { message: 'm', code: 503 }, 503],
] as const) {
  test(`watchStream() sees an error and the status it stands for, ${name}`, () => {
    const seen = watch(piece({ role: 'assistant' }), { error }, '[DONE]');
    assert.equal(seen.error?.status, status);
    assert.equal(seen.hasGenerated, false);
  });
}

test('watchStream() takes a finish for want of a connection for an error', () => {
  const seen = watch(piece({ content: 'Hi' }), piece({}, 'error'));
  assert.deepEqual([seen.error?.status, seen.isComplete], [502, false]);
});

test('watchStream() counts what is not JSON and goes on', () => {
  const seen = watch('{', 'nonsense', '[1]', 'null', piece({ content: 'Hi' }), '{"choices":[', '[DONE]');
  assert.deepEqual([seen.parseErrors, seen.isComplete, seen.error], [3, true, null]);
  assert.deepEqual(seen.tally.usage, NO_USAGE);
});
