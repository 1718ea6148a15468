// Requests written: what each target model is sent, and what it cannot be sent.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Block, ChatRequest, Message } from '../../../server/wire/chat.ts';
import { isObject, type JsonObject } from '../../../server/wire/json.ts';
import { LossList } from '../../../server/wire/losses.ts';
import { openaiChatCodec as codec } from '../../../server/wire/openai-chat/codec.ts';

const EMPTY = codec.decodeRequest(
  { messages: [{ role: 'user', content: 'Hi' }] },
  { model: 'm', isStreamed: false, lose: new LossList().lose },
);

function encode(fields: Partial<ChatRequest>): { body: JsonObject; losses: string[] } {
  const list = new LossList();
  const body = codec.encodeRequest({ ...EMPTY, ...fields }, list.lose);
  assert.ok(isObject(body));
  return { body, losses: list.dropped };
}

function messagesOf(model: string, ...messages: Message[]): { messages: unknown; losses: string[] } {
  const { body, losses } = encode({ model, messages });
  return { messages: body.messages, losses };
}

const text = (value: string): Block => ({ kind: 'text', text: value, breakpoint: null });
const call = (id: string, args = '{}'): Block => ({
  kind: 'tool-call',
  id,
  name: 'f',
  arguments: args,
  seal: null,
  breakpoint: null,
});
const result = (callId: string, ...blocks: Block[]): Block => ({
  kind: 'tool-result',
  callId,
  name: 'f',
  blocks: blocks.filter((block) => block.kind === 'text' || block.kind === 'image'),
  isError: false,
  breakpoint: null,
});
const image: Block = {
  kind: 'image',
  source: { kind: 'base64', mediaType: 'image/png', data: 'AA==' },
  detail: null,
  breakpoint: null,
};

test('encodeRequest() always asks a stream for its usage', () => {
  const { body } = encode({ isStreamed: true, wantsStreamUsage: false });
  assert.deepEqual([body.stream, body.stream_options], [true, { include_usage: true }]);
});

for (const [model, field] of Object.entries({
  'gpt-5.6': 'max_completion_tokens',
  'openai/o4-mini': 'max_completion_tokens',
  'my-deployment': 'max_completion_tokens',
  'mistral-large-2512': 'max_tokens',
  'mistralai/mixtral-8x7b': 'max_tokens',
  'deepseek-chat': 'max_tokens',
})) {
  test(`encodeRequest() limits the output of ${model} by ${field}`, () => {
    assert.equal(encode({ model, maxOutputTokens: 9 }).body[field], 9);
  });
}

const THINK = { isEnabled: true, effort: null, budgetTokens: null, isVisible: true } as const;
for (const [model, reasoning, fields, losses] of [
  ['gpt-5.4', { ...THINK, effort: 'high' }, { reasoning_effort: 'high' }, []],
  ['gpt-5.4', { ...THINK, budgetTokens: 10_000 }, { reasoning_effort: 'medium' }, []],
  ['gpt-5.4', { ...THINK, budgetTokens: 100_000 }, { reasoning_effort: 'high' }, []],
  ['gpt-5.4', THINK, {}, []],
  ['gpt-5.4', { ...THINK, isEnabled: false }, { reasoning_effort: 'none' }, []],
  ['gpt-5.4', { ...THINK, effort: 'minimal' }, { reasoning_effort: 'low' }, ['reasoning-effort']],
  ['gpt-5', { ...THINK, budgetTokens: 1024 }, { reasoning_effort: 'minimal' }, []],
  ['gpt-5-mini', { ...THINK, isEnabled: false }, { reasoning_effort: 'minimal' }, ['reasoning-effort']],
  ['o3', { ...THINK, isEnabled: false }, { reasoning_effort: 'low' }, ['reasoning-effort']],
  ['gpt-4o', { ...THINK, effort: 'low' }, {}, ['reasoning-effort']],
  ['gpt-4o', { ...THINK, isEnabled: false }, {}, []],
  ['deepseek-v4-pro', { ...THINK, effort: 'low' }, { thinking: { type: 'enabled' } }, ['reasoning-effort']],
  ['glm-5', { ...THINK, isEnabled: false }, { thinking: { type: 'disabled' } }, []],
  ['some-model', { ...THINK, isEnabled: false }, {}, ['reasoning-effort']],
] as const) {
  test(`encodeRequest() tells ${model} how much to think: ${JSON.stringify(reasoning)}`, () => {
    const { body, losses: lost } = encode({ model, reasoning });
    const { reasoning_effort, thinking } = body;
    const sent = { ...(reasoning_effort ? { reasoning_effort } : {}), ...(thinking ? { thinking } : {}) };
    assert.deepEqual({ sent, lost }, { sent: fields, lost: losses });
  });
}

test('encodeRequest() leaves out the sampling wishes that reasoning models refuse', () => {
  const sampling = { temperature: 0, topP: 1, presencePenalty: 0, topK: 5 };
  const thinker = encode({ model: 'gpt-5.4', ...sampling });
  assert.deepEqual([thinker.body.temperature, thinker.losses], [undefined, ['top-k', 'reasoning-sampling']]);
  const plain = encode({ model: 'gpt-4.1', ...sampling });
  assert.deepEqual([plain.body.temperature, plain.body.top_p, plain.losses], [0, 1, ['top-k']]);
});

test('encodeRequest() sends Mistral nothing it does not know', () => {
  const { body, losses } = encode({
    model: 'devstral-2512',
    isStreamed: true,
    seed: 1,
    endUser: 'u',
    promptCacheKey: 'k',
    maxOutputTokens: 5,
  });
  assert.deepEqual(Object.keys(body), ['model', 'stream', 'max_tokens', 'messages']);
  assert.deepEqual(losses, ['seed', 'metadata', 'cache-setting']);
});

test('encodeRequest() keeps keys within 64 characters', () => {
  const long = `user_${'a'.repeat(64)}_session_1`;
  const { body } = encode({ endUser: long, promptCacheKey: long });
  assert.equal(body.user, long.slice(0, 64));
  assert.equal(body.prompt_cache_key, long.slice(-64));
});

test('encodeRequest() sends choices only with tools', () => {
  const { body } = encode({ toolChoice: { kind: 'auto' }, allowsParallelCalls: false });
  assert.deepEqual(
    [body.tools, body.tool_choice, body.parallel_tool_calls],
    [undefined, undefined, undefined],
  );
});

test('encodeRequest() names lost breakpoints', () => {
  const block = { kind: 'text', text: 'x', breakpoint: { ttl: '5m' } } as const;
  const { body, losses } = encode({ system: [block], messages: [{ role: 'user', blocks: [block] }] });
  assert.deepEqual(losses, ['cache-breakpoint']);
  assert.doesNotMatch(JSON.stringify(body), /breakpoint|cache_control/);
});

test('encodeRequest() sends several texts as one string', () => {
  const { messages } = messagesOf('gpt-4.1', { role: 'user', blocks: [text('a'), text('b')] });
  assert.deepEqual(messages, [{ role: 'user', content: 'a\n\nb' }]);
});

test('encodeRequest() puts every result right after the calls, media and words behind them', () => {
  const { messages } = messagesOf(
    'gpt-4.1',
    { role: 'assistant', blocks: [text('Look.'), call('a', '')] },
    { role: 'assistant', blocks: [call('b')] },
    { role: 'user', blocks: [text('And?'), result('a', image)] },
    { role: 'user', blocks: [result('b', text('2'))] },
  );
  const wire = (id: string) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } });
  assert.deepEqual(messages, [
    { role: 'assistant', content: 'Look.', tool_calls: [wire('a'), wire('b')] },
    { role: 'tool', tool_call_id: 'a', content: 'The result is attached to the next message.' },
    { role: 'tool', tool_call_id: 'b', content: '2' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'Result of tool call a:' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AA==' } },
      ],
    },
    { role: 'user', content: 'And?' },
  ]);
});

test('encodeRequest() names the mark of a failed tool', () => {
  const failed: Block = {
    kind: 'tool-result',
    callId: 'a',
    name: null,
    blocks: [],
    isError: true,
    breakpoint: null,
  };
  assert.deepEqual(messagesOf('gpt-4.1', { role: 'user', blocks: [failed] }).losses, ['tool-error']);
});

for (const [model, expected, losses] of [
  ['gpt-4.1', undefined, ['thinking-signature', 'thinking-history']],
  ['kimi-k2.6', 'Hm.', ['thinking-signature']],
] as const) {
  test(`encodeRequest() gives ${model} ${expected ? 'its reasoning back' : 'no earlier reasoning'}`, () => {
    const seal = { surface: 'anthropic-messages', value: 's', id: null } as const;
    const blocks: Block[] = [{ kind: 'thinking', text: 'Hm.', seal }, call('a')];
    const { messages, losses: lost } = messagesOf(model, { role: 'assistant', blocks });
    assert.deepEqual([Array.isArray(messages) && messages[0].reasoning_content, lost], [expected, losses]);
  });
}

test('encodeRequest() gives models that want reasoning back an empty one for a lost one', () => {
  const { messages } = messagesOf('deepseek-v4-pro', { role: 'assistant', blocks: [call('a')] });
  assert.equal(Array.isArray(messages) && messages[0].reasoning_content, '');
});

for (const [model, id, pattern] of [
  ['gpt-4.1', 'toolu_01A09q90qw90lq917835lq9', /^toolu_01A09q90qw90lq917835lq9$/],
  ['gpt-4.1', `call_${'x'.repeat(59)}`, /^call_x{18}_[0-9a-f]{16}$/],
  ['mistral-small', 'toolu_01A09q90qw90lq917835lq9', /^[a-zA-Z0-9]{9}$/],
  ['mistral-small', 'D681PevKs', /^D681PevKs$/],
] as const) {
  test(`encodeRequest() makes ${id.slice(0, 12)}… an id for ${model}`, () => {
    const turns: Message[] = [
      { role: 'assistant', blocks: [call(id)] },
      { role: 'user', blocks: [result(id, text('x'))] },
    ];
    const { messages } = messagesOf(model, ...turns);
    assert.ok(Array.isArray(messages));
    const sent: unknown = messages[1].tool_call_id;
    assert.match(String(sent), pattern);
    assert.ok(String(sent).length <= 40);
    assert.equal(messages[0].tool_calls[0].id, sent);
  });
}

for (const [loss, block] of Object.entries({
  'file-id': { kind: 'image', source: { kind: 'file', fileId: 'file_1' }, detail: null, breakpoint: null },
  'media-url': {
    kind: 'document',
    source: { kind: 'url', url: 'https://x.test/a.pdf' },
    name: null,
    breakpoint: null,
  },
} satisfies Record<string, Block>)) {
  test(`encodeRequest() refuses media the target cannot take: ${loss}`, () => {
    assert.throws(() => messagesOf('gpt-4.1', { role: 'user', blocks: [block] }), {
      code: 'cannot-translate',
    });
  });
}

test('encodeRequest() only ever adds to a growing conversation', () => {
  const turns: Message[] = [
    { role: 'user', blocks: [text('a'), image] },
    { role: 'assistant', blocks: [text('b'), call('c1')] },
    { role: 'user', blocks: [result('c1', text('r'))] },
    { role: 'assistant', blocks: [text('d')] },
    { role: 'user', blocks: [text('e')] },
  ];
  const sent = [1, 3, 5].map((count) => JSON.stringify(encode({ messages: turns.slice(0, count) }).body));
  for (const [index, shorter] of sent.slice(0, -1).entries()) {
    assert.ok(sent[index + 1]?.startsWith(shorter.replace(/\]\}$/, '')));
  }
});
