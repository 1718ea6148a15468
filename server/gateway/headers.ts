// Which headers pass, in both directions. Everything not named here stays behind.

import type { ReplyHeaders } from './upstream.ts';

/** Client headers that mean something to a provider. Credentials, cookies, forwarding and hop-by-hop headers never pass. */
const REQUEST_HEADERS = new Set([
  'accept',
  'user-agent',
  'openai-beta',
  'idempotency-key',
  'session-id',
  'session_id',
  'thread-id',
  'thread_id',
  'originator',
  'version',
  'x-app',
  'x-client-request-id',
  'x-codex-turn-state',
  'x-goog-api-client',
]);
const REQUEST_PREFIXES = ['anthropic-', 'x-stainless-', 'x-claude-code-', 'x-codex-'];
/** What still means something to a provider of another dialect. */
const TRANSLATED_HEADERS = new Set(['user-agent', 'idempotency-key']);

/** Upstream headers that clients act on: types, request ids, rate limits, retry advice. */
const REPLY_HEADERS = new Set([
  'content-type',
  'request-id',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  'x-codex-turn-state',
  'openai-model',
  'openai-processing-ms',
  'openai-version',
]);
const REPLY_PREFIXES = [
  'anthropic-ratelimit-',
  'anthropic-priority-',
  'x-ratelimit-',
  'ratelimit-',
  'x-codex-',
];
/** Of a translated reply the body is ours; what the provider says of limits and waits still holds. */
const TRANSLATED_REPLY_HEADERS = new Set(['retry-after', 'retry-after-ms', 'x-should-retry']);

/**
 * Headers of an attempt. The reply is asked for without compression, so that its bytes can be watched and passed on
 * as they are (a truncated gzip stream is accepted as whole by some runtimes).
 */
export function upstreamHeaders(
  client: Headers,
  own: {
    defaults: Readonly<Record<string, string>>;
    credential: Record<string, string>;
    isTranslated: boolean;
    hasBody: boolean;
    /** Ours, in place of the client's; null = none. */
    traceparent?: string | null;
  },
): Record<string, string> {
  const headers: Record<string, string> = { ...own.defaults };
  const passes = own.isTranslated ? (name: string) => TRANSLATED_HEADERS.has(name) : passesUp;
  const named = namedByConnection(client);
  for (const [name, value] of client) if (passes(name) && !named?.has(name)) headers[name] = value;
  // The body has been read as JSON, whatever it was declared to be.
  if (own.hasBody) headers['content-type'] = 'application/json';
  headers['accept-encoding'] = 'identity';
  if (own.traceparent) headers.traceparent = own.traceparent;
  for (const [name, value] of Object.entries(own.credential)) {
    // A credential may need a beta of its own beside those the client asked for.
    const asked = name === 'anthropic-beta' ? headers[name] : undefined;
    headers[name] = asked === undefined || asked.includes(value) ? (asked ?? value) : `${asked},${value}`;
  }
  return headers;
}

function passesUp(name: string): boolean {
  return REQUEST_HEADERS.has(name) || REQUEST_PREFIXES.some((prefix) => name.startsWith(prefix));
}

/** Headers of the reply to the client; an upstream's `x-request-id` is kept under another name, ours takes its place. */
export function clientHeaders(upstream: ReplyHeaders, { isTranslated }: { isTranslated: boolean }): Headers {
  const headers = new Headers();
  const passes = isTranslated ? (name: string) => TRANSLATED_REPLY_HEADERS.has(name) : passesDown;
  const named = namedByConnection(upstream);
  for (const [name, value] of upstream) if (passes(name) && !named?.has(name)) headers.set(name, value);
  // What is neither JSON nor a stream of events a browser might show as a page of the panel's own origin.
  if (!isTranslated && !HARMLESS_TYPE.test(headers.get('content-type') ?? '')) {
    headers.set('content-security-policy', "default-src 'none'; sandbox");
    headers.set('x-content-type-options', 'nosniff');
  }
  const requestId = upstream.get('request-id') ?? upstream.get('x-request-id');
  if (requestId !== null) headers.set('x-upstream-request-id', requestId);
  return headers;
}

function passesDown(name: string): boolean {
  return REPLY_HEADERS.has(name) || REPLY_PREFIXES.some((prefix) => name.startsWith(prefix));
}

const HARMLESS_TYPE = /^(application\/json|text\/event-stream)\s*(;|$)/i;

/** Headers that `connection` declares to be for one hop only (RFC 9110 section 7.6.1); null = none, as nearly always. */
function namedByConnection(headers: Pick<ReplyHeaders, 'get'>): ReadonlySet<string> | null {
  const value = headers.get('connection');
  if (value === null || value === 'keep-alive' || value === 'close') return null;
  return new Set(
    value
      .toLowerCase()
      .split(',')
      .map((name) => name.trim()),
  );
}

/** Longest wait a provider may state, in milliseconds; a drained weekly window is real, a year is not. */
const MAX_RETRY_AFTER_MS = 8 * 24 * 3600_000;

/** The wait an upstream asks for: `retry-after-ms`, or `retry-after` in seconds or as an HTTP date; null = not stated. */
export function retryAfterMs(headers: ReplyHeaders, nowMs: number): number | null {
  const milliseconds = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(milliseconds) && milliseconds >= 0) return Math.min(milliseconds, MAX_RETRY_AFTER_MS);
  const stated = headers.get('retry-after');
  if (stated === null || stated.trim() === '') return null;
  const seconds = Number(stated);
  // A date counts from the upstream's own clock, which may differ from ours.
  const sentAtMs = Date.parse(headers.get('date') ?? '');
  const waitMs = Number.isFinite(seconds)
    ? seconds * 1000
    : Date.parse(stated) - (Number.isNaN(sentAtMs) ? nowMs : sentAtMs);
  return Number.isFinite(waitMs) ? Math.min(Math.max(0, waitMs), MAX_RETRY_AFTER_MS) : null;
}
