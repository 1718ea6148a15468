// Which headers pass, in both directions. Everything not named here stays behind.

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
  'x-app',
  'x-client-request-id',
  'x-codex-turn-state',
]);
const REQUEST_PREFIXES = ['anthropic-', 'x-stainless-', 'x-claude-code-'];

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
const REPLY_PREFIXES = ['anthropic-ratelimit-', 'anthropic-priority-', 'x-ratelimit-'];

/**
 * Headers of an attempt. The reply is asked for without compression, so that its bytes can be watched and passed on
 * as they are (a truncated gzip stream is accepted as whole by some runtimes).
 */
export function upstreamHeaders(
  client: Headers,
  own: { defaults: Readonly<Record<string, string>>; credential: Record<string, string> },
): Record<string, string> {
  const headers: Record<string, string> = { ...own.defaults };
  for (const [name, value] of client) {
    if (REQUEST_HEADERS.has(name) || REQUEST_PREFIXES.some((prefix) => name.startsWith(prefix))) {
      headers[name] = value;
    }
  }
  // The body has been read as JSON, whatever it was declared to be.
  return { ...headers, 'content-type': 'application/json', 'accept-encoding': 'identity', ...own.credential };
}

/** Headers of the reply to the client; an upstream's `x-request-id` is kept under another name, ours takes its place. */
export function clientHeaders(upstream: Headers): Headers {
  const headers = new Headers();
  for (const [name, value] of upstream) {
    if (REPLY_HEADERS.has(name) || REPLY_PREFIXES.some((prefix) => name.startsWith(prefix))) {
      headers.set(name, value);
    }
  }
  const requestId = upstream.get('request-id') ?? upstream.get('x-request-id');
  if (requestId !== null) headers.set('x-upstream-request-id', requestId);
  return headers;
}

/** Longest wait a provider may state, in milliseconds; a drained weekly window is real, a year is not. */
const MAX_RETRY_AFTER_MS = 8 * 24 * 3600_000;

/** The wait an upstream asks for: `retry-after-ms`, or `retry-after` in seconds or as an HTTP date; null = not stated. */
export function retryAfterMs(headers: Headers, nowMs: number): number | null {
  const milliseconds = Number(headers.get('retry-after-ms') ?? Number.NaN);
  if (Number.isFinite(milliseconds) && milliseconds >= 0) return Math.min(milliseconds, MAX_RETRY_AFTER_MS);
  const stated = headers.get('retry-after');
  if (stated === null || stated.trim() === '') return null;
  const seconds = Number(stated);
  const waitMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(stated) - nowMs;
  return Number.isFinite(waitMs) ? Math.min(Math.max(0, waitMs), MAX_RETRY_AFTER_MS) : null;
}
