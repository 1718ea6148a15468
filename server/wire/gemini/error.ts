// Gemini's errors: what they stand for, how long to wait, and whether a quota is spent.

import type { UpstreamError } from '../dialect.ts';
import { entryOf, isObject, type JsonObject, listAt, textAt } from '../json.ts';

/** HTTP status of each canonical code. Source: google.rpc.Code, "HTTP Mapping". */
const STATUS_BY_CODE: Readonly<Record<string, number>> = {
  INVALID_ARGUMENT: 400,
  FAILED_PRECONDITION: 400,
  OUT_OF_RANGE: 400,
  UNAUTHENTICATED: 401,
  PERMISSION_DENIED: 403,
  NOT_FOUND: 404,
  ABORTED: 409,
  ALREADY_EXISTS: 409,
  RESOURCE_EXHAUSTED: 429,
  CANCELLED: 499,
  UNKNOWN: 500,
  INTERNAL: 500,
  DATA_LOSS: 500,
  UNIMPLEMENTED: 501,
  UNAVAILABLE: 503,
  DEADLINE_EXCEEDED: 504,
};

/**
 * The error in a reply or in an event of a stream: `{error}`, or a list of one such where the JSON-array framing was
 * asked for. `status` is the HTTP status where there was one of its own, null inside a stream.
 */
export function readGeminiError(reply: unknown, status: number | null): UpstreamError | null {
  const holder: unknown = Array.isArray(reply) ? reply[0] : reply;
  if (!isObject(holder) || !isObject(holder.error)) return null;
  const error = holder.error;
  const type = textAt(error, 'status') ?? 'UNKNOWN';
  return {
    type,
    message: textAt(error, 'message') ?? type,
    status: status ?? httpStatus(error.code) ?? entryOf(STATUS_BY_CODE, type) ?? 500,
    retryAfterMs: retryAfterMs(error),
    isQuota: isQuota(error),
  };
}

function httpStatus(code: unknown): number | null {
  return typeof code === 'number' && code >= 400 && code <= 599 ? code : null;
}

/** `google.rpc.RetryInfo` in the details: a duration in seconds, such as `34.074824224s`. */
function retryAfterMs(error: JsonObject): number | null {
  for (const detail of listAt(error, 'details')) {
    const seconds = /^(\d+(?:\.\d+)?)s$/.exec(textAt(detail, 'retryDelay') ?? '')?.[1];
    if (seconds !== undefined) return Math.ceil(Number(seconds) * 1_000);
  }
  return null;
}

/**
 * Daily quotas are known by the id of the violated quota (`GenerateRequestsPerDayPerProjectPerModel-FreeTier`); a quota
 * of 0 means that the account has no access at all and is stated as `limit: 0` in the message and, newer, as a
 * `quotaValue`. Code Assist and billing state it as the reason of `google.rpc.ErrorInfo`.
 */
function isQuota(error: JsonObject): boolean {
  const details = listAt(error, 'details');
  const violations = details.flatMap((detail) => listAt(detail, 'violations'));
  return (
    violations.some(
      (violation) =>
        /PerDay/i.test(textAt(violation, 'quotaId') ?? '') || textAt(violation, 'quotaValue') === '0',
    ) ||
    details.some((detail) => /^(QUOTA_EXHAUSTED|BILLING_DISABLED)$/.test(textAt(detail, 'reason') ?? '')) ||
    /\blimit: 0\b(?!\.\d)/.test(textAt(error, 'message') ?? '')
  );
}
