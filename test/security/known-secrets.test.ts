// Secrets that are known go out of a text however they are written, and also where the text was cut inside one.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import test from 'node:test';
import { redactSecrets, withoutSecrets } from '../../server/gateway/redact.ts';
import { CANARIES, canariesIn } from './canaries.ts';

const secret = `${CANARIES.credential}/+="\\`;

const WRITTEN: Record<string, string> = {
  plain: secret,
  'URL-encoded': encodeURIComponent(secret),
  'in JSON': JSON.stringify({ said: secret }),
  base64: Buffer.from(secret).toString('base64'),
  base64url: Buffer.from(secret).toString('base64url'),
  hex: Buffer.from(secret).toString('hex'),
  'cut after 20 characters': secret.slice(0, 20),
  'cut before its last character': secret.slice(0, -1),
};
for (const [how, text] of Object.entries(WRITTEN)) {
  test(`redactSecrets takes out a known secret ${how}`, () => {
    const clean = redactSecrets(`before ${text}`, [secret]);
    assert.match(clean, /^before .*\[redacted\]/);
    assert.deepEqual(canariesIn(clean, { secret: CANARIES.credential.slice(0, 15) }), []);
  });
}

test('redactSecrets takes out each of several', () => {
  assert.equal(
    redactSecrets('a-first-one b-second-one', ['a-first-one', 'b-second-one']),
    '[redacted] [redacted]',
  );
});

test('redactSecrets leaves a text that only begins like a known secret', () => {
  assert.equal(redactSecrets('a canal', ['canary-secret']), 'a canal');
});

test('withoutSecrets cleans type and message, cuts the type, and keeps the rest', () => {
  const said = { type: `${secret} ${'x'.repeat(500)}`, message: `no ${secret}`, status: 500 };
  const clean = withoutSecrets(said, [secret]);
  assert.ok(clean);
  const { type, message, status } = clean;
  assert.deepEqual([type.length, message, status], [100, 'no [redacted]', 500]);
  assert.ok(type.startsWith('[redacted] x'));
  assert.equal(withoutSecrets(null, [secret]), null);
});
