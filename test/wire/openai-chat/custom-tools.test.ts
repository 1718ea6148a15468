// Tools that take free text: functions for the other dialects, and custom tools again for the client.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ChatEvent, ChatReply, ReplyContext } from '../../../server/wire/chat.ts';
import { isObject, listAt, objectAt, parseJson } from '../../../server/wire/json.ts';
import { openaiChatCodec as codec } from '../../../server/wire/openai-chat/codec.ts';
import { NO_USAGE } from '../../../server/wire/usage.ts';

const grammar = { syntax: 'regex', definition: '[a-z]+' };
const BODY = {
  model: 'm',
  messages: [
    { role: 'user', content: 'Hi' },
    {
      role: 'assistant',
      content: null,
      tool_calls: [{ id: 'c1', type: 'custom', custom: { name: 'sql', input: 'SELECT "a"' } }],
    },
    { role: 'tool', tool_call_id: 'c1', content: '1' },
  ],
  tools: [
    {
      type: 'custom',
      custom: { name: 'sql', description: 'Asks.', format: { type: 'grammar', grammar } },
    },
  ],
  tool_choice: { type: 'custom', custom: { name: 'sql' } },
};
const request = codec.decodeRequest(BODY, {
  model: 'm',
  isStreamed: true,
  lose: (loss) => assert.fail(loss),
});
const context: ReplyContext = { model: 'm', createdAtMs: 0, request };

test('decodeRequest() reads a custom tool as a function with one text, and its calls as calls of that', () => {
  const [tool] = request.tools;
  assert.deepEqual(tool?.declaredAs, { isFreeform: true, name: 'sql', namespace: null });
  assert.match(JSON.stringify(tool?.parameters), /"input".*regex grammar:.*\[a-z\]\+/);
  assert.deepEqual(request.toolChoice, { kind: 'tool', name: 'sql' });
  const [call] = request.messages[1]?.blocks ?? [];
  assert.equal(call?.kind === 'tool-call' && call.arguments, '{"input":"SELECT \\"a\\""}');
});

test('encodeRequest() sends it as the function that every server knows', () => {
  const [, history] = listAt(
    codec.encodeRequest(request, (loss) => assert.fail(loss)),
    'messages',
  );
  const [call] = listAt(history, 'tool_calls');
  assert.equal(isObject(call) && call.type, 'function');
});

test('encodeReply() gives a call back as the client declared its tool', () => {
  const call = { kind: 'tool-call', id: 'c2', name: 'sql', seal: null, breakpoint: null } as const;
  const reply: ChatReply = {
    id: 'r',
    blocks: [
      { ...call, arguments: '{"input":"SELECT 1"}' },
      { ...call, id: 'c3', name: 'other', arguments: '' },
    ],
    stop: 'tool-calls',
    stopSequence: null,
    usage: NO_USAGE,
  };
  const [choice] = listAt(codec.encodeReply(reply, context), 'choices');
  assert.deepEqual(listAt(objectAt(choice, 'message'), 'tool_calls'), [
    { id: 'c2', type: 'custom', custom: { name: 'sql', input: 'SELECT 1' } },
    { id: 'c3', type: 'function', function: { name: 'other', arguments: '{}' } },
  ]);
});

test('streamEncoder() gives the input of a custom call when it is whole', () => {
  const events: ChatEvent[] = [
    { kind: 'start', id: 'r', usage: NO_USAGE },
    { kind: 'block-start', index: 0, block: { kind: 'tool-call', id: 'c2', name: 'sql' } },
    { kind: 'arguments-delta', index: 0, json: '{"input":"SEL' },
    { kind: 'arguments-delta', index: 0, json: 'ECT 1"}' },
    { kind: 'block-end', index: 0 },
    { kind: 'finish', stop: 'tool-calls', stopSequence: null, usage: NO_USAGE },
  ];
  const encoder = codec.streamEncoder(context);
  const deltas = events
    .flatMap((event) => encoder.encode(event))
    .flatMap(({ data }) => listAt(parseJson(data), 'choices'))
    .flatMap((choice) => listAt(objectAt(choice, 'delta'), 'tool_calls'));
  assert.deepEqual(deltas, [
    { index: 0, id: 'c2', type: 'custom', custom: { name: 'sql', input: '' } },
    { index: 0, custom: { input: 'SELECT 1' } },
  ]);
});
