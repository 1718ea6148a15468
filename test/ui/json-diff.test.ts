// What differs between the client's body and the one sent on.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Json } from '../../ui/src/lib/json.ts';
import { treeOf } from '../../ui/src/pages/requests/detail/event-text.ts';
import { type Change, diffJson } from '../../ui/src/pages/requests/detail/json-diff.ts';

for (const { name, before, after, changes } of [
  { name: 'the same', before: { a: [1, { b: null }] }, after: { a: [1, { b: null }] }, changes: [] },
  {
    name: 'the same in another order of names',
    before: { a: 1, b: 2 },
    after: { b: 2, a: 1 },
    changes: [],
  },
  {
    name: 'a value',
    before: { model: 'sonnet' },
    after: { model: 'claude-sonnet-5' },
    changes: [{ kind: 'changed', path: 'model', before: 'sonnet', after: 'claude-sonnet-5' }],
  },
  {
    name: 'null and nothing',
    before: { a: null },
    after: { b: null },
    changes: [
      { kind: 'removed', path: 'a', before: null },
      { kind: 'added', path: 'b', after: null },
    ],
  },
  {
    name: 'a mark deep inside',
    before: { messages: [{ content: [{ text: 'a' }] }, { content: [{ text: 'b' }] }] },
    after: { messages: [{ content: [{ text: 'a' }] }, { content: [{ text: 'b', mark: { ttl: '1h' } }] }] },
    changes: [{ kind: 'added', path: 'messages[1].content[0].mark', after: { ttl: '1h' } }],
  },
  {
    name: 'an element put before the others',
    before: { messages: ['a', 'b', 'c'] },
    after: { messages: ['system', 'a', 'b', 'c'] },
    changes: [{ kind: 'added', path: 'messages[0]', after: 'system' }],
  },
  {
    name: 'an element gone from the middle, and the last one changed',
    before: ['a', 'b', 'c', { d: 1 }],
    after: ['a', 'c', { d: 2 }],
    changes: [
      { kind: 'removed', path: '[1]', before: 'b' },
      { kind: 'changed', path: '[2].d', before: 1, after: 2 },
    ],
  },
  {
    name: 'another kind of value',
    before: { content: 'hi' },
    after: { content: [{ text: 'hi' }] },
    changes: [{ kind: 'changed', path: 'content', before: 'hi', after: [{ text: 'hi' }] }],
  },
  {
    name: 'the whole',
    before: 1,
    after: 'x',
    changes: [{ kind: 'changed', path: '$', before: 1, after: 'x' }],
  },
  {
    name: 'odd names',
    before: { 'a b': { '0': 1 } },
    after: { 'a b': { '0': 2 } },
    changes: [{ kind: 'changed', path: '["a b"]["0"]', before: 1, after: 2 }],
  },
  {
    name: 'names that objects have by themselves',
    before: {},
    after: JSON.parse('{"__proto__": 1, "constructor": 2}'),
    changes: [
      { kind: 'added', path: '__proto__', after: 1 },
      { kind: 'added', path: 'constructor', after: 2 },
    ],
  },
] as { name: string; before: Json; after: Json; changes: Change[] }[]) {
  test(`diffJson() tells ${name}`, () =>
    assert.deepEqual(diffJson(before, after), { changes, isCut: false }));
}

test('diffJson() ends after 300 changes and says so', () => {
  const before = Array.from({ length: 1_000 }, (_, index) => index);
  const { changes, isCut } = diffJson(
    before,
    before.map((value) => -1 - value),
  );
  assert.deepEqual([changes.length, isCut], [300, true]);
  assert.deepEqual(changes[0], { kind: 'changed', path: '[0]', before: 0, after: -1 });
});

test('diffJson() finds nothing exactly where both are the same', () => {
  const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)) as Json);
  fc.assert(
    fc.property(json, json, (one, other) => {
      assert.deepEqual(diffJson(one, one).changes, []);
      const isSame = canonical(one) === canonical(other);
      assert.equal(diffJson(one, other).changes.length === 0, isSame);
    }),
  );
});

/** Names in order. */
function canonical(value: Json): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

for (const { name, text, tree } of [
  { name: 'a value', text: '{"a":[1]}', tree: { a: [1] } },
  {
    name: 'the events of a stream',
    text: 'event: start\ndata: {"a":1}\n\n: ping\n\ndata: {"b":\ndata: 2}\r\n\r\ndata: [DONE]\n\n',
    tree: [{ a: 1 }, { b: 2 }, '[DONE]'],
  },
  { name: 'a stream that was cut', text: 'data: {"a":1}\n\ndata: {"a', tree: [{ a: 1 }, '{"a'] },
  { name: 'no text', text: '', tree: undefined },
  { name: 'a text that is neither', text: '{"a":', tree: undefined },
  { name: 'a page', text: '<html>data: 1</html>', tree: undefined },
]) {
  test(`treeOf() reads ${name}`, () => assert.deepEqual(treeOf(text), tree));
}
