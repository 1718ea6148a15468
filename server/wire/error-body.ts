// Errors of the gateway itself, in the caller's own API shape.

import type { Framing, Surface } from './surface.ts';

/** An error to be told to a client. `code` is for machines, `message` for people. */
export interface ErrorNotice {
  status: number;
  code: string;
  message: string;
  /** The request field at fault, if one is. */
  param: string | null;
  requestId: string;
}

/** The JSON body of an error reply. Sources: the three providers' API references, "Errors". */
export function errorBody(surface: Surface, notice: ErrorNotice): unknown {
  switch (surface) {
    case 'anthropic-messages':
      return {
        type: 'error',
        error: { type: anthropicType(notice.status), message: notice.message },
        request_id: notice.requestId,
      };
    case 'openai-chat':
    case 'openai-responses':
    case 'openai-embeddings':
      return {
        error: {
          message: notice.message,
          type: openaiType(notice.status),
          param: notice.param,
          code: openaiCode(notice),
        },
      };
    case 'gemini':
      return {
        error: { code: notice.status, message: notice.message, status: geminiStatus(notice.status) },
      };
    default:
      return surface satisfies never;
  }
}

/** The same error as the last event of a stream that has begun; `sequence` is the number of events before it. */
export function errorEvent(
  surface: Surface,
  notice: ErrorNotice,
  { framing, sequence }: { framing: Framing; sequence: number },
): string {
  // The array's end is part of it: nothing follows.
  if (framing === 'json-array')
    return `${sequence === 0 ? '[' : ',\r\n'}${JSON.stringify(errorBody(surface, notice))}]`;
  switch (surface) {
    case 'anthropic-messages':
      return `event: error\ndata: ${JSON.stringify(errorBody(surface, notice))}\n\n`;
    case 'openai-responses':
      return `event: error\ndata: ${JSON.stringify(responsesErrorEvent(notice, sequence))}\n\n`;
    case 'openai-chat':
    case 'openai-embeddings':
    case 'gemini':
      return `data: ${JSON.stringify(errorBody(surface, notice))}\n\n`;
    default:
      return surface satisfies never;
  }
}

/** Source: OpenAI API reference, Responses streaming events, `error`. */
function responsesErrorEvent(notice: ErrorNotice, sequence: number) {
  const { message, param } = notice;
  return { type: 'error', code: openaiCode(notice), message, param, sequence_number: sequence };
}

function anthropicType(status: number): string {
  switch (status) {
    case 401:
      return 'authentication_error';
    case 402:
      return 'billing_error';
    case 403:
      return 'permission_error';
    case 404:
      return 'not_found_error';
    case 413:
      return 'request_too_large';
    case 429:
      return 'rate_limit_error';
    case 504:
      return 'timeout_error';
    case 529:
      return 'overloaded_error';
    default:
      return status >= 500 ? 'api_error' : 'invalid_request_error';
  }
}

function openaiType(status: number): string {
  if (status === 429) return 'rate_limit_error';
  if (status === 402) return 'insufficient_quota';
  return status >= 500 ? 'server_error' : 'invalid_request_error';
}

/** OpenAI clients know these codes; other codes are the gateway's own with underscores. */
function openaiCode(notice: ErrorNotice): string {
  const known: Record<string, string> = {
    'missing-api-key': 'invalid_api_key',
    'unknown-api-key': 'invalid_api_key',
    'model-not-found': 'model_not_found',
    'rate-limited': 'rate_limit_exceeded',
    'api-key-expired': 'invalid_api_key',
    'api-key-revoked': 'invalid_api_key',
    'key-requests-exceeded': 'rate_limit_exceeded',
    'key-tokens-exceeded': 'rate_limit_exceeded',
    'key-concurrency-exceeded': 'rate_limit_exceeded',
    'key-budget-spent': 'insufficient_quota',
  };
  return known[notice.code] ?? notice.code.replaceAll('-', '_');
}

function geminiStatus(status: number): string {
  switch (status) {
    case 400:
    case 413:
    case 415:
      return 'INVALID_ARGUMENT';
    case 401:
      return 'UNAUTHENTICATED';
    case 403:
      return 'PERMISSION_DENIED';
    case 404:
    case 405:
      return 'NOT_FOUND';
    case 402:
    case 429:
      return 'RESOURCE_EXHAUSTED';
    case 503:
    case 529:
      return 'UNAVAILABLE';
    case 504:
      return 'DEADLINE_EXCEEDED';
    default:
      return 'INTERNAL';
  }
}
