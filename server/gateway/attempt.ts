// One try at one account: send, wait for the first generated event, say what the answer means. Never retries.

import type { Dialect, ReplyFacts, UpstreamError } from '../wire/dialect.ts';
import { parseJson } from '../wire/json.ts';
import type { Framing } from '../wire/surface.ts';
import type { GatewayErrorCode } from './errors.ts';
import type { AttemptFault } from './faults.ts';
import { retryAfterMs, upstreamHeaders } from './headers.ts';
import { judgeAnswer, judgeFault } from './judge.ts';
import type { Clock } from './ports.ts';
import { withoutSecrets } from './redact.ts';
import type { Destination } from './route.ts';
import type { Stop } from './stop.ts';
import { StreamTap, type Translation } from './tap.ts';
import {
  type ReplyHeaders,
  type Upstream,
  type UpstreamBody,
  UpstreamFault,
  type UpstreamReply,
} from './upstream.ts';

/** A reply that has come whole. */
export interface WholeReply {
  kind: 'whole';
  status: number;
  headers: ReplyHeaders;
  connectMs: number;
  bytes: Uint8Array<ArrayBuffer>;
  /** The bytes as JSON; undefined when they are not. */
  json: unknown;
  facts: ReplyFacts;
}

/**
 * A reply that passes on as it comes: a stream whose first generated event has been seen, or a reply too large to hold.
 * `held` is what the client gets first.
 */
export interface StreamReply {
  kind: 'stream';
  status: number;
  headers: ReplyHeaders;
  connectMs: number;
  held: Uint8Array[];
  body: UpstreamBody;
  /** A read that was under way when the wait for the first event was given up. */
  pending: Promise<Uint8Array | null> | null;
  /** Null = the bytes pass unseen: no stream, only large. */
  tap: StreamTap | null;
}

export type AttemptResult =
  | { kind: 'reply'; reply: WholeReply | StreamReply }
  /** The caller's own mistake: passed on as it is, no other account would say otherwise. */
  | { kind: 'rejected'; reply: WholeReply; error: UpstreamError | null }
  | Retryable
  /** The client is gone, or the gateway stops. */
  | { kind: 'abandoned' };

/** Another account may do better. `reply` is the upstream's own error, if it sent one. */
export interface Retryable {
  kind: 'retryable';
  fault: AttemptFault;
  code: GatewayErrorCode;
  status: number | null;
  reason: string;
  retryAfterMs: number | null;
  reply: WholeReply | null;
  error: UpstreamError | null;
  /** The request had been sent when the connection broke. */
  isPossibleDuplicate: boolean;
}

export interface AttemptInput {
  destination: Destination;
  dialect: Dialect;
  method: 'GET' | 'POST' | 'DELETE';
  /** Path and query by the dialect. */
  path: string;
  /** The client's headers; only the allowed ones are sent on. */
  headers: Headers;
  /** Null = the upstream is not told of the trace. */
  traceparent: string | null;
  body: Uint8Array<ArrayBuffer> | null;
  isStreamed: boolean;
  /** How the upstream frames a stream. */
  framing: Framing;
  translation: Translation | null;
  /** Ends when the client is gone or the gateway stops. */
  stop: Stop;
  connectTimeoutMs: number;
  /** Until the first generated event, or the whole reply. */
  limitMs: number;
}

/** Bytes held back at most while waiting for the first generated event. */
const MAX_HELD_BYTES = 256 * 1024;
/**
 * Longest wait for it once the stream has begun: overload errors come at once, but a model may think for minutes before
 * its first word, and proxies on the client's side cut a connection on which nothing comes.
 */
const HOLD_MS = 10_000;
/** Replies up to this size are held whole; larger ones pass on as they come. */
const MAX_WHOLE_BYTES = 16 * 1024 * 1024;

/** Sends the request once. Never throws. */
export async function attempt(
  input: AttemptInput,
  io: { upstream: Upstream; clock: Clock },
): Promise<AttemptResult> {
  const abort = new AbortController();
  input.stop.listen(() => abort.abort());
  const cancelTimer = io.clock.setTimer(() => abort.abort(), input.limitMs);
  try {
    const reply = await send(input, { upstream: io.upstream, signal: abort.signal });
    return await read(reply, input, io.clock);
  } catch (error) {
    if (input.stop.hasEnded) return { kind: 'abandoned' };
    if (!(error instanceof UpstreamFault)) throw error;
    return {
      ...judgeFault(error),
      status: null,
      retryAfterMs: null,
      reply: null,
      error: null,
      isPossibleDuplicate: error.isSent,
    };
  } finally {
    cancelTimer();
    input.stop.listen(null);
  }
}

function send(input: AttemptInput, io: { upstream: Upstream; signal: AbortSignal }): Promise<UpstreamReply> {
  const { destination, dialect, body } = input;
  return io.upstream({
    method: input.method,
    url: upstreamUrl(destination.endpoint.baseUrl, input.path),
    headers: upstreamHeaders(input.headers, {
      defaults: dialect.defaultHeaders,
      credential: dialect.credentialHeaders(destination.credential),
      isTranslated: input.translation !== null,
      traceparent: input.traceparent,
      hasBody: body !== null,
    }),
    body,
    signal: io.signal,
    allowPrivateNetwork: destination.provider.allowPrivateNetwork,
    connectTimeoutMs: input.connectTimeoutMs,
  });
}

/** Base URL and path; a base that ends in a version of its own (`/v1`, `/v1beta`, `/api/paas/v4`) keeps it. */
function upstreamUrl(baseUrl: string, path: string): string {
  const base = baseUrl.replace(/\/+$/, '');
  return /\/v\d+[a-z\d]*$/.test(base) ? base + path.replace(/^\/v\d+[a-z\d]*/, '') : base + path;
}

async function read(reply: UpstreamReply, input: AttemptInput, clock: Clock): Promise<AttemptResult> {
  const { status, headers, body, connectMs } = reply;
  const isOk = status >= 200 && status < 300;
  if (isOk && isStream(headers, input)) return holdStream(reply, input, clock);
  const bytes = await wholeBytes(reply);
  if (!bytes) {
    const isPassable = isOk && !input.translation;
    if (!isPassable) {
      body.cancel();
      throw new UpstreamFault('reply-too-large', 'more than 16 MB', { isSent: true });
    }
    return {
      kind: 'reply',
      reply: { kind: 'stream', status, headers, connectMs, held: [], body, pending: null, tap: null },
    };
  }
  const json = bytes.length === 0 ? undefined : parseJson(decoder.decode(bytes));
  // Some decompressors take a truncated body for a whole one, and a close-delimited body has no end to check.
  if (isOk && json === undefined && headers.get('content-type')?.includes('json')) {
    throw new UpstreamFault('reset', 'the reply is not whole', { isSent: true });
  }
  const facts = isOk ? input.dialect.readReply(json) : NO_FACTS;
  const whole: WholeReply = { kind: 'whole', status, headers, connectMs, bytes, json, facts };
  const error = withoutSecrets(input.dialect.readError(json, isOk ? null : status), [
    input.destination.credential,
  ]);
  // Some gateways and compatible servers answer 200 and put the error into the body.
  if (isOk && !error) return { kind: 'reply', reply: whole };
  const waitMs = retryAfterMs(headers, clock.nowMs());
  return judged(isOk ? (error?.status ?? 500) : status, { error, waitMs, reply: whole });
}

const decoder = new TextDecoder();
const NO_FACTS: ReplyFacts = { usage: undefined, pins: [] };

/** Some servers send their events under another type, but never as JSON. */
function isStream(headers: ReplyHeaders, { isStreamed, framing }: AttemptInput): boolean {
  const type = headers.get('content-type') ?? '';
  if (type.includes('text/event-stream')) return true;
  return isStreamed && (framing === 'json-array' || !type.includes('json'));
}

/** Null when there is more than is held whole: the body is then untouched if its length was declared. */
async function wholeBytes({ headers, body }: UpstreamReply): Promise<Uint8Array<ArrayBuffer> | null> {
  if (Number(headers.get('content-length') ?? 0) > MAX_WHOLE_BYTES) return null;
  return body.bytes(MAX_WHOLE_BYTES);
}

function judged(
  status: number,
  answer: { error: UpstreamError | null; waitMs: number | null; reply: WholeReply },
): AttemptResult {
  const { error, reply } = answer;
  const verdict = judgeAnswer(status, error);
  if (verdict.kind === 'passed-on') return { kind: 'rejected', reply, error };
  const waitMs = answer.waitMs ?? error?.retryAfterMs ?? null;
  return { ...verdict, status, retryAfterMs: waitMs, reply, error, isPossibleDuplicate: false };
}

/** Reads a stream up to its first generated event: until then an error in it can still be tried elsewhere. */
async function holdStream(reply: UpstreamReply, input: AttemptInput, clock: Clock): Promise<AttemptResult> {
  const { status, headers, connectMs, body } = reply;
  const tap = new StreamTap(input.dialect, { framing: input.framing, translation: input.translation });
  const stream: StreamReply = {
    kind: 'stream',
    status,
    headers,
    connectMs,
    held: [],
    body,
    pending: null,
    tap,
  };
  const { watch } = tap;
  const patience = untilPatienceEnds(clock);
  let heldBytes = 0;
  try {
    while (!watch.hasGenerated && !watch.isComplete && !watch.error && heldBytes < MAX_HELD_BYTES) {
      const next = body.read();
      const chunk = await (heldBytes > 0 ? Promise.race([next, patience.over]) : next);
      if (chunk === 'over') return { kind: 'reply', reply: { ...stream, pending: next } };
      if (chunk === null)
        throw new UpstreamFault('reset', 'the stream ended before it began to answer', { isSent: true });
      heldBytes += chunk.length;
      const out = tap.pass(chunk);
      if (out) stream.held.push(out);
    }
  } finally {
    patience.stop();
  }
  const error = withoutSecrets(watch.error, [input.destination.credential]);
  if (!error || watch.hasGenerated) return { kind: 'reply', reply: stream };
  const verdict = judgeAnswer(error.status, error);
  if (verdict.kind === 'passed-on') return { kind: 'reply', reply: stream };
  body.cancel();
  const { status: said, retryAfterMs: waitMs } = error;
  return {
    ...verdict,
    status: said,
    retryAfterMs: waitMs,
    reply: null,
    error,
    isPossibleDuplicate: false,
  };
}

function untilPatienceEnds(clock: Clock): { over: Promise<'over'>; stop(): void } {
  let stop: () => void = () => undefined;
  const over = new Promise<'over'>((resolve) => {
    stop = clock.setTimer(() => resolve('over'), HOLD_MS);
  });
  return { over, stop };
}
