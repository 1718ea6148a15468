// The start banner: links and settings that work when they are pasted.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clientSnippets } from '../../server/cli/snippets.ts';
import { originOf, type Welcome, wantsColor, welcomeText } from '../../server/cli/welcome.ts';

const WELCOME: Welcome = {
  version: '1.2.3',
  host: '127.0.0.1',
  port: 8787,
  setupToken: 'setup-token',
  isDemo: true,
  apiKey: 'wp_demo-key',
  models: { anthropic: 'claude-a', openai: 'gpt-b' },
  hasColor: false,
};

test('welcomeText puts the setup token into the fragment of the panel link', () => {
  const text = welcomeText(WELCOME);
  assert.ok(text.includes('http://127.0.0.1:8787/#setup=setup-token\n'));
  assert.ok(!text.includes('?setup'));
});

test('welcomeText links the plain panel once a password is set', () => {
  const text = welcomeText({ ...WELCOME, setupToken: null });
  assert.ok(text.includes('http://127.0.0.1:8787/\n'));
  assert.ok(!text.includes('#setup'));
});

test('welcomeText says so in demo mode, and only then', () => {
  assert.match(welcomeText(WELCOME), /No real provider is called/);
  assert.doesNotMatch(welcomeText({ ...WELCOME, isDemo: false }), /No real provider is called/);
});

test('welcomeText gives settings for every client with the key and the right base URL', () => {
  const text = welcomeText(WELCOME);
  for (const line of [
    'export ANTHROPIC_BASE_URL=http://127.0.0.1:8787\n',
    'export ANTHROPIC_AUTH_TOKEN=wp_demo-key\n',
    'claude --model claude-a\n',
    'base_url = "http://127.0.0.1:8787/v1"\n',
    'export OPENAI_BASE_URL=http://127.0.0.1:8787/v1\n',
    'export OPENAI_API_KEY=wp_demo-key\n',
  ]) {
    assert.ok(text.includes(line), line);
  }
});

test('welcomeText shows placeholders and how to get a key when there is none', () => {
  const text = welcomeText({ ...WELCOME, apiKey: null, models: { anthropic: null, openai: null } });
  assert.match(text, /ANTHROPIC_AUTH_TOKEN=YOUR-API-KEY/);
  assert.match(text, /warmpath keys create --name NAME/);
  assert.match(text, /claude --model YOUR-MODEL/);
});

test('welcomeText colours only when asked', () => {
  assert.ok(!welcomeText(WELCOME).includes('\u001b'));
  assert.ok(welcomeText({ ...WELCOME, hasColor: true }).includes('\u001b[1m'));
});

test('clientSnippets gives OpenCode valid JSON', () => {
  const target = { origin: 'http://[::1]:1', apiKey: 'wp_"quoted', models: WELCOME.models };
  const snippet = clientSnippets(target).find(({ title }) => title.startsWith('OpenCode'));
  const config = JSON.parse(snippet?.lines.join('\n') ?? '');
  assert.deepEqual(config.provider['warmpath-anthropic'], {
    npm: '@ai-sdk/anthropic',
    options: { baseURL: 'http://[::1]:1/v1', apiKey: 'wp_"quoted' },
    models: { 'claude-a': {} },
  });
});

test('clientSnippets points Codex at the Responses API and the Gemini CLI at the bare address', () => {
  const target = { origin: 'http://h:1', apiKey: 'k', models: { anthropic: 'claude-a', openai: null } };
  const lines = clientSnippets(target).flatMap((snippet) => snippet.lines);
  for (const line of [
    'wire_api = "responses"',
    'model = "claude-a"',
    'export GOOGLE_GEMINI_BASE_URL=http://h:1',
  ]) {
    assert.ok(lines.includes(line), line);
  }
});

const ORIGINS = [
  { host: '127.0.0.1', origin: 'http://127.0.0.1:80' },
  { host: 'localhost', origin: 'http://localhost:80' },
  { host: '0.0.0.0', origin: 'http://127.0.0.1:80' },
  { host: '::', origin: 'http://[::1]:80' },
  { host: 'fd00::1', origin: 'http://[fd00::1]:80' },
];
for (const { host, origin } of ORIGINS) {
  test(`originOf shows ${host} as ${origin}`, () => {
    assert.equal(originOf(host, 80), origin);
  });
}

const COLORS: { env: Record<string, string>; isTerminal: boolean; hasColor: boolean }[] = [
  { env: {}, isTerminal: true, hasColor: true },
  { env: {}, isTerminal: false, hasColor: false },
  { env: { NO_COLOR: '1' }, isTerminal: true, hasColor: false },
  { env: { NO_COLOR: '' }, isTerminal: true, hasColor: true },
  { env: { TERM: 'dumb' }, isTerminal: true, hasColor: false },
];
for (const { env, isTerminal, hasColor } of COLORS) {
  test(`wantsColor is ${hasColor} with ${JSON.stringify(env)} on a terminal: ${isTerminal}`, () => {
    assert.equal(wantsColor(env, isTerminal), hasColor);
  });
}
