// The best hit rate any routing could reach: one account without limits, computed from the trace alone. Pure.

import type { Prompt } from './prompt.ts';

export interface HitCount {
  inputTokens: number;
  readTokens: number;
}

export interface CeilingPrompt {
  prompt: Prompt;
  model: number;
  atMs: number;
}

/**
 * What each prompt reads from one cache for all of them: entries are readable at once, live for `ttlMs` from their last
 * use, may end at any block and are used from `minTokens` on. Prompts come in the order they are sent.
 */
export function ceilingReads(
  prompts: readonly CeilingPrompt[],
  { ttlMs, minTokens }: { ttlMs: number; minTokens: number },
): HitCount[] {
  const liveUntilMs = new Map<string, number>();
  return prompts.map(({ prompt, model, atMs }) => {
    const count: HitCount = { inputTokens: prompt.tailTokens, readTokens: 0 };
    let isWarm = true;
    for (const { key, tokens } of prompt.blocks) {
      const entry = `${model}/${key}`;
      isWarm &&= (liveUntilMs.get(entry) ?? Number.NEGATIVE_INFINITY) > atMs;
      if (isWarm) count.readTokens += tokens;
      liveUntilMs.set(entry, atMs + ttlMs);
      count.inputTokens += tokens;
    }
    if (count.readTokens < minTokens) count.readTokens = 0;
    return count;
  });
}

export function sumHits(counts: readonly HitCount[]): HitCount {
  return counts.reduce(
    (sum, count) => ({
      inputTokens: sum.inputTokens + count.inputTokens,
      readTokens: sum.readTokens + count.readTokens,
    }),
    { inputTokens: 0, readTokens: 0 },
  );
}

export function hitShare({ inputTokens, readTokens }: HitCount): number {
  return inputTokens === 0 ? 0 : readTokens / inputTokens;
}
