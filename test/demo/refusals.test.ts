// What the demo upstream refuses, in the words and shape of the provider it plays.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEMO_ANTHROPIC_BASE_URL, DEMO_OPENAI_BASE_URL } from '../../server/demo/upstream.ts';
import { type CallOptions, callAnthropic, callOpenAi, openDemo } from './demo-client.ts';

const HELLO = { messages: [{ role: 'user', content: 'Hello' }] };

interface Refusal {
  name: string;
  call: typeof callAnthropic;
  body: object;
  options?: CallOptions;
  status: number;
  error: { type: string; message?: RegExp; code?: string | null; param?: string | null };
}

const REFUSALS: Refusal[] = [
  {
    name: 'an unknown x-api-key',
    call: callAnthropic,
    body: HELLO,
    options: { account: 'nobody' },
    status: 401,
    error: { type: 'authentication_error', message: /^invalid x-api-key$/ },
  },
  {
    name: "another provider's credential",
    call: callAnthropic,
    body: HELLO,
    options: { account: 'openai-a' },
    status: 401,
    error: { type: 'authentication_error' },
  },
  {
    name: 'an unknown bearer token',
    call: callOpenAi,
    body: HELLO,
    options: { account: 'nobody' },
    status: 401,
    error: { type: 'invalid_request_error', code: 'invalid_api_key', param: null },
  },
  {
    name: 'an Anthropic request without a model',
    call: callAnthropic,
    body: { ...HELLO, model: undefined },
    status: 400,
    error: { type: 'invalid_request_error', message: /^model: Field required$/ },
  },
  {
    name: 'an Anthropic request without max_tokens',
    call: callAnthropic,
    body: { ...HELLO, max_tokens: undefined },
    status: 400,
    error: { type: 'invalid_request_error', message: /^max_tokens: Field required$/ },
  },
  {
    name: 'an Anthropic request without messages',
    call: callAnthropic,
    body: {},
    status: 400,
    error: { type: 'invalid_request_error', message: /^messages: Field required$/ },
  },
  {
    name: 'an Anthropic request with no message',
    call: callAnthropic,
    body: { messages: [] },
    status: 400,
    error: { type: 'invalid_request_error', message: /at least one message/ },
  },
  {
    name: 'an Anthropic message of an unknown role',
    call: callAnthropic,
    body: { messages: [{ role: 'system', content: 'x' }] },
    status: 400,
    error: { type: 'invalid_request_error', message: /Unexpected role "system"/ },
  },
  {
    name: 'an unknown Anthropic model',
    call: callAnthropic,
    body: { ...HELLO, model: 'claude-9' },
    status: 404,
    error: { type: 'not_found_error', message: /^model: claude-9$/ },
  },
  {
    name: 'an OpenAI request without a model',
    call: callOpenAi,
    body: { ...HELLO, model: undefined },
    status: 400,
    error: { type: 'invalid_request_error', message: /model parameter/ },
  },
  {
    name: 'an OpenAI request without messages',
    call: callOpenAi,
    body: {},
    status: 400,
    error: { type: 'invalid_request_error', param: 'messages', code: 'missing_required_parameter' },
  },
  {
    name: 'an OpenAI token limit of zero',
    call: callOpenAi,
    body: { ...HELLO, max_completion_tokens: 0 },
    status: 400,
    error: { type: 'invalid_request_error', param: 'max_completion_tokens' },
  },
  {
    name: 'an unknown OpenAI model',
    call: callOpenAi,
    body: { ...HELLO, model: 'gpt-9' },
    status: 404,
    error: { type: 'invalid_request_error', code: 'model_not_found', message: /`gpt-9` does not exist/ },
  },
];

for (const { name, call, body, options, status, error: expected } of REFUSALS) {
  test(`DemoUpstream refuses ${name} in the provider's shape`, async () => {
    const { upstream } = openDemo();
    const response = await call(upstream, body, options);
    assert.equal(response.status, status);
    const reply = JSON.parse(await response.text());
    const { message, ...fields } = expected;
    assert.deepEqual({ ...reply.error, ...fields }, reply.error);
    if (message) assert.match(reply.error.message, message);
    if (call !== callAnthropic) return;
    assert.equal(reply.type, 'error');
    assert.equal(reply.request_id, response.headers.get('request-id'));
  });
}

const UNKNOWN_PATHS = [
  { method: 'POST', url: `${DEMO_ANTHROPIC_BASE_URL}/v1/complete`, type: 'not_found_error' },
  { method: 'POST', url: `${DEMO_ANTHROPIC_BASE_URL}/v1/chat/completions`, type: 'not_found_error' },
  { method: 'GET', url: `${DEMO_ANTHROPIC_BASE_URL}/v1/messages`, type: 'not_found_error' },
  { method: 'POST', url: `${DEMO_OPENAI_BASE_URL}/v1/messages`, type: 'invalid_request_error' },
  { method: 'POST', url: 'https://elsewhere.invalid/v1/messages', type: 'invalid_request_error' },
];

for (const { method, url, type } of UNKNOWN_PATHS) {
  test(`DemoUpstream answers ${method} ${url} with 404`, async () => {
    const { upstream } = openDemo();
    const response = await upstream.fetch(url, { method, headers: { 'x-api-key': 'demo-anthropic-a' } });
    assert.equal(response.status, 404);
    assert.equal(JSON.parse(await response.text()).error.type, type);
  });
}

test('DemoUpstream refuses a body that is not JSON', async () => {
  const { upstream } = openDemo();
  const headers = { 'x-api-key': 'demo-anthropic-a' };
  const url = `${DEMO_ANTHROPIC_BASE_URL}/v1/messages`;
  const response = await upstream.fetch(url, { method: 'POST', headers, body: '{"model":' });
  assert.equal(response.status, 400);
});
