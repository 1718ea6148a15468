// One attempt with all that goes with it: its slot, its binding, its verdict, and what it says of the account.

import { dialectOf } from '../wire/dialects.ts';
import type { UpstreamCall } from '../wire/surface.ts';
import { type AttemptInput, attempt, type Retryable, type StreamReply, type WholeReply } from './attempt.ts';
import type { RequestBody } from './body.ts';
import { factsOf } from './candidate-facts.ts';
import type { Candidate } from './catalog.ts';
import { bindingTtlMs } from './conversation.ts';
import { GatewayError } from './errors.ts';
import { type Exchange, noteAttempt } from './exchange.ts';
import { isOfCredential } from './faults.ts';
import type { Failure } from './give-up.ts';
import type { GatewayParts } from './parts.ts';
import { classifyRateLimit, readRateLimits } from './rate-limits.ts';
import { type ReplyParts, streamReply, wholeReply } from './reply.ts';
import type { Destination } from './route.ts';
import { leaveSeat, type Seat, vacateSeat } from './seat.ts';
import type { Translation } from './tap.ts';
import { traceparentOf } from './trace.ts';
import { type Outgoing, outgoing } from './translate.ts';
import type { ReplyHeaders } from './upstream.ts';
import { beginReply, endSending } from './warmth.ts';

type TriedAccount =
  | { kind: 'done'; response: Response }
  | { kind: 'failed'; failure: Failure }
  /** The request cannot be said in this account's dialect; nothing was sent. */
  | { kind: 'untranslatable'; error: GatewayError };

/** Sends the request to the candidate's account. Throws GatewayError when the client is gone or time is up. */
export async function tryAccount(
  exchange: Exchange,
  { seat, body }: { seat: Seat; body: RequestBody },
  parts: GatewayParts,
): Promise<TriedAccount> {
  const { release } = seat;
  const { candidate } = seat.standing;
  const { account } = candidate;
  const limitMs = timeLeft(exchange, parts);
  const sent = translated(exchange, body, candidate);
  if (sent instanceof GatewayError) {
    vacateSeat(exchange, seat);
    return { kind: 'untranslatable', error: sent };
  }
  exchange.copy?.sawUpstream(sent.bytes);
  parts.modelMappings.used(exchange.catalog, candidate);
  const startedMs = parts.clock.monotonicMs();
  const input = attemptInput(exchange, { candidate, sent, limitMs });
  const result = await attempt(input, parts);
  const reply: ReplyParts = {
    context: parts,
    destination: candidate,
    way: candidate,
    translation: sent.translation,
    startedMs,
    release,
  };
  switch (result.kind) {
    case 'reply':
      sawHeaders(exchange, { seat, headers: result.reply.headers }, parts);
      parts.health.succeeded(account, candidate);
      parts.slots.succeeded(account);
      if (!exchange.row.isKeepWarm) parts.routing.reservations.succeeded(account.id);
      return { kind: 'done', response: accept(exchange, seat, { reply: result.reply, parts: reply }) };
    case 'rejected':
      sawHeaders(exchange, { seat, headers: result.reply.headers }, parts);
      exchange.row.affinityCode = 'request-refused';
      exchange.row.affinityReason = 'the request itself was refused; the binding is untouched';
      endSending(exchange);
      return { kind: 'done', response: wholeReply(exchange, result, reply) };
    case 'abandoned':
      leaveSeat(exchange, seat);
      throw abandoned(exchange, { destination: candidate, startedMs }, parts);
    case 'retryable': {
      const failure = { ...result, isTranslated: sent.translation !== null };
      if (result.reply) sawHeaders(exchange, { seat, headers: result.reply.headers }, parts);
      blame(exchange, { candidate, startedMs, failure }, parts);
      leaveSeat(exchange, seat);
      parts.live.publish({ kind: 'account', accountId: account.id });
      return { kind: 'failed', failure };
    }
    default:
      return result satisfies never;
  }
}

/** The limit of this attempt: its own, but no more than what is left of the request's deadline. */
function timeLeft({ catalog, startedMs, row }: Exchange, { clock }: GatewayParts): number {
  const { deadlineSeconds, firstByteSeconds, streamFirstByteSeconds } = catalog.settings.timeouts;
  const leftMs = deadlineSeconds * 1000 - (clock.monotonicMs() - startedMs);
  if (leftMs <= 0) {
    throw new GatewayError(
      'upstream-timeout',
      `Cannot get a reply within ${deadlineSeconds} s: the time is up`,
    );
  }
  return Math.min(leftMs, (row.isStreamed ? streamFirstByteSeconds : firstByteSeconds) * 1000);
}

function translated(exchange: Exchange, body: RequestBody, candidate: Candidate): Outgoing | GatewayError {
  try {
    return outgoing(exchange, body, candidate);
  } catch (error) {
    if (error instanceof GatewayError) return error;
    throw error;
  }
}

function attemptInput(
  exchange: Exchange,
  { candidate, sent, limitMs }: { candidate: Candidate; sent: Outgoing; limitMs: number },
): AttemptInput {
  const { request, catalog, row, stop } = exchange;
  const dialect = dialectOf(candidate.endpoint.surface);
  return {
    destination: candidate,
    dialect,
    method: 'POST',
    path:
      dialect.upstreamPath(upstreamCall(exchange, candidate.upstreamModel, sent.framing)) +
      passedQuery(exchange, sent.translation),
    headers: request.headers,
    traceparent: toldTrace(exchange, candidate),
    body: sent.bytes,
    isStreamed: row.isStreamed,
    framing: sent.framing,
    translation: sent.translation,
    stop,
    connectTimeoutMs: catalog.settings.timeouts.connectSeconds * 1000,
    limitMs,
  };
}

function upstreamCall(
  { operation, row }: Exchange,
  upstreamModel: string,
  framing: Outgoing['framing'],
): UpstreamCall {
  switch (operation.kind) {
    case 'count-tokens':
      return { kind: 'count-tokens', upstreamModel };
    case 'embed':
      return { kind: 'embed', upstreamModel, isBatch: operation.isBatch };
    default:
      return { kind: 'generate', upstreamModel, isStreamed: row.isStreamed, framing };
  }
}

/** Public providers cannot join anybody's trace, so it is no business of theirs; a server on the own network may. */
function toldTrace({ trace }: Exchange, { provider }: Candidate): string | null {
  return trace && provider.allowPrivateNetwork ? traceparentOf(trace) : null;
}

/** Anthropic clients may ask with `?beta=true`; anything else in a query stays behind. */
function passedQuery({ request: { url }, surface }: Exchange, translation: Translation | null): string {
  const beta = translation === null && url.includes('beta=') ? new URL(url).searchParams.get('beta') : null;
  return beta === null || surface !== 'anthropic-messages' ? '' : `?beta=${encodeURIComponent(beta)}`;
}

/** What the reply's headers say of the account's limits. */
function sawHeaders(
  { sent }: Exchange,
  { seat, headers }: { seat: Seat; headers: ReplyHeaders },
  parts: GatewayParts,
): void {
  const { candidate, rule } = seat.standing;
  const { health, routing, clock } = parts;
  health.sawHeaders(candidate.account, candidate, headers);
  sent?.settleBucket(null);
  const windows = readRateLimits(headers, clock.nowMs());
  if (windows.length > 0) routing.buckets.sawWindows(factsOf(candidate).bucketKey, windows, rule);
}

/** The reply has begun: the point of no return. */
function accept(
  exchange: Exchange,
  { standing, away }: Seat,
  { reply, parts }: { reply: WholeReply | StreamReply; parts: ReplyParts },
): Response {
  const { row, ticket } = exchange;
  // A body that may be kept for a ping stays accounted for.
  if (!exchange.warmBody) for (const releaseBody of exchange.bodyReleases) releaseBody();
  beginReply(exchange, parts.context);
  if (ticket) {
    const ttlMs = bindingTtlMs(exchange, standing.candidate);
    const result = parts.context.affinity.confirm(ticket, standing.candidate, { ttlMs, away });
    row.affinity = result.outcome;
    row.affinityCode = result.code;
    row.affinityReason = result.reason;
  }
  return reply.kind === 'stream'
    ? streamReply(exchange, reply, parts)
    : wholeReply(exchange, { reply, error: null }, parts);
}

/** Notes a failed attempt and what it says of the account and its binding. */
function blame(
  exchange: Exchange,
  tried: { candidate: Candidate; startedMs: number; failure: Failure },
  parts: GatewayParts,
): void {
  const { candidate, startedMs, failure } = tried;
  const { account } = candidate;
  const { reason, fault, retryAfterMs } = failure;
  noteFailure(exchange, { destination: candidate, startedMs, failure }, parts);
  parts.health.failed(account, candidate, { fault, retryAfterMs, reason });
  if (!exchange.row.isKeepWarm) parts.routing.reservations.failed(account.id);
  if (fault === 'refused') parts.onRefused(account, reason);
  // A credential that was replaced meanwhile says nothing of the account that conversations are bound to.
  const isMoot = isOfCredential(fault) && hasOtherCredential(account, parts);
  if (fault === 'rate-limited' && !isMoot) {
    const headers = failure.reply?.headers ?? new Headers();
    const inFlight = parts.slots.inFlight(account.id);
    parts.slots.rateLimited(account, classifyRateLimit({ headers, retryAfterMs, inFlight }));
    parts.routing.reservations.rateLimited(account.id);
    parts.routing.buckets.refused(factsOf(candidate).bucketKey, retryAfterMs);
  }
  if (exchange.ticket)
    parts.affinity.attemptFailed(exchange.ticket, candidate, { kind: fault, reason, isMoot });
}

function hasOtherCredential(
  { id, credentialFingerprint }: Candidate['account'],
  { catalog }: GatewayParts,
): boolean {
  return catalog().accounts.get(id)?.credentialFingerprint !== credentialFingerprint;
}

/** Notes a failed attempt in the row. */
export function noteFailure(
  exchange: Exchange,
  { destination, startedMs, failure }: { destination: Destination; startedMs: number; failure: Retryable },
  { clock }: GatewayParts,
): void {
  const { status, fault, reason, isPossibleDuplicate } = failure;
  noteAttempt(exchange, destination, {
    status,
    outcome: 'retryable',
    fault,
    reason,
    isPossibleDuplicate,
    startedMs,
    firstByteMs: null,
    endedMs: clock.monotonicMs(),
  });
}

/** Notes an attempt that nobody waits for any more; the result says why. */
export function abandoned(
  exchange: Exchange,
  { destination, startedMs }: { destination: Destination; startedMs: number },
  parts: GatewayParts,
): GatewayError {
  const error =
    exchange.stopReason ?? new GatewayError('client-gone', 'The client hung up before the reply began');
  noteAttempt(exchange, destination, {
    status: null,
    outcome: error.code === 'client-gone' ? 'client-gone' : 'interrupted',
    reason: error.code === 'client-gone' ? 'the client hung up' : 'the gateway was shut down',
    startedMs,
    firstByteMs: null,
    endedMs: parts.clock.monotonicMs(),
  });
  parts.live.publish({ kind: 'account', accountId: destination.account.id });
  return error;
}
