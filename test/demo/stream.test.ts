// The demo's replies and streams as the official SDKs and a plain event reader see them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import {
  DEMO_ANTHROPIC_BASE_URL,
  DEMO_OPENAI_BASE_URL,
  type DemoUpstream,
} from '../../server/demo/upstream.ts';
import { block, callAnthropic, callOpenAi, eventsOf, openDemo, prompt, textOf } from './demo-client.ts';

const HELLO = { messages: [{ role: 'user' as const, content: 'Hello' }] };
const SCHEMA = {
  type: 'object' as const,
  properties: { path: { type: 'string' }, depth: { type: 'integer', minimum: 3 }, mode: { enum: ['fast'] } },
  required: ['path', 'depth', 'mode'],
};

function anthropicSdk(upstream: DemoUpstream): Anthropic {
  return new Anthropic({
    apiKey: 'demo-anthropic-a',
    baseURL: DEMO_ANTHROPIC_BASE_URL,
    maxRetries: 0,
    fetch: (url, init) => upstream.fetch(String(url), init ?? {}),
  });
}

function openAiSdk(upstream: DemoUpstream): OpenAI {
  return new OpenAI({
    apiKey: 'demo-openai-a',
    baseURL: `${DEMO_OPENAI_BASE_URL}/v1`,
    maxRetries: 0,
    fetch: (url, init) => upstream.fetch(String(url), init ?? {}),
  });
}

test('Anthropic stream has the events of the real API in order', async () => {
  const { upstream } = openDemo({ replyTokens: [50, 50] });
  const response = await callAnthropic(upstream, { ...HELLO, max_tokens: 100, stream: true });
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  const events = eventsOf(await response.text());
  const names = events.map((event) => event.name);
  assert.deepEqual(
    names.filter((name, index) => name !== names[index - 1]),
    [
      'message_start',
      'content_block_start',
      'ping',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ],
  );
  assert.deepEqual(
    events.map((event) => event.data.type),
    names,
  );
});

test('Anthropic stream states usage at its start and repeats it at its end', async () => {
  const { upstream } = openDemo({ replyTokens: [50, 50] });
  const body = {
    ...prompt(block(textOf(2000), '1h'), block(textOf(500), '5m'), block(textOf(7))),
    stream: true,
  };
  const events = eventsOf(await (await callAnthropic(upstream, { ...body, max_tokens: 100 })).text());
  assert.deepEqual(events[0]?.data.message?.usage, {
    input_tokens: 7,
    cache_creation_input_tokens: 2500,
    cache_read_input_tokens: 0,
    cache_creation: { ephemeral_5m_input_tokens: 500, ephemeral_1h_input_tokens: 2000 },
    output_tokens: 1,
    service_tier: 'standard',
  });
  assert.deepEqual(events.at(-2)?.data, {
    type: 'message_delta',
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: {
      input_tokens: 7,
      cache_creation_input_tokens: 2500,
      cache_read_input_tokens: 0,
      output_tokens: 50,
    },
  });
});

test('Anthropic SDK gets the same message streamed and whole', async () => {
  const { upstream } = openDemo({ replyTokens: [30, 90] });
  const sdk = anthropicSdk(upstream);
  const request = { ...HELLO, model: 'claude-sonnet-5', max_tokens: 200 };
  const whole = await sdk.messages.create(request);
  const streamed = await sdk.messages.stream(request).finalMessage();
  assert.equal(whole.model, 'claude-sonnet-5');
  assert.equal(whole.stop_reason, 'end_turn');
  assert.deepEqual(streamed.content, whole.content);
  assert.equal(streamed.usage.output_tokens, whole.usage.output_tokens);
  const [text] = whole.content;
  assert.ok(text?.type === 'text');
  assert.equal(text.text.length, whole.usage.output_tokens * 4);
});

test('Anthropic reply stops at max_tokens', async () => {
  const { upstream } = openDemo();
  const reply = await anthropicSdk(upstream).messages.create({
    ...HELLO,
    model: 'claude-sonnet-5',
    max_tokens: 5,
  });
  assert.equal(reply.stop_reason, 'max_tokens');
  assert.equal(reply.usage.output_tokens, 5);
});

test('Anthropic SDK gets the tool call that the user asked for, streamed and whole', async () => {
  const { upstream } = openDemo();
  const sdk = anthropicSdk(upstream);
  const request = {
    model: 'claude-sonnet-5',
    max_tokens: 200,
    tools: [
      { name: 'Grep', input_schema: SCHEMA },
      { name: 'Read', input_schema: SCHEMA },
    ],
    messages: [{ role: 'user' as const, content: 'Use the Read tool, please.' }],
  };
  for (const reply of [
    await sdk.messages.create(request),
    await sdk.messages.stream(request).finalMessage(),
  ]) {
    assert.equal(reply.stop_reason, 'tool_use');
    const call = reply.content.at(-1);
    assert.ok(call?.type === 'tool_use');
    assert.equal(call.name, 'Read');
    assert.deepEqual(call.input, { path: 'demo', depth: 3, mode: 'fast' });
  }
});

test('Anthropic reply calls no tool when only its name occurs or the choice forbids it', async () => {
  const { upstream } = openDemo();
  const sdk = anthropicSdk(upstream);
  const request = {
    model: 'claude-sonnet-5',
    max_tokens: 50,
    tools: [{ name: 'Read', input_schema: SCHEMA }],
  };
  const aside = await sdk.messages.create({ ...request, messages: [{ role: 'user', content: 'Read it.' }] });
  const forbidden = await sdk.messages.create({
    ...request,
    tool_choice: { type: 'none' },
    messages: [{ role: 'user', content: 'Use the Read tool.' }],
  });
  const forced = await sdk.messages.create({
    ...request,
    tool_choice: { type: 'tool', name: 'Read' },
    messages: [{ role: 'user', content: 'Hello' }],
  });
  assert.deepEqual(
    [aside, forbidden, forced].map((reply) => reply.content.some((part) => part.type === 'tool_use')),
    [false, false, true],
  );
});

test('Anthropic SDK sees a rate limit as its own error', async () => {
  const { upstream } = openDemo();
  upstream.setFailure('anthropic-a', 'rate-limited');
  const reply = anthropicSdk(upstream).messages.create({
    ...HELLO,
    model: 'claude-sonnet-5',
    max_tokens: 5,
  });
  await assert.rejects(reply, Anthropic.RateLimitError);
});

test('OpenAI stream has a role, content, a finish reason and, if asked for, usage', async () => {
  const { upstream } = openDemo({ replyTokens: [12, 12] });
  const body = { ...HELLO, stream: true, stream_options: { include_usage: true } };
  const stream = await (await callOpenAi(upstream, body)).text();
  assert.ok(stream.endsWith('data: [DONE]\n\n'));
  const chunks = eventsOf(stream).map((event) => event.data);
  assert.deepEqual(chunks[0]?.choices?.[0]?.delta, {
    role: 'assistant',
    content: '',
    refusal: null,
  });
  assert.equal(chunks.at(-2)?.choices?.[0]?.finish_reason, 'stop');
  assert.deepEqual(chunks.at(-1)?.choices, []);
  assert.equal(chunks.at(-1)?.usage?.completion_tokens, 12);
  assert.equal(new Set(chunks.map((chunk) => chunk.id)).size, 1);
});

test('OpenAI stream states no usage unless asked', async () => {
  const { upstream } = openDemo();
  const stream = await (await callOpenAi(upstream, { ...HELLO, stream: true })).text();
  assert.ok(eventsOf(stream).every((event) => event.data.usage === undefined));
});

test('OpenAI SDK gets the same completion streamed and whole', async () => {
  const { upstream } = openDemo({ replyTokens: [30, 90] });
  const sdk = openAiSdk(upstream);
  const whole = await sdk.chat.completions.create({ ...HELLO, model: 'gpt-5.2' });
  const streamed = await sdk.chat.completions.stream({ ...HELLO, model: 'gpt-5.2' }).finalChatCompletion();
  assert.equal(whole.choices[0]?.finish_reason, 'stop');
  assert.equal(streamed.choices[0]?.message.content, whole.choices[0]?.message.content);
});

test('OpenAI SDK gets the tool call that the user asked for, streamed and whole', async () => {
  const { upstream } = openDemo();
  const sdk = openAiSdk(upstream);
  const request = {
    model: 'gpt-5.2',
    tools: [{ type: 'function' as const, function: { name: 'Read', parameters: SCHEMA } }],
    messages: [{ role: 'user' as const, content: 'Call the Read tool.' }],
  };
  const replies = [
    await sdk.chat.completions.create(request),
    await sdk.chat.completions.stream(request).finalChatCompletion(),
  ];
  for (const reply of replies) {
    assert.equal(reply.choices[0]?.finish_reason, 'tool_calls');
    const call = reply.choices[0]?.message.tool_calls?.[0];
    assert.ok(call?.type === 'function');
    assert.equal(call.function.name, 'Read');
    assert.deepEqual(JSON.parse(call.function.arguments), { path: 'demo', depth: 3, mode: 'fast' });
  }
});

test('OpenAI reply stops at its token limit', async () => {
  const { upstream } = openDemo();
  const reply = await openAiSdk(upstream).chat.completions.create({
    ...HELLO,
    model: 'gpt-5.2',
    max_tokens: 5,
  });
  assert.equal(reply.choices[0]?.finish_reason, 'length');
  assert.equal(reply.usage?.completion_tokens, 5);
});
