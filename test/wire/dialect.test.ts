// Usage, errors and ends of replies, from published examples of the providers.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { StreamWatch } from '../../server/wire/dialect.ts';
import { dialectOf } from '../../server/wire/dialects.ts';
import { SseReader } from '../../server/wire/sse.ts';
import type { Surface } from '../../server/wire/surface.ts';
import { NO_USAGE } from '../../server/wire/usage.ts';

function watch(surface: Surface, stream: string): StreamWatch {
  const dialect = dialectOf(surface);
  assert.ok(dialect);
  const seen = dialect.watchStream();
  for (const event of new SseReader().feed(new TextEncoder().encode(stream))) seen.see(event);
  return seen;
}

const anthropicEvent = (type: string, fields: object = {}) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
const openaiChunk = (fields: object) => `data: ${JSON.stringify(fields)}\n\n`;

test('anthropic readUsage() counts all input, cache reads and writes included', () => {
  const usage = dialectOf('anthropic-messages')?.readUsage({
    usage: {
      input_tokens: 2048,
      cache_read_input_tokens: 1800,
      cache_creation_input_tokens: 248,
      cache_creation: { ephemeral_5m_input_tokens: 148, ephemeral_1h_input_tokens: 100 },
      output_tokens: 503,
    },
  });
  assert.deepEqual(usage, {
    inputTokens: 4096,
    outputTokens: 503,
    reasoningTokens: null,
    cacheReadTokens: 1800,
    cacheWriteTokens: 248,
    cacheWrite5mTokens: 148,
    cacheWrite1hTokens: 100,
  });
});

test('anthropic readUsage() keeps what is not reported apart from zero', () => {
  assert.deepEqual(
    dialectOf('anthropic-messages')?.readUsage({ usage: { input_tokens: 3, output_tokens: 0 } }),
    {
      ...NO_USAGE,
      inputTokens: 3,
      outputTokens: 0,
    },
  );
});

test('openai readUsage() takes cached tokens as part of the prompt', () => {
  const usage = dialectOf('openai-chat')?.readUsage({
    usage: {
      prompt_tokens: 2006,
      completion_tokens: 300,
      total_tokens: 2306,
      prompt_tokens_details: { cached_tokens: 1920, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 12 },
    },
  });
  assert.deepEqual(usage, {
    ...NO_USAGE,
    inputTokens: 2006,
    outputTokens: 300,
    reasoningTokens: 12,
    cacheReadTokens: 1920,
  });
});

for (const [name, usage] of Object.entries({
  negative: { prompt_tokens: -1, completion_tokens: -5 },
  huge: { prompt_tokens: 1e18, completion_tokens: 1e18 },
  text: { prompt_tokens: '12', completion_tokens: null },
  missing: {},
})) {
  test(`readUsage() does not believe ${name} figures`, () => {
    assert.deepEqual(dialectOf('openai-chat')?.readUsage({ usage }), NO_USAGE);
  });
}

test('openai readUsage() does not believe more cached tokens than there was input', () => {
  const usage = dialectOf('openai-chat')?.readUsage({
    usage: { prompt_tokens: 10, prompt_tokens_details: { cached_tokens: 11 } },
  });
  assert.equal(usage?.cacheReadTokens, null);
});

test('anthropic watchStream() merges usage by the larger figure and sees generation and end', () => {
  const start = anthropicEvent('message_start', {
    message: { usage: { input_tokens: 25, cache_read_input_tokens: 0, output_tokens: 1 } },
  });
  const block = anthropicEvent('content_block_start', {
    index: 0,
    content_block: { type: 'text', text: '' },
  });
  assert.equal(watch('anthropic-messages', start + block + anthropicEvent('ping')).hasGenerated, false);
  const delta = anthropicEvent('content_block_delta', {
    index: 0,
    delta: { type: 'text_delta', text: 'Hi' },
  });
  const rest =
    anthropicEvent('message_delta', {
      delta: { stop_reason: 'end_turn' },
      usage: { input_tokens: 25, cache_read_input_tokens: 1800, output_tokens: 15 },
    }) + anthropicEvent('message_stop');
  const whole = watch('anthropic-messages', start + block + delta + rest);
  assert.equal(whole.hasGenerated, true);
  assert.equal(whole.isComplete, true);
  assert.deepEqual(whole.usage, { ...NO_USAGE, inputTokens: 1825, cacheReadTokens: 1800, outputTokens: 15 });
  assert.equal(watch('anthropic-messages', start + block + delta).isComplete, false);
});

test('anthropic watchStream() sees an error and the status it stands for', () => {
  const error = { type: 'overloaded_error', message: 'Overloaded' };
  const seen = watch(
    'anthropic-messages',
    anthropicEvent('message_start', { message: {} }) + anthropicEvent('error', { error }),
  );
  assert.deepEqual(seen.error, { ...error, status: 529 });
  assert.equal(seen.hasGenerated, false);
});

test('openai watchStream() waits for content, reads the last usage chunk and the end', () => {
  const role = openaiChunk({
    choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }],
    usage: null,
  });
  assert.equal(watch('openai-chat', role).hasGenerated, false);
  const content = openaiChunk({ choices: [{ index: 0, delta: { content: 'Hi' }, finish_reason: null }] });
  assert.equal(watch('openai-chat', role + content).hasGenerated, true);
  const usage = openaiChunk({
    choices: [],
    usage: { prompt_tokens: 9, completion_tokens: 2, prompt_tokens_details: { cached_tokens: 0 } },
  });
  const whole = watch('openai-chat', `${role}${content}${usage}data: [DONE]\n\n`);
  assert.equal(whole.isComplete, true);
  assert.deepEqual(whole.usage, { ...NO_USAGE, inputTokens: 9, outputTokens: 2, cacheReadTokens: 0 });
});

for (const delta of [
  { tool_calls: [{ index: 0, id: 'call_1', function: { name: 'f', arguments: '' } }] },
  { reasoning_content: 'hm' },
  { refusal: 'no' },
]) {
  test(`openai watchStream() counts ${Object.keys(delta)[0]} as generated`, () => {
    assert.equal(
      watch('openai-chat', openaiChunk({ choices: [{ index: 0, delta, finish_reason: null }] })).hasGenerated,
      true,
    );
  });
}

test('openai watchStream() takes a finish reason for an end where [DONE] is left out', () => {
  assert.equal(
    watch('openai-chat', openaiChunk({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }))
      .isComplete,
    true,
  );
});

for (const surface of ['anthropic-messages', 'openai-chat'] as const) {
  test(`${surface} watchStream() survives malformed events`, () => {
    const seen = watch(
      surface,
      'event: message_start\ndata: {\n\ndata: nonsense\n\nevent: message_delta\ndata: [1]\n\ndata: null\n\n',
    );
    assert.deepEqual(seen.usage, NO_USAGE);
    assert.equal(seen.error, null);
  });
}
