// One request of a client to the gateway, with full sight of its reply: bytes as they come, how it ended, and when.

import { randomUUID } from 'node:crypto';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { API_KEY } from '../process/config.ts';
import { eventually, within } from '../process/poll.ts';
import type { ChatSurface } from './samples.ts';

export interface Ask {
  model: string;
  /** Anthropic Messages unless said otherwise. */
  surface?: ChatSurface;
  stream?: boolean;
  /** Null = none is sent. */
  apiKey?: string | null;
  session?: string;
  headers?: Record<string, string>;
  method?: string;
  path?: string;
  body?: string | Uint8Array;
}

export interface Reply {
  /** Null = none came. */
  status: number | null;
  headers: Record<string, string>;
  body: Buffer;
  /** The transport ended it in order. */
  isClean: boolean;
  /** From the request to the end. */
  durationMs: number;
}

export class ClientCall {
  /** Sent as `x-request-id` and in the prompt: found again in the upstream's calls and in the request log. */
  readonly requestId: string;
  readonly ask: Ask;
  readonly #request: ClientRequest;
  readonly #startedAtMs = performance.now();
  readonly #chunks: Buffer[] = [];
  #receivedBytes = 0;
  #response: IncomingMessage | null = null;
  #isClean = false;
  #endedAtMs: number | null = null;

  constructor(origin: string, ask: Ask) {
    this.ask = ask;
    this.requestId = `case-${randomUUID()}`;
    const { apiKey = API_KEY, method = 'POST' } = ask;
    this.#request = request(origin + (ask.path ?? pathOf(ask)), {
      method,
      agent: false,
      headers: {
        'content-type': 'application/json',
        'x-request-id': this.requestId,
        ...(apiKey === null ? {} : { authorization: `Bearer ${apiKey}` }),
        ...(ask.session === undefined ? {} : { 'x-session-id': ask.session }),
        ...ask.headers,
      },
    });
    this.#request.on('response', (response) => this.#take(response));
    // `close` follows, after a reply that came all the same.
    this.#request.on('error', () => undefined);
    this.#request.on('close', () => this.#end());
    this.#request.end(method === 'GET' ? undefined : (ask.body ?? bodyOf(ask, this.requestId)));
  }

  get surface(): ChatSurface {
    return this.ask.surface ?? 'anthropic-messages';
  }

  get hasEnded(): boolean {
    return this.#endedAtMs !== null;
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  get text(): string {
    return Buffer.concat(this.#chunks).toString();
  }

  /** The status, once the head is there. */
  async status(): Promise<number> {
    return eventually('the head of the reply', () => this.#response?.statusCode ?? null);
  }

  async received(byteCount: number): Promise<void> {
    await eventually(`${byteCount} bytes of the reply`, () => this.#receivedBytes >= byteCount);
  }

  async reply({ deadlineMs = 20_000 }: { deadlineMs?: number } = {}): Promise<Reply> {
    await eventually('the end of the reply', () => this.hasEnded, { deadlineMs });
    const headers = Object.entries(this.#response?.headers ?? {});
    return {
      status: this.#response?.statusCode ?? null,
      headers: Object.fromEntries(headers.map(([name, value]) => [name, String(value)])),
      body: Buffer.concat(this.#chunks),
      isClean: this.#isClean,
      durationMs: (this.#endedAtMs ?? 0) - this.#startedAtMs,
    };
  }

  /** Closes the connection at once. Gives the moment. */
  hangUp(): number {
    this.#request.destroy();
    return performance.now();
  }

  /** Stops reading from the connection. */
  pause(): void {
    this.#response?.pause();
  }

  resume(): void {
    this.#response?.resume();
  }

  #take(response: IncomingMessage): void {
    this.#response = response;
    response.on('data', (bytes: Buffer) => {
      this.#chunks.push(bytes);
      this.#receivedBytes += bytes.length;
    });
    response.on('error', () => this.#end());
    response.on('end', () => {
      this.#isClean = response.complete;
      this.#end();
    });
  }

  #end(): void {
    this.#endedAtMs ??= performance.now();
  }
}

/** Bytes of the body that a client of this surface sends. */
export function bodyOf(
  { surface = 'anthropic-messages', model, stream = false }: Ask,
  prompt: string,
): string {
  switch (surface) {
    case 'anthropic-messages':
      return JSON.stringify({
        model,
        max_tokens: 100,
        stream,
        messages: [{ role: 'user', content: prompt }],
      });
    case 'openai-chat':
      return JSON.stringify({
        model,
        stream,
        ...(stream ? { stream_options: { include_usage: true } } : {}),
        messages: [{ role: 'user', content: prompt }],
      });
    case 'openai-responses':
      return JSON.stringify({ model, stream, input: prompt });
    case 'gemini':
      return JSON.stringify({ contents: [{ role: 'user', parts: [{ text: prompt }] }] });
    default:
      return surface satisfies never;
  }
}

export function pathOf({ surface = 'anthropic-messages', model, stream = false }: Ask): string {
  switch (surface) {
    case 'anthropic-messages':
      return '/v1/messages';
    case 'openai-chat':
      return '/v1/chat/completions';
    case 'openai-responses':
      return '/v1/responses';
    case 'gemini':
      return `/v1beta/models/${model}:${stream ? 'streamGenerateContent?alt=sse' : 'generateContent'}`;
    default:
      return surface satisfies never;
  }
}

/** What a client on a bare socket got. */
export interface RawReply {
  text: string;
  /** Of the first reply; null = nothing readable came. */
  status: number | null;
  durationMs: number;
}

/**
 * Sends bytes as they are; `drip` follows, one byte at a time. Resolves when a whole reply has come, or only when the
 * other side has closed the connection (`toClose`).
 */
export async function sendRaw(
  origin: string,
  bytes: string | Uint8Array,
  options: { drip?: { text: string; everyMs: number }; toClose?: boolean; deadlineMs?: number } = {},
): Promise<RawReply> {
  const startedAtMs = performance.now();
  const { hostname, port } = new URL(origin);
  const socket = connect(Number(port), hostname);
  let text = '';
  let timer: ReturnType<typeof setInterval> | undefined;
  const ended = new Promise<void>((resolve) => {
    socket.on('data', (part: Buffer) => {
      text += part.toString('latin1');
      if (!options.toClose && isWhole(text)) resolve();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
  });
  socket.write(bytes);
  if (options.drip) {
    const { text: rest, everyMs } = options.drip;
    let at = 0;
    timer = setInterval(() => {
      if (!socket.destroyed) socket.write(rest.charAt(at++ % rest.length));
    }, everyMs);
  }
  try {
    await within('the reply or the end of the connection', ended, {
      deadlineMs: options.deadlineMs ?? 30_000,
    });
  } finally {
    clearInterval(timer);
    socket.destroy();
  }
  const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1];
  return {
    text,
    status: status === undefined ? null : Number(status),
    durationMs: performance.now() - startedAtMs,
  };
}

/** One reply with all of its body. */
function isWhole(text: string): boolean {
  const headEnd = text.indexOf('\r\n\r\n');
  if (headEnd < 0) return false;
  const length = /^content-length: (\d+)/im.exec(text.slice(0, headEnd))?.[1];
  return length === undefined ? text.endsWith('\r\n0\r\n\r\n') : text.length >= headEnd + 4 + Number(length);
}
