// The provider's own SDK reads what the encoders write.

import assert from 'node:assert/strict';
import test from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { anthropicMessagesCodec as codec } from '../../../server/wire/anthropic-messages/codec.ts';
import type { ChatEvent, ReplyContext } from '../../../server/wire/chat.ts';
import { NO_USAGE } from '../../../server/wire/usage.ts';
import { neutralRequest, sseBytes } from './events.ts';

const context: ReplyContext = { model: 'claude-opus-5', createdAtMs: 0, request: neutralRequest({}) };

function clientOf(body: BodyInit, type: string): Anthropic {
  return new Anthropic({
    apiKey: 'test',
    baseURL: 'http://gateway.invalid',
    maxRetries: 0,
    fetch: async () => new Response(body, { headers: { 'content-type': type } }),
  });
}

function streamed(events: readonly ChatEvent[]): Anthropic {
  const encoder = codec.streamEncoder(context);
  return clientOf(sseBytes(events.flatMap((event) => encoder.encode(event))), 'text/event-stream');
}

const asked = {
  model: 'claude-opus-5',
  max_tokens: 10,
  messages: [{ role: 'user', content: 'Hi' }],
} as const;
const params = { ...asked, messages: [...asked.messages] };

const EVENTS: readonly ChatEvent[] = [
  { kind: 'start', id: 'resp_1', usage: NO_USAGE },
  { kind: 'block-start', index: 0, block: { kind: 'thinking' } },
  { kind: 'text-delta', index: 0, text: 'Let me ' },
  { kind: 'text-delta', index: 0, text: 'look.' },
  { kind: 'seal', index: 0, seal: { surface: 'anthropic-messages', value: 'sig', id: null } },
  { kind: 'block-end', index: 0 },
  { kind: 'block-start', index: 1, block: { kind: 'thinking' } },
  { kind: 'seal', index: 1, seal: { surface: 'anthropic-messages', value: 'secret', id: 'redacted' } },
  { kind: 'block-end', index: 1 },
  { kind: 'block-start', index: 2, block: { kind: 'text' } },
  { kind: 'text-delta', index: 2, text: 'Looking: ' },
  // Two calls whose pieces come mixed, and one without arguments.
  { kind: 'block-start', index: 3, block: { kind: 'tool-call', id: 'call_1', name: 'get_weather' } },
  { kind: 'block-start', index: 4, block: { kind: 'tool-call', id: 'call_2', name: 'get_time' } },
  { kind: 'arguments-delta', index: 4, json: '{"zone":' },
  { kind: 'arguments-delta', index: 3, json: '{"city":"Par' },
  { kind: 'text-delta', index: 2, text: '👀' },
  { kind: 'block-end', index: 2 },
  { kind: 'arguments-delta', index: 4, json: '"CET"}' },
  { kind: 'block-end', index: 4 },
  { kind: 'arguments-delta', index: 3, json: 'is"}' },
  { kind: 'block-end', index: 3 },
  { kind: 'block-start', index: 5, block: { kind: 'tool-call', id: 'call_3', name: 'ping' } },
  { kind: 'block-end', index: 5 },
  {
    kind: 'finish',
    stop: 'tool-calls',
    stopSequence: null,
    usage: { ...NO_USAGE, inputTokens: 100, cacheReadTokens: 60, outputTokens: 42, reasoningTokens: 7 },
  },
];

const CONTENT = [
  { type: 'thinking', thinking: 'Let me look.', signature: 'sig' },
  { type: 'redacted_thinking', data: 'secret' },
  { type: 'text', text: 'Looking: 👀' },
  { type: 'tool_use', id: 'call_1', name: 'get_weather', input: { city: 'Paris' } },
  { type: 'tool_use', id: 'call_2', name: 'get_time', input: { zone: 'CET' } },
  { type: 'tool_use', id: 'call_3', name: 'ping', input: {} },
];

test("streamEncoder() is read by the SDK's accumulator", async () => {
  const stream = streamed(EVENTS).messages.stream(params);
  let heard = '';
  stream.on('text', (piece) => {
    heard += piece;
  });
  const message = await stream.finalMessage();
  assert.equal(heard, 'Looking: 👀');
  assert.deepEqual(JSON.parse(JSON.stringify(message.content)), CONTENT);
  assert.equal(message.id, 'msg_resp_1');
  assert.equal(message.stop_reason, 'tool_use');
  assert.equal(message.stop_details, null);
  assert.equal(message.usage.input_tokens, 40);
  assert.equal(message.usage.cache_read_input_tokens, 60);
  assert.equal(message.usage.output_tokens, 42);
});

test('streamEncoder() says errors so that the SDK throws them with their type', async () => {
  const error = { type: 'UNAVAILABLE', message: 'Busy', status: 503, retryAfterMs: null, isQuota: false };
  const stream = streamed([...EVENTS.slice(0, 5), { kind: 'error', error }]).messages.stream(params);
  await assert.rejects(
    () => stream.finalMessage(),
    (thrown) => thrown instanceof Anthropic.APIError && thrown.type === 'overloaded_error',
  );
});

test('encodeReply() is read by the SDK', async () => {
  const reply = codec.encodeReply(
    {
      id: 'msg_1',
      blocks: [
        { kind: 'text', text: 'Hi', breakpoint: null },
        { kind: 'tool-call', id: 'a', name: 'look', arguments: '{"x":1}', seal: null, breakpoint: null },
      ],
      stop: 'tool-calls',
      stopSequence: null,
      usage: { ...NO_USAGE, inputTokens: 3, outputTokens: 4 },
    },
    context,
  );
  const message = await clientOf(JSON.stringify(reply), 'application/json').messages.create(params);
  assert.deepEqual(message.content, [
    { type: 'text', text: 'Hi' },
    { type: 'tool_use', id: 'a', name: 'look', input: { x: 1 } },
  ]);
  assert.equal(message.usage.output_tokens, 4);
});
