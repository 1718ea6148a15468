// What was said comes out of a reason as it went in.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { saidIn, withSaid } from '../../server/gateway/said.ts';

test('saidIn() finds what withSaid() put in, brackets and all', () => {
  for (const said of ['429 rate_limit_error', 'getaddrinfo (ENOTFOUND) x', 'a\nb'])
    assert.equal(saidIn(withSaid('rate limited', said)), said);
  assert.equal(saidIn(`the account was disabled: ${withSaid('credential refused', '401')}`), '401');
});

test('saidIn() finds nothing in words of our own', () => {
  assert.deepEqual(['', 'too many failures lately', '(all of it)'].map(saidIn), [null, null, null]);
});
