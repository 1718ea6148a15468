// Edits of a request's bytes mean what they say and change nothing else.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { PromptOutline } from '../../server/wire/outline.ts';
import { scanRequest } from '../../server/wire/prompt-scan.ts';
import { withMarks, withMarkTtl, withTextField } from '../../server/wire/request-edit.ts';

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function outlineOf(bytes: Uint8Array): PromptOutline {
  const { outline } = scanRequest(bytes, 'anthropic-messages');
  assert.ok(outline);
  return outline;
}

function marked(text: string): { text: string; placed: number } {
  const bytes = encode(text);
  const edited = withMarks(bytes, outlineOf(bytes));
  assert.equal(decode(bytes), text);
  return { text: decode(edited.bytes), placed: edited.placed };
}

const MARK = '"cache_control":{"type":"ephemeral"}';
const MARKED: readonly [what: string, before: string, after: string, placed: number][] = [
  [
    'the ends of tools, system and the last message',
    '{ "tools": [{"name":"a"},{"name":"b" }], "system":[{"type":"text","text":"x"}],\n"messages":[{"role":"user","content":[{"type":"text","text":"é"}]}], "n": 1.0e2 }',
    `{ "tools": [{"name":"a"},{"name":"b" ,${MARK}}], "system":[{"type":"text","text":"x",${MARK}}],\n"messages":[{"role":"user","content":[{"type":"text","text":"é",${MARK}}]}], "n": 1.0e2 }`,
    3,
  ],
  [
    'texts, as blocks',
    '{"messages":[{"role":"user","content":"a"},{"content":"say \\"b\\"","role":"user"}],"system" : "x\\u00e9"}',
    `{"messages":[{"role":"user","content":"a"},{"content":[{"type":"text","text":"say \\"b\\"",${MARK}}],"role":"user"}],"system" : [{"type":"text","text":"x\\u00e9",${MARK}}]}`,
    2,
  ],
  [
    'no thinking and no empty text, but what comes before',
    '{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a"},{"type":"thinking","thinking":"x"},{"type":"redacted_thinking","data":"x"},{"type":"text","text":""}]}]}',
    `{"messages":[{"role":"assistant","content":[{"type":"tool_use","id":"a",${MARK}},{"type":"thinking","thinking":"x"},{"type":"redacted_thinking","data":"x"},{"type":"text","text":""}]}]}`,
    1,
  ],
  [
    'only the last message, even when nothing of it can be marked',
    '{"system":"","messages":[{"role":"user","content":"a"},{"role":"user","content":""}]}',
    '{"system":"","messages":[{"role":"user","content":"a"},{"role":"user","content":""}]}',
    0,
  ],
  [
    'no billing note, and no tool that is only searched for',
    '{"tools":[{"name":"a"},{"name":"b","defer_loading":true}],"system":[{"type":"text","text":"s"},{"type":"text","text":"x-anthropic-billing-header: a"}]}',
    `{"tools":[{"name":"a",${MARK}},{"name":"b","defer_loading":true}],"system":[{"type":"text","text":"s",${MARK}},{"type":"text","text":"x-anthropic-billing-header: a"}]}`,
    2,
  ],
  [
    'no block that says null for a mark',
    '{"system":[{"type":"text","text":"s","cache_control":null}],"messages":["a",{"role":"user","content":["x"]}]}',
    '{"system":[{"type":"text","text":"s","cache_control":null}],"messages":["a",{"role":"user","content":["x"]}]}',
    0,
  ],
  ['an empty object', '{"tools":[{ }]}', `{"tools":[{ ${MARK}}]}`, 1],
  [
    "nothing where the client's own mark is",
    `{"system":"x","messages":[{"role":"user","content":[{"type":"text","text":"a",${MARK}}]}]}`,
    `{"system":"x","messages":[{"role":"user","content":[{"type":"text","text":"a",${MARK}}]}]}`,
    0,
  ],
  ['nothing where caching is automatic', `{${MARK},"system":"x"}`, `{${MARK},"system":"x"}`, 0],
];
for (const [what, before, after, placed] of MARKED) {
  test(`withMarks() marks ${what}`, () => {
    assert.deepEqual(marked(before), { text: after, placed });
    JSON.parse(after);
  });
}

test('withMarks() leaves requests of other dialects as they are', () => {
  const bytes = encode('{"messages":[{"role":"user","content":"a"}]}');
  const { outline } = scanRequest(bytes, 'openai-chat');
  assert.ok(outline);
  assert.deepEqual(withMarks(bytes, outline), { bytes, placed: 0 });
});

const TTL: readonly [what: string, before: string, after: string][] = [
  [
    'on all marks when none states one',
    '{"cache_control":{ },"system":[{"type":"text","text":"x","cache_control":{"type":"ephemeral" }}],"messages":[{"role":"user","content":[{"type":"tool_result","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}]}]}]}',
    '{"cache_control":{ "ttl":"1h"},"system":[{"type":"text","text":"x","cache_control":{"type":"ephemeral" ,"ttl":"1h"}}],"messages":[{"role":"user","content":[{"type":"tool_result","content":[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}}]}]}]}',
  ],
  ...['"5m"', '"1h"', 'null', '"30m"'].map((ttl): [string, string, string] => {
    const body = `{"tools":[{"name":"a",${MARK}}],"system":[{"type":"text","text":"x","cache_control":{"ttl":${ttl}}}]}`;
    return [`nowhere when one states ${ttl}`, body, body];
  }),
  ['nowhere without marks', '{"system":"x"}', '{"system":"x"}'],
];
for (const [what, before, after] of TTL) {
  test(`withMarkTtl() sets a lifetime ${what}`, () => {
    const bytes = encode(before);
    assert.equal(decode(withMarkTtl(bytes, outlineOf(bytes), '1h')), after);
    assert.equal(decode(bytes), before);
  });
}

test('withMarkTtl() is not confused by a text that speaks of marks', () => {
  const text = JSON.stringify({
    messages: [{ role: 'user', content: `{${MARK},"ttl":"5m"}` }],
    system: [{ type: 'text', text: 'x', cache_control: {} }],
  });
  const bytes = encode(text);
  assert.equal(
    decode(withMarkTtl(bytes, outlineOf(bytes), '1h')),
    text.replace('"cache_control":{}', '"cache_control":{"ttl":"1h"}'),
  );
});

for (const [before, after] of [
  ['{"a":1}', '{"a":1,"prompt_cache_key":"k\\"1"}'],
  [' { "a" : {} }\n', ' { "a" : {} ,"prompt_cache_key":"k\\"1"}\n'],
  ['{ }', '{ "prompt_cache_key":"k\\"1"}'],
] as const) {
  test(`withTextField() adds a field to ${JSON.stringify(before)}`, () => {
    assert.equal(decode(withTextField(encode(before), 'prompt_cache_key', 'k"1')), after);
    JSON.parse(after);
  });
}

const text = fc.constantFrom('', 'a', 'say "b"\\', 'née\n', '😀');
const block = fc.oneof(
  fc.record({ type: fc.constant('text'), text }),
  fc.record({
    type: fc.constant('tool_result'),
    content: fc.oneof(text, fc.array(fc.record({ type: fc.constant('text'), text }))),
  }),
  fc.record({ type: fc.constant('thinking'), thinking: text }),
);
const body = fc.record(
  {
    tools: fc.array(fc.record({ name: text, input_schema: fc.object({ maxDepth: 1 }) }), { maxLength: 3 }),
    system: fc.oneof(text, fc.array(fc.record({ type: fc.constant('text'), text }), { maxLength: 3 })),
    messages: fc.array(
      fc.record({
        role: fc.constantFrom('user', 'assistant'),
        content: fc.oneof(text, fc.array(block, { maxLength: 3 })),
      }),
      {
        minLength: 1,
        maxLength: 4,
      },
    ),
  },
  { requiredKeys: ['messages'] },
);

test('withMarks() changes neither content nor hashes, whatever the request', () => {
  fc.assert(
    fc.property(body, fc.constantFrom(undefined, 2), (value, indent) => {
      const bytes = encode(JSON.stringify(value, null, indent));
      const { outline } = scanRequest(bytes, 'anthropic-messages');
      if (!outline) return;
      const { bytes: edited, placed } = withMarks(bytes, outline);
      const after = outlineOf(edited);
      assert.equal(after.marks.length, placed);
      assert.deepEqual(
        after.cuts.map(({ hash, bytes: length }) => [hash, length]),
        outline.cuts.map(({ hash, bytes: length }) => [hash, length]),
      );
      assert.deepEqual(plain(JSON.parse(decode(edited))), plain(value));
      const lasting = outlineOf(withMarkTtl(edited, after, '1h'));
      assert.deepEqual(
        lasting.marks.map(({ ttl }) => ttl),
        Array(placed).fill('1h'),
      );
    }),
    { numRuns: 500 },
  );
});

/** Without marks, and with texts as blocks. */
function plain(value: unknown): unknown {
  const asBlocks = (_: string, inner: unknown) => inner;
  return JSON.parse(JSON.stringify(value, asBlocks), (name, inner) => {
    if (name === 'cache_control') return undefined;
    return (name === 'content' || name === 'system') && typeof inner === 'string'
      ? [{ type: 'text', text: inner }]
      : inner;
  });
}
