// The clients of the soak: each asks, waits or goes away as its request's fault says, and asks again.

import { setTimeout as sleep } from 'node:timers/promises';
import { RawClient } from '../raw-client.ts';
import { type Fault, faultAt, promptOf } from './faults.ts';
import type { SoakUpstream } from './soak-upstream.ts';

export const API_KEY = 'wp_soak_bench_key_0123456789';
export const MODEL = 'soak-model';

export interface SoakCounts {
  /** Requests that reached the gateway whole. */
  requests: number;
  /** How they ended for the client: status and error, or `broken`, `hung up`, `aborted`. */
  ends: Map<string, number>;
}

const STREAMED_SHARE = 0.85;
/** Conversations in all: the table of bindings shall not be what grows. */
const SESSIONS = 500;
const HANG_UP_MS = 400;
/** As clients do that are told to come back later. */
const AFTER_ERROR_MS = 250;
/** Longer than any limit of the gateway in this configuration. */
const GIVE_UP_MS = 60_000;

export interface SoakClients {
  counts: SoakCounts;
  /** No new requests; resolves when the last one is over. */
  finish(): Promise<void>;
}

export function startClients(options: {
  clients: number;
  port: number;
  upstream: SoakUpstream;
  random(): number;
}): SoakClients {
  const counts: SoakCounts = { requests: 0, ends: new Map() };
  let isFinishing = false;
  let lastId = 0;
  const run = async () => {
    let client: RawClient | null = null;
    while (!isFinishing) {
      const { random } = options;
      lastId += 1;
      const id = lastId;
      const asked = {
        id,
        fault: faultAt(random()),
        isStreamed: random() < STREAMED_SHARE,
        session: Math.floor(random() * SESSIONS),
      };
      if (!client?.isOpen) client = await openPatiently(options.port);
      counts.requests += 1;
      const end = await exchange(client, asked, options.upstream);
      counts.ends.set(end, (counts.ends.get(end) ?? 0) + 1);
      options.upstream.forget(id);
      if (/^[45]/.test(end)) await sleep(AFTER_ERROR_MS);
    }
    client?.close();
  };
  const running = Array.from({ length: options.clients }, run);
  return {
    counts,
    async finish() {
      isFinishing = true;
      await Promise.all(running);
    },
  };
}

interface Asked {
  id: number;
  fault: Fault;
  isStreamed: boolean;
  session: number;
}

/** Resolves to how it ended. */
function exchange(client: RawClient, asked: Asked, upstream: SoakUpstream): Promise<string> {
  return new Promise((resolve) => {
    let isOver = false;
    const end = (how: string) => {
      if (isOver) return;
      isOver = true;
      clearTimeout(giveUp);
      resolve(how);
    };
    const leave = (how: string) => {
      if (isOver) return;
      client.close();
      end(how);
    };
    const giveUp = setTimeout(() => leave('nothing came'), GIVE_UP_MS);
    let beginning = '';
    client.send(requestBytes(asked), {
      body(bytes, from) {
        if (beginning === '') beginning = bytes.toString('utf8', from, from + 500);
      },
      done: (status) => end(status < 400 ? `${status}` : `${status} ${messageIn(beginning)}`),
      failed: () => end('broken'),
    });
    // Only once the upstream has the request: before that nobody could say whether there must be a row.
    if (asked.fault === 'abort-before-head') void upstream.arrival(asked.id).then(() => leave('aborted'));
    if (asked.fault === 'hang-up') {
      void upstream
        .arrival(asked.id)
        .then(() => sleep(HANG_UP_MS))
        .then(() => leave('hung up'));
    }
  });
}

/** Without its numbers, so that the same errors count together. */
function messageIn(body: string): string {
  return (/"message":"((?:[^"\\]|\\.){0,160})/.exec(body)?.[1] ?? '').replace(/\d+/g, 'N');
}

/** The gateway may be too busy to take it at once. */
async function openPatiently(port: number): Promise<RawClient> {
  for (;;) {
    try {
      return await RawClient.open(port);
    } catch {
      await sleep(50);
    }
  }
}

function requestBytes({ id, fault, isStreamed, session }: Asked): Buffer {
  const body = JSON.stringify({
    model: MODEL,
    max_tokens: 256,
    messages: [{ role: 'user', content: promptOf(id, fault) }],
    metadata: {
      user_id: `user_soak_account__session_00000000-0000-4000-8000-${String(session).padStart(12, '0')}`,
    },
    stream: isStreamed,
  });
  const head = [
    'POST /v1/messages HTTP/1.1',
    'host: 127.0.0.1',
    'content-type: application/json',
    `x-api-key: ${API_KEY}`,
    `content-length: ${body.length}`,
  ];
  return Buffer.from(`${head.join('\r\n')}\r\n\r\n${body}`);
}
