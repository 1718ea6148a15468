// Errors of the Responses API: in a reply's body, in a failed response, in a stream; and the other way.

import type { UpstreamError } from '../dialect.ts';
import { entryOf, isObject, type JsonObject, objectAt, textAt } from '../json.ts';

/**
 * HTTP status that each code stands for when it comes inside a 200. Source: OpenAI API reference, "The response
 * object" (`error.code`) and the error codes guide; `server_is_overloaded` and `slow_down` as Codex knows them.
 */
const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  invalid_prompt: 400,
  invalid_request_error: 400,
  context_length_exceeded: 400,
  bio_policy: 400,
  cyber_policy: 400,
  misalignment_policy_violation: 400,
  data_residency_mismatch: 400,
  invalid_encrypted_content: 400,
  previous_response_not_found: 400,
  invalid_image: 400,
  invalid_image_format: 400,
  invalid_base64_image: 400,
  invalid_image_url: 400,
  image_too_large: 400,
  image_too_small: 400,
  image_parse_error: 400,
  image_content_policy_violation: 400,
  invalid_image_mode: 400,
  image_file_too_large: 400,
  unsupported_image_media_type: 400,
  empty_image_file: 400,
  failed_to_download_image: 400,
  image_file_not_found: 400,
  authentication_error: 401,
  invalid_api_key: 401,
  billing_not_active: 402,
  permission_error: 403,
  usage_not_included: 403,
  model_not_found: 404,
  rate_limit_exceeded: 429,
  rate_limit_error: 429,
  insufficient_quota: 429,
  billing_hard_limit_reached: 429,
  usage_limit_reached: 429,
  credit_balance_exhausted: 429,
  server_error: 500,
  overloaded_error: 503,
  server_is_overloaded: 503,
  slow_down: 503,
  vector_store_timeout: 504,
};

/** Codes of a spent budget: another try on this account fails the same. */
const QUOTA_CODES: ReadonlySet<string> = new Set([
  'insufficient_quota',
  'billing_hard_limit_reached',
  'billing_not_active',
  'usage_limit_reached',
  'credit_balance_exhausted',
  'enforced_spend_limit_reached',
]);

/** The error in a JSON reply, whether its status says so or a 200 holds a response that failed. */
export function readError(reply: unknown, status: number | null): UpstreamError | null {
  if (!isObject(reply)) return null;
  if (isObject(reply.error)) return errorFrom(reply.error, status ?? 200);
  // Compatible servers state a bare text, in `error` or, as FastAPI does, in `detail`.
  const message = textAt(reply, 'error') ?? textAt(reply, 'detail');
  return message === null ? null : errorFrom({ message }, status ?? 200);
}

/** The error of a stream's `error` event: its fields stand in the event itself or in an `error` of its own. */
export function readErrorEvent(event: unknown): UpstreamError {
  const inner = objectAt(event, 'error');
  if (textAt(inner, 'message') !== null || textAt(inner, 'code') !== null) return errorFrom(inner, 200);
  const { type: _event, ...fields } = objectAt({ event }, 'event');
  return errorFrom(fields, 200);
}

/** The error of a `response.failed` event. */
export function readFailure(response: unknown): UpstreamError {
  return errorFrom(objectAt(response, 'error'), 200);
}

function errorFrom(error: JsonObject, status: number): UpstreamError {
  const code = textAt(error, 'code');
  const kind = textAt(error, 'type');
  const type = code ?? kind ?? 'server_error';
  const waitSeconds = error.resets_in_seconds;
  return {
    type,
    message: textAt(error, 'message') ?? type,
    status:
      status >= 400
        ? status
        : (statusOf(error.code) ??
          entryOf(STATUS_BY_CODE, type) ??
          entryOf(STATUS_BY_CODE, kind ?? '') ??
          500),
    retryAfterMs: typeof waitSeconds === 'number' && waitSeconds >= 0 ? Math.round(waitSeconds * 1000) : null,
    isQuota: QUOTA_CODES.has(type) || (kind !== null && QUOTA_CODES.has(kind)),
  };
}

/** Compatible servers put the HTTP status into `code`. */
function statusOf(code: unknown): number | null {
  return typeof code === 'number' && code >= 400 && code < 600 ? code : null;
}

/** The `error` of a failed response. Codes that clients of this dialect know stay; others become the nearest of them. */
export function encodeError(error: UpstreamError): { code: string; message: string } {
  return {
    code: entryOf(STATUS_BY_CODE, error.type) === undefined ? codeOf(error) : error.type,
    message: error.message,
  };
}

function codeOf(error: UpstreamError): string {
  if (error.isQuota) return 'insufficient_quota';
  if (error.status === 429) return 'rate_limit_exceeded';
  if (error.status === 503 || error.status === 529) return 'server_is_overloaded';
  return error.status >= 400 && error.status < 500 ? 'invalid_prompt' : 'server_error';
}
