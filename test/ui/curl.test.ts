// A logged request as a curl command: what a shell makes of it is what was meant, and no secret is in it.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import test from 'node:test';
import { type CurlSource, curlOf, shellQuoted } from '../../ui/src/pages/requests/detail/curl.ts';

function source(given: Partial<CurlSource> = {}): CurlSource {
  return {
    origin: 'https://gateway.test',
    path: '/v1/messages',
    surface: 'ANTHROPIC_MESSAGES',
    model: 'sonnet',
    isStreamed: false,
    body: '{"a":1}',
    headers: null,
    placeholder: 'not kept',
    ...given,
  };
}

test('curlOf() sends the kept body to the path, with the key as a variable', () => {
  assert.equal(
    curlOf(source()),
    `curl --globoff 'https://gateway.test/v1/messages' \\
  -H "x-api-key: $WARMPATH_API_KEY" \\
  -H 'content-type: application/json' \\
  -H 'anthropic-version: 2023-06-01' \\
  --data-raw '{"a":1}'`,
  );
});

for (const [surface, header] of [
  ['ANTHROPIC_MESSAGES', '"x-api-key: $WARMPATH_API_KEY"'],
  ['OPENAI_CHAT', '"authorization: Bearer $WARMPATH_API_KEY"'],
  ['OPENAI_RESPONSES', '"authorization: Bearer $WARMPATH_API_KEY"'],
  ['OPENAI_EMBEDDINGS', '"authorization: Bearer $WARMPATH_API_KEY"'],
  ['GEMINI', '"x-goog-api-key: $WARMPATH_API_KEY"'],
] as const) {
  test(`curlOf() says who calls as ${surface} does, and in the placeholder that the body was not kept`, () => {
    const command = curlOf(source({ surface, body: null }));
    assert.ok(command.includes(`-H ${header}`), command);
    assert.match(command, /--data-raw '\{.*not kept.*\}'/);
  });
}

test('curlOf() keeps the headers that say something and leaves out what is hidden or belongs to one connection', () => {
  const headers = JSON.stringify({
    'anthropic-version': '2024-01-01',
    'anthropic-beta': "it's",
    'x-api-key': '•••',
    'x-note': 'a [redacted] b',
    host: 'elsewhere.test',
    'content-length': '7',
    'accept-encoding': 'gzip',
    'x-claude-code-session-id': 'one\r\nx-evil: two',
    'bad name': 'x',
    number: 5,
  });
  const command = curlOf(source({ headers }));
  assert.deepEqual(
    [...command.matchAll(/-H (.*) \\/g)].map(([, header]) => header),
    [
      '"x-api-key: $WARMPATH_API_KEY"',
      "'content-type: application/json'",
      "'anthropic-version: 2024-01-01'",
      "'anthropic-beta: it'\\''s'",
      "'x-claude-code-session-id: one  x-evil: two'",
    ],
  );
});

for (const headers of ['[]', '"x"', 'nonsense', 'null']) {
  test(`curlOf() takes ${headers} for no headers`, () =>
    assert.equal(curlOf(source({ headers })), curlOf(source())));
}

for (const path of ['/v1/models', '/v1beta/models/gemini-pro', '/v1/responses/resp_1']) {
  test(`curlOf() reads ${path} without a body`, () => {
    const command = curlOf(source({ path, surface: 'OPENAI_RESPONSES' }));
    assert.doesNotMatch(command, /--data-raw|content-type/);
  });
}

test('curlOf() streams unbuffered, and asks Gemini for events', () => {
  const path = '/v1beta/models/gemini-pro:streamGenerateContent';
  const command = curlOf(source({ path, surface: 'GEMINI', isStreamed: true }));
  assert.match(command, /^curl --no-buffer --globoff 'https:.*:streamGenerateContent\?alt=sse' /);
});

const HOSTILE = `it's "$HOME" \`id\` $(id) \\ !! \n é 🚦 'twice''`;

test('a shell reads what curlOf() quoted as it was, and its variable', {
  skip: !existsSync('/bin/sh'),
}, () => {
  const command = curlOf(
    source({
      path: `/v1/${HOSTILE.replace('\n', '')}`,
      body: HOSTILE,
      headers: JSON.stringify({ app: HOSTILE }),
    }),
  );
  const printed = execFileSync('/bin/sh', ['-c', command.replace('curl', 'printf "%s\\0"')], {
    env: { WARMPATH_API_KEY: 'wp_secret' },
  });
  const args = printed.toString().split('\0');
  assert.equal(args[1], `https://gateway.test/v1/${HOSTILE.replace('\n', '')}`);
  assert.equal(args[3], 'x-api-key: wp_secret');
  assert.ok(args.includes(`app: ${HOSTILE.replace('\n', ' ')}`));
  assert.equal(args[args.indexOf('--data-raw') + 1], HOSTILE);
});

for (const [text, quoted] of [
  ['', "''"],
  ['a b', "'a b'"],
  ["'", "''\\'''"],
  ["a'b", "'a'\\''b'"],
] as const) {
  test(`shellQuoted() makes ${JSON.stringify(text)} to ${quoted}`, () =>
    assert.equal(shellQuoted(text), quoted));
}
