// The client lets go at once when nobody wants a reply, and makes peers wait for slow readers.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import {
  closedSoon,
  fault,
  fetched,
  MAX_BYTES,
  OK,
  PLAIN,
  STREAM_START,
  textOf,
  withClient,
} from './client-fixture.ts';
import { answering, onRequests, rawServer, requestTo, until } from './raw-server.ts';

const ABORTED: [phase: string, act: (socket: Socket) => void, isSent: boolean][] = [
  ['before the head', () => undefined, true],
  ['within the head', (socket) => socket.write(`${OK}content-`), true],
];
for (const [phase, act, isSent] of ABORTED) {
  test(`createUpstream closes the connection when the signal fires ${phase}`, async () => {
    let isAsked = false;
    const server = rawServer((socket) =>
      onRequests(socket, () => {
        isAsked = true;
        act(socket);
      }),
    );
    await withClient(server, async (client, server) => {
      const abort = new AbortController();
      const sending = client.send(requestTo(server.port, { signal: abort.signal }));
      await until(() => isAsked);
      abort.abort();
      await assert.rejects(sending, fault('aborted', isSent));
      await closedSoon(server);
    });
  });
}

test('createUpstream does not begin when the signal has fired', async () => {
  await withClient(answering(PLAIN), async (client, server) => {
    const signal = AbortSignal.abort();
    await assert.rejects(client.send(requestTo(server.port, { signal })), fault('aborted', false));
    await fetched(client, requestTo(server.port));
    await assert.rejects(client.send(requestTo(server.port, { signal })), fault('aborted', false));
    assert.equal(server.connections, 1);
  });
});

test('createUpstream closes the connection when the signal fires within the body', async () => {
  await withClient(answering(STREAM_START), async (client, server) => {
    const abort = new AbortController();
    const { body } = await client.send(requestTo(server.port, { signal: abort.signal }));
    assert.equal(textOf(await body.read()), 'hel');
    const reading = body.read();
    abort.abort();
    await assert.rejects(reading, fault('aborted', true));
    await closedSoon(server);
  });
});

test('createUpstream closes the connection when the reader cancels, during a read and without one', async () => {
  await withClient(answering(STREAM_START), async (client, server) => {
    const first = await client.send(requestTo(server.port));
    assert.equal(textOf(await first.body.read()), 'hel');
    const reading = first.body.read();
    first.body.cancel();
    await assert.rejects(reading, fault('aborted', true));
    await closedSoon(server);
    const second = await client.send(requestTo(server.port));
    second.body.cancel();
    await assert.rejects(second.body.read(), fault('aborted', true));
    await closedSoon(server);
  });
});

test('createUpstream keeps the connection when a complete reply is cancelled', async () => {
  await withClient(answering(PLAIN), async (client, server) => {
    const { body } = await client.send(requestTo(server.port));
    body.cancel();
    assert.deepEqual(client.stats(), { open: 1, idle: 1, dialed: 1 });
    assert.equal(server.sockets.size, 1);
  });
});

test('createUpstream stops at a reply over the limit', async () => {
  const long = `${OK}content-length: 100000\r\n\r\n${'x'.repeat(100_000)}`;
  await withClient(answering(long), async (client, server) => {
    const { body } = await client.send(requestTo(server.port));
    await assert.rejects(body.bytes(99_999), fault('reply-too-large', true));
    const exact = await client.send(requestTo(server.port));
    assert.equal((await exact.body.bytes(100_000)).length, 100_000);
  });
});

test('createUpstream makes a peer wait while nobody reads', async () => {
  const total = 64 * 1024 * 1024;
  let written = 0;
  const server = rawServer((socket) =>
    onRequests(socket, () => {
      socket.write(`${OK}content-length: ${total}\r\n\r\n`);
      const piece = Buffer.alloc(256 * 1024, 'x');
      const more = () => {
        while (written < total) {
          written += piece.length;
          if (!socket.write(piece)) {
            socket.once('drain', more);
            return;
          }
        }
      };
      more();
    }),
  );
  await withClient(server, async (client, server) => {
    const { body } = await client.send(requestTo(server.port));
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(written < 32 * 1024 * 1024, `${written} bytes written with nobody reading`);
    const first = await body.read();
    assert.ok(first && first.length <= 1024 * 1024, `${first?.length} bytes held`);
    let got = first.length;
    for (let piece = await body.read(); piece; piece = await body.read()) got += piece.length;
    assert.equal(got, total);
    assert.equal(client.stats().idle, 1);
  });
});

test('createUpstream reads all of a large reply at once after it had to wait', async () => {
  const size = 4 * 1024 * 1024;
  const reply = Buffer.concat([Buffer.from(`${OK}content-length: ${size}\r\n\r\n`), Buffer.alloc(size, 'y')]);
  await withClient(answering(reply), async (client, server) => {
    const { body } = await client.send(requestTo(server.port));
    await new Promise((resolve) => setTimeout(resolve, 100));
    assert.equal((await body.bytes(size)).length, size);
  });
});

test('createUpstream holds 2,000 streams at once', async () => {
  const streams: Socket[] = [];
  const server = rawServer((socket) =>
    onRequests(socket, () => {
      socket.write(STREAM_START);
      streams.push(socket);
    }),
  );
  await withClient(server, async (client, server) => {
    const bodies = [];
    for (let batch = 0; batch < 20; batch++) {
      const requests = Array.from({ length: 100 }, () => client.send(requestTo(server.port)));
      for (const reply of await Promise.all(requests)) bodies.push(reply.body);
    }
    assert.equal(streams.length, 2_000);
    for (const socket of streams) socket.write('2\r\nlo\r\n0\r\n\r\n');
    const texts = await Promise.all(bodies.map(async (body) => textOf(await body.bytes(MAX_BYTES))));
    assert.deepEqual(new Set(texts), new Set(['hello']));
  });
});
