// One open subscription of an admin bench, read event by event.

import assert from 'node:assert/strict';
import { type Bench, type CallOptions, graphqlRequest } from './admin-bench.ts';

export interface Stream {
  response: Response;
  /** The next event: its name, and its data when there is any. Comments are skipped. */
  // biome-ignore lint/suspicious/noExplicitAny: events are compared whole
  next(): Promise<{ event: string; data: any }>;
  cancel(): Promise<void>;
}

export async function subscribe(bench: Bench, query: string, options: CallOptions = {}): Promise<Stream> {
  return send(bench, { query }, options);
}

/** Like `subscribe`, with any parameters. */
export async function send(bench: Bench, body: unknown, options: CallOptions = {}): Promise<Stream> {
  const headers = { accept: 'text/event-stream', ...options.headers };
  return readEvents(
    await bench.api.fetch(graphqlRequest(body, { ...options, headers }), { isLoopback: true }),
  );
}

export function readEvents(response: Response): Stream {
  assert.ok(response.body);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  const next = async (): Promise<{ event: string; data: unknown }> => {
    const end = text.indexOf('\n\n');
    if (end < 0) {
      const { done, value } = await reader.read();
      if (done) return { event: 'closed', data: null };
      text += value;
      return next();
    }
    const block = text.slice(0, end);
    text = text.slice(end + 2);
    const field = (name: string) => new RegExp(`^${name}: ?(.*)$`, 'm').exec(block)?.[1] ?? '';
    if (field('event') === '') return next();
    return { event: field('event'), data: field('data') === '' ? null : JSON.parse(field('data')) };
  };
  return { response, next, cancel: () => reader.cancel() };
}

/** Gives promises and streams their turn. */
export const settle = () => new Promise((resolve) => setTimeout(resolve, 5));
