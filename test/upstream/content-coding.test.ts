// Replies that are compressed although nobody asked for it.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { test } from 'node:test';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { closedSoon, fault, fetched, MAX_BYTES, OK, textOf, withClient } from './client-fixture.ts';
import { answering, onRequests, rawServer, requestTo } from './raw-server.ts';

const LONG = 'a long text that compresses well. '.repeat(2_000);
const CODED: [coding: string, bytes: Uint8Array][] = [
  ['gzip', gzipSync(LONG)],
  ['x-gzip', gzipSync(LONG)],
  ['br', brotliCompressSync(LONG)],
  ['zstd', zstdCompressSync(LONG)],
  ['deflate', deflateSync(LONG)],
  ['deflate', deflateRawSync(LONG)],
];
for (const [coding, coded] of CODED) {
  const head = `${OK}content-encoding: ${coding}\r\ncontent-length: ${coded.length}\r\n\r\n`;
  test(`createUpstream takes the coding ${coding} of ${coded.length} bytes off a reply`, async () => {
    await withClient(answering(Buffer.concat([Buffer.from(head), coded])), async (client, server) => {
      const reply = await client.send(requestTo(server.port));
      assert.equal(reply.headers.get('content-encoding'), null);
      assert.equal(reply.headers.get('content-length'), null);
      assert.equal(textOf(await reply.body.bytes(MAX_BYTES)), LONG);
      const again = await client.send(requestTo(server.port));
      await assert.rejects(again.body.bytes(1_000), fault('reply-too-large', true));
    });
  });
  // Not every runtime notices with the others.
  if (!/gzip|deflate/.test(coding)) continue;
  test(`createUpstream reports the coding ${coding} broken off within ${coded.length} bytes`, async () => {
    const half = coded.subarray(0, coded.length >> 1);
    const reply = `${OK}content-encoding: ${coding}\r\ncontent-length: ${half.length}\r\n\r\n`;
    await withClient(answering(Buffer.concat([Buffer.from(reply), half])), async (client, server) => {
      await assert.rejects(fetched(client, requestTo(server.port)), fault('reset', true));
    });
  });
}

test('createUpstream refuses an unknown or unreadable coding', async () => {
  for (const coding of ['compress', 'gzip', 'gzip, br']) {
    const reply = `${OK}content-encoding: ${coding}\r\ncontent-length: 5\r\n\r\nhello`;
    await withClient(answering(reply), async (client, server) => {
      await assert.rejects(fetched(client, requestTo(server.port)), fault('bad-framing', true));
    });
  }
});

test('createUpstream takes a coded stream off piece by piece', async () => {
  const coded = gzipSync('hello');
  const server = rawServer((socket) =>
    onRequests(socket, () => {
      const head = `${OK}content-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n`;
      socket.write(
        Buffer.concat([Buffer.from(`${head}${coded.length.toString(16)}\r\n`), coded, Buffer.from('\r\n')]),
      );
    }),
  );
  await withClient(server, async (client, server) => {
    const { body } = await client.send(requestTo(server.port));
    assert.equal(textOf(await body.read()), 'hello');
    const reading = body.read();
    body.cancel();
    await assert.rejects(reading, fault('aborted', true));
    await closedSoon(server);
  });
});
