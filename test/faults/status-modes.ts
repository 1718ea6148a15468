// Modes that answer in order: well, with rate-limit headers, or with every kind of error status.

import type { ChatSurface } from './samples.ts';
import type { Mode, UpstreamCall } from './upstream-call.ts';

interface ErrorWords {
  status: number;
  message: string;
  /** Anthropic's and OpenAI's `type`. */
  type: string;
  /** OpenAI's `code`. */
  code?: string;
  /** Gemini's `status`. */
  geminiStatus?: string;
  geminiDetails?: unknown[];
}

/** An error as the provider of this surface words it. */
export function nativeError(surface: ChatSurface, words: ErrorWords): string {
  const { status, message, type, code = null, geminiStatus = 'INTERNAL', geminiDetails } = words;
  switch (surface) {
    case 'anthropic-messages':
      return JSON.stringify({ type: 'error', error: { type, message }, request_id: 'req_upstream' });
    case 'gemini':
      return JSON.stringify({
        error: {
          code: status,
          message,
          status: geminiStatus,
          ...(geminiDetails ? { details: geminiDetails } : {}),
        },
      });
    default:
      return JSON.stringify({ error: { message, type, param: null, code } });
  }
}

/** An answer with bytes of its own kind, to see that it is passed on as it is. */
export const VERBATIM_BODY =
  '{ "error" :{"type":"invalid_request_error",\n "message":"prompt is too long: 204857 tokens > 200000 maximum \\u2713"} }\n';

export const UNIFIED_RESET_SECONDS = 7_200;

export const STATUS_MODES: Readonly<Record<string, Mode>> = {
  good: (call) => call.answer(),
  'good-with': (call, [set = '']) => call.answer(HEADER_SETS[set]?.() ?? {}),
  'good-after': (call, [ms]) => {
    setTimeout(() => call.answer(), Number(ms));
  },
  error: (call, [status = '500']) => fail(call, { ...SERVER_ERROR, status: Number(status) }),
  'error-after': (call, [ms]) => {
    setTimeout(() => fail(call, SERVER_ERROR), Number(ms));
  },
  overloaded: (call) => {
    const status = call.surface === 'anthropic-messages' ? 529 : 503;
    fail(call, { status, message: 'Overloaded', type: 'overloaded_error', geminiStatus: 'UNAVAILABLE' });
  },
  limited: (call, [form = '', seconds = '7']) => {
    fail(call, RATE_LIMITED, RETRY_AFTER[form]?.(Number(seconds)) ?? {});
  },
  /** Only one model of the account is limited. */
  'limited-model': (call, [model = '']) => {
    if (call.text.includes(`"model":"${model}`)) fail(call, RATE_LIMITED, { 'retry-after': '60' });
    else call.answer();
  },
  quota: (call, [kind = '']) => {
    const words = QUOTAS[kind];
    if (words) fail(call, words);
  },
  /** Repeats the credential, as careless providers do. */
  refuse: (call, [status = '401']) => {
    const { headers } = call;
    const credential = headers['x-api-key'] ?? headers['x-goog-api-key'] ?? headers.authorization ?? '';
    const words = status === '401' ? UNAUTHENTICATED : FORBIDDEN;
    fail(call, { ...words, message: `${words.message}: ${credential}` });
  },
  verbatim: (call, [status = '400']) =>
    call.reply(Number(status), VERBATIM_BODY, { 'content-type': 'application/json; charset=utf-8' }),
  'no-model': (call) => fail(call, NO_MODEL),
  redirect: (call, [status = '307', port = '1']) => {
    call.reply(Number(status), '', { location: `http://127.0.0.1:${port}/good/v1/messages` });
  },
};

const SERVER_ERROR: ErrorWords = { status: 500, message: 'Internal server error', type: 'api_error' };
const RATE_LIMITED: ErrorWords = {
  status: 429,
  message: 'Number of requests has exceeded your rate limit',
  type: 'rate_limit_error',
  code: 'rate_limit_exceeded',
  geminiStatus: 'RESOURCE_EXHAUSTED',
};
const UNAUTHENTICATED: ErrorWords = {
  status: 401,
  message: 'invalid x-api-key',
  type: 'authentication_error',
  code: 'invalid_api_key',
  geminiStatus: 'UNAUTHENTICATED',
};
const FORBIDDEN: ErrorWords = {
  status: 403,
  message: 'This organization has been disabled',
  type: 'permission_error',
  geminiStatus: 'PERMISSION_DENIED',
};
const NO_MODEL: ErrorWords = {
  status: 404,
  message: 'model: the-upstream-does-not-have-it',
  type: 'not_found_error',
  code: 'model_not_found',
  geminiStatus: 'NOT_FOUND',
};

/** Spent budgets in the providers' own words. */
const QUOTAS: Readonly<Record<string, ErrorWords>> = {
  'payment-required': { status: 402, message: 'Your credit balance is too low', type: 'billing_error' },
  'insufficient-quota': {
    status: 429,
    message: 'You exceeded your current quota, please check your plan and billing details.',
    type: 'insufficient_quota',
    code: 'insufficient_quota',
  },
  'credit-exhausted': {
    status: 429,
    message: 'Your credit balance is exhausted.',
    type: 'invalid_request_error',
    code: 'credit_balance_exhausted',
  },
  'gemini-daily': {
    status: 429,
    message: 'You exceeded your current quota. Quota exceeded for metric: free_tier_requests, limit: 0',
    type: '',
    geminiStatus: 'RESOURCE_EXHAUSTED',
    geminiDetails: [
      {
        '@type': 'type.googleapis.com/google.rpc.QuotaFailure',
        violations: [
          {
            quotaMetric: 'generativelanguage.googleapis.com/generate_content_free_tier_requests',
            quotaId: 'GenerateRequestsPerDayPerProjectPerModel-FreeTier',
            quotaDimensions: { location: 'global', model: 'gemini-test' },
          },
        ],
      },
      { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '36s' },
    ],
  },
  'spend-limit': {
    status: 429,
    message: 'This request would exceed your organization’s monthly spend limit.',
    type: 'rate_limit_error',
  },
};

function unified(status: string, utilization: string): Record<string, string> {
  const reset = String(Math.floor(Date.now() / 1000) + UNIFIED_RESET_SECONDS);
  return {
    'anthropic-ratelimit-unified-status': status,
    'anthropic-ratelimit-unified-reset': reset,
    'anthropic-ratelimit-unified-representative-claim': 'five_hour',
    'anthropic-ratelimit-unified-5h-status': status,
    'anthropic-ratelimit-unified-5h-reset': reset,
    'anthropic-ratelimit-unified-5h-utilization': utilization,
    'anthropic-ratelimit-unified-7d-status': 'allowed',
    'anthropic-ratelimit-unified-7d-reset': String(Number(reset) + 86_400),
    'anthropic-ratelimit-unified-7d-utilization': '0.2',
  };
}

const RETRY_AFTER: Readonly<Record<string, (seconds: number) => Record<string, string>>> = {
  seconds: (seconds) => ({ 'retry-after': String(seconds) }),
  date: (seconds) => ({ 'retry-after': new Date(Date.now() + seconds * 1000).toUTCString() }),
  ms: (seconds) => ({ 'retry-after-ms': String(seconds * 1000) }),
  unified: () => unified('rejected', '1.0'),
};

/** Headers of good answers. */
const HEADER_SETS: Readonly<Record<string, () => Record<string, string>>> = {
  'unified-calm': () => unified('allowed', '0.05'),
  'unified-busy': () => unified('allowed_warning', '0.97'),
  'unified-rejected': () => unified('rejected', '1.0'),
  /** What a client must never see, and what it must. */
  mixed: () => ({
    'set-cookie': 'session=stolen; Path=/',
    connection: 'keep-alive, x-hop',
    'x-hop': 'by-hop',
    'keep-alive': 'timeout=99',
    server: 'upstream/1.0',
    'x-internal-host': 'node-17.internal',
    'access-control-allow-origin': '*',
    'strict-transport-security': 'max-age=1',
    'request-id': 'req_upstream',
    'anthropic-ratelimit-requests-remaining': '99',
    'x-ratelimit-remaining-requests': '98',
  }),
};

function fail(call: UpstreamCall, words: ErrorWords, headers: Record<string, string> = {}): void {
  const isSpendLimit = words === QUOTAS['spend-limit'];
  const body = nativeError(call.surface, words);
  call.reply(words.status, isSpendLimit ? withSpendLimitCode(body) : body, headers);
}

/** Anthropic tells a spend limit from a rate limit by `details.error_code`. Source: its API reference, "Errors". */
function withSpendLimitCode(body: string): string {
  return body.replace(
    '"type":"rate_limit_error"',
    '"type":"rate_limit_error","details":{"error_code":"enforced_spend_limit_reached"}',
  );
}
