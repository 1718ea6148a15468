// The client over real sockets: requests, replies, faults, and the reuse of connections.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import type { UpstreamFaultKind } from '../../server/gateway/upstream.ts';
import { createUpstream } from '../../server/upstream/client.ts';
import { fault, fetched, MAX_BYTES, OK, PLAIN, textOf, withClient } from './client-fixture.ts';
import { answering, onRequests, type RawServer, rawServer, requestTo, until } from './raw-server.ts';

test('createUpstream sends a request as it should be and gives its reply', async () => {
  const requests: string[] = [];
  const server = rawServer((socket) =>
    onRequests(socket, (text) => {
      requests.push(text);
      socket.write(`${OK}X-Two: 1\r\nx-two: 2\r\ncontent-length: 5\r\n\r\nhello`);
    }),
  );
  await withClient(server, async (client, { port }) => {
    const headers = {
      'x-api-key': 'sk',
      Host: 'evil',
      'Content-Length': '999',
      expect: '100-continue',
      te: 'gzip',
    };
    const url = `http://127.0.0.1:${port}/v1/m%20x?beta=true#part`;
    const reply = await client.send(requestTo(port, { url, headers }));
    assert.equal(reply.status, 200);
    assert.equal(reply.headers.get('x-two'), '1, 2');
    assert.ok(reply.connectMs > 0);
    assert.equal(textOf(await reply.body.bytes(MAX_BYTES)), 'hello');
    const head = `POST /v1/m%20x?beta=true HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\naccept-encoding: identity\r\n`;
    assert.deepEqual(requests, [`${head}x-api-key: sk\r\ncontent-length: 13\r\n\r\n{"model":"m"}`]);
    const second = await client.send(requestTo(port, { method: 'GET', body: null, headers: {} }));
    assert.equal(second.connectMs, 0);
    assert.match(requests[1] ?? '', /^GET \/v1\/messages HTTP\/1\.1\r\n(?!.*content-length)/s);
    await second.body.bytes(MAX_BYTES);
  });
});

for (const bytes of [1_000, 100_000, 140_000, 20_000_000]) {
  test(`createUpstream sends a body of ${bytes} bytes whole, and the connection stays good`, async () => {
    const body = new Uint8Array(bytes).map((_, index) => (index * 31 + (index >> 8)) & 0xff);
    const received: Buffer[] = [];
    const server = rawServer((socket) => {
      let left = 0;
      socket.on('data', (data: Buffer) => {
        const end = left === 0 ? data.indexOf('\r\n\r\n') : -4;
        if (left === 0) left = bytes;
        const part = data.subarray(end + 4);
        received.push(part);
        left -= part.length;
        if (left === 0) socket.write(PLAIN);
      });
    });
    await withClient(server, async (client, server) => {
      for (let round = 0; round < 2; round++) {
        received.length = 0;
        assert.equal(await fetched(client, requestTo(server.port, { body })), 'hello');
        assert.equal(Buffer.compare(Buffer.concat(received), body), 0);
      }
      assert.equal(server.connections, 1);
    });
  });
}

const REFUSED_HEADERS: [string, Record<string, string>][] = [
  ['a line break', { a: 'b\r\nx-injected: 1' }],
  ['a NUL', { a: 'b\0' }],
  ['a character without a byte', { a: '\u{1F600}' }],
  ['a name that is none', { 'a b': 'c' }],
  ['64 KB', { a: 'b'.repeat(70_000) }],
];
for (const [name, headers] of REFUSED_HEADERS) {
  test(`createUpstream refuses a header with ${name}`, async () => {
    await withClient(answering(PLAIN), async (client, server) => {
      await assert.rejects(client.send(requestTo(server.port, { headers })), fault('bad-framing', false));
      assert.equal(server.connections, 0);
    });
  });
}

test('createUpstream gives the same reply wherever it is cut', async () => {
  const reply = `${OK}content-type: a\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n3;x\r\n yo\r\n0\r\nt: 1\r\n\r\n`;
  let cut = 1;
  const server = rawServer((socket) => {
    socket.setNoDelay(true);
    onRequests(socket, () => {
      socket.write(reply.slice(0, cut));
      setTimeout(() => socket.write(reply.slice(cut)), 1);
    });
  });
  await withClient(server, async (client, server) => {
    for (cut = 1; cut < reply.length; cut++) {
      assert.equal(await fetched(client, requestTo(server.port)), 'hello yo', `cut at ${cut}`);
    }
    assert.equal(server.connections, 1);
  });
});

const FAULTS: [name: string, act: (socket: Socket) => void, kind: UpstreamFaultKind][] = [
  ['an end before the reply', (socket) => socket.end(), 'reset'],
  ['a reset before the reply', (socket) => socket.resetAndDestroy(), 'reset'],
  ['an end within the head', (socket) => socket.end(`${OK}conte`), 'reset'],
  ['an end within the body', (socket) => socket.end(`${OK}content-length: 9\r\n\r\nhel`), 'reset'],
  ['a reset within the body', (socket) => resetAfter(socket, `${OK}content-length: 9\r\n\r\nhel`), 'reset'],
  ['a reset of a body without length', (socket) => resetAfter(socket, `${OK}\r\nhel`), 'reset'],
  [
    'an end within a chunk',
    (socket) => socket.end(`${OK}transfer-encoding: chunked\r\n\r\n9\r\nhel`),
    'reset',
  ],
  [
    'a bad chunk',
    (socket) => socket.write(`${OK}transfer-encoding: chunked\r\n\r\nzz\r\nhel`),
    'bad-framing',
  ],
  [
    'two lengths',
    (socket) => socket.write(`${OK}content-length: 1\r\ncontent-length: 2\r\n\r\nhel`),
    'bad-framing',
  ],
  ['something other than HTTP', (socket) => socket.write('hello\r\n'), 'bad-framing'],
];

function resetAfter(socket: Socket, text: string): void {
  socket.write(text, () => setTimeout(() => socket.resetAndDestroy(), 20));
}

for (const [name, act, kind] of FAULTS) {
  test(`createUpstream reports ${name} as ${kind}, and is done with the connection`, async () => {
    const server = rawServer((socket) => onRequests(socket, () => act(socket)));
    await withClient(server, async (client, server) => {
      await assert.rejects(fetched(client, requestTo(server.port)), fault(kind, true));
      assert.equal(client.stats().open, 0);
      await until(() => server.sockets.size === 0);
      assert.equal(server.connections, 1);
    });
  });
}

test('createUpstream reports a refused connection as connect', async () => {
  const server = await answering(PLAIN);
  await server.close();
  const client = createUpstream();
  await assert.rejects(client.send(requestTo(server.port)), fault('connect', false));
  client.close();
});

test('createUpstream gives what came before a fault to a reader of pieces', async () => {
  const server = rawServer((socket) =>
    onRequests(socket, () => socket.end(`${OK}transfer-encoding: chunked\r\n\r\n3\r\nhel\r\n`)),
  );
  await withClient(server, async (client, server) => {
    const { body } = await client.send(requestTo(server.port));
    await until(() => client.stats().open === 0);
    assert.equal(textOf(await body.read()), 'hel');
    await assert.rejects(body.read(), fault('reset', true));
    await assert.rejects(body.read(), fault('reset', true));
  });
});

test('createUpstream reads a body that lasts until the end of the connection', async () => {
  await withClient(answering(`${OK}\r\nhello`, { thenEnds: true }), async (client, server) => {
    assert.equal(await fetched(client, requestTo(server.port)), 'hello');
    assert.equal(await fetched(client, requestTo(server.port)), 'hello');
    assert.equal(server.connections, 2);
  });
});

test('createUpstream carries many requests on few connections', async () => {
  await withClient(answering(PLAIN), async (client, server) => {
    const loop = async () => {
      for (let round = 0; round < 20; round++)
        assert.equal(await fetched(client, requestTo(server.port)), 'hello');
    };
    await Promise.all(Array.from({ length: 512 }, loop));
    assert.ok(server.connections <= 512, `${server.connections} connections`);
    assert.deepEqual(client.stats(), {
      open: server.connections,
      idle: server.connections,
      dialed: server.connections,
    });
  });
});

test('createUpstream does not share connections between requests of different rules', async () => {
  await withClient(answering(PLAIN), async (client, server) => {
    await fetched(client, requestTo(server.port));
    const url = `https://127.0.0.1:${server.port}/`;
    await assert.rejects(
      client.send(requestTo(server.port, { url, allowPrivateNetwork: false })),
      fault('blocked', false),
    );
  });
});

const NOT_REUSED: [string, string][] = [
  ['a reply that says close', `${OK}connection: close\r\ncontent-length: 5\r\n\r\nhello`],
  ['a reply that says close among others', `${OK}Connection: x, Close\r\ncontent-length: 5\r\n\r\nhello`],
  ['a reply of HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello'],
  ['a reply with more behind it', `${PLAIN}${PLAIN}`],
  [
    'a server that keeps connections for a second',
    `${OK}keep-alive: timeout=1\r\ncontent-length: 5\r\n\r\nhello`,
  ],
];
for (const [name, reply] of NOT_REUSED) {
  test(`createUpstream does not use a connection again after ${name}`, async () => {
    await withClient(answering(reply), async (client, server) => {
      assert.equal(await fetched(client, requestTo(server.port)), 'hello');
      assert.equal(client.stats().open, 0);
      assert.equal(await fetched(client, requestTo(server.port)), 'hello');
      assert.equal(server.connections, 2);
    });
  });
}

test('createUpstream drops an idle connection at once when the peer ends it or speaks unasked', async () => {
  for (const act of ['end', 'write'] as const) {
    await withClient(answering(PLAIN), async (client, server) => {
      await fetched(client, requestTo(server.port));
      assert.equal(client.stats().idle, 1);
      for (const socket of server.sockets) socket[act]('HTTP/1.1 408 Request Timeout\r\n\r\n');
      await until(() => client.stats().open === 0);
      assert.equal(client.stats().idle, 0);
      assert.equal(await fetched(client, requestTo(server.port)), 'hello');
      assert.equal(server.connections, 2);
    });
  }
});

test('createUpstream does not send again what a reused connection may have delivered', async () => {
  let requests = 0;
  const server = rawServer((socket) =>
    onRequests(socket, () => {
      requests++;
      if (requests === 1) socket.write(PLAIN);
      else setTimeout(() => socket.end(), 400);
    }),
  );
  await withClient(server, async (client, server) => {
    assert.equal(await fetched(client, requestTo(server.port)), 'hello');
    await assert.rejects(fetched(client, requestTo(server.port)), fault('reset', true));
    assert.equal(requests, 2);
  });
});

test('createUpstream sends again on a new connection when a reused one ends before it took the request', async () => {
  const body = new Uint8Array(30_000_000);
  const server: Promise<RawServer> = rawServer((socket) => {
    socket.on('data', (data: Buffer) => {
      if (data.includes('GET ')) socket.write(PLAIN);
      // Never reads on: the request does not fit into the kernel's buffers.
      else if (connections() === 1) {
        socket.pause();
        setTimeout(() => socket.resetAndDestroy(), 50);
      } else if (data.includes('POST '))
        socket.write(`${OK}content-length: 5\r\nconnection: close\r\n\r\nagain`);
    });
  });
  const running = await server;
  const connections = () => running.connections;
  await withClient(server, async (client, { port }) => {
    assert.equal(await fetched(client, requestTo(port, { method: 'GET', body: null })), 'hello');
    assert.equal(await fetched(client, requestTo(port, { body })), 'again');
    assert.equal(connections(), 2);
  });
});
