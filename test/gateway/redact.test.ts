// What is taken out of texts that are kept, and what is left in.

import assert from 'node:assert/strict';
import test from 'node:test';
import { redactSecrets } from '../../server/gateway/redact.ts';

const SECRET = 'sk-ant-api03-Zm9vYmFyYmF6cXV4-AA';

const CASES: readonly { name: string; text: string; clean: string }[] = [
  { name: 'an OpenAI key', text: 'use sk-proj-abcDEF123456 now', clean: 'use [redacted] now' },
  { name: 'an Anthropic key', text: `(${SECRET})`, clean: '([redacted])' },
  { name: 'a key of ours', text: 'wp_demo_0123456789abcdef', clean: '[redacted]' },
  { name: 'a Google key', text: 'AIzaSyA-1234567890abcdefghijklmnopqrstu', clean: '[redacted]' },
  { name: 'a bearer token', text: 'Bearer abc.def-123', clean: 'Bearer [redacted]' },
  { name: 'a header line', text: 'Authorization: Basic dXNlcjpwYXNz', clean: 'Authorization: [redacted]' },
  { name: 'a key header', text: 'x-api-key: hello-world\nhost: a', clean: 'x-api-key: [redacted]\nhost: a' },
  { name: 'a cookie', text: 'cookie: a=1; b=2', clean: 'cookie: [redacted]' },
  { name: 'a header as a flag', text: `-H 'x-api-key: abcdef'`, clean: `-H 'x-api-key: [redacted]'` },
  {
    name: 'a query',
    text: 'https://a.test/?key=abc&alt=sse',
    clean: 'https://a.test/?key=[redacted]&alt=sse',
  },
  { name: 'a later query field', text: '/x?a=1&api_key=abc#f', clean: '/x?a=1&api_key=[redacted]#f' },
  { name: 'a form', text: 'token=abc&x=1', clean: 'token=[redacted]&x=1' },
  { name: 'an environment file', text: 'A=1\nMY_SECRET=hunter2', clean: 'A=1\nMY_SECRET=[redacted]' },
  { name: 'a JSON field', text: '{"apiKey":"abc","a":1}', clean: '{"apiKey":"[redacted]","a":1}' },
  { name: 'a JSON field with a space', text: '{"password" : "a b"}', clean: '{"password" : "[redacted]"}' },
  {
    name: 'a JSON value with quotes',
    text: '{"secret":"a\\"b","c":"d"}',
    clean: '{"secret":"[redacted]","c":"d"}',
  },
  {
    name: 'JSON inside JSON',
    text: '{"arguments":"{\\"access_token\\":\\"abc\\",\\"q\\":\\"x\\"}"}',
    clean: '{"arguments":"{\\"access_token\\":\\"[redacted]\\",\\"q\\":\\"x\\"}"}',
  },
  {
    name: 'an authorization field',
    text: '{"Authorization":"Bearer x"}',
    clean: '{"Authorization":"[redacted]"}',
  },
  { name: 'a URL with a password', text: 'postgres://me:pw@db/x', clean: 'postgres://[redacted]@db/x' },
  { name: 'a web token', text: 'eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.c2ln', clean: '[redacted]' },
  { name: 'two on a line', text: `${SECRET} ${SECRET}`, clean: '[redacted] [redacted]' },
];
for (const { name, text, clean } of CASES) {
  test(`redactSecrets takes out ${name}`, () => assert.equal(redactSecrets(text), clean));
}

const KEPT = [
  '{"model":"claude-sonnet-4-5","max_tokens":1024,"stream":true}',
  '{"usage":{"input_tokens":12,"output_tokens":3}}',
  'The key to a good answer is a token of trust.',
  '{"prompt_cache_key":null,"messages":[{"role":"user","content":"What is a secret?"}]}',
  'ask-me-anything, task-list, disk-full',
];
for (const text of KEPT) {
  test(`redactSecrets leaves ${text}`, () => assert.equal(redactSecrets(text), text));
}

test('redactSecrets takes out every known secret, however it looks, but no short word', () => {
  assert.equal(redactSecrets('x hunter-2 y hunter-2', ['hunter-2']), 'x [redacted] y [redacted]');
  assert.equal(redactSecrets('a b c', ['a']), 'a b c');
});

test('redactSecrets gives a redacted text back as it is', () => {
  const once = redactSecrets(CASES.map(({ text }) => text).join('\n'));
  assert.equal(redactSecrets(once), once);
});

test('redactSecrets takes time in proportion to a long text', () => {
  const hostile = ['"key":"', '\\"', 'a='.repeat(3), '://a:', 'token'].map((part) => part.repeat(20_000));
  const startedMs = performance.now();
  for (const text of hostile) redactSecrets(text);
  assert.ok(performance.now() - startedMs < 5_000);
});
