// How many tokens are predicted to be read from the cache.

import assert from 'node:assert/strict';
import test from 'node:test';
import { CacheBeliefs } from '../../server/routing/beliefs.ts';
import { type CacheRule, cacheRuleOf } from '../../server/routing/cache-rules.ts';
import { type Prediction, predict } from '../../server/routing/predict.ts';
import { NO_WARMTH, type Warmth } from '../../server/routing/warmth.ts';
import type { PromptCut } from '../../server/wire/outline.ts';
import { cutsOf, DEEPSEEK, marked, OPENAI, OPUS } from './sent-prompts.ts';

const SONNET = cacheRuleOf('anthropic-messages', 'claude-sonnet-5');
const EMBEDDINGS = cacheRuleOf('openai-embeddings', 'text-embedding-3-small');

interface Case {
  name: string;
  cuts: PromptCut[];
  rule: CacheRule;
  warmth?: Partial<Warmth>;
  teach?: (beliefs: CacheBeliefs) => void;
  expected: Partial<Prediction>;
}

/** Twelve blocks: 12,000 bytes, 3,000 tokens before anything is learned. */
const TWELVE = 'abcdefghijkl';

const CASES: Case[] = [
  {
    name: 'nothing warm is cold',
    cuts: marked(TWELVE),
    rule: OPUS,
    expected: { promptTokens: 3_000, warmTokens: 0, staleTokens: 0, reason: 'cold' },
  },
  {
    name: 'what is in reach is warm',
    cuts: marked(TWELVE),
    rule: OPUS,
    warmth: { cut: 7, reachCut: 7 },
    expected: { promptTokens: 3_000, warmTokens: 2_000, unreachableTokens: 0, reason: 'warm' },
  },
  {
    name: 'counted tokens count more than bytes, for the prompt too',
    cuts: marked(TWELVE),
    rule: OPUS,
    warmth: { cut: 7, reachCut: 7, tokens: 5_000, reachTokens: 5_000 },
    expected: { promptTokens: 6_000, warmTokens: 5_000, reason: 'warm' },
  },
  {
    name: 'the family has more tokens per byte',
    cuts: marked(TWELVE),
    rule: OPUS,
    warmth: { cut: 7, reachCut: 7 },
    teach: (beliefs) => beliefs.sawPrompt('f', { bytes: 1_000, inputTokens: 500 }),
    expected: { promptTokens: 6_000, warmTokens: 4_000 },
  },
  {
    name: 'a prefix that was never marked is not readable',
    cuts: marked(TWELVE),
    rule: OPUS,
    warmth: { cut: 7, reachCut: -1 },
    expected: { warmTokens: 0, unreachableTokens: 0, reason: 'cold' },
  },
  {
    name: 'a deeper prefix beyond the lookback is told',
    cuts: marked(TWELVE),
    rule: OPUS,
    warmth: { cut: 9, reachCut: 2, isBeyondReach: true },
    expected: { warmTokens: 750, unreachableTokens: 1_750, reason: 'lookback-exceeded' },
  },
  {
    name: 'a disproved lookback is not applied',
    cuts: marked(TWELVE),
    rule: OPUS,
    warmth: { cut: 9, reachCut: -1, isBeyondReach: true },
    teach: (beliefs) => beliefs.sawReadBeyondLookback('f'),
    expected: { warmTokens: 2_500, unreachableTokens: 0, reason: 'warm' },
  },
  {
    name: 'a warm prefix below the minimum is not read',
    cuts: marked(TWELVE),
    rule: SONNET,
    warmth: { cut: 3, reachCut: 3 },
    expected: { warmTokens: 0, reason: 'below-minimum' },
  },
  {
    name: 'a warm prefix of exactly the minimum is read',
    cuts: marked(TWELVE),
    rule: SONNET,
    warmth: { cut: 3, reachCut: 3, reachTokens: 1_024 },
    expected: { warmTokens: 1_024, reason: 'warm' },
  },
  {
    name: 'a prompt below the minimum is not cached',
    cuts: marked('abc'),
    rule: SONNET,
    expected: { promptTokens: 750, warmTokens: 0, reason: 'below-minimum' },
  },
  {
    name: 'steps round down',
    cuts: cutsOf(TWELVE),
    rule: OPENAI,
    warmth: { cut: 7, reachCut: 7, tokens: 2_047 },
    expected: { warmTokens: 1_920, reason: 'warm' },
  },
  {
    name: 'any common prefix is read where the provider knows no marks',
    cuts: cutsOf(TWELVE),
    rule: OPENAI,
    warmth: { cut: 7, reachCut: -1 },
    expected: { warmTokens: 1_920, reason: 'warm' },
  },
  {
    name: 'only whole requests are read where the provider keeps those',
    cuts: cutsOf(TWELVE),
    rule: DEEPSEEK,
    warmth: { cut: 7, reachCut: 3 },
    expected: { warmTokens: 960, unreachableTokens: 0, reason: 'warm' },
  },
  {
    name: 'a prompt without marks is believed as long as nothing speaks against it',
    cuts: cutsOf(TWELVE),
    rule: OPUS,
    warmth: { cut: 7, reachCut: -1 },
    expected: { warmTokens: 2_000, reason: 'warm' },
  },
  {
    name: 'a prompt without marks is not cacheable once that was seen',
    cuts: cutsOf(TWELVE),
    rule: OPUS,
    warmth: { cut: 7, reachCut: 7 },
    teach: (beliefs) => beliefs.sawUnmarked('f', false),
    expected: { promptTokens: 3_000, warmTokens: 0, staleTokens: 0, reason: 'not-cacheable' },
  },
  {
    name: 'a surface without a cache is not cacheable',
    cuts: cutsOf(TWELVE),
    rule: EMBEDDINGS,
    warmth: { cut: 7 },
    expected: { warmTokens: 0, reason: 'not-cacheable' },
  },
  {
    name: 'an upstream that ignores caching is not cacheable',
    cuts: cutsOf(TWELVE),
    rule: OPENAI,
    teach: (beliefs) => {
      for (let count = 0; count < 10; count++) beliefs.sawUse('f', { gapMs: 1_000, isHit: false });
    },
    expected: { warmTokens: 0, reason: 'not-cacheable' },
  },
  {
    name: 'an expired prefix counts beyond the warm one',
    cuts: marked(TWELVE),
    rule: OPUS,
    warmth: { cut: 3, reachCut: 3, staleCut: 9 },
    expected: { warmTokens: 1_000, staleTokens: 1_500, reason: 'warm' },
  },
  {
    name: 'an expired prefix alone is cold',
    cuts: marked(TWELVE),
    rule: OPUS,
    warmth: { staleCut: 11 },
    expected: { warmTokens: 0, staleTokens: 3_000, reason: 'cold' },
  },
  {
    name: 'no more than the prompt is read',
    cuts: marked(TWELVE),
    rule: OPUS,
    warmth: { cut: 11, reachCut: 11, tokens: 3_100, reachTokens: 3_100 },
    expected: { promptTokens: 3_100, warmTokens: 3_100, reason: 'warm' },
  },
];

for (const { name, cuts, rule, warmth, teach, expected } of CASES)
  test(`predict: ${name}`, () => {
    const beliefs = new CacheBeliefs(() => 0);
    teach?.(beliefs);
    const bytes = cuts.at(-1)?.bytes ?? 0;
    const prediction = predict({ cuts, bytes }, { ...NO_WARMTH, ...warmth }, { family: 'f', rule, beliefs });
    assert.deepEqual({ ...prediction, ...expected }, prediction);
  });
