// Whole replies for clients of the Responses API: the request is echoed in them.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ChatRequest } from '../../../server/wire/chat.ts';
import { isObject, listAt, textAt } from '../../../server/wire/json.ts';
import { openaiResponsesCodec as codec } from '../../../server/wire/openai-responses/codec.ts';
import { NO_USAGE } from '../../../server/wire/usage.ts';
import { contextOf, emptyRequest } from './requests.ts';

test('encodeReply() echoes what the request asked for', () => {
  const request: ChatRequest = {
    ...emptyRequest('gpt-5.6'),
    system: [{ kind: 'text', text: 'Be brief.', breakpoint: null }],
    maxOutputTokens: 100,
    reasoning: { isEnabled: true, effort: 'low', budgetTokens: null, isVisible: true },
    outputFormat: { kind: 'json' },
    toolChoice: { kind: 'none' },
    allowsParallelCalls: false,
  };
  const told = codec.encodeReply(
    { id: 'x'.repeat(80), blocks: [], stop: 'end', stopSequence: null, usage: NO_USAGE },
    contextOf(request),
  );
  assert.ok(isObject(told));
  assert.match(textAt(told, 'id') ?? '', /^resp_x{30,}[x_0-9a-f]+$/);
  assert.ok((textAt(told, 'id') ?? '').length <= 64);
  const {
    created_at,
    model,
    instructions,
    max_output_tokens,
    parallel_tool_calls,
    reasoning,
    text,
    tool_choice,
    store,
  } = told;
  assert.deepEqual(
    {
      created_at,
      model,
      instructions,
      max_output_tokens,
      parallel_tool_calls,
      reasoning,
      text,
      tool_choice,
      store,
      usage: told.usage,
    },
    {
      created_at: 1_741_476_542,
      model: 'gpt-4.1',
      instructions: 'Be brief.',
      max_output_tokens: 100,
      parallel_tool_calls: false,
      reasoning: { effort: 'low', summary: 'auto' },
      text: { format: { type: 'json_object' } },
      tool_choice: 'none',
      store: false,
      usage: null,
    },
  );
  assert.equal(listAt(told, 'output').length, 0);
});

for (const [name, reply] of [
  ['a list', []],
  ['nothing', null],
  ['an error body', { error: { message: 'Sorry' } }],
  ['output that is no list', { id: 'resp_1', output: 'Hi' }],
] as const) {
  test(`decodeReply() refuses ${name}`, () => {
    assert.throws(() => codec.decodeReply(reply), /Cannot read the reply: output must be a list/);
  });
}

test('decodeReply() leaves out what is no part of the answer', () => {
  const output = [{ type: 'web_search_call' }, 3, { type: 'message', content: [{ type: 'other' }] }];
  const { id, blocks, stop } = codec.decodeReply({ output });
  assert.deepEqual({ id, blocks, stop }, { id: '', blocks: [], stop: 'end' });
});
