// A fetch as the way out: replies, limits, and what the errors of the three runtimes mean.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { UpstreamFault, type UpstreamFaultKind } from '../../server/gateway/upstream.ts';
import { classifyError, upstreamOfFetch } from '../../server/upstream/fetch-upstream.ts';
import { answering, rawServer, requestTo, until } from './raw-server.ts';

function fault(kind: UpstreamFaultKind, isSent: boolean) {
  return (error: unknown) => {
    assert.ok(error instanceof UpstreamFault, String(error));
    assert.deepEqual({ kind: error.kind, isSent: error.isSent }, { kind, isSent });
    return true;
  };
}

test('upstreamOfFetch passes the request on and gives the reply', async () => {
  const calls: [string, RequestInit][] = [];
  const upstream = upstreamOfFetch(async (url, init) => {
    calls.push([url, init]);
    return new Response('hello', { status: 201, headers: { 'x-a': 'b' } });
  });
  const request = requestTo(1);
  const reply = await upstream(request);
  assert.equal(reply.status, 201);
  assert.equal(reply.headers.get('x-a'), 'b');
  assert.equal(reply.connectMs, 0);
  assert.equal(Buffer.from(await reply.body.bytes(5)).toString(), 'hello');
  const [url, init] = calls[0] ?? [];
  assert.equal(url, request.url);
  assert.equal(init?.redirect, 'manual');
  assert.equal(init?.body, request.body);
  assert.equal(init?.signal, request.signal);
});

test('upstreamOfFetch reads piece by piece, and nothing where there is no body', async () => {
  const pieces = ['a', '', 'b'].map((text) => new TextEncoder().encode(text));
  const upstream = upstreamOfFetch(async () => new Response(streamOf(pieces)));
  const { body } = await upstream(requestTo(1));
  assert.deepEqual([await body.read(), await body.read(), await body.read()], [pieces[0], pieces[2], null]);
  const empty = await upstreamOfFetch(async () => new Response(null, { status: 204 }))(requestTo(1));
  assert.equal(await empty.body.read(), null);
});

function streamOf(pieces: readonly Uint8Array[]): ReadableStream {
  return new ReadableStream({
    start(controller) {
      for (const piece of pieces) controller.enqueue(piece);
      controller.close();
    },
  });
}

test('upstreamOfFetch stops at a reply over the limit, and cancels', async () => {
  let isCancelled = false;
  const endless = () =>
    new ReadableStream({
      pull: (controller) => controller.enqueue(new Uint8Array(10)),
      cancel: () => {
        isCancelled = true;
      },
    });
  const upstream = upstreamOfFetch(async () => new Response(endless()));
  const { body } = await upstream(requestTo(1));
  await assert.rejects(body.bytes(25), fault('reply-too-large', true));
  await until(() => isCancelled);
});

test('upstreamOfFetch reports the signal as aborted, whatever the error', async () => {
  const abort = new AbortController();
  const upstream = upstreamOfFetch((_url, init) => {
    return new Promise((_, reject) =>
      init.signal?.addEventListener('abort', () => reject(new Error('mine'))),
    );
  });
  const sending = upstream(requestTo(1, { signal: abort.signal }));
  abort.abort();
  await assert.rejects(sending, fault('aborted', true));
});

const error = (message: string, properties: { name?: string; code?: string; cause?: Error } = {}) =>
  Object.assign(new TypeError(message), properties);
const deno = (message: string) =>
  error('fetch failed', { cause: error(`error sending request for url (http://x/): ${message}`) });
const node = (code: string) => error('fetch failed', { cause: error('x', { code }) });

const ERRORS: [runtime: string, error: Error, kind: UpstreamFaultKind][] = [
  ['Bun', error('ECONNREFUSED: Unable to connect.', { code: 'ECONNREFUSED' }), 'connect'],
  ['Bun', error('getaddrinfo ENOTFOUND x', { code: 'ENOTFOUND' }), 'dns'],
  ['Bun', error('self signed certificate', { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' }), 'tls'],
  ['Bun', error('EPROTO: The TLS handshake failed.', { code: 'EPROTO' }), 'tls'],
  ['Bun', error('ECONNRESET: The socket connection was closed', { code: 'ECONNRESET' }), 'reset'],
  ['Bun', error('InvalidHTTPResponse fetching "http://x/"', { code: 'InvalidHTTPResponse' }), 'bad-framing'],
  ['Bun', error('InvalidContentLength fetching', { code: 'InvalidContentLength' }), 'bad-framing'],
  ['Node', node('ECONNREFUSED'), 'connect'],
  [
    'Node',
    error('fetch failed', { cause: new AggregateError([error('x', { code: 'ECONNREFUSED' })]) }),
    'connect',
  ],
  ['Node', error('fetch failed', { cause: error('bad port') }), 'connect'],
  ['Node', node('ENOTFOUND'), 'dns'],
  ['Node', node('EAI_AGAIN'), 'dns'],
  ['Node', node('UND_ERR_CONNECT_TIMEOUT'), 'connect-timeout'],
  ['Node', node('DEPTH_ZERO_SELF_SIGNED_CERT'), 'tls'],
  ['Node', node('ERR_TLS_CERT_ALTNAME_INVALID'), 'tls'],
  ['Node', node('ERR_SSL_WRONG_VERSION_NUMBER'), 'tls'],
  ['Node', node('ECONNRESET'), 'reset'],
  ['Node', error('terminated', { cause: error('other side closed', { code: 'UND_ERR_SOCKET' }) }), 'reset'],
  ['Node', error('fetch failed', { cause: error('x', { name: 'HTTPParserError' }) }), 'bad-framing'],
  ['Deno', deno('client error (Connect): tcp connect error: Connection refused (os error 111)'), 'connect'],
  ['Deno', deno('client error (Connect): dns error: failed to lookup address information'), 'dns'],
  [
    'Deno',
    deno('client error (Connect): tcp connect error: Connection timed out (os error 110)'),
    'connect-timeout',
  ],
  ['Deno', deno('client error (Connect): invalid peer certificate: UnknownIssuer'), 'tls'],
  ['Deno', deno('client error (Connect): received corrupt message of type InvalidContentType'), 'tls'],
  ['Deno', deno('client error (SendRequest): invalid HTTP version parsed'), 'bad-framing'],
  ['Deno', deno('client error (SendRequest): connection closed before message completed'), 'reset'],
  ['Deno', error('Fetch failed: Requests to port 9 are blocked'), 'connect'],
  ['Deno', error('error reading a body from connection'), 'reset'],
  ['all', error('The operation timed out.', { name: 'TimeoutError' }), 'aborted'],
];
for (const [runtime, given, kind] of ERRORS) {
  const text = given.cause instanceof Error ? given.cause.message : given.message;
  test(`classifyError knows ${kind} on ${runtime}: ${('code' in given && given.code) || text}`, () => {
    assert.equal(classifyError(given).kind, kind);
  });
}

test('upstreamOfFetch reports what this runtime says of a refused connection and of a reset', async () => {
  const upstream = upstreamOfFetch(fetch);
  const gone = await answering('');
  await gone.close();
  await assert.rejects(upstream(requestTo(gone.port)), fault('connect', false));
  const server = await rawServer((socket) => socket.once('data', () => socket.resetAndDestroy()));
  await assert.rejects(upstream(requestTo(server.port)), fault('reset', true));
  await server.close();
});
