// OpenAI's token counts in Chat Completions. Source: API reference, "usage", and the prompt caching guide.

import { isObject, objectAt } from '../json.ts';
import { tokenCount, type Usage } from '../usage.ts';

/**
 * Normalises a `usage` object. `prompt_tokens` already includes cached tokens. Compatible servers report the cache
 * under other names: DeepSeek `prompt_cache_hit_tokens`, some `cached_tokens` at the top. Writes are reported (and
 * priced) from GPT-5.6 on as `cache_write_tokens`; elsewhere they are not reported.
 */
export function openaiUsage(usage: unknown): Usage {
  const fields = isObject(usage) ? usage : {};
  const promptDetails = objectAt(fields, 'prompt_tokens_details');
  const outputDetails = objectAt(fields, 'completion_tokens_details');
  const inputTokens = tokenCount(fields.prompt_tokens);
  const cacheRead = tokenCount(
    promptDetails.cached_tokens ?? fields.prompt_cache_hit_tokens ?? fields.cached_tokens,
  );
  return {
    inputTokens,
    outputTokens: tokenCount(fields.completion_tokens),
    reasoningTokens: tokenCount(outputDetails.reasoning_tokens),
    // More read than there was input is a reporting error: not believed.
    cacheReadTokens: cacheRead !== null && inputTokens !== null && cacheRead > inputTokens ? null : cacheRead,
    cacheWriteTokens: tokenCount(promptDetails.cache_write_tokens),
    cacheWrite5mTokens: null,
    cacheWrite1hTokens: null,
  };
}
