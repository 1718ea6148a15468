// Requests read from clients of the Responses API: what is refused, what is dropped and what becomes of the rest.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { ChatRequest } from '../../../server/wire/chat.ts';
import { objectAt } from '../../../server/wire/json.ts';
import { LOSSES, type Loss, LossList } from '../../../server/wire/losses.ts';
import { openaiResponsesCodec as codec } from '../../../server/wire/openai-responses/codec.ts';
import { WireError } from '../../../server/wire/scan.ts';

function decode(body: object): { request: ChatRequest; dropped: Loss[] } {
  const losses = new LossList();
  const request = codec.decodeRequest(body, { model: 'gpt-4.1', isStreamed: false, lose: losses.lose });
  return { request, dropped: losses.dropped };
}

for (const [name, body, path] of [
  ['a list', [], 'the request'],
  ['instructions that are no text', { instructions: 3 }, 'instructions'],
  ['an input that is a number', { input: 3 }, 'input'],
  ['an item that is a text', { input: ['hi'] }, 'input[0]'],
  ['an unknown role', { input: [{ role: 'tool', content: 'x' }] }, 'input[0].role'],
  ['content that is an object', { input: [{ role: 'user', content: {} }] }, 'input[0].content'],
  [
    'a text part without text',
    { input: [{ role: 'user', content: [{ type: 'input_text' }] }] },
    'input[0].content[0].text',
  ],
  [
    'a call without a name',
    { input: [{ type: 'function_call', call_id: 'c', arguments: '{}' }] },
    'input[0].name',
  ],
  [
    'arguments that are no text',
    { input: [{ type: 'function_call', call_id: 'c', name: 'f', arguments: {} }] },
    'input[0].arguments',
  ],
  ['an output without a call', { input: [{ type: 'function_call_output', output: 'x' }] }, 'input[0].id'],
  ['a tool without a name', { tools: [{ type: 'function' }] }, 'tools[0].name'],
  ['a temperature in words', { temperature: 'warm' }, 'temperature'],
  ['an unknown choice', { tool_choice: 'any' }, 'tool_choice'],
  ['an unknown effort', { reasoning: { effort: 'huge' } }, 'reasoning.effort'],
  ['a schema that is none', { text: { format: { type: 'json_schema', name: 'x' } } }, 'text.format.schema'],
] as const) {
  test(`decodeRequest() refuses ${name} by its path`, () => {
    const isIt = (error: unknown) =>
      error instanceof WireError &&
      error.code === 'invalid-field' &&
      error.message.includes(`Cannot read the request: ${path} must be`);
    assert.throws(() => decode(body), isIt);
  });
}

for (const [loss, body] of [
  ['kept-conversation', { previous_response_id: 'resp_1' }],
  ['kept-conversation', { conversation: 'conv_1' }],
  ['kept-conversation', { input: [{ type: 'item_reference', id: 'msg_1' }] }],
  ['kept-conversation', { input: [{ id: 'msg_1' }] }],
  ['kept-conversation', { input: [{ type: 'compaction', encrypted_content: 'x' }] }],
  ['kept-prompt', { prompt: { id: 'pmpt_1' } }],
  ['background', { background: true }],
  ['logprobs', { top_logprobs: 3 }],
  ['logprobs', { include: ['message.output_text.logprobs'] }],
  ['server-tool', { tools: [{ type: 'web_search' }] }],
  ['server-tool', { tools: [{ type: 'mcp', server_label: 'x' }] }],
  ['server-tool', { tools: [{ type: 'something_new' }] }],
  ['server-tool', { tool_choice: { type: 'file_search' } }],
  ['server-tool', { input: [{ type: 'web_search_call', id: 'ws_1', status: 'completed' }] }],
  ['server-tool', { input: [{ type: 'local_shell_call_output', id: 'x', output: '' }] }],
  ['unknown-block', { input: [{ type: 'something_new' }] }],
  ['unknown-block', { input: [{ role: 'user', content: [{ type: 'something_new' }] }] }],
] as const) {
  test(`decodeRequest() refuses ${JSON.stringify(body)}`, () => {
    assert.throws(
      () => decode(body),
      (error: unknown) =>
        error instanceof WireError &&
        error.code === 'cannot-translate' &&
        error.message.includes(LOSSES[loss].text),
    );
  });
}

for (const [loss, body] of [
  ['store', { store: true }],
  ['context-management', { truncation: 'auto' }],
  ['cache-setting', { prompt_cache_retention: '24h' }],
  ['cache-setting', { prompt_cache_options: { ttl: '30m' } }],
  ['metadata', { metadata: { topic: 'demo' } }],
  ['metadata', { client_metadata: { 'x-codex-installation-id': '1' } }],
  ['service-tier', { service_tier: 'priority' }],
  ['stream-option', { stream_options: { include_obfuscation: true } }],
  ['verbosity', { text: { verbosity: 'low' } }],
  ['reasoning-effort', { reasoning: { effort: 'xhigh' } }],
  ['unknown-field', { flavour: 'mint' }],
  [
    'citations',
    { input: [{ role: 'assistant', content: [{ type: 'output_text', text: 'x', annotations: [{}] }] }] },
  ],
] as const) {
  test(`decodeRequest() drops ${JSON.stringify(body)}`, () => {
    assert.deepEqual(decode(body).dropped, [loss]);
  });
}

test('decodeRequest() loses nothing of what asks for nothing', () => {
  const { dropped } = decode({
    model: 'gpt-4.1',
    input: 'Hi',
    stream: false,
    store: false,
    background: false,
    previous_response_id: null,
    conversation: null,
    prompt: null,
    include: ['reasoning.encrypted_content'],
    truncation: 'disabled',
    metadata: {},
    service_tier: 'auto',
    top_logprobs: 0,
    max_tool_calls: 3,
    stream_options: { include_obfuscation: false },
    text: { format: { type: 'text' }, verbosity: 'medium' },
    reasoning: { effort: null, summary: null },
    flavour: null,
  });
  assert.deepEqual(dropped, []);
});

test('decodeRequest() takes results of parallel calls as one turn and finds the names of their tools', () => {
  const { request } = decode({
    input: [
      { type: 'function_call', call_id: 'a', name: 'f', arguments: '{}' },
      { type: 'function_call', id: 'b', name: 'g', arguments: '{}' },
      { type: 'function_call_output', call_id: 'b', output: '' },
      { type: 'function_call_output', call_id: 'a', output: 'x' },
      { type: 'function_call_output', call_id: 'z', output: 'y' },
    ],
  });
  assert.deepEqual(
    request.messages.map(({ role, blocks }) => [role, blocks.length]),
    [
      ['assistant', 2],
      ['user', 3],
    ],
  );
  assert.deepEqual(
    request.messages[1]?.blocks.map((block) =>
      block.kind === 'tool-result' ? [block.callId, block.name] : null,
    ),
    [
      ['b', 'g'],
      ['a', 'f'],
      ['z', null],
    ],
  );
});

test('decodeRequest() keeps what the user said and a result apart', () => {
  const result = { type: 'function_call_output', call_id: 'a', output: 'x' };
  const { request } = decode({
    input: [{ role: 'user', content: 'Hi' }, result, { role: 'user', content: 'So?' }],
  });
  assert.deepEqual(
    request.messages.map(({ blocks }) => blocks.map((block) => block.kind)),
    [['text'], ['tool-result'], ['text']],
  );
});

test('decodeRequest() gives ids that every dialect accepts, the same for a call and its result', () => {
  const odd = `functions.bash:0/${'x'.repeat(80)}`;
  const call = { type: 'function_call', call_id: odd, name: 'f', arguments: '{}' };
  const { request } = decode({ input: [call, { type: 'function_call_output', call_id: odd, output: '' }] });
  const [asked, given] = request.messages.flatMap((message) => message.blocks);
  assert.ok(asked?.kind === 'tool-call' && given?.kind === 'tool-result');
  assert.match(asked.id, /^functions_bash_0_[A-Za-z0-9_-]{1,47}$/);
  assert.equal(given.callId, asked.id);
  const other = decode({ input: [{ ...call, call_id: `${odd}y` }] }).request.messages[0]?.blocks[0];
  assert.notEqual(other?.kind === 'tool-call' && other.id, asked.id);
});

test('decodeRequest() reads breakpoints by their lifetime', () => {
  const part = (ttl?: string) => ({
    type: 'input_text',
    text: 'x',
    prompt_cache_breakpoint: { mode: 'explicit', ttl },
  });
  const { request } = decode({ input: [{ role: 'user', content: [part(), part('30m'), part('12h')] }] });
  const marks = request.messages[0]?.blocks.map((block) => 'breakpoint' in block && block.breakpoint?.ttl);
  assert.deepEqual(marks, ['5m', '5m', '1h']);
});

test('decodeRequest() shows the text of a reasoning item that has no summary', () => {
  const item = { type: 'reasoning', summary: [], content: [{ type: 'reasoning_text', text: 'Hm.' }] };
  assert.deepEqual(decode({ input: [item] }).request.messages[0]?.blocks, [
    { kind: 'thinking', text: 'Hm.', seal: null },
  ]);
  assert.deepEqual(decode({ input: [{ type: 'reasoning', summary: [] }] }).request.messages, []);
});

for (const [name, choice, expected] of [
  ['none', 'none', { kind: 'none' }],
  ['required', 'required', { kind: 'required' }],
  ['a custom tool', { type: 'custom', name: 'g' }, { kind: 'tool', name: 'g' }],
  [
    'allowed tools',
    { type: 'allowed_tools', mode: 'required', tools: [{ type: 'function', name: 'f' }] },
    { kind: 'required' },
  ],
] as const) {
  test(`decodeRequest() reads the choice of ${name}`, () => {
    const tools = [
      { type: 'function', name: 'f', parameters: {} },
      { type: 'custom', name: 'g' },
    ];
    const { request } = decode({ tools, tool_choice: choice });
    assert.deepEqual(request.toolChoice, expected);
    assert.deepEqual(
      request.tools.map((tool) => tool.name),
      name === 'allowed tools' ? ['f'] : ['f', 'g'],
    );
  });
}

test('decodeRequest() makes functions of freeform tools, tools in namespaces and tools added by an item', () => {
  const grammar = { type: 'grammar', syntax: 'lark', definition: 'start: "x"' };
  const { request, dropped } = decode({
    tools: [
      { type: 'custom', name: 'apply_patch', description: 'Edits files.', format: grammar },
      {
        type: 'namespace',
        name: 'crm',
        description: '',
        tools: [{ type: 'function', name: 'find', parameters: {} }],
      },
    ],
    input: [
      { type: 'additional_tools', role: 'developer', tools: [{ type: 'custom', name: 'exec' }] },
      { type: 'custom_tool_call', call_id: 'c1', name: 'apply_patch', input: '*** "Begin"' },
      { type: 'custom_tool_call_output', call_id: 'c1', output: 'Done' },
      { type: 'function_call', call_id: 'c2', name: 'find', namespace: 'crm', arguments: '{}' },
    ],
  });
  assert.deepEqual(dropped, []);
  assert.deepEqual(
    request.tools.map((tool) => tool.name),
    ['apply_patch', 'crm__find', 'exec'],
  );
  const input = objectAt(objectAt(request.tools[0]?.parameters, 'properties'), 'input');
  assert.match(String(input.description), /lark grammar:\nstart: "x"/);
  const calls = request.messages.flatMap(({ blocks }) =>
    blocks.flatMap((block) => (block.kind === 'tool-call' ? [[block.name, block.arguments]] : [])),
  );
  assert.deepEqual(calls, [
    ['apply_patch', '{"input":"*** \\"Begin\\""}'],
    ['crm__find', '{}'],
  ]);
});
