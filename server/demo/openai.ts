// The OpenAI Chat dialect of the demo upstream: its parts, errors and headers. Pure.

import type { DemoError, DemoErrorKind } from './demo-error.ts';
import type { Dialect, ErrorReply, RateWindow } from './dialect.ts';
import { openAiBody, openAiFrames, openAiOverloadedFrames } from './openai-reply.ts';
import { readOpenAiRequest } from './openai-request.ts';

export const OPENAI_DIALECT: Dialect = {
  path: '/v1/chat/completions',
  countPath: null,
  requestIdHeader: 'x-request-id',
  requestIdPrefix: 'req_',
  replyIdPrefix: 'chatcmpl-',
  readRequest: readOpenAiRequest,
  body: openAiBody,
  frames: openAiFrames,
  overloadedFrames: openAiOverloadedFrames,
  error: errorReply,
  limitHeaders,
};

const ERRORS: Record<DemoErrorKind, { status: number; type: string; code: string | null }> = {
  'invalid-request': { status: 400, type: 'invalid_request_error', code: null },
  unauthorized: { status: 401, type: 'invalid_request_error', code: 'invalid_api_key' },
  'unknown-model': { status: 404, type: 'invalid_request_error', code: 'model_not_found' },
  'unknown-path': { status: 404, type: 'invalid_request_error', code: null },
  'rate-limited': { status: 429, type: 'requests', code: 'rate_limit_exceeded' },
  'server-error': { status: 500, type: 'server_error', code: null },
  overloaded: { status: 503, type: 'server_error', code: null },
};

function errorReply({ kind, message, param, code }: DemoError): ErrorReply {
  const { status, ...row } = ERRORS[kind];
  return {
    status,
    body: { error: { message, type: row.type, param, code: code ?? row.code } },
    headers: kind === 'rate-limited' ? { 'retry-after': '1' } : {},
  };
}

function limitHeaders({ limit, remaining, resetInMs }: RateWindow): Record<string, string> {
  return {
    'openai-version': '2020-10-01',
    'x-ratelimit-limit-requests': String(limit),
    'x-ratelimit-remaining-requests': String(remaining),
    'x-ratelimit-reset-requests': `${Math.ceil(resetInMs / 1000)}s`,
  };
}
