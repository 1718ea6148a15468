// A provider that misbehaves: a raw TCP server, plain and with TLS, whose mode is the path prefix of the base URL.

import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { eventually } from '../process/poll.ts';
import { TEST_CERTIFICATE, TEST_KEY } from './certificate.ts';
import { MODES } from './modes.ts';
import { type ReceivedRequest, UpstreamCall } from './upstream-call.ts';

export class FaultUpstream {
  /** Every request that arrived whole, in order. */
  readonly calls: UpstreamCall[] = [];
  readonly #plain: Server;
  readonly #secure: Server;
  readonly #sockets = new Set<Socket>();
  #connectionCount = 0;

  private constructor() {
    const take = (socket: Socket) => this.#take(socket);
    this.#plain = createServer({ noDelay: true }, take);
    this.#secure = createTlsServer({ key: TEST_KEY, cert: TEST_CERTIFICATE }, take);
  }

  static async listen(): Promise<FaultUpstream> {
    const upstream = new FaultUpstream();
    for (const server of [upstream.#plain, upstream.#secure]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    }
    return upstream;
  }

  get origin(): string {
    return `http://127.0.0.1:${portOf(this.#plain)}`;
  }

  /** With a certificate that nobody trusts. */
  get secureOrigin(): string {
    return `https://127.0.0.1:${portOf(this.#secure)}`;
  }

  /** TLS at the port that speaks plain HTTP. */
  get confusedOrigin(): string {
    return `https://127.0.0.1:${portOf(this.#plain)}`;
  }

  /** Connections that were ever made, whatever came over them. */
  get connectionCount(): number {
    return this.#connectionCount;
  }

  /** Calls whose request holds the text, in the body or the path. */
  callsWith(text: string): UpstreamCall[] {
    return this.calls.filter((call) => call.path.includes(text) || call.body.includes(text));
  }

  callWith(text: string): Promise<UpstreamCall> {
    return eventually(`an upstream call with ${text}`, () => this.callsWith(text)[0] ?? null);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const server of [this.#plain, this.#secure]) {
      await new Promise((resolve) => server.close(resolve));
    }
  }

  #take(socket: Socket): void {
    this.#connectionCount += 1;
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    let pending: Buffer = Buffer.alloc(0);
    let isBusy = false;
    const next = () => {
      if (isBusy || socket.destroyed) return;
      if (pending.length > 0 && !isHttp(pending)) {
        socket.end('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
        return;
      }
      const parsed = parseRequest(pending);
      if (!parsed) return;
      pending = parsed.rest;
      isBusy = true;
      const call = new UpstreamCall(parsed.request, socket, () => {
        isBusy = false;
        setImmediate(next);
      });
      this.calls.push(call);
      void this.#answer(call);
    };
    socket.on('data', (bytes: Buffer) => {
      pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes]);
      next();
    });
  }

  async #answer(call: UpstreamCall): Promise<void> {
    const [name = '', ...args] = call.prefix.split('/').filter((part) => part !== '');
    const mode = MODES[name];
    if (mode) await mode(call, args);
    else call.reply(500, JSON.stringify({ error: { type: 'no_such_mode', message: name } }));
  }
}

/** Bytes of a TLS handshake are not a request. */
function isHttp(bytes: Buffer): boolean {
  return /^[A-Z]/.test(bytes.toString('latin1', 0, 1));
}

function parseRequest(bytes: Buffer): { request: ReceivedRequest; rest: Buffer } | null {
  const headEnd = bytes.indexOf('\r\n\r\n');
  if (headEnd < 0) return null;
  const [requestLine = '', ...lines] = bytes.toString('latin1', 0, headEnd).split('\r\n');
  const [method = '', target = ''] = requestLine.split(' ');
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const colon = line.indexOf(':');
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
  }
  const rest = bytes.subarray(headEnd + 4);
  const isChunked = /chunked/i.test(headers['transfer-encoding'] ?? '');
  const taken = isChunked ? unchunk(rest) : takeBytes(rest, Number(headers['content-length'] ?? 0));
  return taken && { request: { method, target, headers, body: taken.body }, rest: taken.rest };
}

function takeBytes(bytes: Buffer, length: number): { body: Buffer; rest: Buffer } | null {
  if (bytes.length < length) return null;
  return { body: Buffer.from(bytes.subarray(0, length)), rest: bytes.subarray(length) };
}

function unchunk(bytes: Buffer): { body: Buffer; rest: Buffer } | null {
  const parts: Buffer[] = [];
  for (let at = 0; ; ) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(bytes.toString('latin1', at, lineEnd), 16);
    const end = lineEnd + 2 + size + 2;
    if (bytes.length < end) return null;
    if (size === 0) return { body: Buffer.concat(parts), rest: bytes.subarray(end) };
    parts.push(bytes.subarray(lineEnd + 2, end - 2));
    at = end;
  }
}

function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Cannot tell the port: not listening');
  return address.port;
}
