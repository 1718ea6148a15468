// What the outline takes for blocks, what it leaves out and what it takes for the same, by dialect.

import assert from 'node:assert/strict';
import test from 'node:test';
import { MAX_CUTS, type PromptOutline } from '../../server/wire/outline.ts';
import { scanRequest } from '../../server/wire/prompt-scan.ts';
import type { ChatSurface } from '../../server/wire/surface.ts';

const ANTHROPIC = 'anthropic-messages';
const EPHEMERAL = { type: 'ephemeral' };
const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const textBlock = (text: string, more: object = {}) => ({ type: 'text', text, ...more });
const user = (content: unknown) => ({ role: 'user', content });

function outlineOf(body: unknown, surface: ChatSurface = ANTHROPIC): PromptOutline {
  const { outline } = scanRequest(encode(typeof body === 'string' ? body : JSON.stringify(body)), surface);
  assert.ok(outline);
  return outline;
}

/** `part index block bytes`, with `+` for a cut inside a block. */
function placesOf(body: unknown, surface: ChatSurface): string[] {
  return outlineOf(body, surface).cuts.map(
    ({ part, index, block, bytes, isBlockEnd }) =>
      `${part} ${index} ${block} ${bytes}${isBlockEnd ? '' : ' +'}`,
  );
}

const LONG = 'x'.repeat(10_000);
const SHAPES: readonly [surface: ChatSurface, what: string, body: object, places: readonly string[]][] = [
  [
    ANTHROPIC,
    'tools, system blocks and messages, in the order of the cache',
    {
      messages: [
        user('hello'),
        {
          role: 'assistant',
          content: [textBlock('hi'), { type: 'tool_use', id: 'a', name: 'f', input: {} }],
        },
      ],
      system: [textBlock('be'), textBlock('brief')],
      tools: [{ name: 'f' }],
    },
    ['tools 0 0 12', 'system 0 1 14', 'system 1 2 19', 'message 0 3 24', 'message 1 4 26', 'message 1 5 73'],
  ],
  [ANTHROPIC, 'a system text', { system: 'brief', messages: [] }, ['system 0 0 5']],
  [
    ANTHROPIC,
    'steps of 4 KB inside a long text',
    { messages: [user(LONG), user('x'.repeat(4_096)), user('x'.repeat(4_097))] },
    [
      'message 0 0 4096 +',
      'message 0 0 8192 +',
      'message 0 0 10000',
      'message 1 1 14096',
      'message 2 2 18192 +',
      'message 2 2 18193',
    ],
  ],
  [
    ANTHROPIC,
    'a file as 6,400 bytes without steps',
    { messages: [user([{ type: 'image', source: { type: 'base64', data: 'A'.repeat(50_000) } }])] },
    [`message 0 0 ${6_400 + '{"type":"image""source":{"type":"base64","data":""}}'.length}`],
  ],
  [
    ANTHROPIC,
    'a long text under the name of a file as text',
    { messages: [user([{ type: 'document', source: { type: 'text', data: 'words of '.repeat(500) } }])] },
    [
      'message 0 0 4096 +',
      `message 0 0 ${4_500 + '{"type":"document""source":{"type":"text","data":""}}'.length}`,
    ],
  ],
  [
    ANTHROPIC,
    'no tools that are only searched for',
    { tools: [{ name: 'a', defer_loading: true }, { name: 'b' }] },
    ['tools 1 0 12'],
  ],
  [
    'openai-chat',
    'messages of the system among the others, and calls after the content',
    {
      functions: [{ name: 'g' }],
      messages: [
        { role: 'system', content: 'be brief' },
        user([textBlock('hello'), { type: 'image_url', image_url: { url: 'https://a.test/' } }]),
        { role: 'assistant', content: 'hi', tool_calls: [{ id: 'c', type: 'function' }] },
        { role: 'assistant', content: null, tool_calls: [] },
        { role: 'tool', tool_call_id: 'c', content: 'done' },
      ],
    },
    [
      'tools 0 0 12',
      'message 0 1 20',
      'message 1 2 25',
      'message 1 3 82',
      'message 2 4 84',
      'message 2 5 127',
      `message 3 6 ${127 + '{"role":"assistant""content":null"tool_calls":[]}'.length}`,
      'message 4 7 180',
    ],
  ],
  [
    'openai-responses',
    'instructions, items with parts and items without',
    {
      input: [
        user([{ type: 'input_text', text: 'hello' }]),
        { type: 'function_call_output', call_id: 'c', output: 'done' },
      ],
      instructions: 'be brief',
    },
    [
      'system 0 0 8',
      'message 0 1 13',
      `message 1 2 ${13 + '{"type":"function_call_output""call_id":"c""output":"done"}'.length}`,
    ],
  ],
  ['openai-responses', 'a text in place of items', { input: 'hello' }, ['message 0 0 5']],
  [
    'gemini',
    'declarations, the system instruction and the parts of contents',
    {
      contents: [
        {
          role: 'user',
          parts: [{ text: 'hello' }, { inlineData: { mimeType: 'image/png', data: 'A'.repeat(9_000) } }],
        },
      ],
      system_instruction: { parts: [{ text: 'be' }, { text: 'brief' }] },
      tools: [{ functionDeclarations: [{ name: 'f' }] }],
    },
    [
      'tools 0 0 39',
      'system 0 1 41',
      'system 1 2 46',
      'message 0 3 51',
      `message 0 4 ${51 + 6_400 + '{"inlineData":{"mimeType":"image/png","data":""}}'.length}`,
    ],
  ],
];
for (const [surface, what, body, places] of SHAPES) {
  test(`scanRequest() finds in ${surface} ${what}`, () => assert.deepEqual(placesOf(body, surface), places));
}

const NOTE = 'x-anthropic-billing-header: cc_version=2.1.0; cch=';
const SYSTEM = [textBlock('brief')];
const RESULT = { type: 'tool_result', tool_use_id: 'a', content: [textBlock('x')] };
const SAME: readonly [what: string, one: unknown, other: unknown, surface?: ChatSurface][] = [
  ['a text and its only block', { messages: [user('hello')] }, { messages: [user([textBlock('hello')])] }],
  ['a system text and its block', { system: 'brief', messages: [] }, { system: SYSTEM, messages: [] }],
  [
    'a mark as first, middle, last or only member beside the type',
    '{"messages":[{"role":"user","content":[{"cache_control":{"type":"ephemeral"},"type":"x","id":"a"},{"type":"x" , "cache_control" : null , "id":"a"}]}]}',
    '{"messages":[{"role":"user","content":[{"type":"x","id":"a"},{"type":"x","id":"a","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]}',
  ],
  ['a mark on a tool', { tools: [{ name: 'f', cache_control: EPHEMERAL }] }, { tools: [{ name: 'f' }] }],
  [
    "a mark inside a tool's result",
    { messages: [user([{ ...RESULT, content: [textBlock('x', { cache_control: EPHEMERAL })] }])] },
    { messages: [user([RESULT])] },
  ],
  [
    'billing notes',
    { system: [textBlock(`${NOTE}1`), ...SYSTEM] },
    { system: [textBlock(`${NOTE}22`), ...SYSTEM] },
  ],
  ['a billing note and none', { system: [textBlock(NOTE), ...SYSTEM] }, { system: SYSTEM }],
  ['a billing note in front of a text', { system: `${NOTE}1\nbrief` }, { system: 'brief' }],
  [
    'requests that differ in what the cache does not depend on',
    {
      model: 'a',
      max_tokens: 1,
      temperature: 0,
      stream: true,
      metadata: { user_id: 'x' },
      messages: [user('hello')],
    },
    { model: 'b', messages: [user('hello')], stop_sequences: ['.'] },
  ],
  [
    'cache keys and breakpoints of OpenAI',
    {
      messages: [user([textBlock('hello', { prompt_cache_breakpoint: { mode: 'explicit' } })])],
      prompt_cache_key: 'k',
      user: 'u',
    },
    { messages: [user([textBlock('hello')])] },
    'openai-chat',
  ],
  ['a text and a message of the user', { input: 'hello' }, { input: [user('hello')] }, 'openai-responses'],
  [
    'both spellings of the system instruction',
    { systemInstruction: { parts: [{ text: 'x' }] } },
    { system_instruction: { role: 'user', parts: [{ text: 'x' }] } },
    'gemini',
  ],
];
for (const [what, one, other, surface] of SAME) {
  test(`scanRequest() takes for the same: ${what}`, () => {
    const [first, second] = [outlineOf(one, surface), outlineOf(other, surface)];
    assert.deepEqual(
      first.cuts.map(({ hash, bytes }) => [hash, bytes]),
      second.cuts.map(({ hash, bytes }) => [hash, bytes]),
    );
    assert.equal(first.flags, second.flags);
  });
}

const DIFFERENT: readonly [what: string, one: unknown, other: unknown, surface?: ChatSurface][] = [
  [
    'a role',
    { messages: [{ role: 'user', content: 'x' }] },
    { messages: [{ role: 'assistant', content: 'x' }] },
  ],
  ['two blocks and one', { messages: [user([textBlock('a'), textBlock('b')])] }, { messages: [user('ab')] }],
  ['a system text and a message', { system: 'x' }, { messages: [user('x')] }],
  ['tool_choice', { messages: [user('x')], tool_choice: { type: 'any' } }, { messages: [user('x')] }],
  ['thinking', { messages: [user('x')], thinking: { type: 'adaptive' } }, { messages: [user('x')] }],
  ['effort', { messages: [user('x')], output_config: { effort: 'low' } }, { messages: [user('x')] }],
  ['speed', { system: 'x', speed: 'fast' }, { system: 'x' }],
  [
    'an earlier response',
    { input: 'x', previous_response_id: 'a' },
    { input: 'x', previous_response_id: 'b' },
    'openai-responses',
  ],
  [
    'who called',
    { messages: [{ role: 'tool', tool_call_id: 'a', content: 'x' }] },
    { messages: [{ role: 'tool', tool_call_id: 'b', content: 'x' }] },
    'openai-chat',
  ],
];
for (const [what, one, other, surface] of DIFFERENT) {
  test(`scanRequest() keeps apart: ${what}`, () => {
    assert.notEqual(outlineOf(one, surface).cuts.at(-1)?.hash, outlineOf(other, surface).cuts.at(-1)?.hash);
  });
}

const FLAGS: readonly [surface: ChatSurface, field: string, body: object][] = [
  [ANTHROPIC, 'mcp_servers', { mcp_servers: [{ name: 'a' }] }],
  ['openai-chat', 'response_format', { response_format: { type: 'json_object' } }],
  ['openai-chat', 'reasoning_effort', { reasoning_effort: 'high' }],
  ['openai-responses', 'text.format', { text: { verbosity: 'low', format: { type: 'text' } } }],
  ['openai-responses', 'reasoning.effort', { reasoning: { summary: 'auto', effort: 'low' } }],
  ['gemini', 'cachedContent', { cachedContent: 'cachedContents/a' }],
];
for (const [surface, field, more] of FLAGS) {
  test(`scanRequest() has a flag of ${surface} for ${field}`, () => {
    const body = { messages: [user('x')], input: 'x', contents: [{ parts: [{ text: 'x' }] }] };
    const [plain, flagged] = [outlineOf(body, surface), outlineOf({ ...body, ...more }, surface)];
    assert.equal(plain.flags, 0);
    assert.notEqual(flagged.flags, 0);
    assert.deepEqual(flagged.cuts, plain.cuts);
    const spaced = scanRequest(encode(JSON.stringify({ ...more, ...body }, null, 2)), surface).outline;
    assert.equal(spaced?.flags, flagged.flags);
  });
}

test('scanRequest() lets the cache of tools and system stand when only messages depend on a field', () => {
  const body = { tools: [{ name: 'f' }], system: 'x', messages: [user('x')] };
  const plain = outlineOf(body).cuts;
  const others = outlineOf({ ...body, tool_choice: { type: 'any' } }).cuts;
  assert.deepEqual(others.slice(0, 2), plain.slice(0, 2));
  assert.notEqual(others[2]?.hash, plain[2]?.hash);
});

test('scanRequest() has no flags for fields that are null', () => {
  assert.equal(
    outlineOf({ input: 'x', text: null, reasoning: { effort: null }, prompt: null }, 'openai-responses')
      .flags,
    0,
  );
});

test('scanRequest() starts messages anew when the first image comes', () => {
  const image = { type: 'image', source: { type: 'url', url: 'https://a.test/' } };
  const plain = outlineOf({ system: 'x', messages: [user('x')] }).cuts;
  const pictured = outlineOf({ system: 'x', messages: [user('x'), user([image])] }).cuts;
  assert.equal(pictured[0]?.hash, plain[0]?.hash);
  assert.notEqual(pictured[1]?.hash, plain[1]?.hash);
});

test('scanRequest() keeps the inner cuts of a text that grows', () => {
  const cuts = outlineOf({ messages: [user(LONG)] }).cuts;
  const grown = outlineOf({ messages: [user(`${LONG}${LONG}`)] }).cuts;
  assert.deepEqual(grown.slice(0, 2), cuts.slice(0, 2));
  assert.notEqual(grown[2]?.hash, cuts[2]?.hash);
});

test('scanRequest() lists the marks with their lifetimes, wherever they may stand', () => {
  const body = {
    tools: [{ name: 'f', cache_control: EPHEMERAL }],
    system: [textBlock('x', { cache_control: { type: 'ephemeral', ttl: '1h' } })],
    messages: [
      user([
        { ...RESULT, content: [textBlock('x', { cache_control: { ttl: '5m' } })] },
        { type: 'tool_use', id: 'a', name: 'f', input: { cache_control: EPHEMERAL } },
        textBlock('x', { cache_control: null }),
      ]),
    ],
  };
  const bytes = encode(JSON.stringify(body));
  const { marks, cuts, hasAutomaticMark } = outlineOf(body);
  assert.deepEqual(
    marks.map(({ span, ttl }) => [decode(bytes.subarray(span.start, span.end)), ttl]),
    [
      ['{"type":"ephemeral"}', null],
      ['{"type":"ephemeral","ttl":"1h"}', '1h'],
      ['{"ttl":"5m"}', '5m'],
    ],
  );
  assert.deepEqual(
    cuts.map(({ mark }) => mark),
    ['5m', '1h', '5m', null, null],
  );
  assert.equal(hasAutomaticMark, false);
});

test('scanRequest() takes automatic caching for a mark on the last block', () => {
  const { cuts, marks, hasAutomaticMark } = outlineOf({
    cache_control: { type: 'ephemeral', ttl: '1h' },
    system: 'x',
    messages: [user('x')],
  });
  assert.deepEqual([cuts[0]?.mark, cuts[1]?.mark, marks.length, hasAutomaticMark], [null, '1h', 1, true]);
});

for (const [what, surface, body] of [
  ['embeddings', 'openai-embeddings', { input: 'x' }],
  ['a request without a prompt', ANTHROPIC, { model: 'x', messages: [] }],
  ['a prompt that is no prompt', ANTHROPIC, { messages: 1, tools: 'x', system: null }],
] as const) {
  test(`scanRequest() has no outline for ${what}`, () => {
    const { fields, outline } = scanRequest(encode(JSON.stringify(body)), surface);
    assert.deepEqual([[...fields.keys()], outline], [Object.keys(body), null]);
  });
}

test('scanRequest() bears messages of any depth and of no sense', () => {
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  const objects = `${'{"content":'.repeat(20_000)}1${'}'.repeat(20_000)}`;
  const values = [
    deep,
    objects,
    '1',
    'null',
    '"x"',
    '[]',
    '{}',
    '{"role":7}',
    `{"content":[${deep},${objects},[],null]}`,
  ];
  const outline = outlineOf(
    `{"messages":[${values.join()}],"tools":[${values.join()}],"system":[${values.join()}]}`,
  );
  assert.equal(outline.blockCount, 8 + 4 + 9 + 9);
  assert.ok(outline.cuts.length <= MAX_CUTS);
});
