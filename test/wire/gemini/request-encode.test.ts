// Neutral requests as bodies of generateContent.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Block, ChatRequest, Message, Reasoning } from '../../../server/wire/chat.ts';
import { geminiCodec } from '../../../server/wire/gemini/codec.ts';
import type { Loss } from '../../../server/wire/losses.ts';
import { decodeRequest, noting } from './fixtures.ts';

const text = (content: string): Block => ({ kind: 'text', text: content, breakpoint: null });
const user = (...blocks: Block[]): Message => ({ role: 'user', blocks });
const assistant = (...blocks: Block[]): Message => ({ role: 'assistant', blocks });
const call = (id: string, fields: Partial<Extract<Block, { kind: 'tool-call' }>> = {}): Block => ({
  kind: 'tool-call',
  id,
  name: 'look',
  arguments: '{"at":1}',
  seal: null,
  breakpoint: null,
  ...fields,
});
const result = (callId: string, fields: Partial<Extract<Block, { kind: 'tool-result' }>> = {}): Block => ({
  kind: 'tool-result',
  callId,
  name: null,
  blocks: [{ kind: 'text', text: 'seen', breakpoint: null }],
  isError: false,
  breakpoint: null,
  ...fields,
});
const PICTURE = {
  kind: 'image',
  source: { kind: 'base64', mediaType: 'image/png', data: 'AA==' },
  detail: null,
  breakpoint: null,
} as const;
const STAND_IN = { thoughtSignature: 'skip_thought_signature_validator' };

function encode(messages: Message[], fields: Partial<ChatRequest> = {}) {
  const { losses, lose } = noting();
  const request = { ...decodeRequest({ contents: [] }, 'gemini-3-flash-preview'), messages, ...fields };
  const body: unknown = JSON.parse(JSON.stringify(geminiCodec.encodeRequest(request, lose)));
  assert.ok(typeof body === 'object' && body !== null);
  return {
    body,
    contents: 'contents' in body ? body.contents : undefined,
    config: 'generationConfig' in body ? body.generationConfig : undefined,
    losses,
  };
}

const look = { id: 'a', name: 'look', args: { at: 1 } };
const seen = (id: string, name = 'look') => ({
  functionResponse: { id, name, response: { output: 'seen' } },
});

const CONTENTS: [string, Message[], unknown][] = [
  [
    'joins neighbours of one role and leaves out empty turns',
    [user(text('a')), user(text('b')), assistant(text('')), user(text('c'))],
    [{ role: 'user', parts: [{ text: 'a' }, { text: 'b' }, { text: 'c' }] }],
  ],
  [
    'puts results first and names them by their calls',
    [assistant(call('a'), call('b', { name: 'hear' })), user(text('well?'), result('b'), result('a'))],
    [
      {
        role: 'model',
        parts: [{ functionCall: look, ...STAND_IN }, { functionCall: { ...look, id: 'b', name: 'hear' } }],
      },
      { role: 'user', parts: [seen('b', 'hear'), seen('a'), { text: 'well?' }] },
    ],
  ],
  [
    'signs only the first call of a turn, where nothing signs it',
    [assistant(call('a', { seal: { surface: 'gemini', value: 's', id: null } }), call('b'))],
    [
      {
        role: 'model',
        parts: [{ functionCall: look, thoughtSignature: 's' }, { functionCall: { ...look, id: 'b' } }],
      },
    ],
  ],
  [
    'gives calls without arguments an empty object, and ids that are too odd an accepted form',
    [assistant(call('a:b', { arguments: '' })), user(result('a:b', { isError: true, blocks: [] }))],
    [
      {
        role: 'model',
        parts: [{ functionCall: { id: 'a_b_08bd8540b3ea88ce', name: 'look', args: {} }, ...STAND_IN }],
      },
      {
        role: 'user',
        parts: [{ functionResponse: { id: 'a_b_08bd8540b3ea88ce', name: 'look', response: { error: '' } } }],
      },
    ],
  ],
  [
    'puts pictures inside results and fetched ones beside them',
    [
      user(
        result('a', {
          blocks: [PICTURE, { ...PICTURE, source: { kind: 'url', url: 'https://example.com/x' } }],
        }),
      ),
    ],
    [
      {
        role: 'user',
        parts: [
          {
            functionResponse: {
              id: 'a',
              name: 'a',
              response: { output: '' },
              parts: [{ inlineData: { mimeType: 'image/png', data: 'AA==' } }],
            },
          },
          { fileData: { fileUri: 'https://example.com/x' } },
        ],
      },
    ],
  ],
  [
    'hands thoughts back with their own signatures',
    [
      assistant(
        { kind: 'thinking', text: 'Hm', seal: { surface: 'gemini', value: 's', id: null } },
        { kind: 'thinking', text: 'plain', seal: null },
        { kind: 'thinking', text: '', seal: { surface: 'gemini', value: 't', id: null } },
        { kind: 'refusal', text: 'No.' },
      ),
    ],
    [
      {
        role: 'model',
        parts: [
          { text: 'Hm', thought: true, thoughtSignature: 's' },
          { text: 'plain', thought: true },
          { text: '', thoughtSignature: 't' },
          { text: 'No.' },
        ],
      },
    ],
  ],
];

for (const [name, messages, expected] of CONTENTS) {
  test(`geminiCodec.encodeRequest() ${name}`, () => {
    const { contents, losses } = encode(messages);
    assert.deepEqual(contents, expected);
    assert.deepEqual(losses, []);
  });
}

test('geminiCodec.encodeRequest() lets pictures follow the results for models that take none inside', () => {
  const { contents } = encode([user(text('t'), result('a', { blocks: [PICTURE] }))], {
    model: 'gemini-2.5-pro',
  });
  const response = { functionResponse: { id: 'a', name: 'a', response: { output: '' } } };
  assert.deepEqual(contents, [
    {
      role: 'user',
      parts: [response, { text: 't' }, { inlineData: { mimeType: 'image/png', data: 'AA==' } }],
    },
  ]);
});

test('geminiCodec.encodeRequest() keeps the bytes of a conversation that grows', () => {
  const turns = [
    user(text('look')),
    assistant({ kind: 'thinking', text: 'Hm', seal: null }, call('a'), call('b')),
    user(result('a'), result('b')),
    assistant(text('Seen.'), {
      kind: 'thinking',
      text: '',
      seal: { surface: 'gemini', value: 't', id: null },
    }),
    user(text('again')),
    assistant(call('c')),
    user(result('c')),
  ];
  const bytes = turns.map((_turn, index) => JSON.stringify(encode(turns.slice(0, index + 1)).body));
  for (const [index, shorter] of bytes.entries()) {
    const longer = bytes[index + 1];
    if (longer !== undefined)
      assert.ok(longer.startsWith(shorter.slice(0, -2)), `turn ${index + 1} changed what came before`);
  }
});

const seal = (surface: 'anthropic-messages' | 'openai-responses') => ({ surface, value: 'x', id: null });
const ENCODING_LOSSES: [string, Message[], Partial<ChatRequest>, Loss[]][] = [
  [
    'foreign signatures',
    [assistant({ kind: 'thinking', text: 'Hm', seal: seal('anthropic-messages') })],
    {},
    ['thinking-signature'],
  ],
  [
    'redacted thinking',
    [assistant({ kind: 'thinking', text: '', seal: seal('anthropic-messages') })],
    {},
    ['redacted-thinking'],
  ],
  [
    'encrypted reasoning',
    [assistant({ kind: 'thinking', text: '', seal: seal('openai-responses') })],
    {},
    ['encrypted-reasoning'],
  ],
  ['broken arguments', [assistant(call('a', { arguments: '{"at":' }))], {}, ['broken-arguments']],
  ['arguments that are no object', [assistant(call('a', { arguments: '[1]' }))], {}, ['broken-arguments']],
  ['files of others', [user({ ...PICTURE, source: { kind: 'file', fileId: 'file-1' } })], {}, ['file-id']],
  [
    'odd URLs',
    [user({ ...PICTURE, source: { kind: 'url', url: 'ftp://example.com/x.png' } })],
    {},
    ['media-url'],
  ],
  [
    'details and names',
    [
      user(
        { ...PICTURE, detail: 'low' },
        { kind: 'document', source: { kind: 'text', text: 'x' }, name: 'x.txt', breakpoint: null },
      ),
    ],
    {},
    ['image-detail', 'metadata'],
  ],
  ['breakpoints', [user({ kind: 'text', text: 'x', breakpoint: { ttl: '5m' } })], {}, ['cache-breakpoint']],
  [
    'instructions amid the conversation',
    [user(text('a')), { role: 'system', blocks: [text('b')] }],
    {},
    ['system-turn'],
  ],
  ['penalties that a model refuses', [], { model: 'gemini-2.5-flash', presencePenalty: 1 }, ['penalty']],
  ['one call at a time', [], { allowsParallelCalls: false }, ['parallel-call-choice']],
  ['the end user', [], { endUser: 'u' }, ['metadata']],
  [
    'strict tools',
    [],
    { tools: [{ name: 'f', description: null, parameters: null, isStrict: true, breakpoint: null }] },
    ['tool-strictness'],
  ],
];

for (const [name, messages, fields, expected] of ENCODING_LOSSES) {
  test(`geminiCodec.encodeRequest() notes ${name}`, () =>
    assert.deepEqual(encode(messages, fields).losses, expected));
}

const wish = (fields: Partial<Reasoning>): Reasoning => ({
  isEnabled: true,
  effort: null,
  budgetTokens: null,
  isVisible: false,
  ...fields,
});
const THINKING: [string, Reasoning, unknown, Loss[]][] = [
  ['gemini-2.5-flash', wish({ effort: 'medium' }), { thinkingBudget: 8192 }, []],
  ['gemini-2.5-flash', wish({ budgetTokens: 60_000 }), { thinkingBudget: 24_576 }, ['reasoning-effort']],
  ['gemini-2.5-flash', wish({ isVisible: true }), { thinkingBudget: -1, includeThoughts: true }, []],
  ['gemini-2.5-flash', wish({ isEnabled: false }), { thinkingBudget: 0 }, []],
  ['gemini-2.5-pro', wish({ isEnabled: false }), { thinkingBudget: 128 }, ['reasoning-effort']],
  ['gemini-2.5-pro', wish({ budgetTokens: 30_000 }), { thinkingBudget: 30_000 }, []],
  ['gemini-3-flash-preview', wish({ effort: 'minimal' }), { thinkingLevel: 'MINIMAL' }, []],
  ['gemini-3.1-pro-preview', wish({ effort: 'minimal' }), { thinkingLevel: 'LOW' }, ['reasoning-effort']],
  ['gemini-3.1-pro-preview', wish({ isEnabled: false }), { thinkingLevel: 'LOW' }, ['reasoning-effort']],
  ['gemini-3.1-pro-preview', wish({ budgetTokens: 9_000 }), { thinkingLevel: 'MEDIUM' }, []],
  ['gemini-3.8-flash', wish({ effort: 'minimal' }), { thinkingLevel: 'LOW' }, ['reasoning-effort']],
  ['gemini-3.8-flash-lite', wish({ effort: 'minimal' }), { thinkingLevel: 'MINIMAL' }, []],
  ['gemini-flash-latest', wish({ budgetTokens: 900_000 }), { thinkingLevel: 'HIGH' }, []],
  ['gemini-3.1-pro-preview', wish({ isVisible: true }), { includeThoughts: true }, []],
  ['gemini-3.1-pro-preview', wish({}), undefined, []],
  ['gemini-2.0-flash', wish({ effort: 'high' }), undefined, ['reasoning-effort']],
  ['gemini-2.0-flash', wish({ isEnabled: false }), undefined, []],
];

for (const [model, reasoning, expected, expectedLosses] of THINKING) {
  test(`geminiCodec.encodeRequest() asks ${model} for ${JSON.stringify(reasoning)}`, () => {
    const { config, losses } = encode([], { model, reasoning });
    assert.deepEqual(config, expected === undefined ? undefined : { thinkingConfig: expected });
    assert.deepEqual(losses, expectedLosses);
  });
}

test('geminiCodec.encodeRequest() gives schemas of answers no const, and leaves those of tools as they are', () => {
  const schema = {
    type: 'object',
    properties: { const: { const: 'a' }, b: { anyOf: [{ const: 1 }, true] } },
  };
  const { body, losses } = encode([], {
    outputFormat: { kind: 'json-schema', name: 'n', description: null, schema, isStrict: null },
    tools: [{ name: 'f', description: null, parameters: schema, isStrict: null, breakpoint: null }],
  });
  const rewritten = {
    type: 'object',
    properties: { const: { enum: ['a'] }, b: { anyOf: [{ enum: [1] }, true] } },
  };
  assert.deepEqual(body, {
    tools: [{ functionDeclarations: [{ name: 'f', parametersJsonSchema: schema }] }],
    generationConfig: { responseMimeType: 'application/json', responseJsonSchema: rewritten },
    contents: [],
  });
  assert.deepEqual(losses, []);
});
