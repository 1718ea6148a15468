// Requests read: what is lost, what is refused, and what is wrong with them.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ChatRequest } from '../../../server/wire/chat.ts';
import { LossList } from '../../../server/wire/losses.ts';
import { openaiChatCodec as codec } from '../../../server/wire/openai-chat/codec.ts';

const ASK = { role: 'user', content: 'Hi' };
const TOOL = { type: 'function', function: { name: 'f' } };

function decode(fields: object): { request: ChatRequest; losses: string[] } {
  const list = new LossList();
  const body = { model: 'm', messages: [ASK], ...fields };
  const request = codec.decodeRequest(body, { model: 'm', isStreamed: false, lose: list.lose });
  return { request, losses: list.dropped };
}

for (const [loss, fields] of Object.entries({
  'several-choices': { n: 2 },
  logprobs: { logprobs: true },
  'output-modality': { modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'mp3' } },
  'server-tool': { web_search_options: {} },
  'unknown-block': {
    messages: [{ role: 'user', content: [{ type: 'video_url', video_url: { url: 'u' } }] }],
  },
  'file-id': { messages: [{ role: 'assistant', audio: { id: 'audio_1' } }] },
})) {
  test(`decodeRequest() refuses what would change the answer: ${loss}`, () => {
    assert.throws(() => decode(fields), { name: 'WireError', code: 'cannot-translate' });
  });
}

for (const [loss, fields] of Object.entries({
  prediction: { prediction: { type: 'content', content: 'x' } },
  'service-tier': { service_tier: 'flex' },
  'stream-option': { stream_options: { include_usage: true, include_obfuscation: false } },
  'cache-setting': { prompt_cache_options: { ttl: '30m' } },
  'message-name': { messages: [{ ...ASK, name: 'ann' }] },
  'reasoning-effort': { reasoning_effort: 'xhigh' },
  'safety-settings': { moderation: { model: 'omni-moderation-latest' } },
})) {
  test(`decodeRequest() names what it drops: ${loss}`, () => {
    assert.deepEqual(decode(fields).losses, [loss]);
  });
}

test('decodeRequest() takes defaults and nulls for nothing asked', () => {
  const fields = {
    n: 1,
    logprobs: false,
    modalities: ['text'],
    store: false,
    logit_bias: {},
    stop: null,
    tools: null,
  };
  assert.deepEqual(decode({ ...fields, response_format: { type: 'text' }, unheard_of: null }), decode({}));
});

for (const [path, fields] of Object.entries({
  messages: { messages: 'Hi' },
  'messages[0]': { messages: ['Hi'] },
  'messages[0].role': { messages: [{ role: 'robot', content: '' }] },
  'messages[0].content': { messages: [{ role: 'user', content: 5 }] },
  'messages[0].content[0].text': { messages: [{ role: 'user', content: [{ type: 'text' }] }] },
  'messages[0].content[0].image_url.url': {
    messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png,abc' } }] }],
  },
  'messages[0].tool_call_id': { messages: [{ role: 'tool', content: 'x' }] },
  'messages[0].tool_calls[0].function.name': {
    messages: [{ role: 'assistant', tool_calls: [{ id: 'a', function: { arguments: '' } }] }],
  },
  'tools[0].type': { tools: [{}] },
  'tools[0].function.name': { tools: [{ type: 'function', function: {} }] },
  tool_choice: { tool_choice: 'any' },
  max_tokens: { max_tokens: '5' },
  temperature: { temperature: 'hot' },
  stop: { stop: [1] },
  'response_format.type': { response_format: { type: 'xml' } },
  reasoning_effort: { reasoning_effort: 'huge' },
  'stream_options.include_usage': { stream_options: { include_usage: 'yes' } },
})) {
  test(`decodeRequest() says by path what is wrong: ${path}`, () => {
    assert.throws(() => decode(fields), { name: 'WireError', code: 'invalid-field', path });
  });
}

for (const [name, fields, expected] of [
  [
    'an effort',
    { reasoning_effort: 'minimal' },
    { isEnabled: true, effort: 'minimal', budgetTokens: null, isVisible: false },
  ],
  [
    'none',
    { reasoning_effort: 'none' },
    { isEnabled: false, effort: null, budgetTokens: null, isVisible: false },
  ],
  [
    'a budget',
    { reasoning: { max_tokens: 2000 } },
    { isEnabled: true, effort: null, budgetTokens: 2000, isVisible: true },
  ],
  [
    'a hidden effort',
    { reasoning: { effort: 'high', exclude: true } },
    { isEnabled: true, effort: 'high', budgetTokens: null, isVisible: false },
  ],
  [
    'a switch',
    { thinking: { type: 'disabled' } },
    { isEnabled: false, effort: null, budgetTokens: null, isVisible: false },
  ],
] as const) {
  test(`decodeRequest() reads how much to think: ${name}`, () => {
    assert.deepEqual(decode(fields).request.reasoning, expected);
  });
}

test('decodeRequest() reads the marks of prefixes to cache', () => {
  const marks = [
    { cache_control: { type: 'ephemeral', ttl: '1h' } },
    { prompt_cache_breakpoint: { mode: 'explicit' } },
    {},
  ];
  const content = marks.map((mark) => ({ type: 'text', text: 'x', ...mark }));
  const { request } = decode({ messages: [{ role: 'system', content }, ASK] });
  assert.deepEqual(
    request.system.map((block) => block.breakpoint?.ttl),
    ['1h', '5m', undefined],
  );
});

test('decodeRequest() narrows the tools down to the allowed ones', () => {
  const allowed = { mode: 'required', tools: [TOOL] };
  const { request } = decode({
    tools: [TOOL, { type: 'function', function: { name: 'g' } }],
    tool_choice: { type: 'allowed_tools', allowed_tools: allowed },
  });
  assert.deepEqual(
    request.tools.map((tool) => tool.name),
    ['f'],
  );
  assert.deepEqual(request.toolChoice, { kind: 'required' });
});

test('decodeRequest() maps ids that other dialects refuse, in calls and results alike', () => {
  const { request } = decode({
    messages: [
      {
        role: 'assistant',
        tool_calls: [{ id: 'functions.f:0', type: 'function', function: { name: 'f', arguments: '' } }],
      },
      { role: 'tool', tool_call_id: 'functions.f:0', content: 'x' },
    ],
  });
  const [block] = request.messages[0]?.blocks ?? [];
  const [answer] = request.messages[1]?.blocks ?? [];
  assert.equal(block?.kind === 'tool-call' && block.id, 'functions_f_0_465b9878dac5be45');
  assert.equal(answer?.kind === 'tool-result' && answer.callId, 'functions_f_0_465b9878dac5be45');
});

test('decodeRequest() survives hostile field names', () => {
  const body: unknown = JSON.parse(
    '{"model":"m","messages":[{"role":"user","content":"Hi"}],"__proto__":{"a":1}}',
  );
  const list = new LossList();
  codec.decodeRequest(body, { model: 'm', isStreamed: false, lose: list.lose });
  assert.deepEqual(list.dropped, ['unknown-field']);
});
