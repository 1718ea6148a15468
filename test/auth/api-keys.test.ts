// API keys: made, hashed, masked, and found in a request.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hashSecret, issueApiKey, lastFour, maskSecret, presentedKey } from '../../server/auth/api-keys.ts';

test('issueApiKey makes a new prefixed key with its hash and mask', () => {
  const [first, second] = [issueApiKey(), issueApiKey()];
  assert.match(first.secret, /^wp_[\w-]{43}$/);
  assert.notEqual(first.secret, second.secret);
  assert.equal(first.hash, hashSecret(first.secret));
  assert.equal(first.masked, `${first.secret.slice(0, 4)}…${first.secret.slice(-4)}`);
});

test('hashSecret is the hex SHA-256 of the whole secret', () => {
  assert.equal(hashSecret('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

const MASKS = [
  { secret: '', masked: '••••••••', last4: '••••' },
  { secret: 'short', masked: '••••••••', last4: '••••' },
  { secret: '123456789012345', masked: '••••••••', last4: '••••' },
  { secret: '1234567890123456', masked: '1234…3456', last4: '3456' },
  { secret: 'sk-ant-api03-abcdefgh-WXYZ', masked: 'sk-a…WXYZ', last4: 'WXYZ' },
];
for (const { secret, masked, last4 } of MASKS) {
  test(`maskSecret and lastFour show at most 8 and 4 of ${secret.length} characters`, () => {
    assert.equal(maskSecret(secret), masked);
    assert.equal(lastFour(secret), last4);
  });
}

const PRESENTED: { title: string; headers: Record<string, string>; key: string | null }[] = [
  { title: 'nothing', headers: {}, key: null },
  { title: 'a bearer token', headers: { authorization: 'Bearer wp_a' }, key: 'wp_a' },
  { title: 'a bearer token in other spelling', headers: { Authorization: 'bearer   wp_a ' }, key: 'wp_a' },
  { title: 'x-api-key', headers: { 'x-api-key': ' wp_b ' }, key: 'wp_b' },
  {
    title: 'both, of which the bearer token wins',
    headers: { authorization: 'Bearer wp_a', 'x-api-key': 'wp_b' },
    key: 'wp_a',
  },
  {
    title: 'another scheme beside x-api-key',
    headers: { authorization: 'Basic dTpw', 'x-api-key': 'wp_b' },
    key: 'wp_b',
  },
  { title: 'another scheme alone', headers: { authorization: 'Basic dTpw' }, key: null },
  { title: 'an empty bearer token', headers: { authorization: 'Bearer ' }, key: null },
  { title: 'a bearer token with a space in it', headers: { authorization: 'Bearer a b' }, key: null },
  { title: 'an empty x-api-key', headers: { 'x-api-key': '  ' }, key: null },
];
for (const { title, headers, key } of PRESENTED) {
  test(`presentedKey reads ${title}`, () => {
    assert.equal(presentedKey(new Headers(headers)), key);
  });
}
