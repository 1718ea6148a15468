// A provider for tests: an HTTP server on loopback that answers as the test says and keeps every byte it saw and sent.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { eventually } from './poll.ts';

/** Answers one request: by `call.reply`, or by `call.begin`, `call.write` … `call.end` or `call.breakOff`. */
export type Script = (call: UpstreamCall) => void | Promise<void>;

/** One request as it came in, and what was sent back. */
export class UpstreamCall {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** The connection was closed before the reply had ended. */
  isAbandoned = false;
  readonly #response: ServerResponse;
  readonly #sent: Buffer[] = [];

  constructor(request: IncomingMessage, response: ServerResponse, body: Buffer) {
    this.method = request.method ?? '';
    this.path = request.url ?? '';
    this.headers = request.headers;
    this.body = body;
    this.#response = response;
    response.on('close', () => {
      this.isAbandoned = !response.writableFinished;
    });
  }

  /** Bytes of the reply's body so far. */
  get sent(): Buffer {
    return Buffer.concat(this.#sent);
  }

  /** Part of the request's body, to tell requests apart. */
  says(text: string): boolean {
    return this.body.includes(text);
  }

  reply(status: number, body: unknown, headers: Record<string, string> = {}): void {
    this.begin(status, { 'content-type': 'application/json', ...headers });
    this.write(typeof body === 'string' ? body : JSON.stringify(body));
    this.end();
  }

  begin(status: number, headers: Record<string, string>): void {
    this.#response.writeHead(status, headers);
    this.#response.flushHeaders();
  }

  write(bytes: string | Uint8Array): void {
    const chunk = Buffer.from(bytes);
    this.#sent.push(chunk);
    this.#response.write(chunk);
  }

  end(): void {
    this.#response.end();
  }

  /** Ends the connection in the middle of the reply. */
  breakOff(): void {
    this.#response.destroy();
  }
}

export class TestUpstream {
  readonly calls: UpstreamCall[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async listen(script: Script): Promise<TestUpstream> {
    const server = createServer({ keepAlive: true });
    const upstream = new TestUpstream(server);
    server.on('request', (request, response) => void upstream.#take(request, response, script));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return upstream;
  }

  get origin(): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string')
      throw new Error('Cannot tell the port: not listening');
    return `http://127.0.0.1:${address.port}`;
  }

  /** The first call whose body holds the text; waits for it. */
  callThatSays(text: string): Promise<UpstreamCall> {
    return eventually(
      `an upstream call that says ${text}`,
      () => this.calls.find((call) => call.says(text)) ?? null,
    );
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #take(request: IncomingMessage, response: ServerResponse, script: Script): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(Buffer.from(chunk));
    const call = new UpstreamCall(request, response, Buffer.concat(chunks));
    this.calls.push(call);
    await script(call);
  }
}
