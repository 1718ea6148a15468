// Prompts for the tests of the warmth ledger: blocks of 1,000 bytes, which the make-believe provider counts as 250 tokens each.

import { cacheRuleOf } from '../../server/routing/cache-rules.ts';
import type { CacheSpace } from '../../server/routing/space.ts';
import type { SentPrompt } from '../../server/routing/warmth.ts';
import type { PromptCut } from '../../server/wire/outline.ts';
import { NO_USAGE, type Usage } from '../../server/wire/usage.ts';

const BLOCK_BYTES = 1_000;
export const BLOCK_TOKENS = 250;
export const OPUS = cacheRuleOf('anthropic-messages', 'claude-opus-5');
export const OPENAI = cacheRuleOf('openai-chat', 'gpt-5.2', 'api.openai.com');
export const DEEPSEEK = cacheRuleOf('openai-chat', 'deepseek-chat', 'api.deepseek.com');

export function space(domain: string, family = 'p1|anthropic-messages|claude-opus-5'): CacheSpace {
  return { key: `${domain}|${family}|0||key-1`, family, domain };
}

/** One block per letter; `marks` are the indexes of blocks with a cache mark. */
export function cutsOf(
  letters: string,
  { marks = {}, parts = '' }: { marks?: Record<number, '5m' | '1h'>; parts?: string } = {},
): PromptCut[] {
  return [...letters].map((_, index) => ({
    hash: hashOf(letters.slice(0, index + 1)),
    bytes: (index + 1) * BLOCK_BYTES,
    part: parts[index] === 't' ? 'tools' : parts[index] === 's' ? 'system' : 'message',
    index,
    block: index,
    isBlockEnd: true,
    mark: marks[index] ?? null,
  }));
}

/** With a mark on its last block, as coding agents send it. */
export function marked(letters: string, ttl: '5m' | '1h' = '5m'): PromptCut[] {
  return cutsOf(letters, { marks: { [letters.length - 1]: ttl } });
}

export function sent(cuts: readonly PromptCut[], over: Partial<SentPrompt> = {}): SentPrompt {
  return {
    scope: 'key-1',
    space: space('a1'),
    rule: OPUS,
    requestId: 'r1',
    cuts,
    bytes: cuts.at(-1)?.bytes ?? 0,
    asksFor: null,
    ttlMs: null,
    isKept: true,
    ...over,
  };
}

/** What came back, in blocks; the rest of the prompt was neither read nor written. */
export function usageOf(blocks: {
  input: number;
  read: number | null;
  write?: number | null;
  oneHour?: number;
}): Usage {
  const tokens = (count: number | null | undefined) =>
    count === null || count === undefined ? null : count * BLOCK_TOKENS;
  const oneHour = tokens(blocks.oneHour);
  const write = tokens(blocks.write);
  return {
    ...NO_USAGE,
    inputTokens: tokens(blocks.input),
    cacheReadTokens: tokens(blocks.read),
    cacheWriteTokens: write,
    cacheWrite5mTokens: oneHour === null || write === null ? null : write - oneHour,
    cacheWrite1hTokens: oneHour,
  };
}

/** 53 bits of FNV-1a, twice. */
function hashOf(text: string): number {
  let low = 0x811c9dc5;
  let high = 0xcbf29ce4;
  for (const letter of text) {
    low = Math.imul(low ^ letter.charCodeAt(0), 0x01000193);
    high = Math.imul(high ^ letter.charCodeAt(0), 0x01000197) ^ (low >>> 13);
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}
