// The scanner and its edits against JSON.parse, on generated documents.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { readField, replaceSpan, scanObject, WireError } from '../../server/wire/scan.ts';

const name = fc.constantFrom('model', 'stream', 'messages', 'a b', 'ä', '"', '__proto__', 'metadata', '');
/** Long texts full of quotes, backslashes and control characters: the part that is searched, not stepped through. */
const longText = fc
  .array(fc.constantFrom('x'.repeat(40), '"', '\\', '\n', '\\"', '😀', '{"model":"no"}', '\u0000'), {
    maxLength: 30,
  })
  .map((parts) => parts.join(''));
const value = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.constantFrom(null, true, false),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    longText,
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(name, tie('value'), { maxKeys: 4 }),
  ),
})).value;
const document = fc.uniqueArray(fc.tuple(name, value), { selector: ([field]) => field, maxLength: 6 });
const indent = fc.constantFrom(undefined, 1, '\t', ' \n ');

function jsonOf(fields: readonly (readonly [string, unknown])[], space: string | number | undefined): string {
  return JSON.stringify(Object.fromEntries(fields), null, space);
}

test('scanObject() finds every field where JSON.parse finds it', () => {
  fc.assert(
    fc.property(document, indent, (fields, space) => {
      const json = jsonOf(fields, typeof space === 'string' && space.includes('\n') ? 2 : space);
      const bytes = new TextEncoder().encode(json);
      const found = scanObject(bytes);
      const parsed: Record<string, unknown> = JSON.parse(json);
      assert.deepEqual([...found.keys()].sort(), Object.keys(parsed).sort());
      for (const field of found.keys()) {
        assert.deepEqual(
          readField(bytes, found, field),
          Object.getOwnPropertyDescriptor(parsed, field)?.value,
        );
      }
    }),
    { numRuns: 1_000 },
  );
});

test('replaceSpan() changes the one value and leaves every other byte', () => {
  fc.assert(
    fc.property(document, longText, fc.nat(), (fields, replacement, which) => {
      fc.pre(fields.length > 0);
      const bytes = new TextEncoder().encode(jsonOf(fields, undefined));
      const found = [...scanObject(bytes)];
      const [field, span] = found[which % found.length] ?? assert.fail();
      const edited = replaceSpan(bytes, span, replacement);
      const tail = bytes.length - span.end;
      assert.deepEqual(edited.subarray(0, span.start), bytes.subarray(0, span.start));
      assert.deepEqual(edited.subarray(edited.length - tail), bytes.subarray(span.end));
      assert.equal(readField(edited, scanObject(edited), field), replacement);
    }),
    { numRuns: 1_000 },
  );
});

test('scanObject() refuses every cut-off document, and never throws anything but a WireError', () => {
  fc.assert(
    fc.property(document, fc.nat(), (fields, place) => {
      const bytes = new TextEncoder().encode(jsonOf(fields, undefined));
      assert.throws(() => scanObject(bytes.subarray(0, place % bytes.length)), WireError);
    }),
    { numRuns: 1_000 },
  );
});

test('scanObject() takes any bytes for a document or throws a WireError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      try {
        scanObject(new Uint8Array([0x7b, ...bytes]));
      } catch (error) {
        assert.ok(error instanceof WireError);
      }
    }),
    { numRuns: 2_000 },
  );
});
