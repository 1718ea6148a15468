// The Anthropic Messages dialect of the demo upstream: its parts, errors and headers. Pure.

import { anthropicBody, anthropicFrames, anthropicOverloadedFrames } from './anthropic-reply.ts';
import { readAnthropicRequest } from './anthropic-request.ts';
import type { DemoError, DemoErrorKind } from './demo-error.ts';
import type { Dialect, ErrorReply, RateWindow } from './dialect.ts';

export const ANTHROPIC_DIALECT: Dialect = {
  path: '/v1/messages',
  countPath: '/v1/messages/count_tokens',
  requestIdHeader: 'request-id',
  requestIdPrefix: 'req_011C',
  replyIdPrefix: 'msg_01',
  readRequest: readAnthropicRequest,
  body: anthropicBody,
  frames: anthropicFrames,
  overloadedFrames: anthropicOverloadedFrames,
  error: errorReply,
  limitHeaders,
};

const ERRORS: Record<DemoErrorKind, { status: number; type: string }> = {
  'invalid-request': { status: 400, type: 'invalid_request_error' },
  unauthorized: { status: 401, type: 'authentication_error' },
  'unknown-model': { status: 404, type: 'not_found_error' },
  'unknown-path': { status: 404, type: 'not_found_error' },
  'rate-limited': { status: 429, type: 'rate_limit_error' },
  'server-error': { status: 500, type: 'api_error' },
  overloaded: { status: 529, type: 'overloaded_error' },
};

function errorReply({ kind, message }: DemoError, requestId: string): ErrorReply {
  const { status, type } = ERRORS[kind];
  return {
    status,
    body: { type: 'error', error: { type, message }, request_id: requestId },
    headers: kind === 'rate-limited' ? { 'retry-after': '1', 'x-should-retry': 'true' } : {},
  };
}

function limitHeaders({ limit, remaining, resetAtMs }: RateWindow): Record<string, string> {
  return {
    'anthropic-ratelimit-requests-limit': String(limit),
    'anthropic-ratelimit-requests-remaining': String(remaining),
    'anthropic-ratelimit-requests-reset': `${new Date(resetAtMs).toISOString().slice(0, 19)}Z`,
  };
}
