// Sends the planned requests when they are due, as an open loop: nobody waits, slows down or tries again.

import { parseJsonObject } from '../../../server/demo/json.ts';
import { isObject } from '../../../server/wire/json.ts';
import type { AcceleratedClock } from './accelerated-clock.ts';

export interface OutgoingRequest {
  atMs: number;
  apiKey: string;
  sessionId: string;
  /** Made when it is due, because all bodies together would not fit into memory. */
  body(): string;
}

/** What the client saw. Times are of the clock. */
export interface Reply {
  /** 0: no reply at all. */
  status: number;
  sentAtMs: number;
  endedAtMs: number;
  /** From the usage of the reply; null when it has none. */
  inputTokens: number | null;
  readTokens: number;
}

export async function sendAll(
  requests: readonly OutgoingRequest[],
  { url, clock }: { url: string; clock: AcceleratedClock },
): Promise<Reply[]> {
  const startMs = clock.nowMs();
  const replies: Promise<Reply>[] = [];
  for (const request of requests) {
    const dueAtMs = startMs + request.atMs;
    if (dueAtMs > clock.nowMs()) await clock.reach(dueAtMs);
    replies.push(send(request, { url, clock }));
  }
  return Promise.all(replies);
}

async function send(
  request: OutgoingRequest,
  { url, clock }: { url: string; clock: AcceleratedClock },
): Promise<Reply> {
  const sentAtMs = clock.nowMs();
  const headers = {
    'content-type': 'application/json',
    'anthropic-version': '2023-06-01',
    'x-api-key': request.apiKey,
    'x-claude-code-session-id': request.sessionId,
  };
  try {
    const response = await fetch(`${url}/v1/messages`, { method: 'POST', headers, body: request.body() });
    const text = await response.text();
    return { status: response.status, sentAtMs, endedAtMs: clock.nowMs(), ...readUsage(text) };
  } catch {
    return { status: 0, sentAtMs, endedAtMs: clock.nowMs(), inputTokens: null, readTokens: 0 };
  }
}

/** The totals in a stream's `message_delta`; all input counts, read, written or neither. */
export function readUsage(stream: string): { inputTokens: number | null; readTokens: number } {
  const line = stream.split('\n').findLast((row) => row.startsWith('data: {"type":"message_delta"'));
  const usage = parseJsonObject(line?.slice('data: '.length) ?? '')?.usage;
  if (!isObject(usage)) return { inputTokens: null, readTokens: 0 };
  const readTokens = Number(usage.cache_read_input_tokens);
  const inputTokens = Number(usage.input_tokens) + Number(usage.cache_creation_input_tokens) + readTokens;
  return { inputTokens, readTokens };
}
