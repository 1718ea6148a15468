// The byte scanner agrees with JSON.parse on what is JSON and where its top-level fields stand.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { readField, replaceSpan, scanObject, WireError } from '../../server/wire/scan.ts';

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);

function isAccepted(text: string): boolean {
  try {
    scanObject(encode(text));
    return true;
  } catch (error) {
    assert.ok(error instanceof WireError);
    return false;
  }
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}

test('scanObject() finds every field of any object, with the value JSON.parse gives', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string(), fc.jsonValue()),
      fc.constantFrom(undefined, 2, '\t'),
      (object, indent) => {
        const bytes = encode(JSON.stringify(object, null, indent));
        const fields = scanObject(bytes);
        const expected: unknown = JSON.parse(decode(bytes));
        const found = Object.fromEntries(
          [...fields.keys()].map((name) => [name, readField(bytes, fields, name)]),
        );
        assert.deepEqual({ ...found }, { ...(expected as object) });
      },
    ),
    { numRuns: 500 },
  );
});

test('scanObject() accepts exactly what JSON.parse accepts, also after random damage', () => {
  const damage = fc.record({
    at: fc.nat(400),
    cut: fc.nat(3),
    insert: fc.constantFrom('', ',', '"', '}', '[', '\\', '0', '-', ' ', 'e'),
  });
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), damage, (object, { at, cut, insert }) => {
      const whole = JSON.stringify(object);
      const text = whole.slice(0, at) + insert + whole.slice(at + cut);
      const names = [...text.matchAll(/"/g)].length;
      // Damage may repeat a field, which JSON.parse lets pass and the scanner refuses on purpose.
      if (isJsonObject(text) && !isAccepted(text)) assert.ok(names >= 4, text);
      else assert.equal(isAccepted(text), isJsonObject(text), text);
    }),
    { numRuns: 2_000 },
  );
});

for (const text of [
  '',
  ' ',
  'null',
  '[]',
  '{"a":1',
  '{"a":1}x',
  '{"a":1,}',
  '{"a":[1,,2]}',
  '{"a":{"b"}}',
  '{"a":01}',
  '{"a":+1}',
  '{"a":1.}',
  '{"a":tru}',
  '{"a":"\u0001"}',
  '{"a":"\\x"}',
  '{"a":"\\u12g4"}',
  "{'a':1}",
]) {
  test(`scanObject() refuses ${JSON.stringify(text)}`, () => {
    assert.throws(() => scanObject(encode(text)), { name: 'WireError', code: 'invalid-json' });
  });
}

test('scanObject() refuses a field that occurs twice, whatever its spelling', () => {
  assert.throws(() => scanObject(encode('{"model":"a","mod\\u0065l":"b"}')), {
    code: 'duplicate-field',
    path: 'model',
  });
});

test('scanObject() reads 100,000 levels of nesting', () => {
  const deep = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)},"b":2}`;
  assert.equal(readField(encode(deep), scanObject(encode(deep)), 'b'), 2);
});

test('scanObject() does not mistake __proto__ for anything but a field', () => {
  assert.deepEqual(
    [...scanObject(encode('{"__proto__":{"x":1},"constructor":2}')).keys()],
    ['__proto__', 'constructor'],
  );
});

test('replaceSpan() changes the value and not one byte else', () => {
  const text = '{ "stream" :true,\n"model":"old" , "n": 1.0e2, "u":"\\u00e9"}';
  const bytes = encode(text);
  const span = scanObject(bytes).get('model');
  assert.ok(span);
  assert.equal(decode(replaceSpan(bytes, span, 'né"w')), text.replace('"old"', '"né\\"w"'));
});
