// The gateway's own errors and the one table that maps them to HTTP.

import type { WireError } from '../wire/scan.ts';

const STATUS_BY_CODE = {
  'missing-api-key': 401,
  'unknown-api-key': 401,
  'api-key-disabled': 403,
  'api-key-expired': 401,
  'api-key-revoked': 401,
  'address-not-allowed': 403,
  'surface-not-allowed': 403,
  'model-not-allowed': 403,
  'provider-not-allowed': 403,
  'key-requests-exceeded': 429,
  'key-tokens-exceeded': 429,
  'key-concurrency-exceeded': 429,
  'key-budget-spent': 402,
  'invalid-json': 400,
  'duplicate-field': 400,
  'invalid-field': 400,
  'missing-model': 400,
  'cannot-translate': 400,
  'bad-encoding': 400,
  'pinned-elsewhere': 400,
  'model-not-found': 404,
  'surface-unavailable': 404,
  'body-too-large': 413,
  'unsupported-encoding': 415,
  'client-gone': 499,
  'accounts-full': 429,
  'rate-limited': 429,
  'internal-error': 500,
  'upstream-unreachable': 502,
  'unexpected-redirect': 502,
  'stream-interrupted': 502,
  'no-healthy-account': 503,
  'gateway-full': 503,
  'shutting-down': 503,
  'upstream-timeout': 504,
  'upstream-error': 502,
} as const;
export type GatewayErrorCode = keyof typeof STATUS_BY_CODE;

/** An exchange that ends without an upstream's reply. `message` is safe to show to the client. */
export class GatewayError extends Error {
  readonly code: GatewayErrorCode;
  readonly status: number;
  /** The request field at fault. */
  readonly param: string | null;
  /** When trying again makes sense; sent as `retry-after`. */
  readonly retryAfterMs: number | null;

  constructor(
    code: GatewayErrorCode,
    message: string,
    details: { param?: string | null; retryAfterMs?: number | null; status?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: details.cause });
    this.name = 'GatewayError';
    this.code = code;
    this.status = details.status ?? STATUS_BY_CODE[code];
    this.param = details.param ?? null;
    this.retryAfterMs = details.retryAfterMs ?? null;
  }
}

/** A request that is not what its dialect says it must be, as the gateway's own error. */
export function refusedRequest({ code, message, path }: WireError): GatewayError {
  return new GatewayError(code, message, { param: path });
}
