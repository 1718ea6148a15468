// Which headers pass, name by name, in both directions: what is not listed stays behind.

import assert from 'node:assert/strict';
import test from 'node:test';
import { clientHeaders, upstreamHeaders } from '../../server/gateway/headers.ts';

const OWN = {
  defaults: { 'anthropic-version': '2023-06-01' },
  credential: { 'x-api-key': 'the credential' },
  isTranslated: false,
  hasBody: true,
};
/** Ours on every request with a body, in any case. */
const ALWAYS = {
  'anthropic-version': '2023-06-01',
  'x-api-key': 'the credential',
  'content-type': 'application/json',
  'accept-encoding': 'identity',
};

const UP_PASSES = [
  'accept',
  'user-agent',
  'anthropic-beta',
  'anthropic-dangerous-direct-browser-access',
  'openai-beta',
  'idempotency-key',
  'session_id',
  'originator',
  'x-app',
  'x-stainless-lang',
  'x-stainless-retry-count',
  'x-claude-code-session-id',
  'x-client-request-id',
  'x-goog-api-client',
];

const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
];

const UP_STAYS = [
  ...HOP_BY_HOP,
  'authorization',
  'x-goog-api-key',
  'api-key',
  'cookie',
  'cookie2',
  'host',
  'content-length',
  'content-encoding',
  'content-md5',
  'expect',
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-proto',
  'x-forwarded-anything',
  'x-real-ip',
  'x-original-url',
  'x-rewrite-url',
  'x-http-method-override',
  'x-host',
  'true-client-ip',
  'cf-connecting-ip',
  'via',
  'origin',
  'referer',
  'sec-fetch-site',
  'openai-organization',
  'openai-project',
  'x-goog-user-project',
  'x-portkey-custom-host',
  'x-portkey-api-key',
  'x-litellm-api-base',
  'x-warmpath-session-id',
  'x-warmpath-account',
  'x-request-id',
  'traceparent',
  'range',
  'if-none-match',
];

for (const name of UP_PASSES) {
  test(`upstreamHeaders passes ${name}`, () => {
    assert.deepEqual(upstreamHeaders(new Headers({ [name]: 'a' }), OWN), { ...ALWAYS, [name]: 'a' });
  });
}
for (const name of UP_STAYS) {
  test(`upstreamHeaders leaves ${name} behind`, () => {
    assert.deepEqual(upstreamHeaders(headersOf([[name, 'a']]), OWN), ALWAYS);
  });
}

test('upstreamHeaders lets no client choose what is ours', () => {
  const client = new Headers({
    'x-api-key': 'another',
    'accept-encoding': 'gzip',
    'content-type': 'text/plain; boundary=x',
    'anthropic-version': '2099-01-01',
  });
  assert.deepEqual(upstreamHeaders(client, OWN), { ...ALWAYS, 'anthropic-version': '2099-01-01' });
});

test('upstreamHeaders leaves behind what Connection names', () => {
  const client = headersOf([
    ['connection', 'close, Anthropic-Beta ,openai-beta, x-api-key, anthropic-version'],
    ['anthropic-beta', 'a'],
    ['openai-beta', 'a'],
    ['anthropic-version', 'a'],
    ['x-app', 'a'],
  ]);
  assert.deepEqual(upstreamHeaders(client, OWN), { ...ALWAYS, 'x-app': 'a' });
});

test('upstreamHeaders gives a translated request nothing of another dialect', () => {
  const client = headersOf([...UP_PASSES, ...UP_STAYS].map((name) => [name, 'a']));
  assert.deepEqual(upstreamHeaders(client, { ...OWN, defaults: {}, isTranslated: true }), {
    'x-api-key': 'the credential',
    'content-type': 'application/json',
    'accept-encoding': 'identity',
    'user-agent': 'a',
    'idempotency-key': 'a',
  });
});

const DOWN_PASSES = [
  'request-id',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  'anthropic-ratelimit-requests-remaining',
  'anthropic-ratelimit-unified-5h-utilization',
  'anthropic-priority-input-tokens-limit',
  'x-ratelimit-remaining-tokens',
  'x-ratelimit-reset-requests',
  'openai-processing-ms',
  'openai-version',
  'openai-model',
];

const DOWN_STAYS = [
  ...HOP_BY_HOP,
  'set-cookie',
  'set-cookie2',
  'content-length',
  'content-encoding',
  'location',
  'refresh',
  'link',
  'server',
  'via',
  'alt-svc',
  'x-powered-by',
  'www-authenticate',
  'authorization',
  'x-api-key',
  'access-control-allow-origin',
  'access-control-allow-credentials',
  'strict-transport-security',
  'content-security-policy',
  'clear-site-data',
  'service-worker-allowed',
  'x-accel-redirect',
  'x-sendfile',
  'cache-control',
  'etag',
  'openai-organization',
  'anthropic-organization-id',
  'cf-ray',
  'x-envoy-upstream-service-time',
  'x-warmpath-account',
  'x-internal',
];

const JSON_TYPE = { 'content-type': 'application/json' };

for (const name of DOWN_PASSES) {
  test(`clientHeaders passes ${name}`, () => {
    const { [name]: value, 'x-upstream-request-id': _id, ...rest } = passedDown([[name, '1']]);
    assert.deepEqual([value, rest], ['1', JSON_TYPE]);
  });
}
for (const name of DOWN_STAYS) {
  test(`clientHeaders leaves ${name} behind`, () => assert.deepEqual(passedDown([[name, 'a']]), JSON_TYPE));
}

test("clientHeaders keeps the upstream's request id under another name", () => {
  assert.deepEqual(passedDown([['x-request-id', 'req_1']]), {
    ...JSON_TYPE,
    'x-upstream-request-id': 'req_1',
  });
});

test('clientHeaders leaves behind what Connection names', () => {
  assert.deepEqual(
    passedDown([
      ['connection', 'x-ratelimit-a'],
      ['x-ratelimit-a', '1'],
      ['x-ratelimit-b', '2'],
    ]),
    {
      ...JSON_TYPE,
      'x-ratelimit-b': '2',
    },
  );
});

for (const type of [
  'text/html',
  'image/svg+xml',
  'application/xhtml+xml',
  'application/jsonp',
  'text/plain',
  '',
]) {
  test(`clientHeaders lets no browser run a reply of type "${type}" as a page of this origin`, () => {
    const headers = clientHeaders(new Headers({ 'content-type': type }), { isTranslated: false });
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.match(headers.get('content-security-policy') ?? '', /sandbox/);
  });
}

function passedDown(fields: readonly [string, string][]): Record<string, string> {
  const upstream = headersOf([['content-type', 'application/json'], ...fields]);
  return Object.fromEntries(clientHeaders(upstream, { isTranslated: false }));
}

/** As they come from a connection: no name is forbidden. */
function headersOf(fields: readonly (readonly [string, string])[]): Headers {
  const headers = new Headers();
  for (const [name, value] of fields) headers.append(name, value);
  return headers;
}
