// Which conversation a request belongs to, as the client itself says. Only signals that clients keep stable.

import { isObject, parseJson, textAt } from './json.ts';

/** Where the signal came from, and the client's own value. Hash it before storing. */
export interface SessionSignal {
  kind: 'session-header' | 'metadata-session' | 'prompt-cache-key' | 'metadata-user';
  value: string;
}

/** Body fields that may carry a signal, already decoded. */
export interface SignalFields {
  metadata: unknown;
  promptCacheKey: unknown;
}

/**
 * Headers that name a session, ours first, then clients' and other gateways' own, so that switching costs nothing.
 * Both spellings: nginx drops names with underscores unless told otherwise. Per-request ids are not in the list.
 */
const SESSION_HEADERS = [
  'x-warmpath-session-id',
  'x-claude-code-session-id', // Claude Code
  'session-id', // Codex
  'session_id',
  'thread-id',
  'thread_id',
  'x-session-affinity', // OpenCode
  'x-session-id',
  'x-opencode-session-id',
  'x-opencode-session',
  'x-bf-session-id', // Bifrost
  'x-litellm-session-id', // LiteLLM
  'x-aether-session-id', // Aether
  'ah-trace-id', // AxonHub
] as const;

/** A longer value is not an id. */
const MAX_VALUE_LENGTH = 1024;

/**
 * The strongest signal of a request, or null. Order: explicit session header, a session inside `metadata`,
 * `prompt_cache_key`, then `metadata.user_id` as a whole (one end user of a shared key).
 */
export function sessionSignal(headers: Headers, fields: SignalFields): SessionSignal | null {
  for (const name of SESSION_HEADERS) {
    const value = usable(headers.get(name));
    if (value !== null) return { kind: 'session-header', value };
  }
  const inMetadata = usable(metadataSession(fields.metadata));
  if (inMetadata !== null) return { kind: 'metadata-session', value: inMetadata };
  // The client "pi" keeps this one per session; elsewhere it is new for every request.
  const piSession = headers.get('user-agent')?.startsWith('pi/')
    ? usable(headers.get('x-client-request-id'))
    : null;
  if (piSession !== null) return { kind: 'session-header', value: piSession };
  const cacheKey = typeof fields.promptCacheKey === 'string' ? usable(fields.promptCacheKey) : null;
  if (cacheKey !== null) return { kind: 'prompt-cache-key', value: cacheKey };
  const user = usable(textAt(fields.metadata, 'user_id'));
  return user === null ? null : { kind: 'metadata-user', value: user };
}

/**
 * Claude Code puts its session into `metadata.user_id`, in one of two forms: `user_<hash>_account_<id>_session_<uuid>`
 * or a JSON text with `session_id`. Others send `metadata.session_id`.
 */
function metadataSession(metadata: unknown): string | null {
  if (!isObject(metadata)) return null;
  const plain = textAt(metadata, 'session_id') ?? textAt(metadata, 'conversation_id');
  if (plain !== null) return plain;
  const userId = textAt(metadata, 'user_id');
  if (userId === null) return null;
  if (userId.startsWith('{')) return textAt(parseJson(userId), 'session_id');
  return /_session_([0-9a-zA-Z-]{8,})$/.exec(userId)?.[1] ?? null;
}

function usable(value: string | null): string | null {
  const trimmed = value?.trim() ?? '';
  return trimmed === '' || trimmed.length > MAX_VALUE_LENGTH ? null : trimmed;
}
