// Token counts of Chat Completions, OpenAI's and those of compatible servers, both ways.

import { isObject, type JsonObject, objectAt } from '../json.ts';
import { NO_USAGE, sumCounts, tokenCount, type Usage, type UsageReading } from '../usage.ts';

/**
 * Reads a `usage` object. `prompt_tokens` includes what the cache read and wrote, `completion_tokens` the reasoning.
 * Sources: OpenAI API reference, "The chat completion object" and the prompt caching guide (`cached_tokens`,
 * `cache_write_tokens` from GPT-5.6 on); DeepSeek API reference (`prompt_cache_hit_tokens` and `_miss_tokens`, which
 * add up to `prompt_tokens`); Moonshot API reference (`cached_tokens` at the top); vLLM reports the plain three and,
 * when told to, `prompt_tokens_details`. xAI leaves reasoning out of `completion_tokens` but not out of `total_tokens`
 * (xAI guide "Reasoning"): taken so only where the stated total says that it is so.
 */
export function readUsage(raw: unknown): UsageReading {
  const fields = isObject(raw) ? raw : {};
  const prompt = objectAt(fields, 'prompt_tokens_details');
  const completion = objectAt(fields, 'completion_tokens_details');
  const hit = tokenCount(fields.prompt_cache_hit_tokens);
  const miss = tokenCount(fields.prompt_cache_miss_tokens);
  const hitAndMiss = hit === null || miss === null ? null : hit + miss;
  const inputTokens = tokenCount(fields.prompt_tokens) ?? hitAndMiss;
  const outputTokens = wholeOutput(fields, completion);
  return {
    usage: {
      ...NO_USAGE,
      inputTokens,
      outputTokens,
      reasoningTokens: tokenCount(completion.reasoning_tokens),
      cacheReadTokens: tokenCount(prompt.cached_tokens) ?? hit ?? tokenCount(fields.cached_tokens),
      cacheWriteTokens: tokenCount(prompt.cache_write_tokens),
      audioInputTokens: tokenCount(prompt.audio_tokens),
      audioOutputTokens: tokenCount(completion.audio_tokens),
    },
    totals: {
      input: hitAndMiss ?? inputTokens,
      output: outputTokens,
      total: tokenCount(fields.total_tokens),
    },
  };
}

function wholeOutput(fields: JsonObject, details: JsonObject): number | null {
  const output = tokenCount(fields.completion_tokens);
  const reasoning = tokenCount(details.reasoning_tokens) ?? 0;
  const input = tokenCount(fields.prompt_tokens);
  const total = tokenCount(fields.total_tokens);
  if (output === null || input === null || total === null) return output;
  return reasoning > 0 && total === input + output + reasoning ? output + reasoning : output;
}

/** The counts as a Chat Completions client reads them; null when nothing is known. */
export function encodeUsage(usage: Usage): JsonObject | null {
  const total = sumCounts(usage.inputTokens, usage.outputTokens);
  if (total === null) return null;
  return {
    prompt_tokens: usage.inputTokens ?? 0,
    completion_tokens: usage.outputTokens ?? 0,
    total_tokens: total,
    prompt_tokens_details: known({
      cached_tokens: usage.cacheReadTokens,
      cache_write_tokens: usage.cacheWriteTokens,
      audio_tokens: usage.audioInputTokens,
    }),
    completion_tokens_details: known({
      reasoning_tokens: usage.reasoningTokens,
      audio_tokens: usage.audioOutputTokens,
    }),
  };
}

function known(counts: Record<string, number | null>): JsonObject {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== null));
}
