// What each provider's prompt cache does, in one table: smallest prompt, steps, marks, lifetimes, what its limits count.

import type { PromptCut } from '../wire/outline.ts';
import type { Surface } from '../wire/surface.ts';

/** Starting values: what usage shows to be otherwise is believed over them, see beliefs.ts. */
export interface CacheRule {
  /** For people and tests: which row of the table it came from. */
  name: string;
  /** False = there is no prompt cache at all. */
  caches: boolean;
  /** Shorter prefixes are never cached. */
  minTokens: number;
  /** Reads are counted in steps of this many; 1 = to the token. */
  stepTokens: number;
  /**
   * Where an earlier prompt can be read again. `marks`: at its cache marks only; `request-end`: at its end only;
   * `anywhere`: up to wherever two prompts are the same.
   */
  readableAt: 'marks' | 'request-end' | 'anywhere';
  /** Blocks that are looked through for an entry from each mark backwards, the marked one included; null = no such rule. */
  lookbackBlocks: number | null;
  /** Cache marks allowed in one request; 0 = the provider takes none. */
  maxBreakpoints: number;
  /** Nothing is read or written without a mark. */
  needsMarks: boolean;
  /** Usage tells what was written, not only what was read. */
  statesWrites: boolean;
  /** `stated`: by the request and its usage, 5 min or 1 h; `learned`: starts with `lifetimeMs`. */
  lifetime: 'stated' | 'learned';
  lifetimeMs: number;
  /** A write costs more than plain input. */
  pricesWrites: boolean;
  /** Input limits per minute leave out what was read from the cache. */
  countsUncachedOnly: boolean;
  /** A read starts the lifetime anew. */
  refreshedByReads: boolean;
}

const MINUTE_MS = 60_000;
export const FIVE_MINUTES_MS = 5 * MINUTE_MS;
export const ONE_HOUR_MS = 60 * MINUTE_MS;

/** https://platform.claude.com/docs/en/build-with-claude/prompt-caching: how far a breakpoint looks back. */
export const LOOKBACK_BLOCKS = 20;

/**
 * https://platform.claude.com/docs/en/build-with-claude/prompt-caching: entries are written at marks only, 5 minutes or
 * 1 hour, refreshed free of charge; https://platform.claude.com/docs/en/api/rate-limits: reads do not count.
 */
const ANTHROPIC: CacheRule = {
  name: 'anthropic',
  caches: true,
  minTokens: 1_024,
  stepTokens: 1,
  readableAt: 'marks',
  lookbackBlocks: LOOKBACK_BLOCKS,
  maxBreakpoints: 4,
  needsMarks: true,
  statesWrites: true,
  lifetime: 'stated',
  lifetimeMs: FIVE_MINUTES_MS,
  pricesWrites: true,
  countsUncachedOnly: true,
  refreshedByReads: true,
};

/**
 * Servers that speak a known dialect and cache by themselves, of which nothing more is known. Ten minutes rather than
 * five: a lifetime believed too long costs less than one believed too short.
 */
const COMPATIBLE: CacheRule = {
  name: 'compatible',
  caches: true,
  minTokens: 256,
  stepTokens: 1,
  readableAt: 'anywhere',
  lookbackBlocks: null,
  maxBreakpoints: 0,
  needsMarks: false,
  statesWrites: false,
  lifetime: 'learned',
  lifetimeMs: 10 * MINUTE_MS,
  pricesWrites: false,
  countsUncachedOnly: false,
  refreshedByReads: true,
};

/** https://developers.openai.com/api/docs/guides/prompt-caching: from 1,024 tokens on, in steps of 128, 5 to 10 idle minutes. */
const OPENAI: CacheRule = { ...COMPATIBLE, name: 'openai', minTokens: 1_024, stepTokens: 128 };

/** https://ai.google.dev/gemini-api/docs/caching: implicit, its lifetime is not documented. */
const GEMINI: CacheRule = { ...COMPATIBLE, name: 'gemini', minTokens: 4_096 };

const NONE: CacheRule = { ...COMPATIBLE, name: 'none', caches: false };

interface RuleRow {
  surfaces?: readonly Surface[];
  /** Matched against the host of the base URL. */
  host?: RegExp;
  /** Matched against the name the provider knows the model by. */
  model?: RegExp;
  rule: CacheRule;
}

const OPENAI_SURFACES = ['openai-chat', 'openai-responses'] as const;

/** The first row that fits counts. */
const TABLE: readonly RuleRow[] = [
  { surfaces: ['openai-embeddings'], rule: NONE },
  {
    // https://api-docs.deepseek.com/guides/kv_cache: on disk for hours, 64-token units, readable at the ends of requests.
    host: /(^|\.)deepseek\.com$/,
    rule: {
      ...COMPATIBLE,
      name: 'deepseek',
      minTokens: 64,
      stepTokens: 64,
      readableAt: 'request-end',
      lifetimeMs: 6 * ONE_HOUR_MS,
    },
  },
  // Minimums of Claude models: https://docs.litellm.ai/docs/completion/prompt_caching, and the page of Anthropic named above.
  {
    surfaces: ['anthropic-messages'],
    model: /claude-(opus|fable|mythos)-5/,
    rule: { ...ANTHROPIC, minTokens: 512 },
  },
  {
    surfaces: ['anthropic-messages'],
    model: /claude-(opus-4[-.][567]|haiku-4[-.]5)/,
    rule: { ...ANTHROPIC, minTokens: 4_096 },
  },
  {
    // The limits of these older models count cache reads too.
    surfaces: ['anthropic-messages'],
    model: /claude-3([-.]5)?-haiku/,
    rule: { ...ANTHROPIC, minTokens: 2_048, countsUncachedOnly: false },
  },
  { surfaces: ['anthropic-messages'], model: /claude/, rule: ANTHROPIC },
  { surfaces: ['anthropic-messages'], host: /(^|\.)anthropic\.com$/, rule: ANTHROPIC },
  // Others that speak Anthropic's dialect (Moonshot, Z.ai, MiniMax …) cache by themselves; marks do no harm.
  { surfaces: ['anthropic-messages'], rule: { ...COMPATIBLE, maxBreakpoints: 4 } },
  {
    // From GPT-5.6 on writes are priced and a prefix is kept for 30 minutes at least, same page as above.
    surfaces: OPENAI_SURFACES,
    model: /(^|\/)gpt-(5\.([6-9]|\d\d)|[6-9])/,
    rule: { ...OPENAI, lifetimeMs: 30 * MINUTE_MS, pricesWrites: true, maxBreakpoints: 4 },
  },
  { surfaces: OPENAI_SURFACES, host: /(^|\.)(openai\.com|openai\.azure\.com|chatgpt\.com)$/, rule: OPENAI },
  { surfaces: OPENAI_SURFACES, model: /(^|\/)(gpt-|chatgpt|codex|o\d(-|$))/, rule: OPENAI },
  { surfaces: ['gemini'], model: /gemini-2[.-]5/, rule: { ...GEMINI, minTokens: 2_048 } },
  { surfaces: ['gemini'], rule: GEMINI },
];

/** `host`: of the endpoint's base URL, where it is known. */
export function cacheRuleOf(surface: Surface, upstreamModel: string, host: string | null = null): CacheRule {
  const model = upstreamModel.toLowerCase();
  const row = TABLE.find(
    (each) =>
      (each.surfaces === undefined || each.surfaces.includes(surface)) &&
      (each.host === undefined || (host !== null && each.host.test(host.toLowerCase()))) &&
      (each.model === undefined || each.model.test(model)),
  );
  return row?.rule ?? COMPATIBLE;
}

/** Index of the last cut with a cache mark; -1 = the request has none. */
export function lastMarkOf(cuts: readonly PromptCut[]): number {
  return cuts.findLastIndex(({ mark }) => mark !== null);
}
