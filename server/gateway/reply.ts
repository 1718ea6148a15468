// What goes back to the client, and the settlement that goes with each way to answer.

import type { UpstreamError } from '../wire/dialect.ts';
import { dialectOf } from '../wire/dialects.ts';
import { errorBody, errorEvent } from '../wire/error-body.ts';
import { UsageTally } from '../wire/usage.ts';
import type { StreamReply, WholeReply } from './attempt.ts';
import { GatewayError } from './errors.ts';
import { type Exchange, noteAttempt } from './exchange.ts';
import type { AttemptFault } from './faults.ts';
import { clientHeaders } from './headers.ts';
import type { HealthTable, Way } from './health.ts';
import { tenantOf } from './identity.ts';
import type { Pins } from './pins.ts';
import type { AttemptOutcome, RequestOutcome } from './ports.ts';
import { withoutSecrets } from './redact.ts';
import { relayStream, type StreamEnding } from './relay.ts';
import type { Destination } from './route.ts';
import { type SettleParts, settle } from './settle.ts';
import type { Translation } from './tap.ts';
import { translatedReply } from './translate.ts';
import type { ReplyHeaders } from './upstream.ts';

export interface ReplyContext extends SettleParts {
  pins: Pins;
  health: HealthTable;
}

/** An answer by a certain account. `release` gives its slot back. */
export interface ReplyParts {
  context: ReplyContext;
  destination: Destination;
  way: Way;
  translation: Translation | null;
  startedMs: number;
  release: () => void;
}

/** A gateway answer of its own, such as the model list. */
export function jsonReply(exchange: Exchange, body: unknown, parts: SettleParts): Response {
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
  parts: SettleParts,
  passed: WholeReply | null = null,
): Response {
  const headers = passed
    ? clientHeaders(passed.headers, { isTranslated: false })
    : new Headers({ 'content-type': 'application/json' });
  if (error.retryAfterMs !== null)
    headers.set('retry-after', String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))));
  addOwnHeaders(exchange, headers);
  const notice = { ...noticeOf(exchange, error), param: error.param };
  const body = passed ? passed.bytes : JSON.stringify(errorBody(exchange.surface, notice));
  exchange.copy?.sawReply(typeof body === 'string' ? new TextEncoder().encode(body) : body);
  settle(
    exchange,
    { status: error.status, outcome: outcomeOf(error), errorCode: error.code, errorMessage: error.message },
    parts,
  );
  return new Response(body, { status: error.status, headers });
}

/** An upstream's whole reply: its bytes as they came, or what they say in the client's dialect. */
export function wholeReply(
  exchange: Exchange,
  { reply, error }: { reply: WholeReply; error: UpstreamError | null },
  parts: ReplyParts,
): Response {
  const { translation } = parts;
  const isOk = reply.status < 400 && error === null;
  const outcome = isOk ? 'ok' : 'rejected';
  const reason = isOk ? 'answered' : `refused by the upstream (${reply.status})`;
  const body = translation ? inClientsWords(exchange, { reply, error, translation }) : reply.bytes;
  const endedMs = parts.context.clock.monotonicMs();
  const { status, connectMs } = reply;
  note(exchange, { outcome, fault: null, reason, status, connectMs, firstByteMs: endedMs, endedMs }, parts);
  parts.release();
  exchange.copy?.sawReply(typeof body === 'string' ? new TextEncoder().encode(body) : body);
  const why = isOk
    ? {}
    : { errorCode: error?.type ?? 'upstream-rejected', errorMessage: error?.message ?? reason };
  settle(
    exchange,
    { status, outcome, ...why, ...counts(exchange, reply, parts), isUnreadable: isOk && isUnreadable(reply) },
    parts.context,
  );
  remember(exchange, reply.facts.pins, parts);
  parts.context.live.publish({ kind: 'account', accountId: parts.destination.account.id });
  const headers = replyHeaders(exchange, reply.headers, parts);
  if (translation) {
    const isEvents = exchange.row.isStreamed && isOk && translation.framing === 'sse';
    headers.set('content-type', isEvents ? 'text/event-stream' : 'application/json');
  }
  // A 204 may not carry even an empty body.
  return new Response(body.length === 0 ? null : body, { status, headers });
}

function counts(
  { operation }: Exchange,
  { facts }: WholeReply,
  { destination }: ReplyParts,
): { tally?: UsageTally } {
  // A stored response states once more what was counted when it was made.
  if (facts.usage === undefined || operation.kind === 'stored-response') return {};
  const tally = new UsageTally(dialectOf(destination.endpoint.surface).readUsage);
  tally.see(facts.usage);
  return { tally };
}

function isUnreadable({ bytes, json }: WholeReply): boolean {
  return bytes.length > 0 && json === undefined;
}

function inClientsWords(
  exchange: Exchange,
  { reply, error, translation }: { reply: WholeReply; error: UpstreamError | null; translation: Translation },
): string {
  const { status } = reply;
  if (status < 400 && !error) return translatedReply(reply.json, translation);
  const message = error?.message ?? `The upstream refused the request (${status})`;
  const notice = {
    status,
    code: error?.type ?? 'upstream-rejected',
    message,
    param: null,
    requestId: exchange.requestId,
  };
  return JSON.stringify(errorBody(exchange.surface, notice));
}

/** A reply that passes on as it comes; settled when it ends, breaks or is left. */
export function streamReply(exchange: Exchange, reply: StreamReply, parts: ReplyParts): Response {
  const { row, catalog, copy } = exchange;
  const { timeouts, clientGone } = catalog.settings;
  const firstByteMs = parts.context.clock.monotonicMs();
  row.timeToFirstTokenMs = Math.round(firstByteMs - exchange.startedMs);
  let stopReason: GatewayError | null = null;
  const relay = relayStream(
    reply,
    {
      lastEvent: (ending) => lastEvent(exchange, { reply, error: stopReason ?? BROKEN[ending]() }),
      onEnd: (ending, isWhole) => {
        exchange.interrupt = null;
        parts.release();
        endStream(exchange, { ending, isWhole, reply, firstByteMs, stopReason }, parts);
        parts.context.live.publish({ kind: 'account', accountId: parts.destination.account.id });
      },
      onBytes: copy && ((bytes) => copy.sawReply(bytes)),
    },
    {
      clock: parts.context.clock,
      limits: {
        gapMs: timeouts.streamGapSeconds * 1000,
        keepAliveMs: timeouts.keepAliveSeconds * 1000,
        drainMs: clientGone.policy === 'drain' ? clientGone.drainSeconds * 1000 : null,
      },
    },
  );
  exchange.interrupt = (error) => {
    stopReason = error;
    relay.stop();
  };
  const headers = replyHeaders(exchange, reply.headers, parts);
  if (parts.translation) {
    headers.set(
      'content-type',
      parts.translation.framing === 'sse' ? 'text/event-stream' : 'application/json',
    );
  }
  return new Response(relay.body, { status: reply.status, headers });
}

const BROKEN: Readonly<Record<'interrupted' | 'stalled' | 'stopped', () => GatewayError>> = {
  interrupted: () =>
    new GatewayError('stream-interrupted', 'The upstream broke off in the middle of its reply'),
  stalled: () =>
    new GatewayError('stream-interrupted', 'The upstream fell silent in the middle of its reply'),
  stopped: () => new GatewayError('shutting-down', 'The gateway is shutting down'),
};

/** A reply that is no stream of events has no place for an error: its connection breaks instead. */
function lastEvent(
  exchange: Exchange,
  { reply, error }: { reply: StreamReply; error: GatewayError },
): string {
  if (!reply.tap) return '';
  const { clientFraming: framing, eventCount: sequence } = reply.tap;
  return errorEvent(exchange.surface, noticeOf(exchange, error), { framing, sequence });
}

const ENDINGS: Record<
  StreamEnding,
  {
    attempt: AttemptOutcome;
    request: RequestOutcome;
    fault: AttemptFault | null;
    code: string | null;
    reason: string;
  }
> = {
  complete: { attempt: 'ok', request: 'ok', fault: null, code: null, reason: 'answered' },
  interrupted: {
    attempt: 'interrupted',
    request: 'failed',
    fault: 'incomplete',
    code: 'stream-interrupted',
    reason: 'the upstream broke off in the middle of its reply',
  },
  stalled: {
    attempt: 'interrupted',
    request: 'failed',
    fault: 'stalled',
    code: 'stream-interrupted',
    reason: 'the upstream fell silent in the middle of its reply',
  },
  stopped: {
    attempt: 'interrupted',
    request: 'failed',
    fault: null,
    code: 'shutting-down',
    reason: 'the gateway was shut down',
  },
  'client-gone': {
    attempt: 'client-gone',
    request: 'client-gone',
    fault: null,
    code: 'client-gone',
    reason: 'the client hung up',
  },
};

function endStream(
  exchange: Exchange,
  ended: {
    ending: StreamEnding;
    isWhole: boolean;
    reply: StreamReply;
    firstByteMs: number;
    stopReason: GatewayError | null;
  },
  parts: ReplyParts,
): void {
  const { ending, reply, firstByteMs } = ended;
  const watch = reply.tap?.watch ?? null;
  const row = ENDINGS[ending];
  const said = ending === 'complete' ? (watch?.error ?? null) : null;
  const inStream = withoutSecrets(said, [parts.destination.credential]);
  const outcome = inStream ? 'interrupted' : row.attempt;
  const reason = inStream ? `error in the stream (${inStream.type})` : row.reason;
  const fault = inStream ? 'server-error' : row.fault;
  const { status, connectMs } = reply;
  note(
    exchange,
    { outcome, fault, reason, status, connectMs, firstByteMs, endedMs: parts.context.clock.monotonicMs() },
    parts,
  );
  if (fault) blameStream(parts, { fault, reason });
  remember(exchange, watch?.pins ?? [], parts);
  settle(
    exchange,
    {
      // 499 is nginx's code for a client that hung up; the client itself never sees it.
      status: ending === 'client-gone' ? 499 : status,
      outcome: inStream ? 'failed' : row.request,
      errorCode: inStream ? inStream.type : row.code,
      errorMessage: inStream ? inStream.message : row.code && reason,
      ...(watch ? { tally: watch.tally } : {}),
      isWhole: ended.isWhole,
      isUnreadable: (watch?.parseErrors ?? 0) > 0,
    },
    parts.context,
  );
}

function blameStream(
  { context, destination, way }: ReplyParts,
  { fault, reason }: { fault: AttemptFault; reason: string },
): void {
  context.health.failed(destination.account, way, { fault, retryAfterMs: null, reason });
}

/** What only this account will understand when it comes back. */
function remember(
  exchange: Exchange,
  values: readonly string[],
  { context, destination, translation }: ReplyParts,
): void {
  if (translation || values.length === 0) return;
  const tenant = tenantOf(exchange.caller);
  for (const value of values) context.pins.remember(tenant, value, destination.account.id);
}

function note(
  exchange: Exchange,
  seen: {
    outcome: AttemptOutcome;
    fault: AttemptFault | null;
    reason: string;
    status: number;
    connectMs: number;
    firstByteMs: number;
    endedMs: number;
  },
  parts: ReplyParts,
): void {
  noteAttempt(exchange, parts.destination, { ...seen, startedMs: parts.startedMs });
}

function replyHeaders(exchange: Exchange, upstream: ReplyHeaders, parts: ReplyParts): Headers {
  const headers = clientHeaders(upstream, { isTranslated: parts.translation !== null });
  addOwnHeaders(exchange, headers);
  if (!exchange.catalog.settings.routingHeaders) return headers;
  headers.set('x-warmpath-account', encodeURIComponent(parts.destination.account.name));
  headers.set('x-warmpath-affinity', exchange.row.affinity);
  return headers;
}

function addOwnHeaders(exchange: Exchange, headers: Headers): void {
  for (const [name, value] of exchange.limitHeaders) headers.set(name, value);
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
  // A limit of the caller's own key.
  if (code.startsWith('key-')) return 'rejected';
  // Refused for what the caller sent; a 429 of ours is a lack of room, not the caller's mistake.
  return status < 500 && status !== 429 ? 'rejected' : 'failed';
}
