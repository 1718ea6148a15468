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

test('snippetFor names the model for clients that have to, and none that would need quotes', () => {
  const withModel = { ...TARGET, model: 'my/model-1.5' };
  assert.match(snippetFor('claude-code', withModel), /^claude --model my\/model-1\.5$/m);
  assert.match(snippetFor('gemini-cli', withModel), /^gemini --model my\/model-1\.5$/m);
  assert.match(snippetFor('codex', withModel), /^model = "my\/model-1\.5"$/m);
  assert.match(snippetFor('opencode', withModel), /"my\/model-1\.5": \{\}/);
  assert.match(snippetFor('curl', withModel), /-d '\{"model":"my\/model-1\.5","messages":/);
  for (const client of CLIENT_NAMES) {
    const hostile = { ...TARGET, model: `'; rm -rf ~; "$(id)` };
    assert.equal(snippetFor(client, hostile), snippetFor(client, TARGET));
  }
});

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
