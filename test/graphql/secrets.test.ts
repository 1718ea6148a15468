// Secrets by GraphQL: sealed, masked, shown once.

import assert from 'node:assert/strict';
import test from 'node:test';
import { hashSecret } from '../../server/auth/api-keys.ts';
import { mutate, open } from './mutate.ts';

test('createAccount seals the credential for its own row', async () => {
  const bench = await open();
  const credential = 'sk-ant-api03-very-secret-0042';
  const input = { providerId: 'p1', name: 'sealed', credential: ` ${credential} ` };
  const { account } = await mutate(
    bench,
    'createAccount',
    'account { credentialLast4 credentialFingerprint }',
    { input },
  );
  assert.deepEqual(account, {
    credentialLast4: '0042',
    credentialFingerprint: bench.vault.fingerprint(credential),
  });
  const row = bench.store.rows.accounts.find(({ name }) => name === 'sealed');
  assert.ok(row && !JSON.stringify(row).includes('very-secret'));
  assert.equal(await bench.vault.open(row.sealedCredential, `account:${row.id}:credential`), credential);
  await assert.rejects(bench.vault.open(row.sealedCredential, 'account:a1:credential'));
});

test('createAccount shows nothing of a short credential', async () => {
  const input = { providerId: 'p1', name: 'short', credential: 'hunter2' };
  const { account } = await mutate(await open(), 'createAccount', 'account { credentialLast4 }', { input });
  assert.ok(![...account.credentialLast4].some((char) => 'hunter2'.includes(char)));
});

test('createApiKey shows the secret once and stores its hash', async () => {
  const bench = await open();
  const payload = await mutate(bench, 'createApiKey', 'secret apiKey { masked }', { input: { name: 'new' } });
  assert.match(payload.secret, /^wp_[\w-]{43}$/);
  const row = bench.store.rows.apiKeys.find(({ name }) => name === 'new');
  assert.equal(row?.hash, hashSecret(payload.secret));
  assert.ok(!JSON.stringify(bench.store.rows).includes(payload.secret));
  assert.equal(payload.apiKey.masked, `${payload.secret.slice(0, 4)}…${payload.secret.slice(-4)}`);
});

/** field, id, input, selection, expected: null clears, absent leaves. */
