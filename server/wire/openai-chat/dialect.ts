// OpenAI Chat Completions on the straight path: where it goes, how its replies state usage, errors and their own end.

import type { Dialect, StreamWatch, UpstreamError } from '../dialect.ts';
import { isObject, listAt, objectAt, parseJson, textAt } from '../json.ts';
import type { ServerSentEvent } from '../sse.ts';
import { mergeUsage, NO_USAGE, type Usage } from '../usage.ts';
import { openaiUsage } from './usage.ts';

/** HTTP status of errors that come inside a stream, by `code` or `type`; others count as 500. */
const STATUS_BY_TYPE: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  invalid_api_key: 401,
  authentication_error: 401,
  model_not_found: 404,
  insufficient_quota: 429,
  rate_limit_exceeded: 429,
  rate_limit_error: 429,
  server_error: 500,
  overloaded_error: 503,
};

export const openaiChat: Dialect = {
  surface: 'openai-chat',
  upstreamPath: '/v1/chat/completions',
  credentialHeaders: (credential) => ({ authorization: `Bearer ${credential}` }),
  defaultHeaders: {},
  readUsage: (reply) => openaiUsage(isObject(reply) ? reply.usage : undefined),
  readError: (reply, status) => readError(reply, status),
  watchStream: () => new OpenAiStreamWatch(),
};

function readError(reply: unknown, status: number | null): UpstreamError | null {
  if (!isObject(reply) || !('error' in reply) || reply.error === null) return null;
  const error = objectAt(reply, 'error');
  const type = textAt(error, 'code') ?? textAt(error, 'type') ?? 'server_error';
  return {
    type,
    message: textAt(error, 'message') ?? textAt(reply, 'error') ?? type,
    status: status ?? STATUS_BY_TYPE[type] ?? STATUS_BY_TYPE[textAt(error, 'type') ?? ''] ?? 500,
  };
}

class OpenAiStreamWatch implements StreamWatch {
  usage: Usage = NO_USAGE;
  hasGenerated = false;
  isComplete = false;
  error: UpstreamError | null = null;

  see(event: ServerSentEvent): void {
    if (event.data === '[DONE]') {
      this.isComplete = true;
      this.hasGenerated = true;
      return;
    }
    if (this.hasGenerated && !mayMatter(event.data)) return;
    const chunk = parseJson(event.data);
    if (!isObject(chunk)) return;
    this.error ??= readError(chunk, null);
    if (isObject(chunk.usage)) this.usage = mergeUsage(this.usage, openaiUsage(chunk.usage));
    for (const choice of listAt(chunk, 'choices')) this.#choice(choice);
  }

  #choice(choice: unknown): void {
    // Compatible servers may leave out [DONE]; a finish reason is as good an end.
    if (textAt(choice, 'finish_reason') !== null) {
      this.isComplete = true;
      this.hasGenerated = true;
    }
    const delta = objectAt(choice, 'delta');
    for (const [field, value] of Object.entries(delta)) {
      if (field !== 'role' && value !== null && value !== '') this.hasGenerated = true;
    }
  }
}

/** Once the answer is under way only these can change what is known; most chunks are not worth parsing. */
function mayMatter(data: string): boolean {
  return data.includes('"usage"') || data.includes('"error"') || data.includes('"finish_reason":"');
}
