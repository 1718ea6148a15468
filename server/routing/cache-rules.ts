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

/** Of whom a rule is, for people. Rows that are the same to them share one. */
export interface CacheRuleSubject {
  key: string;
  provider: string;
  /** Families of models; empty = all that no other rule is for. */
  models: readonly string[];
  /** A model of it and where it is sold: what reads and writes cost there. Null = too different from each other. */
  priced: { model: string; baseUrl: string } | null;
  sources: readonly string[];
}

interface RuleRow {
  subject: CacheRuleSubject;
  surfaces?: readonly Surface[];
  /** Matched against the host of the base URL. */
  host?: RegExp;
  /** Matched against the name the provider knows the model by. */
  model?: RegExp;
  rule: CacheRule;
}

const ANTHROPIC_GUIDE = 'https://platform.claude.com/docs/en/build-with-claude/prompt-caching';
const ANTHROPIC_LIMITS = 'https://platform.claude.com/docs/en/api/rate-limits';
const ANTHROPIC_URL = 'https://api.anthropic.com';
const OPENAI_GUIDE = 'https://developers.openai.com/api/docs/guides/prompt-caching';
const OPENAI_URL = 'https://api.openai.com';
const GEMINI_GUIDE = 'https://ai.google.dev/gemini-api/docs/caching';
const GEMINI_URL = 'https://generativelanguage.googleapis.com';

function claude(key: string, models: readonly string[], pricedModel: string): CacheRuleSubject {
  return {
    key,
    provider: 'Anthropic',
    models,
    priced: { model: pricedModel, baseUrl: ANTHROPIC_URL },
    sources: [ANTHROPIC_GUIDE, ANTHROPIC_LIMITS],
  };
}

function openAi(key: string, models: readonly string[], pricedModel: string | null): CacheRuleSubject {
  const priced = pricedModel === null ? null : { model: pricedModel, baseUrl: OPENAI_URL };
  return { key, provider: 'OpenAI', models, priced, sources: [OPENAI_GUIDE] };
}

function google(key: string, models: readonly string[], pricedModel: string): CacheRuleSubject {
  const priced = { model: pricedModel, baseUrl: GEMINI_URL };
  return { key, provider: 'Google', models, priced, sources: [GEMINI_GUIDE] };
}

const OTHER_CLAUDE = claude('claude', [], 'claude-sonnet-5');
const OTHER_OPENAI = openAi('openai', [], 'gpt-5.2');
const OTHERS: CacheRuleSubject = {
  key: 'compatible',
  provider: 'Other servers',
  models: [],
  priced: null,
  sources: [],
};
const SPEAKING_ANTHROPIC: CacheRuleSubject = {
  ...OTHERS,
  key: 'anthropic-compatible',
  provider: 'Anthropic-compatible',
};

const OPENAI_SURFACES = ['openai-chat', 'openai-responses'] as const;

/** The first row that fits counts. */
const TABLE: readonly RuleRow[] = [
  { subject: openAi('embeddings', ['Embeddings'], null), surfaces: ['openai-embeddings'], rule: NONE },
  {
    // https://api-docs.deepseek.com/guides/kv_cache: on disk for hours, 64-token units, readable at the ends of requests.
    subject: {
      key: 'deepseek',
      provider: 'DeepSeek',
      models: [],
      priced: { model: 'deepseek-chat', baseUrl: 'https://api.deepseek.com' },
      sources: ['https://api-docs.deepseek.com/guides/kv_cache'],
    },
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
    subject: claude('claude-5', ['Claude Opus 5', 'Fable 5', 'Mythos 5'], 'claude-opus-5'),
    surfaces: ['anthropic-messages'],
    model: /claude-(opus|fable|mythos)-5/,
    rule: { ...ANTHROPIC, minTokens: 512 },
  },
  {
    subject: claude('claude-4', ['Claude Opus 4.5 to 4.7', 'Haiku 4.5'], 'claude-haiku-4-5'),
    surfaces: ['anthropic-messages'],
    model: /claude-(opus-4[-.][567]|haiku-4[-.]5)/,
    rule: { ...ANTHROPIC, minTokens: 4_096 },
  },
  {
    // The limits of these older models count cache reads too.
    subject: claude('claude-3-haiku', ['Claude Haiku 3 and 3.5'], 'claude-3-5-haiku-20241022'),
    surfaces: ['anthropic-messages'],
    model: /claude-3([-.]5)?-haiku/,
    rule: { ...ANTHROPIC, minTokens: 2_048, countsUncachedOnly: false },
  },
  { subject: OTHER_CLAUDE, surfaces: ['anthropic-messages'], model: /claude/, rule: ANTHROPIC },
  { subject: OTHER_CLAUDE, surfaces: ['anthropic-messages'], host: /(^|\.)anthropic\.com$/, rule: ANTHROPIC },
  // Others that speak Anthropic's dialect (Moonshot, Z.ai, MiniMax …) cache by themselves; marks do no harm.
  {
    subject: SPEAKING_ANTHROPIC,
    surfaces: ['anthropic-messages'],
    rule: { ...COMPATIBLE, maxBreakpoints: 4 },
  },
  {
    // From GPT-5.6 on writes are priced and a prefix is kept for 30 minutes at least, same page as above.
    subject: openAi('openai-5.6', ['GPT-5.6 and later'], 'gpt-5.6'),
    surfaces: OPENAI_SURFACES,
    model: /(^|\/)gpt-(5\.([6-9]|\d\d)|[6-9])/,
    rule: { ...OPENAI, lifetimeMs: 30 * MINUTE_MS, pricesWrites: true, maxBreakpoints: 4 },
  },
  {
    subject: OTHER_OPENAI,
    surfaces: OPENAI_SURFACES,
    host: /(^|\.)(openai\.com|openai\.azure\.com|chatgpt\.com)$/,
    rule: OPENAI,
  },
  {
    subject: OTHER_OPENAI,
    surfaces: OPENAI_SURFACES,
    model: /(^|\/)(gpt-|chatgpt|codex|o\d(-|$))/,
    rule: OPENAI,
  },
  {
    subject: google('gemini-2.5', ['Gemini 2.5'], 'gemini-2.5-flash'),
    surfaces: ['gemini'],
    model: /gemini-2[.-]5/,
    rule: { ...GEMINI, minTokens: 2_048 },
  },
  { subject: google('gemini', [], 'gemini-3.1-pro-preview'), surfaces: ['gemini'], rule: GEMINI },
];

/** What holds for those that no row of the table is for. */
const FALLBACK: RuleRow = { subject: OTHERS, rule: COMPATIBLE };

/** `host`: of the endpoint's base URL, where it is known. */
export function cacheRuleOf(surface: Surface, upstreamModel: string, host: string | null = null): CacheRule {
  return cacheRowOf(surface, upstreamModel, host).rule;
}

/** Whose rule that is. */
export function cacheSubjectOf(
  surface: Surface,
  upstreamModel: string,
  host: string | null,
): CacheRuleSubject {
  return cacheRowOf(surface, upstreamModel, host).subject;
}

/** Every rule with those it is for, once each, in the order of the table. */
export function cacheRules(): { subject: CacheRuleSubject; surfaces: readonly Surface[]; rule: CacheRule }[] {
  return [...Map.groupBy([...TABLE, FALLBACK], ({ subject }) => subject)].flatMap(([subject, rows]) => {
    const surfaces = [...new Set(rows.flatMap((row) => row.surfaces ?? OPENAI_SURFACES))];
    return rows.slice(0, 1).map(({ rule }) => ({ subject, surfaces, rule }));
  });
}

function cacheRowOf(surface: Surface, upstreamModel: string, host: string | null): RuleRow {
  const model = upstreamModel.toLowerCase();
  const row = TABLE.find(
    (each) =>
      (each.surfaces === undefined || each.surfaces.includes(surface)) &&
      (each.host === undefined || (host !== null && each.host.test(host.toLowerCase()))) &&
      (each.model === undefined || each.model.test(model)),
  );
  return row ?? FALLBACK;
}

/** Index of the last cut with a cache mark; -1 = the request has none. */
export function lastMarkOf(cuts: readonly PromptCut[]): number {
  return cuts.findLastIndex(({ mark }) => mark !== null);
}
