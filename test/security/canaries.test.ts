// The search for canaries finds them however they are written, and nothing where there is none.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import test from 'node:test';
import { CANARIES, canariesIn, spellings } from './canaries.ts';

const SECRET = CANARIES.apiKey;

for (const [kind, spelling] of spellings(SECRET)) {
  test(`canariesIn finds the spelling ${kind} ${spelling.slice(0, 6)}`, () => {
    assert.notDeepEqual(canariesIn(`before ${spelling} after`, { SECRET }), []);
  });
}

for (const before of ['', 'u', 'us', 'user:']) {
  test(`canariesIn finds the base64 of a secret after "${before}"`, () => {
    const text = Buffer.from(`${before}${SECRET}:and more`).toString('base64');
    assert.deepEqual(canariesIn(text, { SECRET }).slice(0, 1), ['SECRET (base64)']);
  });
}

test('canariesIn finds nothing where nothing is', () => {
  assert.deepEqual(canariesIn(`${SECRET.slice(1)} ${SECRET.toLowerCase()}`, { SECRET }), []);
});
