// Encoded streams as the official OpenAI SDK reads them.

import assert from 'node:assert/strict';
import test from 'node:test';
import OpenAI from 'openai';
import type { ChatEvent, ReplyContext } from '../../../server/wire/chat.ts';
import { openaiChatCodec as codec } from '../../../server/wire/openai-chat/codec.ts';
import { NO_USAGE } from '../../../server/wire/usage.ts';

const USAGE = { ...NO_USAGE, inputTokens: 20, outputTokens: 5, cacheReadTokens: 16, reasoningTokens: 2 };

function context(): ReplyContext {
  const request = codec.decodeRequest(
    { messages: [{ role: 'user', content: 'Hi' }], stream_options: { include_usage: true } },
    { model: 'm', isStreamed: true, lose: () => undefined },
  );
  return { model: 'asked-for', createdAtMs: 1_700_000_000_000, request };
}

function sdk(events: readonly ChatEvent[]): OpenAI {
  const encoder = codec.streamEncoder(context());
  const body = events.flatMap((event) => encoder.encode(event)).map(({ data }) => `data: ${data}\n\n`);
  const headers = { 'content-type': 'text/event-stream' };
  return new OpenAI({
    apiKey: 'sk-test',
    baseURL: 'http://upstream.test/v1',
    maxRetries: 0,
    fetch: async () => new Response(body.join(''), { headers }),
  });
}

const PARAMS = {
  model: 'asked-for',
  messages: [{ role: 'user', content: 'Hi' }],
  stream: true,
  stream_options: { include_usage: true },
} as const satisfies object;

test('streamEncoder() gives what the OpenAI SDK puts together again', async () => {
  const client = sdk([
    { kind: 'start', id: 'chatcmpl-1', usage: NO_USAGE },
    { kind: 'block-start', index: 0, block: { kind: 'thinking' } },
    { kind: 'text-delta', index: 0, text: 'Hm.' },
    { kind: 'seal', index: 0, seal: { surface: 'anthropic-messages', value: 's', id: null } },
    { kind: 'block-end', index: 0 },
    { kind: 'block-start', index: 1, block: { kind: 'text' } },
    { kind: 'text-delta', index: 1, text: 'Let me ' },
    { kind: 'text-delta', index: 1, text: 'look.' },
    { kind: 'block-end', index: 1 },
    { kind: 'block-start', index: 2, block: { kind: 'tool-call', id: 'a', name: 'f' } },
    { kind: 'block-start', index: 3, block: { kind: 'tool-call', id: 'b', name: 'g' } },
    { kind: 'arguments-delta', index: 2, json: '{"x"' },
    { kind: 'arguments-delta', index: 2, json: ':1}' },
    { kind: 'block-end', index: 2 },
    { kind: 'block-end', index: 3 },
    { kind: 'finish', stop: 'tool-calls', stopSequence: null, usage: USAGE },
  ]);
  const stream = client.chat.completions.stream({ ...PARAMS, messages: [...PARAMS.messages] });
  const { id, model, created, choices, usage } = await stream.finalChatCompletion();
  assert.deepEqual({ id, model, created }, { id: 'chatcmpl-1', model: 'asked-for', created: 1_700_000_000 });
  assert.equal(choices[0]?.finish_reason, 'tool_calls');
  assert.equal(choices[0]?.message.content, 'Let me look.');
  const made = choices[0]?.message.tool_calls?.map(
    (call) => call.type === 'function' && { id: call.id, ...call.function },
  );
  assert.deepEqual(made, [
    { id: 'a', name: 'f', arguments: '{"x":1}' },
    { id: 'b', name: 'g', arguments: '{}' },
  ]);
  assert.deepEqual(
    [
      usage?.prompt_tokens,
      usage?.completion_tokens,
      usage?.total_tokens,
      usage?.prompt_tokens_details?.cached_tokens,
    ],
    [20, 5, 25, 16],
  );
});

test('streamEncoder() gives a refusal that the OpenAI SDK knows', async () => {
  const client = sdk([
    { kind: 'start', id: 'chatcmpl-1', usage: NO_USAGE },
    { kind: 'block-start', index: 0, block: { kind: 'refusal' } },
    { kind: 'text-delta', index: 0, text: 'No.' },
    { kind: 'block-end', index: 0 },
    { kind: 'finish', stop: 'refusal', stopSequence: null, usage: NO_USAGE },
  ]);
  const stream = client.chat.completions.stream({ ...PARAMS, messages: [...PARAMS.messages] });
  const [choice] = (await stream.finalChatCompletion()).choices;
  assert.deepEqual([choice?.message.refusal, choice?.finish_reason], ['No.', 'stop']);
});

test('streamEncoder() gives an error that the OpenAI SDK throws', async () => {
  const error = {
    type: 'overloaded_error',
    message: 'Overloaded',
    status: 529,
    retryAfterMs: null,
    isQuota: false,
  };
  const client = sdk([
    { kind: 'start', id: 'chatcmpl-1', usage: NO_USAGE },
    { kind: 'error', error },
  ]);
  const stream = client.chat.completions.stream({ ...PARAMS, messages: [...PARAMS.messages] });
  await assert.rejects(stream.finalChatCompletion(), /Overloaded/);
});
