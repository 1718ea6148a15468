// How many tokens of a prompt are to be read from one account's cache, by what is warm there and the provider's rules. Pure.

import type { PromptCut, PromptOutline } from '../wire/outline.ts';
import type { CacheBeliefs } from './beliefs.ts';
import { type CacheRule, lastMarkOf } from './cache-rules.ts';
import type { Warmth } from './warmth.ts';

/** `warm` though fewer tokens may be read than are warm: see `unreachableTokens`. */
export type WarmthReason = 'warm' | 'cold' | 'below-minimum' | 'lookback-exceeded' | 'not-cacheable';

export interface Prediction {
  promptTokens: number;
  /** Expected to be read from the cache when sent now. */
  warmTokens: number;
  /** Once warm beyond that, expired by the clock. */
  staleTokens: number;
  /** Warm beyond that, and further back than the request's marks look. */
  unreachableTokens: number;
  reason: WarmthReason;
}

/** A place that is believed to be readable; `cut` -1 = none. */
export interface BelievedCut {
  cut: number;
  untilMs: number;
  tokens: number;
}

interface Believer {
  family: string;
  rule: CacheRule;
  beliefs: CacheBeliefs;
}

export function predict(
  outline: Pick<PromptOutline, 'cuts' | 'bytes'>,
  warmth: Warmth,
  believer: Believer,
): Prediction {
  const { family, rule, beliefs } = believer;
  const { cuts, bytes } = outline;
  const perByte = beliefs.tokensPerByte(family);
  const best = believedCut(cuts, warmth, believer);
  const tokensAt = (cut: number, counted: number) =>
    cut < 0 ? 0 : counted > 0 ? counted : Math.round((cuts[cut]?.bytes ?? 0) * perByte);
  const bestTokens = tokensAt(best.cut, best.tokens);
  const promptTokens = bestTokens + Math.max(0, Math.round((bytes - (cuts[best.cut]?.bytes ?? 0)) * perByte));
  if (!canBeCached(cuts, believer))
    return { promptTokens, warmTokens: 0, staleTokens: 0, unreachableTokens: 0, reason: 'not-cacheable' };
  const minTokens = beliefs.minTokens(family, rule);
  const stepped = Math.min(promptTokens, bestTokens - (bestTokens % rule.stepTokens));
  const warmTokens = stepped < minTokens ? 0 : stepped;
  const liveTokens = tokensAt(warmth.cut, warmth.tokens);
  const staleTokens = warmth.staleCut > best.cut ? tokensAt(warmth.staleCut, warmth.staleTokens) : 0;
  const isBeyond = best.cut < warmth.cut && warmth.isBeyondReach;
  return {
    promptTokens,
    warmTokens,
    staleTokens: staleTokens < minTokens ? 0 : Math.max(0, Math.min(promptTokens, staleTokens) - warmTokens),
    unreachableTokens: isBeyond ? Math.max(0, liveTokens - warmTokens) : 0,
    reason: reasonOf({ warmTokens, isBeyond, isShort: stepped > 0 || promptTokens < minTokens }),
  };
}

function reasonOf(seen: { warmTokens: number; isBeyond: boolean; isShort: boolean }): WarmthReason {
  if (seen.isBeyond) return 'lookback-exceeded';
  if (seen.warmTokens > 0) return 'warm';
  return seen.isShort ? 'below-minimum' : 'cold';
}

/** Without a mark where marks are needed nothing is cached, unless usage has shown that it is (automatic caching). */
function canBeCached(cuts: readonly PromptCut[], { family, rule, beliefs }: Believer): boolean {
  if (!rule.caches || beliefs.lifetimeMs(family, rule) === 0) return false;
  return !rule.needsMarks || lastMarkOf(cuts) >= 0 || beliefs.cachesUnmarked(family) !== false;
}

/** The live cut that the rule lets the request read up to. */
export function believedCut(
  cuts: readonly PromptCut[],
  warmth: Warmth,
  { family, rule, beliefs }: Believer,
): BelievedCut {
  // What a request without marks may read is not told by marks.
  const isUnmarked = rule.needsMarks && lastMarkOf(cuts) < 0;
  return beliefs.usesLookback(family, rule) && !isUnmarked
    ? { cut: warmth.reachCut, untilMs: warmth.reachUntilMs, tokens: warmth.reachTokens }
    : { cut: warmth.cut, untilMs: warmth.untilMs, tokens: warmth.tokens };
}
