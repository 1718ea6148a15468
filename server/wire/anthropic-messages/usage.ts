// Anthropic's token counts, both ways. Source: Messages API reference, "usage", and the prompt caching guide.

import { isObject, objectAt } from '../json.ts';
import { sumCounts, tokenCount, type Usage, type UsageReading, UsageTally } from '../usage.ts';

/**
 * Normalises a `usage` object. Anthropic's `input_tokens` leaves out what was read from and written to the prompt
 * cache, so all input is the sum of the three; it is null only when `input_tokens` itself is not reported.
 * `cache_creation` splits the writes by lifetime; without it the split is not known (null), not zero.
 * Anthropic states no totals. The stated input is therefore summed from the split where there is one, and the parts
 * from `cache_creation_input_tokens`: when the two disagree, the check of the totals shows it.
 * `server_tool_use` counts requests, not tokens.
 */
export function readUsage(raw: unknown): UsageReading {
  const split = objectAt(raw, 'cache_creation');
  const fields = isObject(raw) ? raw : {};
  const fresh = tokenCount(fields.input_tokens);
  const cacheRead = tokenCount(fields.cache_read_input_tokens);
  const write5m = tokenCount(split.ephemeral_5m_input_tokens);
  const write1h = tokenCount(split.ephemeral_1h_input_tokens);
  const splitTotal = sumCounts(write5m, write1h);
  const cacheWrite = tokenCount(fields.cache_creation_input_tokens) ?? splitTotal;
  const inputWith = (written: number | null) =>
    fresh === null ? null : fresh + (cacheRead ?? 0) + (written ?? 0);
  return {
    usage: {
      inputTokens: inputWith(cacheWrite),
      outputTokens: tokenCount(fields.output_tokens),
      reasoningTokens: tokenCount(objectAt(fields, 'output_tokens_details').thinking_tokens),
      cacheReadTokens: cacheRead,
      cacheWriteTokens: cacheWrite,
      cacheWrite5mTokens: write5m,
      cacheWrite1hTokens: write1h,
      audioInputTokens: null,
      audioOutputTokens: null,
    },
    totals: { input: inputWith(splitTotal ?? cacheWrite), output: null, total: null },
  };
}

/** The `usage` object of a reply. Input and output are required there, so a count that is not known becomes 0. */
export function encodeUsage(usage: Usage): { readonly [field: string]: unknown } {
  const { cacheReadTokens, cacheWriteTokens, cacheWrite5mTokens, cacheWrite1hTokens, reasoningTokens } =
    usage;
  const written = cacheWriteTokens ?? sumCounts(cacheWrite5mTokens, cacheWrite1hTokens);
  const hasSplit = cacheWrite5mTokens !== null || cacheWrite1hTokens !== null;
  return {
    input_tokens: Math.max(0, (usage.inputTokens ?? 0) - (cacheReadTokens ?? 0) - (written ?? 0)),
    ...(written === null ? {} : { cache_creation_input_tokens: written }),
    ...(cacheReadTokens === null ? {} : { cache_read_input_tokens: cacheReadTokens }),
    ...(hasSplit
      ? {
          cache_creation: {
            ephemeral_5m_input_tokens: cacheWrite5mTokens ?? 0,
            ephemeral_1h_input_tokens: cacheWrite1hTokens ?? 0,
          },
        }
      : {}),
    output_tokens: usage.outputTokens ?? 0,
    ...(reasoningTokens === null ? {} : { output_tokens_details: { thinking_tokens: reasoningTokens } }),
  };
}

/**
 * Owns the usage of one stream. It may be whole in `message_start`, only in `message_delta`, or zero in the first and
 * real in the last. A delta that leaves `input_tokens` out while it states cached input is completed with the earlier
 * figure: all input can only be summed where the three stand together.
 */
export class StreamUsage {
  readonly tally = new UsageTally(readUsage);
  #freshInput: number | null = null;

  see(raw: unknown): void {
    if (!isObject(raw)) return;
    const fresh = tokenCount(raw.input_tokens);
    const statesCache =
      sumCounts(tokenCount(raw.cache_read_input_tokens), tokenCount(raw.cache_creation_input_tokens)) !==
      null;
    const isTorn = (raw.input_tokens ?? null) === null && statesCache && this.#freshInput !== null;
    this.tally.see(isTorn ? { ...raw, input_tokens: this.#freshInput } : raw);
    this.#freshInput = fresh ?? this.#freshInput;
  }
}
