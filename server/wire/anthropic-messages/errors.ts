// Anthropic's error types: what they stand for, and which one tells a client of another provider's error.

import type { UpstreamError } from '../dialect.ts';
import { entryOf, objectAt, textAt } from '../json.ts';

/** HTTP status each error type stands for. Source: Anthropic API reference, "Errors". */
const STATUS_BY_TYPE: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  conflict_error: 409,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};

/**
 * Types and codes that say that money has run out. A spend limit comes as `rate_limit_error` and is told from a rate
 * limit by `details.error_code` alone. Source: Anthropic API reference, "Errors", and its TypeScript SDK.
 */
const QUOTA_TYPES: ReadonlySet<string> = new Set([
  'billing_error',
  'enforced_spend_limit_reached',
  'contract_spend_limit_reached',
  'linked_organization_spend_limit_reached',
  'linked_organization_billing_unavailable',
]);

/** The error in a body or an `error` event; `status` null = inside a stream. Null when there is none recognised. */
export function readError(reply: unknown, status: number | null): UpstreamError | null {
  const error = objectAt(reply, 'error');
  const type = textAt(error, 'type');
  if (type === null) return null;
  const code = textAt(objectAt(error, 'details'), 'error_code');
  return {
    type: code ?? type,
    message: textAt(error, 'message') ?? type,
    status: status ?? entryOf(STATUS_BY_TYPE, type) ?? 500,
    retryAfterMs: null,
    isQuota: QUOTA_TYPES.has(type) || (code !== null && QUOTA_TYPES.has(code)),
  };
}

/** An `error` event that says nothing readable is an error all the same. */
export function readErrorEvent(data: unknown): UpstreamError {
  return readError(data, null) ?? brokenStream('the upstream sent an error that cannot be read');
}

/** The stream of an answer went wrong in a way that the upstream did not put into words. */
export function brokenStream(message: string): UpstreamError {
  return { type: 'api_error', message, status: 500, retryAfterMs: null, isQuota: false };
}

/** The body of an error in Anthropic's words, whoever it came from. */
export function encodeError(error: UpstreamError): {
  type: 'error';
  error: { type: string; message: string };
} {
  const type = error.type in STATUS_BY_TYPE ? error.type : typeOfStatus(error.status);
  return { type: 'error', error: { type, message: error.message } };
}

function typeOfStatus(status: number): string {
  const known = Object.entries(STATUS_BY_TYPE).find((row) => row[1] === status);
  if (known) return known[0];
  if (status === 503) return 'overloaded_error';
  return status >= 500 ? 'api_error' : 'invalid_request_error';
}
