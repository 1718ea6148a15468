// Anthropic's prompt cache rules: reads and writes only at breakpoints. Pure but for the cache handed in.

import type { PromptBlock } from './anthropic-prompt.ts';
import type { CacheUse } from './dialect.ts';
import type { PromptCache } from './prompt-cache.ts';

/** Positions checked for an entry from each breakpoint backwards, the breakpoint itself included. */
const LOOKBACK_BLOCKS = 20;
const ONE_HOUR_MS = 60 * 60_000;

/**
 * Entries exist only where a breakpoint was. The longest readable one within reach of any breakpoint is read; every
 * breakpoint after it is written. The tokens up to the last one-hour breakpoint behind the read count as one-hour
 * writes, the rest up to the last breakpoint as five-minute writes.
 */
export function useAnthropicCache(
  blocks: readonly PromptBlock[],
  { cache, minCacheTokens }: { cache: PromptCache; minCacheTokens: number },
): CacheUse {
  const breakpoints = cacheableBreakpoints(blocks, minCacheTokens);
  const readIndex = findRead(blocks, { cache, breakpoints });
  // A read uses every shorter prefix too, so all of them live on; the longest is touched last.
  for (const block of blocks.slice(0, readIndex + 1)) cache.refresh(block.key);

  const written = breakpoints.filter((index) => index > readIndex).flatMap((index) => blocks[index] ?? []);
  const readTokens = blocks[readIndex]?.endTokens ?? 0;
  const longEnd = written.findLast((block) => block.breakpointTtlMs === ONE_HOUR_MS)?.endTokens ?? readTokens;
  const writeEnd = written.at(-1)?.endTokens ?? readTokens;
  return {
    totalTokens: blocks.at(-1)?.endTokens ?? 0,
    readTokens,
    write1hTokens: longEnd - readTokens,
    write5mTokens: writeEnd - longEnd,
    writes: written.map(({ key, breakpointTtlMs }) => ({ key, ttlMs: breakpointTtlMs ?? 0 })),
  };
}

function cacheableBreakpoints(blocks: readonly PromptBlock[], minCacheTokens: number): number[] {
  return blocks.flatMap(({ breakpointTtlMs, endTokens }, index) =>
    breakpointTtlMs !== null && endTokens >= minCacheTokens ? [index] : [],
  );
}

/** Index of the block that ends the longest readable prefix, or -1. */
function findRead(
  blocks: readonly PromptBlock[],
  { cache, breakpoints }: { cache: PromptCache; breakpoints: readonly number[] },
): number {
  for (const breakpoint of breakpoints.toReversed()) {
    const oldest = Math.max(0, breakpoint - LOOKBACK_BLOCKS + 1);
    for (let index = breakpoint; index >= oldest; index--) {
      const block = blocks[index];
      if (block && cache.isReadable(block.key)) return index;
    }
  }
  return -1;
}
