// Streams of the Responses API as servers really send them: with parts left out, said twice or under changing ids.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { Block, ChatEvent } from '../../../server/wire/chat.ts';
import { openaiResponsesCodec } from '../../../server/wire/openai-responses/codec.ts';
import { NO_USAGE } from '../../../server/wire/usage.ts';
import { blocksOf } from './blocks.ts';

type Fields = Record<string, unknown>;
const event = (type: string, fields: Fields = {}) => ({ type, ...fields });

function decode(...events: { type: string }[]): ChatEvent[] {
  const decoder = openaiResponsesCodec.streamDecoder();
  return events.flatMap((one) => decoder.decode({ event: one.type, data: JSON.stringify(one) }));
}

const text = (value: string): Block => ({ kind: 'text', text: value, breakpoint: null });
const call = (id: string, name: string, json: string): Block => ({
  kind: 'tool-call',
  id,
  name,
  arguments: json,
  seal: null,
  breakpoint: null,
});

const created = event('response.created', { response: { id: 'resp_1', usage: null } });
const completed = (output: unknown[] = []) =>
  event('response.completed', { response: { id: 'resp_1', status: 'completed', output, usage: null } });
const message = (id: string, ...texts: string[]) => ({
  type: 'message',
  id,
  role: 'assistant',
  content: texts.map((value) => ({ type: 'output_text', text: value, annotations: [] })),
});
const functionCall = (id: string | null, callId: string | null, json: string) => ({
  type: 'function_call',
  ...(id === null ? {} : { id }),
  ...(callId === null ? {} : { call_id: callId }),
  name: 'f',
  arguments: json,
});
const added = (index: number, item: unknown) =>
  event('response.output_item.added', { output_index: index, item });
const done = (index: number, item: unknown) =>
  event('response.output_item.done', { output_index: index, item });
const delta = (kind: string, place: Fields, value: string) =>
  event(`response.${kind}.delta`, { ...place, delta: value });
const argumentsDelta = (place: Fields, json: string) => delta('function_call_arguments', place, json);

for (const [name, told, expected] of [
  [
    'deltas alone',
    [delta('output_text', { output_index: 0, content_index: 0 }, 'Hi'), completed()],
    [text('Hi')],
  ],
  ['an item that is only done', [done(0, message('m', 'Hi')), completed()], [text('Hi')]],
  ['an item only in the whole response', [completed([message('m', 'Hi')])], [text('Hi')]],
  [
    'a text that is told four times',
    [
      added(0, message('m')),
      delta('output_text', { item_id: 'm', output_index: 0, content_index: 0 }, 'Hi'),
      event('response.output_text.done', { item_id: 'm', output_index: 0, content_index: 0, text: 'Hi' }),
      done(0, message('m', 'Hi')),
      completed([message('m', 'Hi')]),
    ],
    [text('Hi')],
  ],
  [
    'a last delta that is missing',
    [
      added(0, message('m')),
      delta('output_text', { item_id: 'm', output_index: 0 }, 'H'),
      completed([message('m', 'Hi')]),
    ],
    [text('Hi')],
  ],
  [
    'ids that change with every event',
    [
      added(0, message('a1')),
      delta('output_text', { item_id: 'a2', output_index: 0, content_index: 0 }, 'H'),
      delta('output_text', { item_id: 'a3', output_index: 0, content_index: 0 }, 'i'),
      done(0, message('a4', 'Hi')),
      completed([message('a5', 'Hi')]),
    ],
    [text('Hi')],
  ],
  [
    'several parts of one message',
    [
      added(0, message('m')),
      delta('output_text', { output_index: 0, content_index: 0 }, 'a'),
      delta('output_text', { output_index: 0, content_index: 1 }, 'b'),
      done(0, message('m', 'a', 'b')),
      completed(),
    ],
    [text('a'), text('b')],
  ],
  [
    'arguments in deltas and whole at the end',
    [
      added(0, functionCall('fc', 'c', '')),
      argumentsDelta({ item_id: 'fc', output_index: 0 }, '{"a"'),
      argumentsDelta({ item_id: 'fc', output_index: 0 }, ':1}'),
      event('response.function_call_arguments.done', {
        item_id: 'fc',
        output_index: 0,
        arguments: '{"a":1}',
      }),
      done(0, functionCall('fc', 'c', '{"a":1}')),
      completed([functionCall('fc', 'c', '{"a":1}')]),
    ],
    [call('c', 'f', '{"a":1}')],
  ],
  [
    'arguments only at the end',
    [
      added(0, functionCall('fc', 'c', '')),
      event('response.function_call_arguments.done', {
        item_id: 'fc',
        output_index: 0,
        arguments: '{"a":1}',
      }),
      completed(),
    ],
    [call('c', 'f', '{"a":1}')],
  ],
  [
    'arguments whole with the start and again in deltas',
    [
      added(0, functionCall('fc', 'c', '{"a":1}')),
      argumentsDelta({ output_index: 0 }, '{"a":1}'),
      completed(),
    ],
    [call('c', 'f', '{"a":1}')],
  ],
  [
    'arguments only with the start',
    [added(0, functionCall('fc', 'c', '{"a":1}')), completed()],
    [call('c', 'f', '{"a":1}')],
  ],
  [
    'deltas that name the call by its call id',
    [added(0, functionCall('fc', 'c', '')), argumentsDelta({ item_id: 'c' }, '{}'), completed()],
    [call('c', 'f', '{}')],
  ],
  ['a call with only an id', [done(0, functionCall('fc', null, '{}')), completed()], [call('fc', 'f', '{}')]],
  [
    'a call without any id',
    [done(3, functionCall(null, null, '{}')), completed()],
    [call('call_3', 'f', '{}')],
  ],
  [
    'a place taken again by a new call',
    [
      added(0, functionCall('fc1', 'c1', '')),
      argumentsDelta({ output_index: 0 }, '{"a":1}'),
      added(0, functionCall('fc2', 'c2', '')),
      argumentsDelta({ output_index: 0 }, '{"b":2}'),
      completed([functionCall('fc1', 'c1', '{"a":1}'), functionCall('fc2', 'c2', '{"b":2}')]),
    ],
    [call('c1', 'f', '{"a":1}'), call('c2', 'f', '{"b":2}')],
  ],
  [
    'an item that is started twice',
    [
      added(0, functionCall('fc', 'c', '')),
      added(0, functionCall('fc', 'c', '')),
      argumentsDelta({ item_id: 'fc', output_index: 0 }, '{}'),
      completed(),
    ],
    [call('c', 'f', '{}')],
  ],
  [
    'a call whose name comes late',
    [
      argumentsDelta({ item_id: 'fc', output_index: 0 }, '{"a"'),
      argumentsDelta({ item_id: 'fc', output_index: 0 }, ':1}'),
      done(0, functionCall('fc', 'c', '{"a":1}')),
      completed(),
    ],
    [call('c', 'f', '{"a":1}')],
  ],
  [
    'two calls in one whole response',
    [completed([functionCall('x', 'c1', '{}'), functionCall('y', 'c2', '{}')])],
    [call('c1', 'f', '{}'), call('c2', 'f', '{}')],
  ],
  [
    'a freeform call',
    [done(0, { type: 'custom_tool_call', id: 'ctc', call_id: 'c', name: 'f', input: 'x "y"' }), completed()],
    [call('c', 'f', '{"input":"x \\"y\\""}')],
  ],
  [
    'a refusal',
    [
      event('response.content_part.added', {
        output_index: 0,
        content_index: 0,
        part: { type: 'refusal', refusal: '' },
      }),
      delta('refusal', { output_index: 0, content_index: 0 }, 'No.'),
      completed(),
    ],
    [{ kind: 'refusal', text: 'No.' }],
  ],
  [
    'reasoning itself, where a server shows it',
    [
      added(0, { type: 'reasoning', id: 'rs', summary: [] }),
      delta('reasoning_text', { item_id: 'rs', output_index: 0, content_index: 0 }, 'Hm.'),
      done(0, {
        type: 'reasoning',
        id: 'rs',
        summary: [{ type: 'summary_text', text: 'Short.' }],
        content: [],
      }),
      completed(),
    ],
    [{ kind: 'thinking', text: 'Hm.', seal: null }],
  ],
  [
    'sealed reasoning without a word',
    [done(0, { type: 'reasoning', id: 'rs', summary: [], encrypted_content: 'sealed' }), completed()],
    [{ kind: 'thinking', text: '', seal: { surface: 'openai-responses', value: 'sealed', id: 'rs' } }],
  ],
  ['reasoning with nothing in it', [done(0, { type: 'reasoning', id: 'rs', summary: [] }), completed()], []],
  [
    'items of the provider’s own tools between others',
    [
      added(0, { type: 'web_search_call', id: 'ws' }),
      event('response.web_search_call.searching', { output_index: 0, item_id: 'ws' }),
      done(0, { type: 'web_search_call', id: 'ws' }),
      done(1, message('m', 'Hi')),
      completed([{ type: 'web_search_call', id: 'ws' }, message('m', 'Hi')]),
    ],
    [text('Hi')],
  ],
  [
    'a whole response that lists fewer items than were streamed',
    [
      done(0, message('m', 'Hi')),
      done(1, functionCall('fc', 'c', '{}')),
      completed([functionCall('fc', 'c', '{}')]),
    ],
    [text('Hi'), call('c', 'f', '{}')],
  ],
  [
    'calls that are known again only by their call ids',
    [
      done(5, functionCall('x1', 'c1', '{"a":1}')),
      done(6, functionCall('y1', 'c2', '{}')),
      completed([functionCall('x2', 'c1', '{"a":1}'), functionCall('y2', 'c2', '{}')]),
    ],
    [call('c1', 'f', '{"a":1}'), call('c2', 'f', '{}')],
  ],
  [
    'a message that stands elsewhere, under another id, in the whole response',
    [done(1, message('m1', 'Hi')), completed([message('m2', 'Hi')])],
    [text('Hi')],
  ],
] satisfies [string, { type: string }[], Block[]][]) {
  test(`streamDecoder() reads ${name}`, () => {
    const events = decode(created, ...told);
    assert.deepEqual(blocksOf(events), expected);
    assert.equal(events.at(-1)?.kind, 'finish');
  });
}

test('streamDecoder() starts once, with the id it is told first', () => {
  const events = decode(created, event('response.in_progress', { response: { id: 'resp_2' } }), completed());
  assert.deepEqual(events, [
    { kind: 'start', id: 'resp_1', usage: NO_USAGE },
    { kind: 'finish', stop: 'end', stopSequence: null, usage: NO_USAGE },
  ]);
});

test('streamDecoder() starts even where no start is told', () => {
  assert.deepEqual(
    decode(done(0, message('m', 'Hi')), completed()).map((one) => one.kind),
    ['start', 'block-start', 'text-delta', 'block-end', 'finish'],
  );
});

for (const [name, response, expected] of [
  [
    'a filtered answer',
    { status: 'incomplete', incomplete_details: { reason: 'content_filter' } },
    'content-filter',
  ],
  [
    'an answer that became too long',
    { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
    'max-tokens',
  ],
  ['a call', { status: 'completed', output: [functionCall('fc', 'c', '{}')] }, 'tool-calls'],
  [
    'a refusal',
    { status: 'completed', output: [{ type: 'message', content: [{ type: 'refusal', refusal: 'No.' }] }] },
    'refusal',
  ],
  ['a text', { status: 'completed', output: [message('m', 'Hi')] }, 'end'],
] as const) {
  test(`streamDecoder() ends ${name} as ${expected}`, () => {
    const last = decode(created, event(`response.${response.status}`, { response })).at(-1);
    assert.equal(last?.kind === 'finish' && last.stop, expected);
  });
}

test('streamDecoder() ends a call when a new one takes its place', () => {
  const events = decode(
    created,
    added(0, functionCall('fc1', 'c1', '')),
    added(0, functionCall('fc2', 'c2', '')),
  );
  assert.deepEqual(
    events.map((one) => one.kind),
    ['start', 'block-start', 'block-end', 'block-start'],
  );
});

test('streamDecoder() says nothing after the end', () => {
  const decoder = openaiResponsesCodec.streamDecoder();
  const say = (one: { type: string }) => decoder.decode({ event: one.type, data: JSON.stringify(one) });
  say(completed());
  assert.deepEqual(say(done(0, message('m', 'Hi'))), []);
  assert.deepEqual(say(event('error', { message: 'late' })), []);
  assert.deepEqual(decoder.end(), []);
});

test('streamDecoder() leaves out what it cannot read', () => {
  const decoder = openaiResponsesCodec.streamDecoder();
  const nonsense = [
    { event: 'response.output_text.delta', data: '{' },
    { event: 'response.output_item.added', data: '[]' },
    { event: 'response.output_item.done', data: '{"item":3}' },
    { event: 'response.output_text.delta', data: '{"delta":7}' },
    { event: '', data: '[DONE]' },
    { event: 'constructor', data: '{}' },
  ];
  const kinds = nonsense.flatMap((one) => decoder.decode(one)).map((one) => one.kind);
  assert.ok(!kinds.includes('text-delta') && !kinds.includes('error'));
});

test('streamDecoder() tells an error event and nothing after it', () => {
  const error = { type: 'server_error', message: 'Sorry', status: 500, retryAfterMs: null, isQuota: false };
  const events = decode(created, event('error', { code: 'server_error', message: 'Sorry' }), completed());
  assert.deepEqual(events.slice(1), [{ kind: 'error', error }]);
});
