// Why the cold tokens of a request were cold, and what each cause cost. Pure.

import { type MissFacts, missFacts, missWords } from '../gateway/miss-facts.ts';
import type { Miss, MissCause } from '../gateway/route-record.ts';
import type { PromptCut, PromptPart } from '../wire/outline.ts';
import { cacheWrites, type Usage } from '../wire/usage.ts';
import type { CacheRule } from './cache-rules.ts';
import type { KeptCut, LastRequest } from './session-memory.ts';

/** Differences up to this, this share of the prompt, or one step of the provider's are the error of estimates. */
const NOISE_TOKENS = 64;
const NOISE_SHARE = 0.02;
/** No provider's cache forgets sooner, so a shorter pause never ended it by itself. */
const SHORTEST_LIFETIME_MS = 300_000;
/** A cause below both is too small to stand for the whole request. */
const MINOR_TOKENS = 256;
const MINOR_SHARE = 0.02;

export interface MissInput {
  cuts: readonly PromptCut[];
  /** Of the whole prompt, counted as in its cuts. */
  bytes: number;
  usage: Usage;
  modelId: string;
  /** Where it was sent. */
  spaceKey: string;
  family: string;
  flags: number;
  /** Steady clock, when the account was chosen. */
  nowMs: number;
  predicted: { promptTokens: number; warmTokens: number; reason: PredictedReason };
  /** What the same conversation sent before; null = nothing, or it is not remembered. */
  last: LastRequest | null;
  /** Deepest cut that this tenant ever sent, to any account; null = none. */
  parent: { bytes: number } | null;
  /** What was believed of the account that answered, before it did: indexes into `cuts`, -1 = none. */
  here: { cut: number; untilMs: number; staleCut: number; staleSinceMs: number };
  /** The warmest other account of the same model. */
  elsewhere: { cut: number; accountName: string } | null;
  /** Why not that one, in words. */
  whyMoved: string | null;
  rule: Pick<CacheRule, 'minTokens' | 'stepTokens' | 'lookbackBlocks' | 'needsMarks'>;
  /** USD per input token; null = the model is unpriced. */
  prices: { inputUsd: number; readUsd: number; write5mUsd: number; write1hUsd: number } | null;
}

const PART_ORDER: readonly PromptPart[] = ['tools', 'system', 'message'];

type PredictedReason = 'warm' | 'cold' | 'below-minimum' | 'lookback-exceeded' | 'not-cacheable';
type Finding = Pick<Miss, 'cause' | 'facts'>;

/** Facts as token positions in the prompt: what lies before a position has the property. */
interface Facts {
  input: MissInput;
  inputTokens: number;
  readTokens: number;
  noiseTokens: number;
  /** Sent before by anyone of the tenant. */
  known: number;
  /** Expected to be read from here, live here at all, and once warm here. */
  predicted: number;
  here: number;
  stale: number;
  elsewhere: number;
  /** The conversation's last request: its end, what of it was warm, and where this prompt leaves it. */
  lastEnd: number;
  lastWarm: number;
  modelChange: MissFacts | null;
  prefixChange: MissFacts | null;
  /** Why a prefix that is sent again is not cached at all. */
  barrier: Finding | null;
  isFirst: boolean;
}

/**
 * Every cold token with exactly one cause, costliest first. The prompt is walked from the end of what was read: up to
 * the deepest cut ever sent, tokens could have been warm and are asked why not; beyond it they are new, unless the
 * conversation's last request went on there with something else (`prefix-changed`), or is none (`cold-start`). Null
 * when the provider reported no cache counts.
 */
export function missesOf(input: MissInput): Miss[] | null {
  const { inputTokens, cacheReadTokens } = input.usage;
  if (inputTokens === null || cacheReadTokens === null) return null;
  if (cacheReadTokens >= inputTokens) return [];
  const facts = factsOf(input, { inputTokens, readTokens: cacheReadTokens });
  const costOf = coster(input, cacheReadTokens);
  const misses = new Map<MissCause, Miss>();
  const add = (found: Finding, from: number, to: number) => {
    const miss = misses.get(found.cause) ?? blank(found.cause, input);
    miss.tokens += to - from;
    miss.facts ??= found.facts;
    if (miss.costNanoUsd !== null) miss.costNanoUsd += costOf(from, to);
    misses.set(found.cause, miss);
  };
  let from = cacheReadTokens;
  for (const to of borders(facts)) {
    add(causeAt(from, facts), from, to);
    from = to;
  }
  return withoutNoise([...misses.values()], facts)
    .map((miss) => ({
      ...miss,
      costNanoUsd: miss.costNanoUsd && Math.round(miss.costNanoUsd),
      detail: miss.facts && missWords(miss.facts, input.whyMoved),
    }))
    .toSorted(costliestFirst);
}

function blank(cause: MissCause, { prices }: MissInput): Miss {
  return { cause, tokens: 0, costNanoUsd: prices && 0, detail: null, facts: null };
}

/**
 * The cause that stands for the request: the costliest (or largest, when unpriced) that is not new content. Null when
 * there is none, or when it is below 256 tokens and 2 % of the prompt.
 */
export function primaryCause(misses: readonly Miss[] | null, inputTokens: number | null): MissCause | null {
  const avoidable = (misses ?? []).filter(({ cause }) => cause !== 'new-content').toSorted(costliestFirst);
  const [first] = avoidable;
  if (!first) return null;
  const isMinor = first.tokens < MINOR_TOKENS && first.tokens < MINOR_SHARE * (inputTokens ?? 0);
  return isMinor ? null : first.cause;
}

function costliestFirst(a: Miss, b: Miss): number {
  return (b.costNanoUsd ?? 0) - (a.costNanoUsd ?? 0) || b.tokens - a.tokens;
}

// ---- what is known, on the axis of the prompt's tokens -----------------------------------------------

function factsOf(input: MissInput, counts: { inputTokens: number; readTokens: number }): Facts {
  const { cuts, last, here, rule } = input;
  const { inputTokens, readTokens } = counts;
  const noiseTokens = Math.max(NOISE_TOKENS, rule.stepTokens, Math.floor(inputTokens * NOISE_SHARE));
  const tokensOf = (bytes: number) =>
    input.bytes === 0 ? 0 : Math.min(inputTokens, Math.round((bytes / input.bytes) * inputTokens));
  const tokensAt = (cut: number) => tokensOf(cuts[cut]?.bytes ?? 0);
  const known = tokensOf(input.parent?.bytes ?? 0);
  const lastEnd = last ? tokensOf(last.cuts.at(-1)?.bytes ?? 0) : 0;
  const lastWarmShare = last && last.inputTokens > 0 ? Math.min(1, last.warmTokens / last.inputTokens) : 0;
  const isTooShort = readTokens === 0 && inputTokens < rule.minTokens;
  const change = last && !isTooShort ? leavingOf(cuts, last.cuts) : null;
  const sharedTokens = tokensOf(change?.bytes ?? 0);
  // Where something deeper is known than the last request shares, that one was another conversation's.
  const isChanged =
    change !== null && lastEnd - sharedTokens > noiseTokens && sharedTokens >= known - noiseTokens;
  const messages = cuts.findIndex(({ part }) => part === 'message');
  const isLoneMessage = (cuts.at(-1)?.index ?? 0) === 0;
  return {
    input,
    inputTokens,
    readTokens,
    noiseTokens,
    known,
    predicted: Math.min(inputTokens, input.predicted.warmTokens),
    here: tokensAt(here.cut),
    stale: tokensAt(here.staleCut),
    elsewhere: input.elsewhere ? tokensAt(input.elsewhere.cut) : 0,
    lastEnd,
    lastWarm: Math.round(lastEnd * lastWarmShare),
    modelChange: last && !isTooShort ? modelChangeOf(input, last) : null,
    prefixChange: isChanged ? change.place : null,
    barrier: barrierOf(input, { inputTokens, readTokens, isTooShort }),
    isFirst: last === null && (known <= tokensAt(messages - 1) || isLoneMessage),
  };
}

/** Up to where the prompt is the same as the last one, and where it goes on with something else; null = nowhere. */
function leavingOf(
  cuts: readonly PromptCut[],
  lastCuts: readonly KeptCut[],
): { bytes: number; place: MissFacts } | null {
  const positions = new Map(cuts.map(({ hash }, at) => [hash, at]));
  const shared = lastCuts.findLastIndex(({ hash }) => positions.has(hash));
  const before = lastCuts[shared + 1];
  const common = lastCuts[shared];
  const now = cuts[common ? (positions.get(common.hash) ?? -1) + 1 : 0];
  // The whole of one of them is the beginning of the other.
  if (!before || !now) return null;
  return { bytes: common?.bytes ?? 0, place: placeOf(now, before) };
}

/** Parts come in one order, so what is earlier in either prompt is what was changed, added or left out. */
function placeOf(now: KeptCut, before: KeptCut): MissFacts {
  const part = PART_ORDER.indexOf(now.part) <= PART_ORDER.indexOf(before.part) ? now.part : before.part;
  if (part !== 'message') return missFacts(part);
  // Not every cut is remembered, so the first difference may lie a little further on.
  return before.part === 'message' && before.index > now.index
    ? missFacts('messages', { count: now.index, upTo: before.index })
    : missFacts('message', { count: now.index });
}

function modelChangeOf(input: MissInput, last: LastRequest): MissFacts | null {
  if (last.modelId !== input.modelId)
    return missFacts('model-was', { name: last.family.split('|').slice(2).join('|') });
  if (last.flags !== input.flags) return missFacts('setting-changed');
  const isSameFamily = last.family === input.family;
  const isSameRest = headerPart(last.spaceKey, last.family) === headerPart(input.spaceKey, input.family);
  return isSameFamily && !isSameRest ? missFacts('header-changed') : null;
}

/** What follows the family in the key of a space. */
function headerPart(spaceKey: string, family: string): string {
  const at = spaceKey.indexOf(`|${family}|`);
  return at === -1 ? '' : spaceKey.slice(at + family.length + 2);
}

function barrierOf(
  { cuts, usage, predicted, rule }: MissInput,
  { inputTokens, readTokens, isTooShort }: { inputTokens: number; readTokens: number; isTooShort: boolean },
): Finding | null {
  if (isTooShort || predicted.reason === 'below-minimum') {
    const what = inputTokens < rule.minTokens ? 'prompt-too-short' : 'beginning-too-short';
    return { cause: 'below-minimum', facts: missFacts(what, { count: rule.minTokens }) };
  }
  if (readTokens === 0 && usage.cacheWriteTokens === 0)
    return { cause: 'not-cacheable', facts: missFacts('nothing-cached') };
  if (predicted.reason === 'lookback-exceeded') {
    const blocks = rule.lookbackBlocks;
    return {
      cause: 'lookback-exceeded',
      facts: blocks === null ? null : missFacts('too-many-blocks', { count: blocks }),
    };
  }
  return predicted.reason === 'not-cacheable' ? uncached(cuts, rule) : null;
}

// ---- from facts to causes -----------------------------------------------------------------------------

/** Where the cause may change: each position ends a stretch of tokens with one cause. */
function borders(facts: Facts): number[] {
  const { readTokens, inputTokens } = facts;
  const inside = [
    facts.known,
    facts.predicted,
    facts.here,
    facts.stale,
    facts.elsewhere,
    facts.lastEnd,
    facts.lastWarm,
  ].filter((at) => at > readTokens && at < inputTokens);
  return [...new Set(inside)].toSorted((a, b) => a - b).concat(inputTokens);
}

function causeAt(at: number, facts: Facts): Finding {
  const { modelChange, prefixChange } = facts;
  if (at < facts.known && at < facts.here) return unreadAt(at, facts);
  if (modelChange !== null && at < facts.lastEnd) return { cause: 'model-changed', facts: modelChange };
  if (at < facts.known) return coldAt(at, facts);
  if (prefixChange !== null && at < facts.lastEnd) return { cause: 'prefix-changed', facts: prefixChange };
  return { cause: restCause(facts), facts: null };
}

/** Believed to be in the cache of the account that answered. */
function unreadAt(at: number, { input, predicted, prefixChange, barrier }: Facts): Finding {
  const isExpected = at < predicted;
  if (!isExpected && prefixChange !== null && barrier?.cause !== 'not-cacheable')
    return { cause: 'prefix-changed', facts: prefixChange };
  if (barrier && !(isExpected && barrier.cause === 'lookback-exceeded')) return barrier;
  if (!isExpected) return uncached(input.cuts, input.rule);
  const leftMs = input.here.untilMs - input.nowMs;
  const isKnown = leftMs > 0 && Number.isFinite(leftMs);
  return { cause: 'evicted-upstream', facts: isKnown ? missFacts('before-expiry', { ms: leftMs }) : null };
}

/** Sent before, and not believed to be warm at the account that answered. */
function coldAt(at: number, facts: Facts): Finding {
  const { input, prefixChange, barrier } = facts;
  if (barrier?.cause === 'below-minimum' && prefixChange === null) return barrier;
  if (input.elsewhere && at < facts.elsewhere)
    return { cause: 'account-moved', facts: missFacts('warm-on', { name: input.elsewhere.accountName }) };
  if (at < facts.stale) return { cause: 'ttl-expired', facts: pauseOf(input) };
  if (prefixChange !== null) return { cause: 'prefix-changed', facts: prefixChange };
  if (barrier) return barrier;
  if (input.last && at < facts.lastWarm) return lostSince(input, input.last);
  return uncached(input.cuts, input.rule);
}

/** Warm when the conversation's last request ended, and no longer known to be anywhere. */
function lostSince(input: MissInput, last: LastRequest): Finding {
  const pauseMs = input.nowMs - last.atMs;
  if (pauseMs >= SHORTEST_LIFETIME_MS)
    return { cause: 'ttl-expired', facts: missFacts('unused-for', { ms: pauseMs }) };
  if (last.spaceKey === input.spaceKey) return { cause: 'evicted-upstream', facts: null };
  return { cause: 'account-moved', facts: input.whyMoved === null ? null : missFacts('routed-away') };
}

function pauseOf({ last, here, spaceKey, nowMs }: MissInput): MissFacts {
  if (last && last.spaceKey === spaceKey) return missFacts('unused-for', { ms: nowMs - last.atMs });
  return missFacts('expired-ago', { ms: nowMs - here.staleSinceMs });
}

function uncached(cuts: readonly PromptCut[], { needsMarks }: MissInput['rule']): Finding {
  const isMarked = cuts.some(({ mark }) => mark !== null);
  const unmarked = needsMarks ? missFacts('no-mark') : null;
  return { cause: 'not-cacheable', facts: isMarked ? missFacts('beyond-mark') : unmarked };
}

function restCause({ isFirst }: Facts): MissCause {
  return isFirst ? 'cold-start' : 'new-content';
}

/** Small amounts beside what the request brought anyway say more about estimates than about causes. */
function withoutNoise(misses: Miss[], facts: Facts): Miss[] {
  const cause = restCause(facts);
  const rest = misses.find((miss) => miss.cause === cause) ?? blank(cause, facts.input);
  const kept: Miss[] = [];
  for (const miss of misses) {
    if (miss === rest) continue;
    if (miss.tokens > facts.noiseTokens) kept.push(miss);
    else {
      rest.tokens += miss.tokens;
      if (rest.costNanoUsd !== null) rest.costNanoUsd += miss.costNanoUsd ?? 0;
    }
  }
  return rest.tokens > 0 ? [...kept, rest] : kept;
}

/** What a stretch of cold tokens cost more than reading it: what was written comes right after what was read. */
function coster({ prices, usage }: MissInput, readTokens: number): (from: number, to: number) => number {
  if (!prices) return () => 0;
  const { write5m, write1h } = cacheWrites(usage);
  const written = (write5m ?? 0) + (write1h ?? 0);
  const writeUsd =
    written === 0
      ? 0
      : ((write5m ?? 0) * prices.write5mUsd + (write1h ?? 0) * prices.write1hUsd) / written - prices.readUsd;
  const plainUsd = prices.inputUsd - prices.readUsd;
  return (from, to) => {
    const writtenHere = Math.max(0, Math.min(to, readTokens + written) - from);
    return (writtenHere * writeUsd + (to - from - writtenHere) * plainUsd) * 1e9;
  };
}
