// Who presents a request, by its credential, the state of the key and the time.

import assert from 'node:assert/strict';
import test from 'node:test';
import { hashSecret } from '../../server/auth/api-keys.ts';
import { identifyCaller } from '../../server/auth/caller.ts';
import { UNRESTRICTED } from '../../server/gateway/key-restrictions.ts';
import type { ApiKey } from '../../server/gateway/ports.ts';

const NOW_MS = 1_700_000_000_000;
const SECRET = 'wp_a-key-of-these-tests';

function keyOf(part: Partial<ApiKey>): ApiKey {
  return {
    ...UNRESTRICTED,
    id: 'k1',
    name: 'ada',
    hash: hashSecret(SECRET),
    masked: '',
    userId: null,
    isEnabled: true,
    createdAtMs: 0,
    ...part,
  };
}

function identify(part: Partial<ApiKey>, { requireApiKey = true, secret = SECRET as string | null } = {}) {
  const apiKey = keyOf(part);
  const headers = new Headers(secret === null ? {} : { 'x-api-key': secret });
  const apiKeyByHash = new Map([[apiKey.hash, apiKey]]);
  return identifyCaller(headers, { apiKeyByHash, requireApiKey, nowMs: NOW_MS });
}

for (const [name, part, code] of [
  ['expires now', { expiresAtMs: NOW_MS }, 'api-key-expired'],
  ['has expired', { expiresAtMs: NOW_MS - 1 }, 'api-key-expired'],
  ['was revoked', { revokedAtMs: NOW_MS - 1 }, 'api-key-revoked'],
  ['was revoked and has expired', { revokedAtMs: 1, expiresAtMs: 2 }, 'api-key-revoked'],
  ['is switched off', { isEnabled: false }, 'api-key-disabled'],
  ['is switched off and has expired', { isEnabled: false, expiresAtMs: 1 }, 'api-key-expired'],
] as const) {
  test(`identifyCaller() refuses a key that ${name}`, () => {
    assert.deepEqual(identify(part), { kind: 'refused', code });
  });

  test(`identifyCaller() knows nobody by a key that ${name} where keys are not required`, () => {
    const fingerprint = hashSecret(SECRET).slice(0, 32);
    assert.deepEqual(identify(part, { requireApiKey: false }), { kind: 'anonymous', fingerprint });
  });
}

for (const requireApiKey of [true, false]) {
  test(`identifyCaller() knows a key until it expires (keys required: ${requireApiKey})`, () => {
    const part = { expiresAtMs: NOW_MS + 1, requestsPerMinute: 3 };
    assert.deepEqual(identify(part, { requireApiKey }), { kind: 'api-key', apiKey: keyOf(part) });
  });
}

test('identifyCaller() refuses nobody and a stranger where keys are required, and nobody elsewhere', () => {
  assert.deepEqual(identify({}, { secret: null }), { kind: 'refused', code: 'missing-api-key' });
  assert.deepEqual(identify({}, { secret: 'other' }), { kind: 'refused', code: 'unknown-api-key' });
  const open = { requireApiKey: false };
  assert.deepEqual(identify({}, { ...open, secret: null }), { kind: 'anonymous', fingerprint: null });
  const fingerprint = hashSecret('other').slice(0, 32);
  assert.deepEqual(identify({}, { ...open, secret: 'other' }), { kind: 'anonymous', fingerprint });
});
