// One try at one account: send, wait for the first generated event, say what the answer means. Never retries.

import type { Dialect, StreamWatch, UpstreamError } from '../wire/dialect.ts';
import { parseJson } from '../wire/json.ts';
import { SseReader } from '../wire/sse.ts';
import type { Candidate } from './catalog.ts';
import type { GatewayErrorCode } from './errors.ts';
import { retryAfterMs, upstreamHeaders } from './headers.ts';
import type { Clock, Fetch } from './ports.ts';
import type { AttemptFault } from './ticket.ts';

/** A reply that has come whole: its bytes pass on as they are. */
export interface WholeReply {
  kind: 'whole';
  status: number;
  headers: Headers;
  bytes: Uint8Array<ArrayBuffer>;
}

/** A stream whose first generated event has been seen. `held` are the bytes read so far, all to be passed on. */
export interface StreamReply {
  kind: 'stream';
  status: number;
  headers: Headers;
  held: Uint8Array[];
  reader: ReadableStreamDefaultReader<Uint8Array>;
  watch: StreamWatch;
  sse: SseReader;
}

export type AttemptResult =
  | { kind: 'reply'; reply: WholeReply | StreamReply }
  /** The caller's own mistake: passed on as it is, no other account would say otherwise. */
  | { kind: 'rejected'; reply: WholeReply; error: UpstreamError | null }
  /** Another account may do better. `reply` is the upstream's own error, if it sent one. */
  | {
      kind: 'retryable';
      fault: AttemptFault;
      code: GatewayErrorCode;
      status: number | null;
      reason: string;
      retryAfterMs: number | null;
      reply: WholeReply | null;
      error: UpstreamError | null;
    }
  | { kind: 'client-gone' };

type Retryable = Extract<AttemptResult, { kind: 'retryable' }>;

export interface AttemptInput {
  candidate: Candidate;
  dialect: Dialect;
  /** The client's headers; only the allowed ones are sent on. */
  headers: Headers;
  body: Uint8Array<ArrayBuffer>;
  /** The request's URL: of its query only what a provider knows is sent on. */
  url: string;
  isStreamed: boolean;
  /** Aborts when the client is gone. */
  signal: AbortSignal;
}

/** First byte of the reply: generous, because a long prompt that is not streamed may think for minutes. */
const FIRST_BYTE_LIMIT_MS = { streamed: 300_000, whole: 600_000 };
/** Bytes held back at most while waiting for the first generated event. */
const MAX_HELD_BYTES = 256 * 1024;
/** Spent budgets, as the providers word them; a wait does not help. */
const QUOTA_TYPES = new Set([
  'insufficient_quota',
  'billing_error',
  'billing_hard_limit_reached',
  'credit_balance_exhausted',
  'enforced_spend_limit_reached',
]);

/** Sends the request once. Never throws. */
export async function attempt(
  input: AttemptInput,
  io: { fetch: Fetch; clock: Clock },
): Promise<AttemptResult> {
  const abort = new AbortController();
  const onGone = () => abort.abort();
  input.signal.addEventListener('abort', onGone, { once: true });
  if (input.signal.aborted) abort.abort();
  let isTimeUp = false;
  const limitMs = input.isStreamed ? FIRST_BYTE_LIMIT_MS.streamed : FIRST_BYTE_LIMIT_MS.whole;
  const cancelTimer = io.clock.setTimer(() => {
    isTimeUp = true;
    abort.abort();
  }, limitMs);
  try {
    const response = await send(input, { fetch: io.fetch, signal: abort.signal });
    const result = await read(response, input, io.clock);
    if (result.kind !== 'reply') input.signal.removeEventListener('abort', onGone);
    return result;
  } catch (error) {
    input.signal.removeEventListener('abort', onGone);
    if (input.signal.aborted) return { kind: 'client-gone' };
    if (isTimeUp) return failure('upstream-timeout', `no reply within ${limitMs / 1000} s`);
    return failure('upstream-unreachable', `connection failed (${errorCode(error)})`);
  } finally {
    cancelTimer();
  }
}

function send(input: AttemptInput, io: { fetch: Fetch; signal: AbortSignal }): Promise<Response> {
  const { candidate, dialect } = input;
  return io.fetch(upstreamUrl(candidate.endpoint.baseUrl, dialect.upstreamPath) + passedQuery(input.url), {
    method: 'POST',
    headers: upstreamHeaders(input.headers, {
      defaults: dialect.defaultHeaders,
      credential: dialect.credentialHeaders(candidate.credential),
    }),
    body: input.body,
    redirect: 'manual',
    signal: io.signal,
  });
}

/** Base URL and path; a base that ends in a version of its own (`/v1`, `/api/paas/v4`) keeps it. */
function upstreamUrl(baseUrl: string, path: string): string {
  const base = baseUrl.replace(/\/+$/, '');
  return /\/v\d+[a-z\d]*$/.test(base) ? base + path.slice('/v1'.length) : base + path;
}

/** Anthropic clients may ask with `?beta=true`; anything else in a query stays behind. */
function passedQuery(url: string): string {
  const beta = url.includes('?') ? new URL(url).searchParams.get('beta') : null;
  return beta === null ? '' : `?beta=${encodeURIComponent(beta)}`;
}

async function read(response: Response, input: AttemptInput, clock: Clock): Promise<AttemptResult> {
  const isStream = response.headers.get('content-type')?.includes('text/event-stream') ?? false;
  if (response.ok && isStream && response.body) return holdStream(response, response.body, input.dialect);
  const reply: WholeReply = {
    kind: 'whole',
    status: response.status,
    headers: response.headers,
    bytes: new Uint8Array(await response.arrayBuffer()),
  };
  if (response.ok) return { kind: 'reply', reply };
  const body = parseJson(new TextDecoder().decode(reply.bytes));
  const error = input.dialect.readError(body, response.status);
  const waitMs = retryAfterMs(response.headers, clock.nowMs());
  const verdict = judge({ status: response.status, error, waitMs, reply });
  return verdict.kind === 'passed-on' ? { kind: 'rejected', reply, error } : verdict;
}

/** What an error answer means: worth another account, or the caller's own mistake, to be passed on as it is. */
function judge(answer: {
  status: number;
  error: UpstreamError | null;
  waitMs: number | null;
  reply: WholeReply | null;
}): Retryable | { kind: 'passed-on' } {
  const { status, error, reply } = answer;
  const retryable = (fault: AttemptFault, code: GatewayErrorCode, reason: string): Retryable => {
    return { kind: 'retryable', fault, code, status, reason, retryAfterMs: answer.waitMs, reply, error };
  };
  const said = error ? `${status} ${error.type}` : `${status}`;
  if (status === 402 || (status === 429 && error && QUOTA_TYPES.has(error.type))) {
    return retryable('quota', 'rate-limited', `budget spent (${said})`);
  }
  if (status === 429) return retryable('rate-limited', 'rate-limited', `rate limited (${said})`);
  if (status === 401 || status === 403) {
    return retryable('refused', 'no-healthy-account', `credential refused (${said})`);
  }
  if (status >= 300 && status < 400) return retryable('failure', 'unexpected-redirect', `redirect (${said})`);
  if (status >= 500 || status === 408)
    return retryable('failure', 'upstream-error', `upstream error (${said})`);
  return { kind: 'passed-on' };
}

/** Reads a stream up to its first generated event: until then an error in it can still be tried elsewhere. */
async function holdStream(
  response: Response,
  body: ReadableStream<Uint8Array>,
  dialect: Dialect,
): Promise<AttemptResult> {
  const reader = body.getReader();
  const watch = dialect.watchStream();
  const sse = new SseReader();
  const held: Uint8Array[] = [];
  let heldBytes = 0;
  while (!watch.hasGenerated && !watch.isComplete && heldBytes < MAX_HELD_BYTES) {
    const { done, value } = await reader.read();
    if (done) return failure('upstream-error', 'the stream ended before it began to answer');
    held.push(value);
    heldBytes += value.length;
    for (const event of sse.feed(value)) {
      watch.see(event);
      if (watch.error && !watch.hasGenerated) {
        const verdict = judge({ status: watch.error.status, error: watch.error, waitMs: null, reply: null });
        if (verdict.kind === 'passed-on') break;
        void reader.cancel().catch(() => undefined);
        return verdict;
      }
    }
    if (watch.error) break;
  }
  const { status, headers } = response;
  return { kind: 'reply', reply: { kind: 'stream', status, headers, held, reader, watch, sse } };
}

function failure(code: GatewayErrorCode, reason: string): Retryable {
  return {
    kind: 'retryable',
    fault: 'failure',
    code,
    status: null,
    reason,
    retryAfterMs: null,
    reply: null,
    error: null,
  };
}

/** Bun puts the code on the error, Node on its cause, Deno only in the text. Never the message: it may hold a URL. */
function errorCode(error: unknown): string {
  for (const holder of [error, error instanceof Error ? error.cause : null]) {
    if (
      typeof holder === 'object' &&
      holder !== null &&
      'code' in holder &&
      typeof holder.code === 'string'
    ) {
      return holder.code;
    }
  }
  return error instanceof Error ? error.name : 'unknown';
}
