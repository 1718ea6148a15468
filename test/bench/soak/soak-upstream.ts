// The upstream of the soak: answers as each request asks, faults included, on bare connections.

import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageReader } from '../message-reader.ts';
import { type Fault, wishOf } from './faults.ts';

export interface SoakUpstream {
  port: number;
  /** Resolves when the first attempt of the request has arrived; at once when it has already. */
  arrival(id: number): Promise<void>;
  /** The request is over. */
  forget(id: number): void;
  stop(): Promise<void>;
}

const CHUNKS = 20;
const CHUNK_MS = 40;
const SLOW_FACTOR = 8;
const RETRY_AFTER_SECONDS = 1;
const USAGE = { input_tokens: 20, cache_read_input_tokens: 1_000, output_tokens: 220 };
const MESSAGE = { id: 'msg_soak', type: 'message', role: 'assistant', model: 'soak-model', content: [] };

export async function startSoakUpstream(): Promise<SoakUpstream> {
  const requests = new Map<number, Arrival>();
  const of = (id: number): Arrival => {
    const known = requests.get(id) ?? { attempts: 0, ...Promise.withResolvers<void>() };
    requests.set(id, known);
    return known;
  };
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined);
    serve(socket, (body) => {
      const wish = wishOf(body);
      if (!wish) return 'none';
      const arrival = of(wish.id);
      arrival.attempts += 1;
      arrival.resolve();
      return arrival.attempts === 1 ? wish.fault : 'none';
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Cannot tell the port: not listening');
  return {
    port: address.port,
    arrival: (id) => of(id).promise,
    forget: (id) => void requests.delete(id),
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

interface Arrival {
  attempts: number;
  promise: Promise<void>;
  resolve(): void;
}

function serve(socket: Socket, faultOf: (body: string) => Fault): void {
  const reader = new MessageReader();
  let parts: Buffer[] = [];
  socket.on('data', (bytes: Buffer) => {
    parts.push(bytes);
    if (!reader.feed(bytes)) return;
    const text = Buffer.concat(parts).toString('latin1');
    parts = [];
    void answer(socket, { fault: faultOf(text), isStreamed: text.includes('"stream":true') });
  });
}

async function answer(
  socket: Socket,
  { fault, isStreamed }: { fault: Fault; isStreamed: boolean },
): Promise<void> {
  switch (fault) {
    case 'rate-limited':
      return error(socket, 429, 'rate_limit_error', [`retry-after: ${RETRY_AFTER_SECONDS}`]);
    case 'overloaded':
      return error(socket, 529, 'overloaded_error', []);
    case 'server-error':
      return error(socket, 500, 'api_error', []);
    case 'reset-before-head':
      socket.resetAndDestroy();
      return;
    case 'abort-before-head':
      // Its client is expected to go before that.
      await sleep(2_000);
      return whole(socket);
    default:
      return isStreamed ? stream(socket, fault) : whole(socket);
  }
}

function error(socket: Socket, status: number, type: string, headers: readonly string[]): void {
  const body = JSON.stringify({ type: 'error', error: { type, message: `a ${type} of the soak` } });
  reply(socket, { status, headers, body });
}

async function whole(socket: Socket): Promise<void> {
  await sleep(CHUNK_MS);
  const content = [{ type: 'text', text: 'a whole reply of the soak' }];
  const body = JSON.stringify({
    ...MESSAGE,
    content,
    stop_reason: 'end_turn',
    stop_sequence: null,
    usage: USAGE,
  });
  reply(socket, { status: 200, headers: [], body });
}

function reply(socket: Socket, sent: { status: number; headers: readonly string[]; body: string }): void {
  if (socket.destroyed) return;
  const head = [
    `HTTP/1.1 ${sent.status} of the soak`,
    'content-type: application/json',
    `content-length: ${sent.body.length}`,
    ...sent.headers,
  ];
  socket.write(`${head.join('\r\n')}\r\n\r\n${sent.body}`);
}

async function stream(socket: Socket, fault: Fault): Promise<void> {
  const put = (type: string, data: object) => {
    const text = `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
    if (!socket.destroyed) socket.write(`${text.length.toString(16)}\r\n${text}\r\n`);
  };
  socket.write('HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n');
  put('message_start', { message: { ...MESSAGE, usage: { ...USAGE, output_tokens: 1 } } });
  put('content_block_start', { index: 0, content_block: { type: 'text', text: '' } });
  for (let chunk = 0; chunk < CHUNKS && !socket.destroyed; chunk += 1) {
    put('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'a stale handle ' } });
    if (chunk === CHUNKS / 2 && !goesOn(socket, fault)) return;
    await sleep(fault === 'slow-chunks' ? CHUNK_MS * SLOW_FACTOR : CHUNK_MS);
  }
  put('content_block_stop', { index: 0 });
  put('message_delta', { delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: USAGE });
  put('message_stop', {});
  if (!socket.destroyed) socket.write('0\r\n\r\n');
}

/** What happens in the middle of a stream. */
function goesOn(socket: Socket, fault: Fault): boolean {
  if (fault === 'reset-mid-stream') socket.resetAndDestroy();
  if (fault === 'malformed-event') socket.write('1a\r\nevent: nonsense\ndata: {"a\n\n\r\n');
  return fault !== 'reset-mid-stream' && fault !== 'stall';
}
