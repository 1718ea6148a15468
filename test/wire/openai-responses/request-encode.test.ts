// Requests written for the Responses API: its limits, what its models take, and what has no place in it.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Block, ChatRequest } from '../../../server/wire/chat.ts';
import { isObject, listAt } from '../../../server/wire/json.ts';
import { type Loss, LossList } from '../../../server/wire/losses.ts';
import { openaiResponsesCodec as codec } from '../../../server/wire/openai-responses/codec.ts';
import { emptyRequest } from './requests.ts';

function encode(request: Partial<ChatRequest>): { sent: Record<string, unknown>; dropped: Loss[] } {
  const losses = new LossList();
  const sent = codec.encodeRequest({ ...emptyRequest('gpt-4.1'), ...request }, losses.lose);
  assert.ok(isObject(sent));
  return { sent, dropped: losses.dropped };
}

const text = (value: string): Block => ({ kind: 'text', text: value, breakpoint: null });
const user = (...blocks: Block[]): Partial<ChatRequest> => ({ messages: [{ role: 'user', blocks }] });

test('encodeRequest() keeps nothing at the provider', () => {
  assert.equal(encode(user(text('Hi'))).sent.store, false);
});

for (const [model, isAsked, expected] of [
  ['gpt-4o', false, undefined],
  ['gpt-4o', true, undefined],
  ['gpt-5.6', false, ['reasoning.encrypted_content']],
  ['o3', true, ['reasoning.encrypted_content']],
  ['some-model', false, undefined],
  ['some-model', true, ['reasoning.encrypted_content']],
] as const) {
  test(`encodeRequest() asks ${model} for sealed reasoning ${isAsked ? 'when reasoning is wished' : 'unasked'}: ${expected !== undefined}`, () => {
    const reasoning = isAsked
      ? { isEnabled: true, effort: null, budgetTokens: null, isVisible: false }
      : null;
    assert.deepEqual(encode({ model, reasoning }).sent.include, expected);
  });
}

for (const [model, reasoning, expected, lost] of [
  ['gpt-5.6', { effort: 'high' }, { effort: 'high' }, []],
  ['gpt-5.6', { effort: 'low', isVisible: true }, { effort: 'low', summary: 'auto' }, []],
  ['gpt-5.6', { effort: 'minimal' }, { effort: 'low' }, ['reasoning-effort']],
  ['gpt-5-mini', { effort: 'minimal' }, { effort: 'minimal' }, []],
  ['gpt-5.6', { budgetTokens: 1000 }, { effort: 'low' }, ['reasoning-effort']],
  ['gpt-5.6', { budgetTokens: 6000 }, { effort: 'medium' }, []],
  ['gpt-5.6', { budgetTokens: 200_000 }, { effort: 'high' }, []],
  ['gpt-5.6', { isEnabled: false }, { effort: 'none' }, []],
  ['openai/gpt-5', { isEnabled: false }, { effort: 'minimal' }, ['reasoning-effort']],
  ['gpt-5.1-codex', { isEnabled: false }, undefined, ['reasoning-effort']],
  ['gpt-4o', { isEnabled: false }, undefined, []],
  ['gpt-4o', { effort: 'high' }, undefined, ['reasoning-effort']],
  ['some-model', {}, undefined, []],
] as const) {
  test(`encodeRequest() tells ${model} of ${JSON.stringify(reasoning)}`, () => {
    const wish = { isEnabled: true, effort: null, budgetTokens: null, isVisible: false, ...reasoning };
    const { sent, dropped } = encode({ model, reasoning: wish });
    assert.deepEqual(sent.reasoning, expected);
    assert.deepEqual(dropped, lost);
  });
}

test('encodeRequest() leaves sampling out where the model thinks, and in where it does not', () => {
  const off = { isEnabled: false, effort: null, budgetTokens: null, isVisible: false };
  const thinking = encode({ model: 'gpt-5.6', temperature: 0.5, topP: 0.5 });
  assert.deepEqual([thinking.sent.temperature, thinking.sent.top_p], [undefined, undefined]);
  assert.deepEqual(thinking.dropped, ['reasoning-sampling']);
  const plain = encode({ model: 'gpt-5.6', reasoning: off, temperature: 0.5, topP: 0.5 });
  assert.deepEqual([plain.sent.temperature, plain.sent.top_p], [0.5, 0.5]);
  assert.deepEqual(plain.dropped, []);
});

for (const [name, wish, field, value, lost] of [
  ['too few output tokens', { maxOutputTokens: 1 }, 'max_output_tokens', 16, ['sampling-range']],
  ['enough output tokens', { maxOutputTokens: 16 }, 'max_output_tokens', 16, []],
  ['too much heat', { temperature: 3 }, 'temperature', 2, ['sampling-range']],
  ['top-k', { topK: 5 }, 'top_k', undefined, ['top-k']],
  ['a seed', { seed: 5 }, 'seed', undefined, ['seed']],
  ['a penalty', { presencePenalty: 0.5 }, 'presence_penalty', undefined, ['penalty']],
  ['a penalty of nothing', { frequencyPenalty: 0 }, 'frequency_penalty', undefined, []],
  [
    'a choice without tools',
    { toolChoice: { kind: 'auto' }, allowsParallelCalls: true },
    'tool_choice',
    undefined,
    [],
  ],
] as const) {
  test(`encodeRequest() brings ${name} into the target's range`, () => {
    const { sent, dropped } = encode(wish);
    assert.deepEqual(sent[field], value);
    assert.deepEqual(dropped, lost);
  });
}

test('encodeRequest() shortens long keys, each to another one', () => {
  const keys = ['a', 'b'].map(
    (end) => encode({ promptCacheKey: 'k'.repeat(100) + end, endUser: 'u'.repeat(64) }).sent,
  );
  assert.equal(String(keys[0]?.prompt_cache_key).length, 64);
  assert.notEqual(keys[0]?.prompt_cache_key, keys[1]?.prompt_cache_key);
  assert.equal(keys[0]?.safety_identifier, 'u'.repeat(64));
});

for (const [name, block] of [
  ['stop sequences', null],
  ['audio', { kind: 'audio', format: 'mp3', data: '' }],
  [
    "another provider's file",
    { kind: 'image', source: { kind: 'file', fileId: 'file_011C' }, detail: null, breakpoint: null },
  ],
] as const) {
  test(`encodeRequest() refuses ${name}`, () => {
    const wish = block === null ? { stopSequences: ['END'] } : user(block);
    assert.throws(() => encode(wish), /Cannot translate the request/);
  });
}

for (const [loss, block] of [
  ['thinking-history', { kind: 'thinking', text: 'Hm.', seal: null }],
  [
    'thinking-signature',
    { kind: 'thinking', text: 'Hm.', seal: { surface: 'anthropic-messages', value: 's', id: null } },
  ],
  [
    'redacted-thinking',
    { kind: 'thinking', text: '', seal: { surface: 'anthropic-messages', value: 's', id: null } },
  ],
] as const) {
  test(`encodeRequest() drops ${loss}`, () => {
    const { sent, dropped } = encode({
      messages: [{ role: 'assistant', blocks: [text('a'), block, text('b')] }],
    });
    assert.deepEqual(dropped, [loss]);
    assert.equal(listAt(sent, 'input').length, 1);
  });
}

test('encodeRequest() drops marks that the target has no place for', () => {
  const breakpoint = { ttl: '5m' } as const;
  const { dropped, sent } = encode({
    system: [{ kind: 'text', text: 's', breakpoint }],
    messages: [
      {
        role: 'user',
        blocks: [
          { kind: 'tool-result', callId: 'c', name: null, blocks: [], isError: true, breakpoint: null },
          { kind: 'document', source: { kind: 'text', text: 'body' }, name: 'notes', breakpoint: null },
        ],
      },
    ],
  });
  assert.deepEqual(dropped, ['cache-breakpoint', 'tool-error']);
  assert.deepEqual(sent.input, [
    { type: 'function_call_output', call_id: 'c', output: '' },
    { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'notes\n\nbody' }] },
  ]);
});

test('encodeRequest() gives calls without arguments an empty object, and functions their strictness', () => {
  const call = {
    kind: 'tool-call',
    id: 'c',
    name: 'f',
    arguments: '',
    seal: null,
    breakpoint: null,
  } as const;
  const tool = { name: 'f', description: null, parameters: null, isStrict: null, breakpoint: null };
  const { sent } = encode({ tools: [tool], messages: [{ role: 'assistant', blocks: [call] }] });
  assert.deepEqual(sent.input, [{ type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' }]);
  assert.deepEqual(sent.tools, [{ type: 'function', name: 'f', parameters: null, strict: false }]);
});

test('encodeRequest() of a longer conversation begins with the same bytes', () => {
  const turns: ChatRequest['messages'] = [
    { role: 'user', blocks: [text('one')] },
    {
      role: 'assistant',
      blocks: [
        text('two'),
        { kind: 'tool-call', id: 'c', name: 'f', arguments: '{}', seal: null, breakpoint: null },
      ],
    },
    {
      role: 'user',
      blocks: [
        { kind: 'tool-result', callId: 'c', name: 'f', blocks: [], isError: false, breakpoint: null },
        text('three'),
      ],
    },
    { role: 'assistant', blocks: [text('four')] },
  ];
  const system = [
    { kind: 'text', text: 'a', breakpoint: null } as const,
    { kind: 'text', text: 'b', breakpoint: null } as const,
  ];
  const inputs = turns.map((_turn, index) =>
    JSON.stringify(encode({ system, messages: turns.slice(0, index + 1) }).sent.input),
  );
  for (const [index, input] of inputs.slice(1).entries()) {
    assert.ok(input.startsWith(inputs[index]?.slice(0, -1) ?? '?'), input);
  }
});
