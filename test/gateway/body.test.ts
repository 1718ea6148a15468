// Request bodies as clients send them: compressed, in chunks, too large, and not quite JSON.

import assert from 'node:assert/strict';
import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { readBody } from '../../server/gateway/body.ts';
import { DEFAULT_SETTINGS } from '../../server/gateway/ports.ts';
import { ADA_KEY, createBench, gatewayTest, message } from './fixture.ts';

const JSON_BODY = JSON.stringify({
  model: 'claude-sonnet-4-5',
  max_tokens: 10,
  messages: [{ role: 'user', content: 'hé'.repeat(500) }],
});
const SENT_BODY = JSON_BODY.replace('"claude-sonnet-4-5"', '"claude-sonnet-4-5-20250929"');

const CODINGS: readonly [coding: string | null, bytes: Uint8Array][] = [
  ['gzip', gzipSync(JSON_BODY)],
  ['x-gzip', gzipSync(JSON_BODY)],
  [null, gzipSync(JSON_BODY)],
  ['deflate', deflateSync(JSON_BODY)],
  ['br', brotliCompressSync(JSON_BODY)],
  ['zstd', zstdCompressSync(JSON_BODY)],
  ['identity', new TextEncoder().encode(JSON_BODY)],
  ['gzip, zstd', zstdCompressSync(gzipSync(JSON_BODY))],
];
for (const [coding, bytes] of CODINGS) {
  gatewayTest(
    `handleExchange() sends a body that came as ${coding ?? 'undeclared gzip'} on plain`,
    async () => {
      const bench = createBench(() => message());
      const reply = await bench.send({
        body: new Uint8Array(bytes),
        headers: coding === null ? {} : { 'content-encoding': coding },
      });
      assert.equal(reply.status, 200);
      assert.equal(bench.calls[0]?.body, SENT_BODY);
      assert.equal(bench.calls[0]?.headers.get('content-encoding'), null);
    },
  );
}

/** A request whose body comes in pieces, without a declared length. */
function chunked(pieces: readonly string[], headers: Record<string, string> = {}): Request {
  const left = [...pieces];
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const piece = left.shift();
      if (piece === undefined) controller.close();
      else controller.enqueue(new TextEncoder().encode(piece));
    },
  });
  const init = {
    method: 'POST',
    headers: { authorization: `Bearer ${ADA_KEY}`, ...headers },
    body,
    duplex: 'half',
  };
  return new Request('http://gateway.test/v1/messages', init);
}

gatewayTest(
  'handleExchange() puts a body together that comes in pieces, and counts its bytes while it holds them',
  async () => {
    let heldBytes = 0;
    const bench = createBench(() => {
      heldBytes = bench.parts.admission.bufferedBytes;
      return message();
    });
    const reply = await bench.openRequest(chunked([JSON_BODY.slice(0, 30), JSON_BODY.slice(30)]));
    assert.equal(reply.status, 200);
    await reply.text();
    assert.equal(bench.calls[0]?.body, SENT_BODY);
    assert.equal(heldBytes, new TextEncoder().encode(JSON_BODY).length);
  },
);

gatewayTest('handleExchange() counts what a compressed body grows to', async () => {
  let heldBytes = 0;
  const bench = createBench(() => {
    heldBytes = bench.parts.admission.bufferedBytes;
    return message();
  });
  const bytes = new Uint8Array(gzipSync(JSON_BODY));
  await bench.send({
    body: bytes,
    headers: { 'content-encoding': 'gzip', 'content-length': String(bytes.length) },
  });
  assert.equal(heldBytes, new TextEncoder().encode(JSON_BODY).length);
});

const ONE_MB = { settings: { limits: { ...DEFAULT_SETTINGS.limits, maxBodyMb: 1 } } };
const LARGE = JSON.stringify({ model: 'sonnet', padding: 'x'.repeat(1024 * 1024) });
const INCOMPRESSIBLE = JSON.stringify({
  model: 'sonnet',
  padding: Array.from({ length: 200_000 }, (_, at) => ((at * 2654435761) >>> 0).toString(36)).join(''),
});

gatewayTest('handleExchange() takes a body of just the largest size', async () => {
  const bench = createBench(() => message(), ONE_MB);
  const body = `${LARGE.slice(0, 1024 * 1024 - 2)}"}`;
  const reply = await bench.send({ body });
  assert.equal(reply.status, 200);
});

for (const [name, request] of [
  [
    'declared',
    () =>
      new Request('http://gateway.test/v1/messages', {
        method: 'POST',
        headers: { authorization: `Bearer ${ADA_KEY}`, 'content-length': '1048577' },
        body: LARGE,
      }),
  ],
  ['sent in chunks', () => chunked([LARGE.slice(0, 500_000), LARGE.slice(500_000)])],
  [
    'grown from a compressed one',
    () =>
      new Request('http://gateway.test/v1/messages', {
        method: 'POST',
        headers: { authorization: `Bearer ${ADA_KEY}`, 'content-encoding': 'gzip' },
        body: new Uint8Array(gzipSync(INCOMPRESSIBLE)),
      }),
  ],
] as const) {
  gatewayTest(`handleExchange() refuses a body over the limit, ${name}, with 413`, async () => {
    const bench = createBench(() => message(), ONE_MB);
    const reply = await bench.openRequest(request());
    assert.equal(reply.status, 413);
    assert.equal(JSON.parse(await reply.text()).error.type, 'request_too_large');
    assert.deepEqual(
      [bench.rows[0]?.errorCode, bench.rows[0]?.outcome, bench.calls.length],
      ['body-too-large', 'rejected', 0],
    );
  });
}

for (const [name, headers] of [
  ['declared', { 'content-length': '600000' }],
  ['not declared', {}],
] as const) {
  gatewayTest(`handleExchange() refuses a body for which there is no memory left, ${name}`, async () => {
    const bench = createBench(() => message(), {
      settings: { limits: { ...DEFAULT_SETTINGS.limits, maxBufferedMb: 1 } },
    });
    const release = bench.parts.admission.tryReserve(500_000, 1024 * 1024);
    const body = JSON.stringify({ model: 'sonnet', padding: 'x'.repeat(600_000 - 32) });
    const request =
      name === 'declared'
        ? new Request('http://gateway.test/v1/messages', {
            method: 'POST',
            headers: { authorization: `Bearer ${ADA_KEY}`, ...headers },
            body,
          })
        : chunked([body]);
    const reply = await bench.openRequest(request);
    assert.deepEqual(
      [reply.status, reply.headers.get('retry-after'), bench.rows[0]?.errorCode],
      [503, '1', 'gateway-full'],
    );
    release?.();
  });
}

const LONG = 'x'.repeat(100);
for (const [name, body] of [
  ['a control character in a long text', `{"model":"${LONG}\u0001"}`],
  ['a bad escape in a long text', `{"model":"sonnet","prompt_cache_key":"${LONG}\\q"}`],
  ['a bad escape in a long name', `{"model":"sonnet","${LONG}\\q":1}`],
  ['a damaged note of the client', `{"model":"sonnet","metadata":{"user_id":"${LONG}\n"}}`],
] as const) {
  gatewayTest(`handleExchange() refuses ${name} as no JSON and blames itself for nothing`, async () => {
    const bench = createBench(() => message());
    const reply = await bench.send({ body });
    assert.deepEqual([reply.status, reply.row.errorCode], [400, 'invalid-json']);
    assert.deepEqual(bench.faults, []);
  });
}

gatewayTest('handleExchange() survives nesting deeper than any stack', async () => {
  const bench = createBench(() => message());
  const depth = 100_000;
  const deep = `${'['.repeat(depth)}${']'.repeat(depth)}`;
  for (const field of ['metadata', 'messages']) {
    const reply = await bench.send({ body: `{"model":"sonnet","${field}":${deep}}` });
    assert.ok(reply.status === 200 || reply.status === 400, String(reply.status));
  }
  assert.deepEqual(bench.faults, []);
});

gatewayTest('handleExchange() takes a client for gone whose body breaks off', async () => {
  const bench = createBench(() => message());
  const body = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(new Error('reset')) });
  const init = { method: 'POST', headers: { authorization: `Bearer ${ADA_KEY}` }, body, duplex: 'half' };
  const reply = await bench.openRequest(new Request('http://gateway.test/v1/messages', init));
  assert.deepEqual([reply.status, bench.rows[0]?.outcome, bench.faults], [499, 'client-gone', []]);
});

gatewayTest('handleExchange() says when the body is here', async () => {
  const bench = createBench(() => message());
  await bench.send();
  assert.equal(bench.bodiesRead(), 1);
  await bench.send({ body: '' });
  assert.equal(bench.bodiesRead(), 1);
});

for (const hasPrompt of [true, false]) {
  gatewayTest(
    `readBody() ${hasPrompt ? 'outlines the prompt' : 'looks for no prompt when there is none'}`,
    async () => {
      const request = new Request('http://gateway.test/v1/messages', { method: 'POST', body: JSON_BODY });
      const limits = { inPath: null, maxBytes: 10_000 };
      const body = await readBody(request, { ...limits, surface: 'anthropic-messages', hasPrompt });
      assert.equal(body.model, 'claude-sonnet-4-5');
      assert.equal(body.outline?.bytes ?? null, hasPrompt ? 1_500 : null);
    },
  );
}
