// How a path may be written: none of its forms gets past the API key, and none leaves the endpoint's own path or host.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { after, before, describe, it } from 'node:test';
import { type RawReply, sendRaw } from '../faults/client-call.ts';
import { SKIP_REASON } from '../process/gateway-process.ts';
import { CANARIES, canariesIn } from './canaries.ts';
import { openSecurityBench, providerAt, type SecurityBench } from './security-bench.ts';

const MODEL = 'm';
const BODY = JSON.stringify({ model: MODEL, max_tokens: 1, messages: [{ role: 'user', content: 'hi' }] });

/** Request targets that some router somewhere takes for an operation. */
const TARGETS = [
  '/v1/messages',
  '/v1/messages/',
  '/v1/messages?x',
  '/v1/messages?key=',
  '/v1//messages',
  '//v1/messages',
  '///v1/messages',
  '/v1/./messages',
  '/v1/x/../messages',
  '/livez/../v1/messages',
  '/./livez/..//v1/messages',
  '/livez/%2e%2e/v1/messages',
  '/assets/..%2fv1/messages',
  '/v1/%6dessages',
  '/v1%2fmessages',
  '/%76%31/messages',
  '/V1/Messages',
  '/v1/messages;jsessionid=1',
  '/v1/messages;/livez',
  '/v1/messages%00',
  '/v1/messages%20',
  '/v1/messages%0d%0a',
  '/v1/messages#/livez',
  '/v1/messages/../../livez/../v1/messages',
  '/v1\\messages',
  '/\\v1/messages',
  '/messages',
  '/v1/v1/messages',
  '/v1/v1/v1/messages',
  '/v1/chat/completions',
  '/chat/completions',
  '/v1/responses',
  '/v1/responses/resp_0123456789',
  '/v1/responses/resp_0123456789/cancel',
  '/v1/responses/../messages',
  '/v1/embeddings',
  '/v1/messages/count_tokens',
  '/v1/models',
  '/v1/models/m',
  '/v1beta/models',
  '/v1beta/models/m:generateContent',
  '/v1beta/models/m:generateContent?key=',
  '/v1beta/models/m:streamGenerateContent?alt=sse',
  '/v1beta/models/../../v1/messages:generateContent',
  '/v1beta/models/%2e%2e%2f%2e%2e%2fx:generateContent',
  '/v1beta/models/m%3AgenerateContent',
  '/v1beta/models/..:generateContent',
  '/v1beta/v1beta/models/m:generateContent',
  'http://gateway.test/v1/messages',
  'http://127.0.0.1:1/v1/messages',
  'HTTP://user:password@elsewhere.test/v1/messages',
  'https://elsewhere.test/v1/messages',
  'http://elsewhere.test/livez/../v1/messages',
];

/** What a request without a key may get instead of 401: it reached nothing that needs one. */
const REACHED_NOTHING = new Set([400, 404, 405]);

/** Body fields and headers by which other gateways let their clients choose a host. */
const STEERING_FIELDS = {
  api_base: 'STEER',
  base_url: 'STEER',
  baseUrl: 'STEER',
  api_key: 'steered-key',
  user_config: { model_list: [{ litellm_params: { api_base: 'STEER', api_key: 'steered-key' } }] },
  custom_llm_provider: 'openai',
  extra_headers: { host: 'elsewhere.test', 'x-api-key': 'steered-key' },
  extra_body: { api_base: 'STEER' },
  metadata: { api_base: 'STEER', user_id: 'u' },
};
const STEERING_HEADERS = {
  'x-portkey-custom-host': 'STEER',
  'x-portkey-provider': 'openai',
  'x-portkey-config': '{"custom_host":"STEER"}',
  'helicone-target-url': 'STEER',
  'x-litellm-api-base': 'STEER',
  'x-target-url': 'STEER',
  'x-upstream-url': 'STEER',
  'x-forwarded-host': 'elsewhere.test',
  'x-original-url': '/livez',
  'x-rewrite-url': '/livez',
  'x-http-method-override': 'GET',
  forwarded: 'host=elsewhere.test',
};

/** Bun and Node answer 431 to a head that is too large; what it gets through does no harm. */
const MANY_HEADERS: [what: string, headers: Record<string, string>, statuses: number[]][] = [
  [
    '90 headers',
    Object.fromEntries(Array.from({ length: 90 }, (_, index) => [`x-many-${index}`, 'a'])),
    [200],
  ],
  [
    '200 headers',
    Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`x-many-${index}`, 'a'])),
    [200, 400, 431],
  ],
  ['a header of 100 KB', { 'x-many': 'a'.repeat(100_000) }, [200, 400, 413, 431]],
  ['a passed header of 12 KB', { 'anthropic-beta': 'a'.repeat(12_000) }, [200, 400, 431, 502]],
  ['a bare CR in a header', { 'anthropic-beta': 'a\rinjected: 1' }, [400, 502]],
  ['a bare LF in a header', { 'anthropic-beta': 'a\ninjected: 1' }, [200, 400]],
  ['a NUL in a header', { 'anthropic-beta': 'a\0b' }, [200, 400, 502]],
  ['an encoded line break in a header', { 'anthropic-beta': 'a%0d%0ainjected: 1' }, [200]],
  ['a header beyond ASCII', { 'user-agent': 'caf\u00e9' }, [200]],
  ['a header named by Connection', { connection: 'close, anthropic-beta', 'anthropic-beta': 'a' }, [200]],
];

describe('the data plane', { skip: SKIP_REASON }, () => {
  let bench: SecurityBench;

  before(async () => {
    bench = await openSecurityBench({
      script: (call) =>
        call.reply(200, { type: 'message', id: 'msg_1', content: [], usage: {}, candidates: [] }),
      config: (origin) => ({
        providers: [
          providerAt(`${origin}/base`, { name: 'one', model: MODEL }),
          providerAt(`${origin}/base`, { name: 'two', model: MODEL, surface: 'gemini' }),
          providerAt(`${origin}/base`, { name: 'odd', surface: 'gemini', model: 'a/../../../b?c#d%2e%2e' }),
        ],
      }),
    });
  });
  after(() => bench.close());

  for (const target of TARGETS) {
    for (const method of ['POST', 'GET']) {
      it(`answers ${method} ${target} without a key by nothing but a refusal`, async () => {
        const callCount = bench.upstream.calls.length;
        const reply = await ask(bench, { method, target });
        assert.equal(bench.upstream.calls.length, callCount);
        if (isPage(reply, method)) return;
        assert.ok(reply.status === 401 || REACHED_NOTHING.has(reply.status ?? 0), reply.text.slice(0, 500));
        assert.doesNotMatch(reply.text, /"(data|models|content)":/);
      });
    }
    it(`sends POST ${target} nowhere but to the endpoint`, async () => {
      const callCount = bench.upstream.calls.length;
      await ask(bench, { method: 'POST', target, headers: { authorization: `Bearer ${CANARIES.apiKey}` } });
      for (const { path, headers } of bench.upstream.calls.slice(callCount)) {
        assert.match(path, /^\/base\/(v1\/(messages(\/count_tokens)?)|v1beta\/models\/m:\w+(\?alt=sse)?)$/);
        assert.equal(headers.host, new URL(bench.upstream.origin).host);
      }
    });
  }

  for (const name of ['authorization', 'x-api-key', 'x-goog-api-key']) {
    for (const value of [
      "' OR 1=1 --",
      '*',
      '%',
      'null',
      'undefined',
      '""',
      'Bearer',
      'Bearer ',
      `Bearer ${'a'.repeat(8_000)}`,
    ]) {
      it(`answers ${name}: ${value.slice(0, 20)} with 401`, async () => {
        const reply = await ask(bench, {
          method: 'POST',
          target: '/v1/messages',
          headers: { [name]: value },
        });
        assert.equal(reply.status, 401, reply.text.slice(0, 300));
      });
    }
  }

  it('takes a key only whole', async () => {
    for (const key of [CANARIES.apiKey.slice(0, -1), `${CANARIES.apiKey}x`, CANARIES.apiKey.toLowerCase()]) {
      const headers = { authorization: `Bearer ${key}` };
      const reply = await ask(bench, { method: 'POST', target: '/v1/messages', headers });
      assert.equal(reply.status, 401);
    }
  });

  it('sends nothing to a host that the client names', async () => {
    const callCount = bench.upstream.calls.length;
    const body = JSON.stringify({ ...JSON.parse(BODY), ...STEERING_FIELDS }).replaceAll(
      'STEER',
      'http://127.0.0.1:1',
    );
    const reply = await ask(bench, {
      method: 'POST',
      target: '/v1/messages',
      headers: {
        ...Object.fromEntries(
          Object.entries(STEERING_HEADERS).map(([name, value]) => [
            name,
            value.replace('STEER', 'http://127.0.0.1:1'),
          ]),
        ),
        authorization: `Bearer ${CANARIES.apiKey}`,
      },
      body,
    });
    assert.equal(reply.status, 200, reply.text);
    const [call, ...others] = bench.upstream.calls.slice(callCount);
    assert.ok(call && others.length === 0);
    assert.deepEqual([call.method, call.path], ['POST', '/base/v1/messages']);
    assert.equal(call.headers.host, new URL(bench.upstream.origin).host);
    assert.equal(call.headers['x-api-key'], `${CANARIES.credential}-one`);
    assert.deepEqual(
      Object.keys(call.headers).filter((name) => name in STEERING_HEADERS),
      [],
    );
  });

  it("keeps a model's name inside its part of the path", async () => {
    const callCount = bench.upstream.calls.length;
    const target = `/v1beta/models/${encodeURIComponent('a/../../../b?c#d%2e%2e')}:generateContent`;
    const reply = await ask(bench, {
      method: 'POST',
      target,
      headers: { 'x-goog-api-key': CANARIES.apiKey },
      body: '{"contents":[]}',
    });
    assert.equal(reply.status, 200, reply.text);
    const path = bench.upstream.calls[callCount]?.path ?? '';
    assert.equal(path, '/base/v1beta/models/a%2F..%2F..%2F..%2Fb%3Fc%23d%252e%252e:generateContent');
  });

  for (const [what, headers, statuses] of MANY_HEADERS) {
    it(`survives ${what}`, async () => {
      const callCount = bench.upstream.calls.length;
      const all = { ...headers, authorization: `Bearer ${CANARIES.apiKey}` };
      const reply = await ask(bench, { method: 'POST', target: '/v1/messages', headers: all });
      assert.ok(statuses.includes(reply.status ?? 0), reply.text.slice(0, 300));
      for (const call of bench.upstream.calls.slice(callCount)) {
        assert.deepEqual(
          Object.keys(call.headers).filter((name) => /^x-many|injected/.test(name)),
          [],
        );
      }
      assert.deepEqual(canariesIn(reply.text, CANARIES), []);
      assert.equal((await ask(bench, { method: 'GET', target: '/livez' })).status, 200);
    });
  }
});

/** The panel answers any page's address with its one document, which holds nothing. */
function isPage({ status, text }: RawReply, method: string): boolean {
  return (
    method === 'GET' && (status === 200 || status === 304) && /content-type: text\/(html|plain)/i.test(text)
  );
}

interface Asked {
  method: string;
  target: string;
  headers?: Record<string, string>;
  body?: string;
}

function ask(
  { gateway }: SecurityBench,
  { method, target, headers = {}, body = BODY }: Asked,
): Promise<RawReply> {
  const sent = method === 'GET' ? '' : body;
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'host: gateway.test',
    ...('connection' in headers ? [] : ['connection: close']),
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(sent)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ];
  return sendRaw(gateway.origin, Buffer.from(`${lines.join('\r\n')}\r\n\r\n${sent}`, 'latin1'));
}
