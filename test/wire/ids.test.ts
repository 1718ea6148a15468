// Ids that every dialect accepts.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { safeId, shortText } from '../../server/wire/ids.ts';

test('safeId() gives any id one accepted form, and that form itself', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme', maxLength: 120 }),
      fc.integer({ min: 20, max: 64 }),
      (id, max) => {
        const safe = safeId(id, max);
        assert.match(safe, /^[A-Za-z0-9_-]+$/);
        assert.ok(safe.length <= max);
        assert.equal(safeId(safe, max), safe);
      },
    ),
  );
});

test('safeId() keeps ids as they are that are accepted, and ids apart that are not', () => {
  assert.equal(safeId('toolu_01A-b'), 'toolu_01A-b');
  const odd = [
    'functions.look:0',
    'functions.look_0',
    'functions_look:0',
    '',
    `${'a'.repeat(70)}b`,
    'a'.repeat(71),
  ];
  assert.equal(new Set(odd.map((id) => safeId(id))).size, odd.length);
  assert.match(safeId('functions.look:0'), /^functions_look_0_[0-9a-f]{16}$/);
});

test('shortText() cuts a long text and tells it from others with the same beginning', () => {
  const long = 'session '.repeat(20);
  assert.equal(shortText('session 1'), 'session 1');
  assert.equal(shortText(long).length, 64);
  assert.notEqual(shortText(`${long}1`), shortText(`${long}2`));
});
