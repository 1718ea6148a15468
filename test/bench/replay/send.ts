// Sends the planned requests when they are due, as an open loop: nobody waits, slows down or tries again. Bun only.

import { parseJsonObject } from '../../../server/demo/json.ts';
import { isObject } from '../../../server/wire/json.ts';
import { RawClient } from '../raw-client.ts';
import type { EventClock } from './event-clock.ts';
import type { Journeys } from './journeys.ts';

export interface OutgoingRequest {
  name: string;
  atMs: number;
  apiKey: string;
  sessionId: string;
  /** Made when it is due, because all bodies together would not fit into memory. ASCII only. */
  body(): string;
}

/** Input tokens as the reply's usage tells them: the three together are the whole prompt. */
export interface SeenUsage {
  freshTokens: number;
  writeTokens: number;
  readTokens: number;
}

/** What the client saw. Times are of the clock. */
export interface Reply {
  name: string;
  /** 0: no reply at all. */
  status: number;
  dueAtMs: number;
  sentAtMs: number;
  /** First bytes of the body. */
  firstByteAtMs: number;
  endedAtMs: number;
  /** Null when the reply tells none. */
  usage: SeenUsage | null;
}

interface Way {
  port: number;
  clock: EventClock;
  journeys: Journeys;
}

/** Resolves when every request has its reply. */
export function sendAll(requests: readonly OutgoingRequest[], way: Way): Promise<Reply[]> {
  const idle: RawClient[] = [];
  const sendNow = async (request: OutgoingRequest, dueAtMs: number) => {
    const body = request.body();
    way.journeys.sent(request.name);
    const client = takeOpen(idle) ?? (await RawClient.open(way.port));
    const reply = await send(client, { request, body, dueAtMs }, way);
    if (client.isOpen) idle.push(client);
    return reply;
  };
  const replies = requests.map(
    (request) =>
      new Promise<Reply>((resolve, reject) => {
        const dueAtMs = way.clock.nowMs() + request.atMs;
        way.clock.setTimer(() => void sendNow(request, dueAtMs).then(resolve, reject), request.atMs);
      }),
  );
  return Promise.all(replies);
}

function takeOpen(idle: RawClient[]): RawClient | null {
  for (let client = idle.pop(); client; client = idle.pop()) if (client.isOpen) return client;
  return null;
}

function send(
  client: RawClient,
  { request, body, dueAtMs }: { request: OutgoingRequest; body: string; dueAtMs: number },
  { clock, journeys, port }: Way,
): Promise<Reply> {
  const { name } = request;
  const sentAtMs = clock.nowMs();
  let firstByteAtMs: number | null = null;
  let text = '';
  return new Promise((resolve) => {
    const end = (status: number) => {
      journeys.finished(name);
      const endedAtMs = clock.nowMs();
      const usage = readUsage(text);
      resolve({
        name,
        status,
        dueAtMs,
        sentAtMs,
        firstByteAtMs: firstByteAtMs ?? endedAtMs,
        endedAtMs,
        usage,
      });
    };
    client.send(httpRequest(request, { body, port }), {
      body: (bytes, from) => {
        firstByteAtMs ??= clock.nowMs();
        journeys.seen(name);
        text += bytes.toString('latin1', from);
      },
      done: end,
      failed: () => end(0),
    });
  });
}

function httpRequest(
  { apiKey, sessionId }: OutgoingRequest,
  { body, port }: { body: string; port: number },
): Buffer {
  const head = [
    'POST /v1/messages HTTP/1.1',
    `host: 127.0.0.1:${port}`,
    'content-type: application/json',
    'anthropic-version: 2023-06-01',
    `x-api-key: ${apiKey}`,
    `x-claude-code-session-id: ${sessionId}`,
    `content-length: ${body.length}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`, 'latin1');
}

/** The totals in a stream's `message_delta`. */
function readUsage(stream: string): SeenUsage | null {
  const line = stream.split('\n').findLast((row) => row.startsWith('data: {"type":"message_delta"'));
  const usage = parseJsonObject(line?.slice('data: '.length) ?? '')?.usage;
  if (!isObject(usage)) return null;
  return {
    freshTokens: Number(usage.input_tokens),
    writeTokens: Number(usage.cache_creation_input_tokens),
    readTokens: Number(usage.cache_read_input_tokens),
  };
}
