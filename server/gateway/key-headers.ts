// What a reply says of its API key's own limits, in the words of the caller's dialect.

import type { Surface } from '../wire/surface.ts';
import type { KeyUsage } from './key-usage.ts';
import type { ApiKey } from './ports.ts';

export type LimitHeaders = readonly (readonly [name: string, value: string])[];

export const NO_LIMIT_HEADERS: LimitHeaders = [];

interface Limit {
  what: 'requests' | 'tokens';
  limit: number;
  remaining: number;
  resetsInMs: number;
}

/**
 * The limits of the key as they stand with this request counted; they take the place of what the account's provider
 * says of its own, which is not the caller's. Sources: "Rate limits" of the OpenAI and Anthropic API references; Gemini
 * has none.
 */
export function limitHeaders(
  { surface, row }: { surface: Surface; row: { readonly startedAtMs: number } },
  { key, keyUsage }: { key: ApiKey; keyUsage: Pick<KeyUsage, 'look' | 'resetsInMs'> },
): LimitHeaders {
  if (surface === 'gemini' || (key.requestsPerMinute === null && key.tokensPerMinute === null)) {
    return NO_LIMIT_HEADERS;
  }
  const { requestsLastMinute, tokensLastMinute } = keyUsage.look(key.id);
  const resetsInMs = keyUsage.resetsInMs(key);
  const limits: Limit[] = [];
  const add = (what: Limit['what'], limit: number | null, used: number) => {
    if (limit === null) return;
    limits.push({ what, limit, remaining: Math.max(0, limit - used), resetsInMs: resetsInMs[what] });
  };
  add('requests', key.requestsPerMinute, requestsLastMinute);
  add('tokens', key.tokensPerMinute, tokensLastMinute);
  const say = surface === 'anthropic-messages' ? anthropicHeaders : openaiHeaders;
  return limits.flatMap((limit) => say(limit, row.startedAtMs));
}

function anthropicHeaders({ what, limit, remaining, resetsInMs }: Limit, nowMs: number): LimitHeaders {
  return [
    [`anthropic-ratelimit-${what}-limit`, String(limit)],
    [`anthropic-ratelimit-${what}-remaining`, String(remaining)],
    [`anthropic-ratelimit-${what}-reset`, new Date(nowMs + resetsInMs).toISOString()],
  ];
}

function openaiHeaders({ what, limit, remaining, resetsInMs }: Limit): LimitHeaders {
  return [
    [`x-ratelimit-limit-${what}`, String(limit)],
    [`x-ratelimit-remaining-${what}`, String(remaining)],
    [`x-ratelimit-reset-${what}`, `${Math.ceil(resetsInMs / 1000)}s`],
  ];
}
