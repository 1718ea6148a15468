// Making connections: the time limit, several addresses, giving up, and certificates.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { createServer, type Server as TlsServer } from 'node:tls';
import { UpstreamFault, type UpstreamFaultKind } from '../../server/gateway/upstream.ts';
import { createUpstream } from '../../server/upstream/client.ts';
import type { Dial } from '../../server/upstream/socket.ts';
import { answering, listening, onRequests, rawServer, requestTo, until } from './raw-server.ts';

const PLAIN = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello';
const fixture = (name: string) => readFileSync(new URL(`./tls/${name}`, import.meta.url), 'utf8');

function fault(kind: UpstreamFaultKind) {
  return (error: unknown) => {
    assert.ok(error instanceof UpstreamFault, String(error));
    assert.deepEqual({ kind: error.kind, isSent: error.isSent }, { kind, isSent: false });
    return true;
  };
}

/** Swallows what it is asked to connect to, but for the address that `answers` names. */
function blackHole(log: string[], answers?: string): Dial {
  return ({ address }, owner) => {
    log.push(`dial ${address}`);
    if (address === answers) queueMicrotask(() => owner.onFailed('connect', 'ECONNREFUSED'));
    return () => log.push(`give up ${address}`);
  };
}

test('createUpstream gives up on a connection that never opens', async () => {
  const log: string[] = [];
  const client = createUpstream({ dial: blackHole(log) });
  await assert.rejects(client.send(requestTo(1, { connectTimeoutMs: 30 })), fault('connect-timeout'));
  assert.deepEqual(log, ['dial 127.0.0.1', 'give up 127.0.0.1']);
  client.close();
});

test('createUpstream gives up on a name that is never found', async () => {
  const client = createUpstream({ lookup: () => new Promise(() => undefined) });
  const request = requestTo(1, { url: 'https://slow.test/', connectTimeoutMs: 30 });
  await assert.rejects(client.send(request), fault('connect-timeout'));
  client.close();
});

test('createUpstream gives up on a TLS handshake that never ends', async () => {
  const server = await rawServer((socket) => socket.resume());
  const client = createUpstream();
  const request = requestTo(0, { url: `https://127.0.0.1:${server.port}/`, connectTimeoutMs: 50 });
  await assert.rejects(client.send(request), fault('connect-timeout'));
  await until(() => server.connections === 1 && server.sockets.size === 0);
  client.close();
  await server.close();
});

test('createUpstream leaves time for the next address', async () => {
  const log: string[] = [];
  const client = createUpstream({
    lookup: async () => ['10.0.0.1', '10.0.0.2'],
    dial: blackHole(log, '10.0.0.2'),
  });
  const request = requestTo(1, { url: 'https://two.test/', connectTimeoutMs: 60 });
  await assert.rejects(client.send(request), fault('connect'));
  assert.deepEqual(log, ['dial 10.0.0.1', 'give up 10.0.0.1', 'dial 10.0.0.2']);
  client.close();
});

test('createUpstream goes on to the next address when one refuses', async () => {
  const server = await answering(PLAIN);
  const client = createUpstream({ lookup: async () => ['127.0.0.77', '127.0.0.1'] });
  const reply = await client.send(requestTo(0, { url: `http://two.test:${server.port}/` }));
  assert.equal(reply.status, 200);
  await reply.body.bytes(100);
  client.close();
  await server.close();
});

test('createUpstream stops connecting when the signal fires', async () => {
  const log: string[] = [];
  const client = createUpstream({ dial: blackHole(log) });
  const abort = new AbortController();
  const sending = client.send(requestTo(1, { signal: abort.signal }));
  await until(() => log.length === 1);
  abort.abort();
  await assert.rejects(sending, fault('aborted'));
  assert.deepEqual(log, ['dial 127.0.0.1', 'give up 127.0.0.1']);
  client.close();
});

test('createUpstream heeds a signal that fires when the connection opens', async () => {
  const sent: string[] = [];
  const abort = new AbortController();
  const nothing = () => undefined;
  const dial: Dial = (_target, owner) => {
    const send = (head: string) => void sent.push(head);
    queueMicrotask(() => {
      owner.onOpen({
        roundTripMs: 1,
        isFlushed: true,
        send,
        pause: nothing,
        resume: nothing,
        destroy: nothing,
      });
      abort.abort();
    });
    return nothing;
  };
  const client = createUpstream({ dial });
  await assert.rejects(client.send(requestTo(1, { signal: abort.signal })), fault('aborted'));
  assert.deepEqual(sent, []);
  assert.equal(client.stats().idle, 1);
  client.close();
});

/** Answers the first request of a connection, and ends it on the second; `dialed` counts. */
function endingOnSecond(roundTripMs: number): { dial: Dial; dialed: () => number } {
  const reply = () => new TextEncoder().encode(PLAIN);
  let dialed = 0;
  const dial: Dial = (_target, owner) => {
    let requests = 0;
    dialed++;
    const send = () => {
      const isFirst = ++requests === 1;
      queueMicrotask(() => (isFirst ? owner.onData(reply()) : owner.onClose(true, 'closed')));
    };
    const nothing = () => undefined;
    const socket = { roundTripMs, isFlushed: true, send, pause: nothing, resume: nothing, destroy: nothing };
    queueMicrotask(() => owner.onOpen(socket));
    return nothing;
  };
  return { dial, dialed: () => dialed };
}

test('createUpstream sends again when a reused connection ends faster than one round trip', async () => {
  const { dial, dialed } = endingOnSecond(250);
  const client = createUpstream({ dial });
  for (let round = 0; round < 3; round++) await (await client.send(requestTo(1))).body.bytes(100);
  assert.equal(dialed(), 3);
  assert.deepEqual(client.stats(), { open: 1, idle: 1, dialed: 3 });
  client.close();
});

test('createUpstream does not send again when the peer had the time to see the request', async () => {
  const { dial, dialed } = endingOnSecond(0);
  const client = createUpstream({ dial });
  await (await client.send(requestTo(1))).body.bytes(100);
  await assert.rejects(client.send(requestTo(1)), (error) => {
    assert.ok(error instanceof UpstreamFault);
    return error.kind === 'reset' && error.isSent;
  });
  assert.equal(dialed(), 1);
  client.close();
});

async function tlsServer(options: {
  names: (string | false)[];
}): Promise<{ server: TlsServer; port: number }> {
  const server = createServer({ cert: fixture('upstream.pem'), key: fixture('upstream.key') }, (socket) => {
    options.names.push(socket.servername ?? false);
    socket.on('error', () => undefined);
    onRequests(socket, () => socket.write(PLAIN));
  });
  server.on('tlsClientError', () => undefined);
  return { server, port: await listening(server) };
}

const CERTIFICATES: [name: string, host: string, isTrusted: boolean, isRight: boolean][] = [
  ['is valid', 'upstream.test', true, true],
  ['is valid for the address', '127.0.0.1', true, true],
  ['has an unknown authority', 'upstream.test', false, false],
  ['is made out to another name', 'other.test', true, false],
];
for (const [name, host, isTrusted, isRight] of CERTIFICATES) {
  test(`createUpstream ${isRight ? 'accepts' : 'refuses'} a certificate that ${name}`, async () => {
    const names: (string | false)[] = [];
    const { server, port } = await tlsServer({ names });
    const client = createUpstream({
      lookup: async () => ['127.0.0.1'],
      ...(isTrusted && { authorities: fixture('authority.pem') }),
    });
    const sent = () => client.send(requestTo(0, { url: `https://${host}:${port}/` }));
    if (!isRight) await assert.rejects(sent(), fault('tls'));
    else {
      for (let round = 0; round < 2; round++) {
        const reply = await sent();
        assert.equal(Buffer.from(await reply.body.bytes(100)).toString(), 'hello');
      }
      assert.equal(client.stats().dialed, 1);
      assert.deepEqual(names, [host === '127.0.0.1' ? false : host]);
    }
    client.close();
    await new Promise((resolve) => server.close(resolve));
  });
}

test('createUpstream reports a port without TLS as tls', async () => {
  const server = await rawServer((socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
  );
  const client = createUpstream();
  await assert.rejects(client.send(requestTo(0, { url: `https://127.0.0.1:${server.port}/` })), fault('tls'));
  client.close();
  await server.close();
});

test('createUpstream sends a large body over TLS and lets go at once', async () => {
  const { server, port } = await tlsServer({ names: [] });
  const client = createUpstream({
    lookup: async () => ['127.0.0.1'],
    authorities: fixture('authority.pem'),
  });
  const body = new Uint8Array(3_000_000).fill(120);
  const reply = await client.send(requestTo(0, { url: `https://upstream.test:${port}/`, body }));
  assert.equal((await reply.body.bytes(100)).length, 5);
  client.close();
  assert.equal(client.stats().open, 0);
  await new Promise((resolve) => server.close(resolve));
});
