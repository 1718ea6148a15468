// Anthropic's token counts. Source: Messages API reference, "usage", and the prompt caching guide.

import { objectAt } from '../json.ts';
import { tokenCount, type Usage } from '../usage.ts';

/**
 * Normalises a `usage` object. Anthropic's `input_tokens` leaves out what was read from and written to the prompt
 * cache, so all input is the sum of the three; it is null only when `input_tokens` itself is not reported.
 * `cache_creation` splits the writes by lifetime; without it the split is not known (null), not zero.
 */
export function anthropicUsage(usage: unknown): Usage {
  const split = objectAt(usage, 'cache_creation');
  const fields = objectAt({ usage }, 'usage');
  const fresh = tokenCount(fields.input_tokens);
  const cacheRead = tokenCount(fields.cache_read_input_tokens);
  const write5m = tokenCount(split.ephemeral_5m_input_tokens);
  const write1h = tokenCount(split.ephemeral_1h_input_tokens);
  const splitTotal = write5m === null && write1h === null ? null : (write5m ?? 0) + (write1h ?? 0);
  const cacheWrite = tokenCount(fields.cache_creation_input_tokens) ?? splitTotal;
  return {
    inputTokens: fresh === null ? null : fresh + (cacheRead ?? 0) + (cacheWrite ?? 0),
    outputTokens: tokenCount(fields.output_tokens),
    reasoningTokens: tokenCount(objectAt(fields, 'output_tokens_details').thinking_tokens),
    cacheReadTokens: cacheRead,
    cacheWriteTokens: cacheWrite,
    cacheWrite5mTokens: write5m,
    cacheWrite1hTokens: write1h,
  };
}
