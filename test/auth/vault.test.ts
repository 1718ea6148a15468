// Sealing of credentials: what opens, what is refused, and that nothing secret shows.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { credentialPurpose, Vault, VaultError, type VaultErrorCode } from '../../server/auth/vault.ts';

const CANARY = 'sk-canary-7f3a9b2c';
const KEY = new TextEncoder().encode('a master key of the tests');
const OTHER_KEY = new TextEncoder().encode('another master key, as long');

function hasCode(code: VaultErrorCode) {
  return (error: unknown) => {
    assert.ok(error instanceof VaultError);
    assert.equal(error.code, code);
    assert.ok(!`${error.message} ${error.stack}`.includes(CANARY));
    return true;
  };
}

test('Vault opens what it sealed, across instances of one master key', async () => {
  const sealed = await (await Vault.fromMasterKey(KEY)).seal(`${CANARY} 日本`, 'account:1:credential');
  assert.equal(await (await Vault.fromMasterKey(KEY)).open(sealed, 'account:1:credential'), `${CANARY} 日本`);
});

test('Vault.seal writes a versioned text that differs each time and does not show the secret', async () => {
  const vault = await Vault.fromMasterKey(KEY);
  const [first, second] = [await vault.seal(CANARY, 'p'), await vault.seal(CANARY, 'p')];
  assert.match(first, /^v1\.[0-9a-f]{8}\.[\w-]{16}\.[\w-]+$/);
  assert.notEqual(first, second);
  assert.ok(!first.includes(CANARY) && !first.includes(Buffer.from(CANARY).toString('base64url')));
});

test('Vault.open refuses a credential that was copied to another row', async () => {
  const vault = await Vault.fromMasterKey(KEY);
  const sealed = await vault.seal(CANARY, credentialPurpose('a'));
  await assert.rejects(vault.open(sealed, credentialPurpose('b')), hasCode('altered'));
});

test('Vault.open refuses altered ciphertext', async () => {
  const vault = await Vault.fromMasterKey(KEY);
  const sealed = await vault.seal(CANARY, 'p');
  const [version, id, iv, ciphertext = ''] = sealed.split('.');
  const flipped = (ciphertext.startsWith('A') ? 'B' : 'A') + ciphertext.slice(1);
  await assert.rejects(vault.open([version, id, iv, flipped].join('.'), 'p'), hasCode('altered'));
});

test('Vault.open names the master key when it is the wrong one', async () => {
  const sealed = await (await Vault.fromMasterKey(KEY)).seal(CANARY, 'p');
  const other = await Vault.fromMasterKey(OTHER_KEY);
  await assert.rejects(other.open(sealed, 'p'), hasCode('wrong-master-key'));
});

for (const sealed of ['', CANARY, 'v2.00000000.aaaa.bbbb', 'v1.a.b', 'v1.a.b.c.d']) {
  test(`Vault.open refuses the malformed text ${JSON.stringify(sealed.replace(CANARY, '(a plain secret)'))}`, async () => {
    const vault = await Vault.fromMasterKey(KEY);
    await assert.rejects(vault.open(sealed, 'p'), hasCode('malformed'));
  });
}

test('Vault.verifyCanary accepts its own master key and refuses every other text', async () => {
  const vault = await Vault.fromMasterKey(KEY);
  const canary = await vault.sealCanary();
  await vault.verifyCanary(canary);
  const other = await Vault.fromMasterKey(OTHER_KEY);
  await assert.rejects(
    other.verifyCanary(canary),
    /^VaultError: Cannot open the credentials: the master key does not match this database$/,
  );
  for (const text of ['garbage', await vault.seal('something else', 'p')]) {
    await assert.rejects(vault.verifyCanary(text), hasCode('wrong-master-key'));
  }
});

test('Vault.fingerprint is equal for equal secrets, different for others and under another master key', async () => {
  const vault = await Vault.fromMasterKey(KEY);
  const other = await Vault.fromMasterKey(OTHER_KEY);
  assert.match(vault.fingerprint(CANARY), /^[0-9a-f]{16}$/);
  assert.equal(vault.fingerprint(CANARY), (await Vault.fromMasterKey(KEY)).fingerprint(CANARY));
  assert.notEqual(vault.fingerprint(CANARY), vault.fingerprint(`${CANARY}x`));
  assert.notEqual(vault.fingerprint(CANARY), other.fingerprint(CANARY));
});

test('Vault shows no key material when it is printed', async () => {
  const vault = await Vault.fromMasterKey(KEY);
  assert.equal(JSON.stringify(vault), '{}');
});
