// Token counts of the Responses API, both ways.

import { objectAt } from '../json.ts';
import { sumCounts, tokenCount, type Usage, type UsageReading } from '../usage.ts';

/**
 * Reads a `usage` object. `input_tokens` includes what was read from and written to the prompt cache, `output_tokens`
 * includes reasoning. Writes are reported (and priced) from GPT-5.6 on. Source: OpenAI API reference, "The response
 * object", and its prompt caching guide.
 */
export function readUsage(raw: unknown): UsageReading {
  const fields = objectAt({ raw }, 'raw');
  const input = tokenCount(fields.input_tokens);
  const output = tokenCount(fields.output_tokens);
  const inputDetails = objectAt(fields, 'input_tokens_details');
  const outputDetails = objectAt(fields, 'output_tokens_details');
  return {
    usage: {
      inputTokens: input,
      outputTokens: output,
      reasoningTokens: tokenCount(outputDetails.reasoning_tokens),
      cacheReadTokens: tokenCount(inputDetails.cached_tokens),
      cacheWriteTokens: tokenCount(inputDetails.cache_write_tokens),
      cacheWrite5mTokens: null,
      cacheWrite1hTokens: null,
      audioInputTokens: tokenCount(inputDetails.audio_tokens),
      audioOutputTokens: tokenCount(outputDetails.audio_tokens),
    },
    totals: { input, output, total: tokenCount(fields.total_tokens) },
  };
}

/** The same as a `usage` object; null when nothing is known. Official clients insist on both details. */
export function encodeUsage(usage: Usage): unknown {
  const { inputTokens, outputTokens } = usage;
  if (inputTokens === null && outputTokens === null) return null;
  const writes = usage.cacheWriteTokens ?? sumCounts(usage.cacheWrite5mTokens, usage.cacheWrite1hTokens);
  return {
    input_tokens: inputTokens ?? 0,
    input_tokens_details: {
      cached_tokens: usage.cacheReadTokens ?? 0,
      ...(writes === null ? {} : { cache_write_tokens: writes }),
    },
    output_tokens: outputTokens ?? 0,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: (inputTokens ?? 0) + (outputTokens ?? 0),
  };
}
