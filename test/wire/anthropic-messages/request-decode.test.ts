// What a Messages request means, what is lost of it and what is wrong with it.

import assert from 'node:assert/strict';
import test from 'node:test';
import { anthropicMessagesCodec as codec } from '../../../server/wire/anthropic-messages/codec.ts';
import type { Block, ChatRequest } from '../../../server/wire/chat.ts';
import { LossList } from '../../../server/wire/losses.ts';
import { WireError } from '../../../server/wire/scan.ts';

const plain = { model: 'claude-opus-4-6', max_tokens: 10, messages: [{ role: 'user', content: 'Hi' }] };

function decode(fields: object): { request: ChatRequest; dropped: string[] } {
  const losses = new LossList();
  const body = { ...plain, ...fields };
  const request = codec.decodeRequest(body, { model: 'm', isStreamed: false, lose: losses.lose });
  return { request, dropped: losses.dropped };
}

const asked = (...content: unknown[]) => ({ messages: [{ role: 'user', content }] });

for (const [loss, fields] of [
  ['metadata', { metadata: { user_id: 'u', team: 'x' } }],
  ['service-tier', { service_tier: 'auto' }],
  ['service-tier', { speed: 'fast' }],
  ['context-management', { context_management: { edits: [] } }],
  ['cache-setting', { diagnostics: { previous_message_id: null } }],
  ['unknown-field', { surprise: 0 }],
  ['unknown-field', { output_config: { task_budget: { total: 1 } } }],
  ['unknown-field', { tools: [{ name: 'a', input_schema: {}, defer_loading: true }] }],
  ['reasoning-effort', { output_config: { effort: 'max' } }],
  ['reasoning-effort', { thinking: { type: 'between_tools' } }],
  ['citations', asked({ type: 'text', text: 'x', citations: [{}] })],
  [
    'citations',
    asked({
      type: 'document',
      source: { type: 'text', media_type: 'text/plain', data: 'x' },
      citations: { enabled: true },
    }),
  ],
] as const) {
  test(`decodeRequest() notes ${loss} for ${JSON.stringify(fields).slice(0, 60)}`, () => {
    assert.deepEqual(decode(fields).dropped, [loss]);
  });
}

for (const [path, fields] of [
  ['mcp_servers', { mcp_servers: [{ type: 'url', url: 'https://mcp.example.com', name: 'x' }] }],
  ['container', { container: 'container_1' }],
  ['thread', { thread: { previous_message_id: 'msg_1' } }],
  ['tools.0', { tools: [{ type: 'web_search_20250305', name: 'web_search' }] }],
  ['tools.0', { tools: [{ type: 'bash_20250124', name: 'bash' }] }],
  ['messages.0.content.0', asked({ type: 'server_tool_use', id: 's', name: 'web_search', input: {} })],
  ['messages.0.content.0', asked({ type: 'web_search_tool_result', tool_use_id: 's', content: [] })],
  ['messages.0.content.0', asked({ type: 'mcp_tool_use', id: 's', name: 'x', input: {} })],
  ['messages.0.content.0', asked({ type: 'hologram' })],
  [
    'messages.0.content.0.content.0',
    asked({
      type: 'tool_result',
      tool_use_id: 'a',
      content: [{ type: 'tool_reference', tool_name: 'look' }],
    }),
  ],
] as const) {
  test(`decodeRequest() refuses to translate ${JSON.stringify(fields).slice(0, 60)}`, () => {
    assert.throws(
      () => decode(fields),
      (error) => error instanceof WireError && error.code === 'cannot-translate' && error.path === path,
    );
  });
}

for (const [path, fields] of [
  ['messages', { messages: 'Hi' }],
  ['messages.0', { messages: ['Hi'] }],
  ['messages.0.role', { messages: [{ role: 'tool', content: 'x' }] }],
  ['messages.0.content', { messages: [{ role: 'user', content: 5 }] }],
  ['messages.0.content.0.type', asked({ text: 'x' })],
  ['messages.0.content.0.text', asked({ type: 'text' })],
  ['messages.0.content.0.source', asked({ type: 'image' })],
  ['messages.0.content.0.source.type', asked({ type: 'image', source: { type: 'ftp' } })],
  [
    'messages.0.content.0.cache_control.ttl',
    asked({ type: 'text', text: 'x', cache_control: { ttl: '2h' } }),
  ],
  ['messages.0.content.0.id', asked({ type: 'tool_use', name: 'a', input: {} })],
  ['max_tokens', { max_tokens: '10' }],
  ['temperature', { temperature: 'hot' }],
  ['stop_sequences.0', { stop_sequences: [1] }],
  ['system.0.type', { system: [{ type: 'image' }] }],
  ['tools.0.name', { tools: [{ input_schema: {} }] }],
  ['tool_choice.type', { tool_choice: { type: 'maybe' } }],
  ['thinking.type', { thinking: { type: 'deep' } }],
  ['thinking.budget_tokens', { thinking: { type: 'enabled' } }],
  ['output_config.format.type', { output_config: { format: { type: 'xml' } } }],
] as const) {
  test(`decodeRequest() says that ${path} is wrong`, () => {
    assert.throws(
      () => decode(fields),
      (error) =>
        error instanceof WireError &&
        error.code === 'invalid-field' &&
        error.path === path &&
        error.message.startsWith(`Cannot read the request: ${path} must be `),
    );
  });
}

test('decodeRequest() leaves the billing line of Claude Code out', () => {
  const line = 'x-anthropic-billing-header: cc_version=2.1.0; cc_entrypoint=cli; cch=1a2b3;';
  const { request, dropped } = decode({
    system: [
      { type: 'text', text: line },
      { type: 'text', text: 'You are Claude Code.' },
    ],
  });
  assert.deepEqual(dropped, ['billing-line']);
  assert.deepEqual(request.system, [{ kind: 'text', text: 'You are Claude Code.', breakpoint: null }]);
  assert.equal(decode({ system: `${line}\nBe terse.` }).request.system[0]?.text, 'Be terse.');
});

test('decodeRequest() takes a missing ttl for 5 minutes and the mark at the top for the last block', () => {
  const marked = { type: 'text', text: 'a', cache_control: { type: 'ephemeral' } };
  const { request } = decode({
    messages: [{ role: 'user', content: [marked, { type: 'text', text: 'b' }] }],
    cache_control: { type: 'ephemeral', ttl: '1h' },
  });
  assert.deepEqual(request.messages[0]?.blocks, [
    { kind: 'text', text: 'a', breakpoint: { ttl: '5m' } },
    { kind: 'text', text: 'b', breakpoint: { ttl: '1h' } },
  ]);
});

test('decodeRequest() names the tool of a result and brings foreign ids into form', () => {
  const { request } = decode({
    messages: [
      { role: 'assistant', content: [{ type: 'tool_use', id: 'functions.look:0', name: 'look', input: {} }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'functions.look:0', content: 'ok' }] },
    ],
  });
  const blocks = request.messages.flatMap((message): Block[] => message.blocks);
  assert.ok(blocks[0]?.kind === 'tool-call' && blocks[1]?.kind === 'tool-result');
  assert.equal(blocks[0].id, 'functions_look_0_9a3a9af1ae388824');
  assert.equal(blocks[1].callId, blocks[0].id);
  assert.equal(blocks[1].name, 'look');
});

test('decodeRequest() takes an empty signature for none', () => {
  const content = [{ type: 'thinking', thinking: 'hm', signature: '' }];
  const { request } = decode({ messages: [{ role: 'assistant', content }] });
  assert.deepEqual(request.messages[0]?.blocks, [{ kind: 'thinking', text: 'hm', seal: null }]);
});

for (const [name, fields, expected] of [
  ['an effort alone', { output_config: { effort: 'low' } }, { effort: 'low', isVisible: false }],
  ['adaptive thinking', { thinking: { type: 'adaptive' } }, { isVisible: true }],
  ['omitted thinking', { thinking: { type: 'adaptive', display: 'omitted' } }, { isVisible: false }],
  [
    'a budget',
    { thinking: { type: 'enabled', budget_tokens: 2000 } },
    { budgetTokens: 2000, isVisible: true },
  ],
  ['no thinking', { thinking: { type: 'disabled' } }, { isEnabled: false, isVisible: false }],
] as const) {
  test(`decodeRequest() reads ${name}`, () => {
    assert.deepEqual(decode(fields).request.reasoning, {
      isEnabled: true,
      effort: null,
      budgetTokens: null,
      ...expected,
    });
  });
}

test('decodeRequest() reads the older output_format', () => {
  const format = { type: 'json_schema', schema: { type: 'object' } };
  assert.deepEqual(decode({ output_format: format }).request.outputFormat, {
    kind: 'json-schema',
    name: null,
    description: null,
    schema: { type: 'object' },
    isStrict: true,
  });
});

test('decodeRequest() keeps the texts of documents made of parts and of search results', () => {
  const parts = [
    { type: 'text', text: 'a' },
    { type: 'text', text: 'b' },
  ];
  const { request } = decode(
    asked(
      { type: 'document', source: { type: 'content', content: parts }, title: 'Doc' },
      { type: 'search_result', source: 'https://example.com', title: 'Hit', content: parts },
    ),
  );
  assert.deepEqual(
    request.messages[0]?.blocks.map((block) => block.kind === 'document' && block.source),
    [
      { kind: 'text', text: 'a\nb' },
      { kind: 'text', text: 'https://example.com\na\nb' },
    ],
  );
});
