// What the panel offers to paste into clients.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLIENT_NAMES, snippetFor } from '../../ui/src/parts/snippets.ts';

const TARGET = { origin: 'http://127.0.0.1:8787', secret: 'wp_secret' };

for (const client of CLIENT_NAMES) {
  test(`snippetFor ${client} names the gateway and the secret`, () => {
    const snippet = snippetFor(client, TARGET);
    assert.ok(snippet.includes(TARGET.origin) && snippet.includes(TARGET.secret), snippet);
  });
}

test('snippetFor codex speaks Responses below /v1', () => {
  const lines = snippetFor('codex', TARGET).split('\n');
  assert.ok(lines.includes('wire_api = "responses"'));
  assert.ok(lines.includes('base_url = "http://127.0.0.1:8787/v1"'));
});

test('snippetFor gemini-cli names the origin alone: the client adds /v1beta', () => {
  assert.match(
    snippetFor('gemini-cli', TARGET),
    /^export GOOGLE_GEMINI_BASE_URL=http:\/\/127\.0\.0\.1:8787$/m,
  );
});
