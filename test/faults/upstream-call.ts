// One request that reached the fault upstream, and the means to answer it well or badly, down to the bytes.

import type { Socket } from 'node:net';
import { type ChatSurface, SAMPLES } from './samples.ts';

/** A request as it was parsed from the connection. */
export interface ReceivedRequest {
  method: string;
  /** As in the request line. */
  target: string;
  /** Names in lower case; the last one wins. */
  headers: Record<string, string>;
  body: Buffer;
}

/** Answers one request; what it leaves open, the test goes on with. */
export type Mode = (call: UpstreamCall, args: readonly string[]) => void | Promise<void>;

export class UpstreamCall {
  readonly method: string;
  /** What stands before the API's own path: the mode and its arguments. */
  readonly prefix: string;
  /** The API's own path, with its query. */
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: Buffer;
  readonly #socket: Socket;
  readonly #onDone: () => void;
  readonly #sent: Buffer[] = [];
  #isDone = false;
  #closedAtMs: number | null = null;

  constructor(request: ReceivedRequest, socket: Socket, onDone: () => void) {
    const [, prefix = '', path = request.target] = /^(.*?)(\/v1(?:beta)?\/.*)$/.exec(request.target) ?? [];
    this.method = request.method;
    this.prefix = prefix;
    this.path = path;
    this.headers = request.headers;
    this.body = request.body;
    this.#socket = socket;
    this.#onDone = onDone;
    socket.once('close', () => {
      this.#closedAtMs = performance.now();
    });
  }

  get surface(): ChatSurface {
    if (this.path.startsWith('/v1/messages')) return 'anthropic-messages';
    if (this.path.startsWith('/v1/responses')) return 'openai-responses';
    return this.path.startsWith('/v1/chat/completions') ? 'openai-chat' : 'gemini';
  }

  get isStreamed(): boolean {
    return this.path.includes(':streamGenerateContent') || /"stream":\s*true/.test(this.text);
  }

  get text(): string {
    return this.body.toString('latin1');
  }

  /** When the connection was closed, on the monotonic clock; null = it is open. */
  get closedAtMs(): number | null {
    return this.#closedAtMs;
  }

  /** The gateway closed the connection before the reply had ended. */
  get isAbandoned(): boolean {
    return this.#closedAtMs !== null && !this.#isDone;
  }

  /** Bytes of the reply's body so far, without its framing. */
  get sent(): Buffer {
    return Buffer.concat(this.#sent);
  }

  get sentBytes(): number {
    return this.#sent.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  /** Bytes as they are, framing and all. */
  raw(bytes: string | Uint8Array): void {
    if (!this.#socket.destroyed) this.#socket.write(bytes);
  }

  head(status: number | string, headers: Record<string, string> = {}): void {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
    this.raw(
      [`HTTP/1.1 ${status}${typeof status === 'number' ? ' Status' : ''}`, ...lines, '', ''].join('\r\n'),
    );
  }

  /** A part of the body without framing of its own. */
  write(bytes: string | Uint8Array): void {
    const part = bufferOf(bytes);
    this.#sent.push(part);
    this.raw(part);
  }

  /** A part of the body as one HTTP chunk. */
  chunk(bytes: string | Uint8Array): void {
    const part = bufferOf(bytes);
    this.#sent.push(part);
    this.raw(Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]));
  }

  /** As `chunk`, but waits while the gateway does not read. */
  async chunkInTime(bytes: Uint8Array): Promise<void> {
    this.chunk(bytes);
    if (this.#socket.writableLength < 1024 * 1024) return;
    await new Promise<void>((resolve) => {
      this.#socket.once('drain', resolve).once('close', resolve);
    });
  }

  endChunks(trailers = ''): void {
    this.raw(`0\r\n${trailers}\r\n`);
    this.done();
  }

  /** A whole reply; the connection stays open for the next request. */
  reply(status: number, body: string | Uint8Array, headers: Record<string, string> = {}): void {
    const bytes = Buffer.from(body);
    this.head(status, {
      'content-type': 'application/json',
      'content-length': String(bytes.length),
      ...headers,
    });
    this.write(bytes);
    this.done();
  }

  beginStream(headers: Record<string, string> = {}): void {
    this.head(200, { ...STREAM_HEADERS, ...headers });
  }

  stream(events: readonly string[], headers: Record<string, string> = {}): void {
    this.beginStream(headers);
    for (const event of events) this.chunk(event);
    this.endChunks();
  }

  /** The good answer of this surface, whole or streamed as the request wants. */
  answer(headers: Record<string, string> = {}): void {
    const sample = SAMPLES[this.surface];
    if (this.isStreamed) this.stream(sample.events, headers);
    else this.reply(200, sample.whole, headers);
  }

  /** The events of a good stream up to the middle of its answer; `sendRest` sends the others. */
  answerHalf(): void {
    this.beginStream();
    const { events, half } = SAMPLES[this.surface];
    for (const event of events.slice(0, half)) this.chunk(event);
  }

  sendRest(): void {
    const { events, half } = SAMPLES[this.surface];
    for (const event of events.slice(half)) this.chunk(event);
    this.endChunks();
  }

  /** The reply is out; the connection may carry the next request. */
  done(): void {
    this.#isDone = true;
    this.#onDone();
  }

  /** Ends the connection in order. */
  fin(): void {
    this.#isDone = true;
    this.#socket.end();
  }

  /** Ends the connection by a reset. What was written a moment ago may be lost with it. */
  reset(): void {
    this.#isDone = true;
    if ('encrypted' in this.#socket) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }
}

const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
  'transfer-encoding': 'chunked',
};

/** Without a copy: some replies are very large. */
function bufferOf(bytes: string | Uint8Array): Buffer {
  return typeof bytes === 'string'
    ? Buffer.from(bytes)
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
