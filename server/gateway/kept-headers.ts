// What is kept of a request's headers beside its body: every name, and the values that cannot be a secret. Pure.

const HIDDEN = '•••';
/** Clients send 10 to 30. */
const MAX_HEADERS = 100;
const MAX_VALUE_CHARACTERS = 500;

/** A header that nobody here knows may be a secret under any name, so only the values of these are kept. */
const KEPT_VALUES = new Set([
  'accept',
  'accept-encoding',
  'accept-language',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'openai-beta',
  'originator',
  'session-id',
  'session_id',
  'thread-id',
  'thread_id',
  'traceparent',
  'transfer-encoding',
  'user-agent',
  'version',
  'x-app',
  'x-client-request-id',
  'x-goog-api-client',
  'x-request-id',
  'x-session-affinity',
  'x-session-id',
]);
const KEPT_PREFIXES = ['anthropic-', 'x-stainless-', 'x-claude-code-'];
const SECRET_NAME = /auth|key|secret|token|cookie|password|credential/;

/** JSON of the headers by name, in the order in which the runtime gives them; `clean` takes out what looks like a secret. */
export function keptHeaders(
  headers: Iterable<readonly [string, string]>,
  clean: (text: string) => string,
): string {
  const kept: Record<string, string> = {};
  let count = 0;
  for (const [name, value] of headers) {
    count += 1;
    if (count > MAX_HEADERS) break;
    kept[name] = isHarmless(name) ? clean(value.slice(0, MAX_VALUE_CHARACTERS)) : HIDDEN;
  }
  return JSON.stringify(kept);
}

function isHarmless(name: string): boolean {
  if (SECRET_NAME.test(name)) return false;
  return KEPT_VALUES.has(name) || KEPT_PREFIXES.some((prefix) => name.startsWith(prefix));
}
