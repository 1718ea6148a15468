// The best hit rate any routing could reach: one account without limits, computed from the trace alone. Pure.

import type { Prompt } from './prompt.ts';

export interface HitCount {
  inputTokens: number;
  readTokens: number;
}

/**
 * One cache for every prompt: entries are readable at once, live for `ttlMs` from their last use, may end anywhere
 * (no cache marks, no lookback) and are used from `minTokens` on. Prompts come in the order they are sent.
 */
export function computeCeiling(
  prompts: Iterable<{ prompt: Prompt; model: number; atMs: number }>,
  { ttlMs, minTokens }: { ttlMs: number; minTokens: number },
): HitCount {
  const liveUntilMs = new Map<string, number>();
  const count: HitCount = { inputTokens: 0, readTokens: 0 };
  for (const { prompt, model, atMs } of prompts) {
    let readTokens = 0;
    let isWarm = true;
    for (const { key, tokens } of prompt.blocks) {
      const entry = `${model}/${key}`;
      isWarm &&= (liveUntilMs.get(entry) ?? Number.NEGATIVE_INFINITY) > atMs;
      if (isWarm) readTokens += tokens;
      liveUntilMs.set(entry, atMs + ttlMs);
      count.inputTokens += tokens;
    }
    count.inputTokens += prompt.tailTokens;
    if (readTokens >= minTokens) count.readTokens += readTokens;
  }
  return count;
}
