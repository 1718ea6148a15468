// How neutral requests are put to Anthropic's models, and what is lost on the way.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Block, ChatRequest, MediaSource, Message } from '../../../server/wire/chat.ts';
import { WireError } from '../../../server/wire/scan.ts';
import { assistant, call, encode, LOOK, result, text, user } from './events.ts';

const mark = { type: 'ephemeral' };

test('encodeRequest() states the limit that Anthropic insists on', () => {
  assert.deepEqual(encode({}).body, {
    model: 'claude-sonnet-4-5',
    max_tokens: 8192,
    messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }] }],
  });
});

test('encodeRequest() brings sampling into range', () => {
  const warm = encode({ temperature: 1.7 });
  assert.deepEqual([warm.body.temperature, warm.dropped], [1, ['sampling-range']]);
  const both = encode({ temperature: 0.5, topP: 0.5 });
  assert.deepEqual(
    [both.body.temperature, both.body.top_p, both.dropped],
    [0.5, undefined, ['sampling-range']],
  );
});

test('encodeRequest() notes what Anthropic has no field for', () => {
  const { dropped } = encode({
    seed: 1,
    presencePenalty: 0.5,
    frequencyPenalty: 0,
    outputFormat: { kind: 'json' },
  });
  assert.deepEqual(dropped.toSorted(), ['json-mode', 'penalty', 'seed']);
});

const image = (source: MediaSource, detail: string | null = null): Block => ({
  kind: 'image',
  source,
  detail,
  breakpoint: null,
});

const REFUSED: readonly (readonly [string, Partial<ChatRequest>])[] = [
  ['stop-sequences', { stopSequences: ['\n'] }],
  ['broken-arguments', { messages: [assistant(call('a', '{"x":'))] }],
  ['broken-arguments', { messages: [assistant(call('a', '[1]'))] }],
  ['audio', { messages: [user({ kind: 'audio', format: 'wav', data: 'UklG' })] }],
  ['file-id', { messages: [user(image({ kind: 'file', fileId: 'file-abc123' }))] }],
  ['media-url', { messages: [user(image({ kind: 'url', url: 'gs://bucket/cat.png' }))] }],
  ['media-type', { messages: [user(image({ kind: 'base64', mediaType: 'image/tiff', data: 'SUkq' }))] }],
];
for (const [loss, fields] of REFUSED) {
  test(`encodeRequest() refuses ${loss} of ${JSON.stringify(fields).slice(0, 70)}`, () => {
    assert.throws(
      () => encode(fields),
      (error) => error instanceof WireError && error.code === 'cannot-translate',
    );
  });
}

test('encodeRequest() reads text documents and notes the detail of images', () => {
  const png = image({ kind: 'base64', mediaType: 'image/png', data: 'iVBO' }, 'high');
  const csv: Block = {
    kind: 'document',
    source: { kind: 'base64', mediaType: 'text/csv', data: 'YSxiCsO8LDEK' },
    name: 'a.csv',
    breakpoint: null,
  };
  const { body, dropped } = encode({ messages: [user(png, csv)] });
  assert.deepEqual(dropped, ['image-detail']);
  assert.deepEqual(body.messages, [
    {
      role: 'user',
      content: [
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBO' } },
        {
          type: 'document',
          source: { type: 'text', media_type: 'text/plain', data: 'a,b\nü,1\n' },
          title: 'a.csv',
        },
      ],
    },
  ]);
});

test('encodeRequest() joins neighbours, leaves blank text out and puts tool results first', () => {
  const { body } = encode({
    messages: [
      user(text('a')),
      user(text(' ')),
      user(text('b')),
      assistant(text(''), call('x')),
      assistant(call('y')),
      user(result('x')),
      user(text('and?')),
      user(result('y')),
    ],
  });
  const outline = (Array.isArray(body.messages) ? body.messages : []).map((turn) => [
    turn.role,
    ...turn.content.map((block: { type: string }) => block.type),
  ]);
  assert.deepEqual(outline, [
    ['user', 'text', 'text'],
    ['assistant', 'tool_use', 'tool_use'],
    ['user', 'tool_result', 'tool_result', 'text'],
  ]);
});

test('encodeRequest() maps ids of calls to ones that are accepted, the same for call and result', () => {
  const long = `call_${'x'.repeat(80)}`;
  for (const id of ['functions.look:0', long, '']) {
    const { body } = encode({ messages: [assistant(call(id)), user(result(id))] });
    const [asked, answered] = (Array.isArray(body.messages) ? body.messages : []).map(
      (turn) => turn.content[0],
    );
    assert.match(asked.id, /^[A-Za-z0-9_-]{1,64}$/);
    assert.equal(answered.tool_use_id, asked.id);
  }
});

for (const [toolChoice, allowsParallelCalls, expected] of [
  [null, null, undefined],
  [null, false, { type: 'auto', disable_parallel_tool_use: true }],
  [{ kind: 'auto' }, null, { type: 'auto' }],
  [{ kind: 'none' }, false, { type: 'none' }],
  [{ kind: 'tool', name: 'look' }, true, { type: 'tool', name: 'look', disable_parallel_tool_use: false }],
] as const) {
  test(`encodeRequest() puts tool choice ${JSON.stringify(toolChoice)} with parallel ${allowsParallelCalls}`, () => {
    assert.deepEqual(encode({ tools: [LOOK], toolChoice, allowsParallelCalls }).body.tool_choice, expected);
    assert.equal('tool_choice' in encode({ toolChoice, allowsParallelCalls }).body, false);
  });
}

test('encodeRequest() gives every tool a schema of type object', () => {
  const { body } = encode({
    tools: [
      { ...LOOK, parameters: null },
      { ...LOOK, parameters: { properties: {} }, isStrict: true },
    ],
  });
  assert.deepEqual(body.tools, [
    { name: 'look', input_schema: { type: 'object', properties: {} } },
    { name: 'look', input_schema: { type: 'object', properties: {} }, strict: true, cache_control: mark },
  ]);
});

test('encodeRequest() closes the objects of an output schema', () => {
  const item = { type: 'object', properties: { a: { type: 'string' } } };
  const { body } = encode({
    outputFormat: {
      kind: 'json-schema',
      name: 'list',
      description: 'A list',
      schema: {
        type: 'object',
        properties: { items: { type: 'array', items: item }, rest: { $ref: '#/$defs/rest' } },
        $defs: { rest: { ...item, additionalProperties: { type: 'string' } } },
      },
      isStrict: false,
    },
  });
  const isClosed = { additionalProperties: false };
  assert.deepEqual(body.output_config, {
    format: {
      type: 'json_schema',
      schema: {
        type: 'object',
        properties: {
          items: { type: 'array', items: { ...item, ...isClosed } },
          rest: { $ref: '#/$defs/rest' },
        },
        $defs: { rest: { ...item, additionalProperties: { type: 'string' } } },
        ...isClosed,
        description: 'A list',
      },
    },
  });
});

const note: Message = { role: 'system', blocks: [text('Be brief.')] };

test('encodeRequest() leaves an instruction where the model and the place allow it', () => {
  const messages = [user(text('a')), note, assistant(text('b')), user(text('c')), note];
  const { body, dropped } = encode({ model: 'claude-opus-5', messages });
  const roles = (Array.isArray(body.messages) ? body.messages : []).map((turn) => turn.role);
  assert.deepEqual(roles, ['user', 'system', 'assistant', 'user', 'system']);
  assert.deepEqual(dropped, []);
});

for (const [name, model, messages] of [
  ['an older model', 'claude-opus-4-6', [user(text('a')), note, assistant(text('b')), user(text('c'))]],
  ['the end after the assistant', 'claude-opus-5', [user(text('a')), assistant(text('b')), note]],
  [
    'a place after the assistant',
    'claude-opus-5',
    [user(text('a')), assistant(text('b')), note, user(text('c'))],
  ],
] as const) {
  test(`encodeRequest() gives an instruction among the user's words to ${name}`, () => {
    const { body, dropped } = encode({ model, messages: [...messages] });
    const turns = Array.isArray(body.messages) ? body.messages : [];
    assert.deepEqual(
      turns.map((turn) => turn.role),
      ['user', 'assistant', 'user'],
    );
    assert.match(JSON.stringify(turns), /<system-reminder>\\nBe brief\.\\n<\/system-reminder>/);
    assert.deepEqual(dropped, ['system-turn']);
  });
}

test('encodeRequest() leaves the content of a blank tool result out', () => {
  const { body } = encode({ messages: [assistant(call('x')), user(result('x', ' '))] });
  assert.deepEqual(Array.isArray(body.messages) && body.messages[1], {
    role: 'user',
    content: [{ type: 'tool_result', tool_use_id: 'x', cache_control: mark }],
  });
});
