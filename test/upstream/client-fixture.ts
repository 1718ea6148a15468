// The client against a server made of bytes, and what its faults must be.

import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import {
  UpstreamFault,
  type UpstreamFaultKind,
  type UpstreamRequest,
} from '../../server/gateway/upstream.ts';
import { createUpstream, type UpstreamClient } from '../../server/upstream/client.ts';
import { type RawServer, until } from './raw-server.ts';

export const OK = 'HTTP/1.1 200 OK\r\n';
export const PLAIN = `${OK}content-type: text/plain\r\ncontent-length: 5\r\n\r\nhello`;
/** The start of a stream that does not go on by itself. */
export const STREAM_START = `${OK}transfer-encoding: chunked\r\n\r\n3\r\nhel\r\n`;
export const MAX_BYTES = 1_000_000;

/** One character a byte. */
export function textOf(bytes: Uint8Array | null): string | null {
  return bytes ? Buffer.from(bytes).toString('latin1') : null;
}

export async function withClient(
  server: Promise<RawServer>,
  run: (client: UpstreamClient, server: RawServer) => Promise<void>,
): Promise<void> {
  const running = await server;
  const client = createUpstream();
  try {
    await run(client, running);
  } finally {
    client.close();
    await running.close();
  }
}

export async function fetched(client: UpstreamClient, request: UpstreamRequest): Promise<string | null> {
  const reply = await client.send(request);
  return textOf(await reply.body.bytes(MAX_BYTES));
}

/** For assert.rejects. */
export function fault(kind: UpstreamFaultKind, isSent: boolean): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof UpstreamFault, String(error));
    assert.deepEqual({ kind: error.kind, isSent: error.isSent }, { kind, isSent });
    return true;
  };
}

/** The client has let go: the server sees the end of every connection. */
export async function closedSoon(server: RawServer): Promise<void> {
  const startedAtMs = performance.now();
  await until(() => server.sockets.size === 0);
  assert.ok(performance.now() - startedAtMs < 15_000);
}
