// Freeform tools and tools in a namespace: calls go back to the client in the form in which it declared them.

import assert from 'node:assert/strict';
import test from 'node:test';
import { openaiResponsesCodec as codec } from '../../../server/wire/openai-responses/codec.ts';
import { block, call, finish, readBySdk, start, withoutParsed } from './streams.ts';

test('streamEncoder() gives calls back in the form in which the client declared their tools', async () => {
  const request = codec.decodeRequest(
    {
      input: 'Hi',
      tools: [
        { type: 'custom', name: 'apply_patch', description: 'Edits files.' },
        {
          type: 'namespace',
          name: 'crm',
          description: '',
          tools: [{ type: 'function', name: 'find', parameters: {} }],
        },
        { type: 'function', name: 'apply_patch__x', parameters: {} },
      ],
      tool_choice: { type: 'custom', name: 'apply_patch' },
    },
    { model: 'gpt-4.1', isStreamed: true, lose: (loss) => assert.fail(loss) },
  );
  const events = [
    start,
    ...block(0, call('c1', 'apply_patch'), '{"input":"*** ', '\\"Begin\\""}'),
    ...block(1, call('c2', 'crm__find'), '{"q":1}'),
    ...block(2, call('c3', 'apply_patch'), 'no JSON'),
    ...block(3, call('c4', 'apply_patch__x'), '{}'),
    finish('tool-calls'),
  ];
  const { final, seen } = await readBySdk(events, request);
  assert.deepEqual(
    final.output.map((item) => withoutParsed(item)),
    [
      {
        id: 'ctc_msg_01XYZ_0',
        type: 'custom_tool_call',
        status: 'completed',
        call_id: 'c1',
        name: 'apply_patch',
        input: '*** "Begin"',
      },
      {
        id: 'fc_msg_01XYZ_1',
        type: 'function_call',
        status: 'completed',
        call_id: 'c2',
        name: 'find',
        namespace: 'crm',
        arguments: '{"q":1}',
      },
      {
        id: 'ctc_msg_01XYZ_2',
        type: 'custom_tool_call',
        status: 'completed',
        call_id: 'c3',
        name: 'apply_patch',
        input: 'no JSON',
      },
      {
        id: 'fc_msg_01XYZ_3',
        type: 'function_call',
        status: 'completed',
        call_id: 'c4',
        name: 'apply_patch__x',
        arguments: '{}',
      },
    ],
  );
  assert.ok(seen.includes('response.custom_tool_call_input.done'));
  assert.deepEqual(
    final.tools.map((tool) => tool.type),
    ['custom', 'namespace', 'function'],
  );
  assert.deepEqual(final.tool_choice, { type: 'custom', name: 'apply_patch' });
});
