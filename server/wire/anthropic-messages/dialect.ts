// Anthropic Messages on the straight path: where it goes, how its replies state usage, errors and their own end.

import type { Dialect, StreamWatch, UpstreamError } from '../dialect.ts';
import { isObject, objectAt, parseJson, textAt } from '../json.ts';
import type { ServerSentEvent } from '../sse.ts';
import { mergeUsage, NO_USAGE, type Usage } from '../usage.ts';
import { anthropicUsage } from './usage.ts';

/** HTTP status each error type stands for. Source: Anthropic API reference, "Errors". */
const STATUS_BY_TYPE: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};

/** Events that come before anything of the answer: an error after only these can still be tried elsewhere. */
const PREAMBLE = new Set(['message_start', 'ping', 'content_block_start']);

export const anthropicMessages: Dialect = {
  surface: 'anthropic-messages',
  upstreamPath: '/v1/messages',
  // OAuth tokens are bearer tokens; API keys go into x-api-key.
  credentialHeaders: (credential): Record<string, string> =>
    credential.startsWith('sk-ant-oat')
      ? { authorization: `Bearer ${credential}` }
      : { 'x-api-key': credential },
  defaultHeaders: { 'anthropic-version': '2023-06-01' },
  readUsage: (reply) => anthropicUsage(isObject(reply) ? reply.usage : undefined),
  readError: (reply, status) => readError(reply, status),
  watchStream: () => new AnthropicStreamWatch(),
};

function readError(reply: unknown, status: number | null): UpstreamError | null {
  const error = objectAt(reply, 'error');
  const type = textAt(error, 'type');
  if (type === null) return null;
  // `details.error_code` tells a spent budget from a rate limit, both of type rate_limit_error.
  const detail = textAt(objectAt(error, 'details'), 'error_code');
  return {
    type: detail ?? type,
    message: textAt(error, 'message') ?? type,
    status: status ?? STATUS_BY_TYPE[type] ?? 500,
  };
}

class AnthropicStreamWatch implements StreamWatch {
  usage: Usage = NO_USAGE;
  hasGenerated = false;
  isComplete = false;
  error: UpstreamError | null = null;

  see(event: ServerSentEvent): void {
    switch (event.event) {
      case 'message_start':
        this.#merge(objectAt(parseJson(event.data), 'message'));
        return;
      case 'message_delta':
        this.hasGenerated = true;
        this.#merge(parseJson(event.data));
        return;
      case 'message_stop':
        this.isComplete = true;
        return;
      case 'error':
        this.error = readError(parseJson(event.data), null) ?? {
          type: 'api_error',
          message: 'unreadable error event',
          status: 500,
        };
        return;
      default:
        if (!PREAMBLE.has(event.event)) this.hasGenerated = true;
    }
  }

  // Usage may be whole in message_start, only in message_delta, or zero in the first and real in the last.
  #merge(holder: unknown): void {
    if (isObject(holder)) this.usage = mergeUsage(this.usage, anthropicUsage(holder.usage));
  }
}
