// Streams written for clients of the Responses API, read by the official SDK.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ChatEvent, ChatReply } from '../../../server/wire/chat.ts';
import { isObject, objectAt } from '../../../server/wire/json.ts';
import { openaiResponsesCodec as codec } from '../../../server/wire/openai-responses/codec.ts';
import { blocksOf } from './blocks.ts';
import { contextOf, emptyRequest } from './requests.ts';
import { block, call, encode, finish, readBySdk, start, usage, withoutParsed } from './streams.ts';

const everything: ChatEvent[] = [
  start,
  ...block(0, { kind: 'thinking' }, 'Let me ', 'think.'),
  ...block(1, { kind: 'text' }, 'I will ', 'look. 🌍'),
  ...block(2, { kind: 'text' }, 'Twice.'),
  { kind: 'block-start', index: 3, block: call('toolu_1') },
  { kind: 'block-start', index: 4, block: call('toolu_2') },
  { kind: 'arguments-delta', index: 3, json: '{"city":' },
  { kind: 'arguments-delta', index: 4, json: '{"city":"Rome"}' },
  { kind: 'arguments-delta', index: 3, json: '"Paris"}' },
  { kind: 'block-end', index: 4 },
  { kind: 'block-end', index: 3 },
  ...block(5, { kind: 'refusal' }, 'No ', 'more.'),
  ...block(6, call('toolu_3')),
  finish('tool-calls'),
];

const CASES: readonly (readonly [string, readonly ChatEvent[]])[] = [
  ['everything at once', everything],
  ['a text', [start, ...block(0, { kind: 'text' }, 'Hi'), finish()]],
  ['nothing', [start, finish()]],
  ['an answer that became too long', [start, ...block(0, { kind: 'text' }, 'Hi'), finish('max-tokens')]],
  ['a refusal', [start, ...block(0, { kind: 'refusal' }, 'No.'), finish('refusal')]],
  ['a refusal without words', [start, finish('refusal')]],
  [
    'thinking without words',
    [start, ...block(0, { kind: 'thinking' }), ...block(1, { kind: 'text' }, 'Hi'), finish()],
  ],
  [
    'texts that overlap a call',
    [
      start,
      { kind: 'block-start', index: 0, block: { kind: 'text' } },
      { kind: 'text-delta', index: 0, text: 'a' },
      { kind: 'block-start', index: 1, block: call('c') },
      { kind: 'text-delta', index: 0, text: 'b' },
      { kind: 'block-end', index: 0 },
      { kind: 'block-end', index: 1 },
      ...block(2, { kind: 'text' }, 'c'),
      finish('tool-calls'),
    ],
  ],
];

for (const [name, events] of CASES) {
  test(`streamEncoder() tells ${name} as the official SDK accepts it, the same as a whole reply`, async () => {
    const { final, seen } = await readBySdk(events);
    const end = events.at(-1);
    assert.ok(end?.kind === 'finish');
    const reply: ChatReply = {
      id: 'msg_01XYZ',
      blocks: blocksOf(events),
      stop: end.stop,
      stopSequence: null,
      usage,
    };
    const whole: unknown = JSON.parse(
      JSON.stringify(codec.encodeReply(reply, contextOf(emptyRequest('gpt-4.1')))),
    );
    assert.ok(isObject(whole));
    for (const [field, value] of Object.entries(whole)) {
      assert.deepEqual(withoutParsed(objectAt({ final }, 'final')[field]), value, field);
    }
    assert.equal(seen[0], 'response.created');
    assert.equal(seen.at(-1), `response.${final.status}`);
  });
}

test('streamEncoder() numbers its events and names item and place in each', () => {
  const events = encode(everything);
  for (const [at, fields] of events.entries()) assert.equal(fields.sequence_number, at);
  const itemIds = new Map<unknown, unknown>();
  for (const fields of events) {
    if (fields.type === 'response.output_item.added')
      itemIds.set(fields.output_index, objectAt(fields, 'item').id);
    if ('item_id' in fields) assert.equal(fields.item_id, itemIds.get(fields.output_index));
  }
  assert.deepEqual(
    [...itemIds.values()],
    [
      'rs_msg_01XYZ_0',
      'msg_msg_01XYZ_1',
      'fc_msg_01XYZ_2',
      'fc_msg_01XYZ_3',
      'msg_msg_01XYZ_4',
      'fc_msg_01XYZ_5',
    ],
  );
});

test('streamEncoder() gives a call without arguments an empty object', () => {
  const events = encode([start, ...block(0, call('c')), finish('tool-calls')]);
  const told = events.filter((fields) => String(fields.type).startsWith('response.function_call_arguments'));
  assert.deepEqual(
    told.map((fields) => fields.delta ?? fields.arguments),
    ['{}', '{}'],
  );
});

test('streamEncoder() tells a text in the order of the API', () => {
  const types = encode([start, ...block(0, { kind: 'text' }, 'Hi', '!'), finish()]).map(
    (fields) => fields.type,
  );
  assert.deepEqual(types, [
    'response.created',
    'response.in_progress',
    'response.output_item.added',
    'response.content_part.added',
    'response.output_text.delta',
    'response.output_text.delta',
    'response.output_text.done',
    'response.content_part.done',
    'response.output_item.done',
    'response.completed',
  ]);
});

test('streamEncoder() tells thinking in the order of the API', () => {
  const types = encode([start, ...block(0, { kind: 'thinking' }, 'Hm', '.'), finish()]).map(
    (fields) => fields.type,
  );
  assert.deepEqual(types.slice(2), [
    'response.output_item.added',
    'response.reasoning_summary_part.added',
    'response.reasoning_summary_text.delta',
    'response.reasoning_summary_text.delta',
    'response.reasoning_summary_text.done',
    'response.reasoning_summary_part.done',
    'response.output_item.done',
    'response.completed',
  ]);
});

test("streamEncoder() passes on its own dialect's seals and no others", () => {
  const sealed = (surface: 'openai-responses' | 'anthropic-messages'): ChatEvent[] => [
    start,
    { kind: 'block-start', index: 0, block: { kind: 'thinking' } },
    { kind: 'seal', index: 0, seal: { surface, value: 'sealed', id: null } },
    { kind: 'block-end', index: 0 },
    finish(),
  ];
  const item = (events: ChatEvent[]) =>
    objectAt(
      encode(events).find((fields) => fields.type === 'response.output_item.done'),
      'item',
    );
  assert.equal(item(sealed('openai-responses')).encrypted_content, 'sealed');
  assert.equal(item(sealed('anthropic-messages')).encrypted_content, undefined);
});

for (const [name, error, code] of [
  [
    'its own code',
    { type: 'context_length_exceeded', status: 400, isQuota: false },
    'context_length_exceeded',
  ],
  ["another dialect's overload", { type: 'overload', status: 529, isQuota: false }, 'server_is_overloaded'],
  [
    "another dialect's limit",
    { type: 'RESOURCE_EXHAUSTED', status: 429, isQuota: false },
    'rate_limit_exceeded',
  ],
  ['a spent budget', { type: 'RESOURCE_EXHAUSTED', status: 429, isQuota: true }, 'insufficient_quota'],
  ['a bad request', { type: 'INVALID_ARGUMENT', status: 400, isQuota: false }, 'invalid_prompt'],
  ['a failure', { type: 'INTERNAL', status: 500, isQuota: false }, 'server_error'],
] as const) {
  test(`streamEncoder() ends with ${name} as ${code}`, async () => {
    const failed: ChatEvent = { kind: 'error', error: { ...error, message: 'Sorry', retryAfterMs: null } };
    const partial: ChatEvent[] = [
      start,
      ...block(0, { kind: 'text' }, 'Hi'),
      ...block(1, call('c'), '{').slice(0, -1),
    ];
    const { final } = await readBySdk([...partial, failed]);
    assert.equal(final.status, 'failed');
    assert.deepEqual(final.error, { code, message: 'Sorry' });
    assert.equal(final.output_text, 'Hi');
    assert.equal((await readBySdk([failed])).final.status, 'failed');
  });
}

test('streamEncoder() says nothing after the end', () => {
  const encoder = codec.streamEncoder(contextOf(emptyRequest('gpt-4.1')));
  for (const event of [start, finish()]) encoder.encode(event);
  assert.deepEqual(encoder.encode(finish()), []);
  assert.deepEqual(encoder.encode({ kind: 'text-delta', index: 0, text: 'late' }), []);
});
