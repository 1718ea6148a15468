// Pure parts of the router.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchPath, setupTokenOf, withParams } from '../../ui/src/lib/place.ts';

test('withParams sets, replaces and removes parameters and keeps the others', () => {
  assert.equal(withParams('?a=1&b=2', { b: '3', c: 'x y' }), '?a=1&b=3&c=x+y');
  assert.equal(withParams('?a=1&b=2', { a: null, b: '' }), '');
  assert.equal(withParams('', { q: '<script>&=' }), '?q=%3Cscript%3E%26%3D');
});

test('setupTokenOf reads the token of the fragment', () => {
  assert.equal(setupTokenOf('#setup=abc-_9'), 'abc-_9');
  assert.equal(setupTokenOf('#other=1'), null);
  assert.equal(setupTokenOf(''), null);
});

test('matchPath ignores trailing slashes and knows no other path', () => {
  const pages = ['/', '/requests'];
  assert.equal(matchPath('/', pages), '/');
  assert.equal(matchPath('/requests/', pages), '/requests');
  assert.equal(matchPath('/requests/1', pages), null);
  assert.equal(matchPath('//', pages), null);
});
