// The array reader gives the same elements whatever the chunking.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { JsonArrayReader } from '../../server/wire/json-array.ts';

const encode = (text: string) => new TextEncoder().encode(text);

function readAll(text: string, cuts: readonly number[] = []): string[] {
  const bytes = encode(text);
  const reader = new JsonArrayReader();
  const elements: string[] = [];
  let start = 0;
  for (const cut of [...cuts].sort((a, b) => a - b)) {
    elements.push(...reader.feed(bytes.subarray(start, cut)).map(({ data }) => data));
    start = Math.max(start, cut);
  }
  elements.push(...reader.feed(bytes.subarray(start)).map(({ data }) => data));
  return elements;
}

const CASES: [string, string, string[]][] = [
  ['an empty array', ' [ \r\n] ', []],
  ['objects between commas and line ends', '[{"a":1}\n,\r\n{"b":[2]}\n]\n', ['{"a":1}', '{"b":[2]}']],
  ['brackets, quotes and commas inside texts', '[{"a":"]}\\",["},"\\\\"]', ['{"a":"]}\\",["}', '"\\\\"']],
  ['arrays inside', '[[1,[2]],{"a":[]}]', ['[1,[2]]', '{"a":[]}']],
  ['scalars', '[1,true ,"x"\n,null]', ['1', 'true', '"x"', 'null']],
  ['text beyond ASCII', '[{"a":"猫🐈é"}]', ['{"a":"猫🐈é"}']],
  ['an unfinished element', '[{"a":1},{"b"', ['{"a":1}']],
  ['a single object in no array', '{"error":{"code":500}}\n', ['{"error":{"code":500}}']],
];

for (const [name, text, expected] of CASES) {
  test(`JsonArrayReader reads ${name}, whole and cut at every byte`, () => {
    assert.deepEqual(readAll(text), expected);
    for (let cut = 0; cut <= encode(text).length; cut++) {
      assert.deepEqual(readAll(text, [cut]), expected, `cut at ${cut}`);
    }
    const everyByte = Array.from({ length: encode(text).length }, (_, index) => index);
    assert.deepEqual(readAll(text, everyByte), expected);
  });
}

test('JsonArrayReader gives back the elements of any array, cut anywhere', () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue(), { maxLength: 5 }),
      fc.nat(2),
      fc.array(fc.nat(200), { maxLength: 6 }),
      (values, indent, cuts) => {
        const text = JSON.stringify(values, null, indent);
        const inside = cuts.filter((cut) => cut <= encode(text).length);
        const elements = readAll(text, inside).map((element): unknown => JSON.parse(element));
        assert.deepEqual(elements, JSON.parse(text));
      },
    ),
    { numRuns: 500 },
  );
});

test('JsonArrayReader.isInsideEvent tells whether bytes written now would land inside an element', () => {
  const reader = new JsonArrayReader();
  const states = ['[', '{"a":', '"}"', '}', ',', '\r\n', '{', '}', ']'].map((chunk) => {
    reader.feed(encode(chunk));
    return reader.isInsideEvent;
  });
  assert.deepEqual(states, [false, true, true, false, false, false, true, false, false]);
});

test('JsonArrayReader skips an element longer than 32 MB and reads on', () => {
  const reader = new JsonArrayReader();
  const filler = encode('x'.repeat(8 * 1024 * 1024));
  const events = [encode('[{"a":"'), filler, filler, filler, filler, encode('y"},{"b":1}]')].flatMap(
    (chunk) => reader.feed(chunk),
  );
  assert.deepEqual(events, [{ event: '', data: '{"b":1}' }]);
});
