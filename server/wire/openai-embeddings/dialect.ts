// OpenAI Embeddings on the straight path. Never translated and never streamed.

import type { Dialect, StreamWatch } from '../dialect.ts';
import { isObject, objectAt } from '../json.ts';
import { readError } from '../openai-chat/errors.ts';
import { NO_USAGE, tokenCount, type UsageReading, UsageTally } from '../usage.ts';

export const openaiEmbeddings: Dialect = {
  surface: 'openai-embeddings',
  upstreamPath: () => '/v1/embeddings',
  credentialHeaders: (credential) => ({ authorization: `Bearer ${credential}` }),
  defaultHeaders: {},
  readUsage,
  readReply: (reply) => ({ usage: isObject(reply) ? reply.usage : undefined, pins: [] }),
  readError: (reply, status) => readError(reply, status),
  watchStream: () => blindWatch(),
  pinFields: [],
};

/**
 * Reads a `usage` object: all tokens are input. Sources: OpenAI API reference, "Create embeddings"; Mistral and vLLM add
 * `completion_tokens: 0`, some servers state `total_tokens` alone.
 */
function readUsage(raw: unknown): UsageReading {
  const fields = objectAt({ raw }, 'raw');
  const total = tokenCount(fields.total_tokens);
  const inputTokens = tokenCount(fields.prompt_tokens) ?? total;
  return { usage: { ...NO_USAGE, inputTokens }, totals: { input: inputTokens, output: null, total } };
}

/** Embeddings do not stream: a body that claims to be a stream is passed on unread. */
function blindWatch(): StreamWatch {
  return {
    see: () => undefined,
    tally: new UsageTally(readUsage),
    hasGenerated: true,
    isComplete: true,
    error: null,
    pins: [],
    parseErrors: 0,
  };
}
