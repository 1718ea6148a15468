// Errors as Chat Completions servers state them: in a reply's body or in a chunk of a stream.

import type { UpstreamError } from '../dialect.ts';
import { entryOf, isObject, type JsonObject, textAt } from '../json.ts';

/** HTTP status of errors that come inside a stream, by `code` or `type`; others count as 500. */
const STATUS_BY_TYPE: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  context_length_exceeded: 400,
  invalid_api_key: 401,
  authentication_error: 401,
  insufficient_balance: 402,
  permission_error: 403,
  model_not_found: 404,
  not_found_error: 404,
  insufficient_quota: 429,
  credit_balance_exhausted: 429,
  exceeded_current_quota_error: 429,
  rate_limit_exceeded: 429,
  rate_limit_error: 429,
  tokens: 429,
  requests: 429,
  server_error: 500,
  overloaded_error: 503,
  engine_overloaded_error: 503,
  service_unavailable: 503,
};

/**
 * Words for a spent budget. Sources: OpenAI guide "Error codes", Moonshot's error table (`exceeded_current_quota_error`);
 * DeepSeek and OpenRouter say it by HTTP 402 alone.
 */
const QUOTA_TYPES = new Set([
  'insufficient_quota',
  'credit_balance_exhausted',
  'billing_hard_limit_reached',
  'billing_not_active',
  'exceeded_current_quota_error',
  'insufficient_balance',
]);

/**
 * The error in a reply or chunk, or null when there is none. Shapes: OpenAI `{error: {message, type, code}}`, OpenRouter
 * and Azure with the status as `code`, Ollama `{error: "text"}`, vLLM and Mistral `{object: "error", message, …}`.
 * `status` is the reply's own; null inside a stream, where it is taken from what the error says.
 */
export function readError(reply: unknown, status: number | null): UpstreamError | null {
  if (!isObject(reply)) return null;
  const error = errorOf(reply);
  if (error === null) return null;
  const words = [textAt(error, 'code'), textAt(error, 'type'), textAt(error, 'status')].filter(isWord);
  const type = words[0] ?? 'server_error';
  const stands = status ?? statedStatus(error) ?? statusOf(words);
  return {
    type,
    message: textAt(error, 'message') ?? textAt(reply, 'error') ?? type,
    status: stands,
    retryAfterMs: null,
    isQuota: stands === 402 || words.some((word) => QUOTA_TYPES.has(word)),
  };
}

/** Finish reasons that say that the answer broke off: OpenRouter's `error`, Z.ai's `network_error`. */
export function brokenStop(finishReason: string | null): UpstreamError | null {
  if (finishReason !== 'error' && finishReason !== 'network_error') return null;
  const message = 'The upstream broke off the answer';
  return { type: finishReason, message, status: 502, retryAfterMs: null, isQuota: false };
}

function errorOf(reply: JsonObject): JsonObject | null {
  if (isObject(reply.error)) return reply.error;
  if (textAt(reply, 'error')) return {};
  return textAt(reply, 'object')?.toLowerCase() === 'error' ? reply : null;
}

/** Codes made of digits are statuses or a provider's private numbers, not words. */
function isWord(text: string | null): text is string {
  return text !== null && text !== '' && !/^\d+$/.test(text);
}

function statedStatus(error: JsonObject): number | null {
  const code = typeof error.code === 'number' ? error.code : Number(textAt(error, 'code') ?? 'none');
  return Number.isInteger(code) && code >= 400 && code <= 599 ? code : null;
}

function statusOf(words: readonly string[]): number {
  for (const word of words) {
    const status = entryOf(STATUS_BY_TYPE, word);
    if (status !== undefined) return status;
  }
  return 500;
}
