// What goes back to the client, and the settlement that goes with each way to answer.

import type { UpstreamError } from '../wire/dialect.ts';
import { dialectOf } from '../wire/dialects.ts';
import { errorBody, errorEvent } from '../wire/error-body.ts';
import { parseJson } from '../wire/json.ts';
import type { StreamReply, WholeReply } from './attempt.ts';
import type { Candidate } from './catalog.ts';
import { GatewayError } from './errors.ts';
import { type Exchange, noteAttempt } from './exchange.ts';
import { clientHeaders } from './headers.ts';
import type { HealthTable } from './health.ts';
import type { AttemptOutcome, RequestOutcome } from './ports.ts';
import { relayStream, type StreamEnding } from './relay.ts';
import { type SettleParts, settle } from './settle.ts';

export type ReplyContext = SettleParts;

/** An answer by a certain account. `release` gives its slot back. */
export interface ReplyParts extends ReplyContext {
  health: HealthTable;
  candidate: Candidate;
  startedAtMs: number;
  release: () => void;
}

/** A gateway answer of its own, such as the model list. */
export function jsonReply(exchange: Exchange, body: unknown, parts: ReplyContext): Response {
  settle(exchange, { status: 200, outcome: 'ok' }, parts);
  const headers = new Headers({ 'content-type': 'application/json' });
  addOwnHeaders(exchange, headers);
  return new Response(JSON.stringify(body), { status: 200, headers });
}

/**
 * The gateway's own error in the caller's shape, or the upstream's error (`passed`) byte for byte when it sent one.
 */
export function errorReply(
  exchange: Exchange,
  error: GatewayError,
  parts: ReplyContext,
  passed: WholeReply | null = null,
): Response {
  settle(
    exchange,
    { status: error.status, outcome: outcomeOf(error), errorCode: error.code, errorMessage: error.message },
    parts,
  );
  const headers = passed
    ? clientHeaders(passed.headers)
    : new Headers({ 'content-type': 'application/json' });
  if (error.retryAfterMs !== null)
    headers.set('retry-after', String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))));
  addOwnHeaders(exchange, headers);
  const notice = { ...noticeOf(exchange, error), param: error.param };
  const body = passed ? passed.bytes : JSON.stringify(errorBody(exchange.surface, notice));
  return new Response(body, { status: error.status, headers });
}

/** An upstream's whole reply, its bytes as they came; also the caller's own mistakes as the upstream words them. */
export function wholeReply(
  exchange: Exchange,
  { reply, error }: { reply: WholeReply; error: UpstreamError | null },
  parts: ReplyParts,
): Response {
  const nowMs = parts.clock.nowMs();
  const isOk = reply.status < 400;
  const outcome = isOk ? 'ok' : 'rejected';
  const reason = isOk ? 'answered' : `refused by the upstream (${reply.status})`;
  note(exchange, { outcome, reason, status: reply.status, firstByteAtMs: nowMs, endedAtMs: nowMs }, parts);
  parts.release();
  const usage = dialectOf(exchange.surface)?.readUsage(
    isOk ? parseJson(new TextDecoder().decode(reply.bytes)) : null,
  );
  const why = isOk
    ? {}
    : { errorCode: error?.type ?? 'upstream-rejected', errorMessage: error?.message ?? reason };
  settle(exchange, { status: reply.status, outcome, ...why, ...(usage && isOk ? { usage } : {}) }, parts);
  parts.live.publish({ kind: 'account', accountId: parts.candidate.account.id });
  // A 204 may not carry even an empty body.
  return new Response(reply.bytes.length === 0 ? null : reply.bytes, {
    status: reply.status,
    headers: replyHeaders(exchange, reply.headers, parts),
  });
}

/** A stream, its bytes as they come; settled when it ends, breaks or is left. */
export function streamReply(exchange: Exchange, reply: StreamReply, parts: ReplyParts): Response {
  const { row } = exchange;
  const firstByteAtMs = parts.clock.nowMs();
  row.timeToFirstTokenMs = Math.max(0, firstByteAtMs - row.startedAtMs);
  const interruption = new GatewayError(
    'stream-interrupted',
    'The upstream broke off in the middle of its reply',
  );
  const body = relayStream(reply, {
    interruptionEvent: () => errorEvent(exchange.surface, noticeOf(exchange, interruption)),
    onEnd: (ending) => {
      parts.release();
      endStream(exchange, { ending, reply, firstByteAtMs }, parts);
      parts.live.publish({ kind: 'account', accountId: parts.candidate.account.id });
    },
  });
  return new Response(body, { status: reply.status, headers: replyHeaders(exchange, reply.headers, parts) });
}

const ENDINGS: Record<
  StreamEnding,
  { attempt: AttemptOutcome; request: RequestOutcome; code: string | null; reason: string }
> = {
  complete: { attempt: 'ok', request: 'ok', code: null, reason: 'answered' },
  interrupted: {
    attempt: 'interrupted',
    request: 'failed',
    code: 'stream-interrupted',
    reason: 'the upstream broke off in the middle of its reply',
  },
  'client-gone': {
    attempt: 'client-gone',
    request: 'client-gone',
    code: 'client-gone',
    reason: 'the client hung up',
  },
};

function endStream(
  exchange: Exchange,
  ended: { ending: StreamEnding; reply: StreamReply; firstByteAtMs: number },
  parts: ReplyParts,
): void {
  const { ending, reply, firstByteAtMs } = ended;
  const { error, usage } = reply.watch;
  const row = ENDINGS[ending];
  const isErrorInStream = ending === 'complete' && error !== null;
  const outcome = isErrorInStream ? 'interrupted' : row.attempt;
  const reason = isErrorInStream ? `error in the stream (${error.type})` : row.reason;
  // 499 is nginx's code for a client that hung up; the client itself never sees it.
  const status = ending === 'client-gone' ? 499 : reply.status;
  note(
    exchange,
    { outcome, reason, status: reply.status, firstByteAtMs, endedAtMs: parts.clock.nowMs() },
    parts,
  );
  if (outcome === 'interrupted') parts.health.failed(parts.candidate.account.id);
  settle(
    exchange,
    {
      status,
      outcome: isErrorInStream ? 'failed' : row.request,
      errorCode: isErrorInStream ? error.type : row.code,
      errorMessage: isErrorInStream ? error.message : row.code && reason,
      usage,
      isWhole: ending === 'complete',
    },
    parts,
  );
}

function note(
  exchange: Exchange,
  seen: { outcome: AttemptOutcome; reason: string; status: number; firstByteAtMs: number; endedAtMs: number },
  parts: ReplyParts,
): void {
  noteAttempt(exchange, parts.candidate, { ...seen, startedAtMs: parts.startedAtMs });
}

function replyHeaders(exchange: Exchange, upstream: Headers, parts: ReplyParts): Headers {
  const headers = clientHeaders(upstream);
  addOwnHeaders(exchange, headers);
  if (!exchange.catalog.settings.routingHeaders) return headers;
  headers.set('x-warmpath-account', encodeURIComponent(parts.candidate.account.name));
  headers.set('x-warmpath-affinity', exchange.row.affinity);
  return headers;
}

function addOwnHeaders(exchange: Exchange, headers: Headers): void {
  headers.set('x-request-id', exchange.requestId);
  // Anthropic's clients look for the id under this name; the upstream's own goes first.
  if (exchange.surface === 'anthropic-messages' && !headers.has('request-id')) {
    headers.set('request-id', exchange.requestId);
  }
}

function noticeOf(exchange: Exchange, { status, code, message }: GatewayError) {
  return { status, code, message, param: null, requestId: exchange.requestId };
}

function outcomeOf({ code, status }: GatewayError): RequestOutcome {
  if (code === 'client-gone') return 'client-gone';
  // Refused for what the caller sent; a 429 of ours is a lack of room, not the caller's mistake.
  return status < 500 && status !== 429 ? 'rejected' : 'failed';
}
