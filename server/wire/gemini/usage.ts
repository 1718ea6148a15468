// Gemini's token counts. Sources: Gemini API reference, "UsageMetadata" of GenerateContentResponse and EmbedContentResponse.

import { isObject, type JsonObject, listAt } from '../json.ts';
import { sumCounts, tokenCount, type Usage, type UsageReading } from '../usage.ts';

/**
 * Normalises a `usageMetadata` object. `promptTokenCount` includes what was read from the cache but not the results of
 * tools that ran at Google (`toolUsePromptTokenCount`); `candidatesTokenCount` leaves out the thoughts. The total that is
 * stated is the sum of all four. Spoken input that came from the cache counts as read from the cache, not as audio: the
 * parts of the ledger must not overlap. Embeddings state `promptTokenCount`, or `tokenCount` per text.
 */
export function geminiUsage(raw: unknown): UsageReading {
  const fields: JsonObject = isObject(raw) ? raw : {};
  const prompt = tokenCount(fields.promptTokenCount) ?? embeddedTokens(fields);
  const thoughts = tokenCount(fields.thoughtsTokenCount);
  const usage: Usage = {
    inputTokens: prompt === null ? null : prompt + (tokenCount(fields.toolUsePromptTokenCount) ?? 0),
    outputTokens: sumCounts(tokenCount(fields.candidatesTokenCount), thoughts),
    reasoningTokens: thoughts,
    cacheReadTokens: tokenCount(fields.cachedContentTokenCount),
    cacheWriteTokens: null,
    cacheWrite5mTokens: null,
    cacheWrite1hTokens: null,
    audioInputTokens: audioInput(fields),
    audioOutputTokens: audioTokens(fields, 'candidatesTokensDetails'),
  };
  return { usage, totals: { input: null, output: null, total: tokenCount(fields.totalTokenCount) } };
}

/** A `usageMetadata` object that says the same; counts that are not known are left out. */
export function encodeUsage(usage: Usage): JsonObject {
  const { inputTokens, outputTokens, reasoningTokens, cacheReadTokens, audioInputTokens, audioOutputTokens } =
    usage;
  const visible = outputTokens === null ? null : Math.max(0, outputTokens - (reasoningTokens ?? 0));
  return {
    ...(inputTokens !== null && { promptTokenCount: inputTokens }),
    ...(visible !== null && { candidatesTokenCount: visible }),
    ...(inputTokens !== null && { totalTokenCount: inputTokens + (outputTokens ?? 0) }),
    ...(cacheReadTokens !== null && { cachedContentTokenCount: cacheReadTokens }),
    ...(audioInputTokens !== null && {
      promptTokensDetails: [{ modality: 'AUDIO', tokenCount: audioInputTokens }],
    }),
    ...(audioOutputTokens !== null && {
      candidatesTokensDetails: [{ modality: 'AUDIO', tokenCount: audioOutputTokens }],
    }),
    ...(reasoningTokens !== null && { thoughtsTokenCount: reasoningTokens }),
  };
}

function embeddedTokens(fields: JsonObject): number | null {
  return sumCounts(
    tokenCount(fields.tokenCount),
    ...listAt(fields, 'statistics').map((item) => tokenCount(isObject(item) ? item.tokenCount : undefined)),
  );
}

function audioInput(fields: JsonObject): number | null {
  const spoken = sumCounts(
    audioTokens(fields, 'promptTokensDetails'),
    audioTokens(fields, 'toolUsePromptTokensDetails'),
  );
  const cached = audioTokens(fields, 'cacheTokensDetails') ?? 0;
  return spoken === null ? null : Math.max(0, spoken - cached);
}

function audioTokens(fields: JsonObject, name: string): number | null {
  const counts = listAt(fields, name)
    .filter((item) => isObject(item) && item.modality === 'AUDIO')
    .map((item) => tokenCount(isObject(item) ? item.tokenCount : undefined));
  return sumCounts(...counts);
}
