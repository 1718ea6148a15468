// An upstream's reply that a test says piece by piece, over the body that the real way out uses.

import { type UpstreamBody, UpstreamFault, type UpstreamReply } from '../../server/gateway/upstream.ts';
import { ReplyBody } from '../../server/upstream/reply-body.ts';

/** Give its signal to have it end as a real one does when the request is given up. */
export class LiveReply implements UpstreamReply {
  readonly status: number;
  readonly headers: Headers;
  readonly connectMs = 3;
  readonly body: UpstreamBody;
  /** The reader has let go of it. */
  isLetGo = false;
  /** Reads asked for so far. */
  reads = 0;
  readonly #body: ReplyBody;

  constructor(options: { status?: number; headers?: Record<string, string>; signal?: AbortSignal } = {}) {
    this.status = options.status ?? 200;
    this.headers = new Headers(options.headers ?? { 'content-type': 'text/event-stream' });
    const body = new ReplyBody({
      pause: () => undefined,
      resume: () => undefined,
      drop: () => {
        this.isLetGo = true;
      },
    });
    this.#body = body;
    this.body = {
      read: () => {
        this.reads += 1;
        return body.read();
      },
      bytes: (maxBytes) => body.bytes(maxBytes),
      cancel: () => body.cancel(),
    };
    options.signal?.addEventListener('abort', () =>
      this.#body.breakOff(new UpstreamFault('aborted', 'the request was given up', { isSent: true })),
    );
  }

  say(text: string): this {
    this.#body.push(new TextEncoder().encode(text));
    return this;
  }

  end(): this {
    this.#body.end();
    return this;
  }

  breakOff(): this {
    this.#body.breakOff(new UpstreamFault('reset', 'ECONNRESET', { isSent: true }));
    return this;
  }
}

/** Reads a client's reply piece by piece. */
export function readerOf(response: Response): {
  /** The next piece; null at the end. */
  next(): Promise<string | null>;
  /** All that is left. */
  rest(): Promise<string>;
  leave(): Promise<void>;
} {
  const reader = (response.body ?? new ReadableStream<Uint8Array>()).getReader();
  const decoder = new TextDecoder();
  const next = async () => {
    const { done, value } = await reader.read();
    return done ? null : decoder.decode(value, { stream: true });
  };
  return {
    next,
    async rest() {
      let text = '';
      for (let piece = await next(); piece !== null; piece = await next()) text += piece;
      return text;
    },
    leave: () => reader.cancel(),
  };
}
