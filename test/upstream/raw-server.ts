// A server made of bytes: each test says what it does with a connection, and gets requests to it that differ in little.

import { createServer, type Server, type Socket } from 'node:net';
import type { UpstreamRequest } from '../../server/gateway/upstream.ts';

export interface RawServer {
  port: number;
  /** Connections accepted so far. */
  readonly connections: number;
  /** Open now. */
  readonly sockets: ReadonlySet<Socket>;
  close(): Promise<void>;
}

export async function rawServer(onConnection: (socket: Socket) => void): Promise<RawServer> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    onConnection(socket);
  });
  const port = await listening(server);
  return {
    port,
    get connections() {
      return connections;
    },
    sockets,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

export function listening(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
}

/** Calls `onRequest` with the text of each request that has come in whole. */
export function onRequests(socket: Socket, onRequest: (text: string) => void): void {
  let text = '';
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1');
    for (;;) {
      const end = text.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/^content-length: (\d+)$/im.exec(text.slice(0, end))?.[1] ?? 0);
      if (text.length < end + 4 + length) return;
      const request = text.slice(0, end + 4 + length);
      text = text.slice(request.length);
      onRequest(request);
    }
  });
}

/** A server that answers every request with the same bytes. */
export function answering(
  reply: string | Uint8Array,
  options: { thenEnds?: boolean } = {},
): Promise<RawServer> {
  return rawServer((socket) =>
    onRequests(socket, () => {
      socket.write(reply);
      if (options.thenEnds) socket.end();
    }),
  );
}

export function requestTo(port: number, changes: Partial<UpstreamRequest> = {}): UpstreamRequest {
  return {
    method: 'POST',
    url: `http://127.0.0.1:${port}/v1/messages`,
    headers: { 'content-type': 'application/json' },
    body: new TextEncoder().encode('{"model":"m"}'),
    signal: new AbortController().signal,
    allowPrivateNetwork: true,
    connectTimeoutMs: 10_000,
    ...changes,
  };
}

/** Waits for something that only the runtime can bring about. */
export async function until(isTrue: () => boolean, limitMs = 30_000): Promise<void> {
  const endsAtMs = performance.now() + limitMs;
  while (!isTrue()) {
    if (performance.now() > endsAtMs) throw new Error('Cannot see it happen: the time is up');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
