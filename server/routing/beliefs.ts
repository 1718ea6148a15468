// What usage has shown about the caches of one model of one provider, where the table of rules says otherwise or nothing.

import type { CacheRule } from './cache-rules.ts';
import { LifetimeEstimate } from './lifetimes.ts';

/** Before anything was seen: English text has about four bytes per token. */
const START_TOKENS_PER_BYTE = 0.25;
const MIN_TOKENS_PER_BYTE = 0.02;
const MAX_TOKENS_PER_BYTE = 1.5;
/** Weight of a new prompt; the first ones weigh more, so that the start value is soon forgotten. */
const RATIO_WEIGHT = 0.1;
/** A shorter prompt says too little about the model's tokens: fixed additions outweigh its text. */
const MIN_BYTES_FOR_RATIO = 200;
/** A marked prompt this often left unwritten in a row, nothing else being known, is below the real minimum. */
const UNWRITTEN_IN_ROW = 3;
const MAX_MIN_TOKENS = 16_384;
/** A rule that was seen broken is taken for void so long. */
const DISPROVED_MS = 3_600_000;
const MAX_FAMILIES = 2_000;

interface Family {
  tokensPerByte: number;
  promptsSeen: number;
  /** Shortest prefix ever cached, longest marked one lately left uncached, and how often in a row. */
  leastCachedTokens: number;
  mostUncachedTokens: number;
  uncachedInRow: number;
  /** Until then its reads reach further than its rule says. */
  readsFurtherUntilMs: number;
  /** Whether prompts without marks are cached all the same; null = not seen yet. */
  cachesUnmarked: boolean | null;
  lifetime: LifetimeEstimate;
}

/** Owns what is believed of each family; beyond `maxFamilies` the one heard of longest ago is forgotten. */
export class CacheBeliefs {
  readonly #nowMs: () => number;
  readonly #maxFamilies: number;
  readonly #families = new Map<string, Family>();

  constructor(nowMs: () => number, { maxFamilies = MAX_FAMILIES }: { maxFamilies?: number } = {}) {
    this.#nowMs = nowMs;
    this.#maxFamilies = maxFamilies;
  }

  get size(): number {
    return this.#families.size;
  }

  tokensPerByte(family: string): number {
    return this.#families.get(family)?.tokensPerByte ?? START_TOKENS_PER_BYTE;
  }

  minTokens(family: string, rule: CacheRule): number {
    const known = this.#families.get(family);
    if (!known) return rule.minTokens;
    const raised =
      known.uncachedInRow >= UNWRITTEN_IN_ROW
        ? Math.max(rule.minTokens, known.mostUncachedTokens + 1)
        : rule.minTokens;
    return Math.min(raised, known.leastCachedTokens);
  }

  /** False = a request can read further than `rule.readableAt` and `rule.lookbackBlocks` allow. */
  usesLookback(family: string, rule: CacheRule): boolean {
    if (rule.readableAt === 'anywhere' && rule.lookbackBlocks === null) return false;
    return (this.#families.get(family)?.readsFurtherUntilMs ?? 0) <= this.#nowMs();
  }

  /** Whether a request without marks is cached where the rule asks for marks; null = not seen yet. */
  cachesUnmarked(family: string): boolean | null {
    return this.#families.get(family)?.cachesUnmarked ?? null;
  }

  /** How long an unused prefix lives; 0 = the provider does not cache, whatever its rule says. */
  lifetimeMs(family: string, rule: CacheRule): number {
    if (rule.lifetime === 'stated') return rule.lifetimeMs;
    return this.#families.get(family)?.lifetime.lifetimeMs(rule.lifetimeMs) ?? rule.lifetimeMs;
  }

  sawPrompt(family: string, { bytes, inputTokens }: { bytes: number; inputTokens: number }): void {
    if (bytes < MIN_BYTES_FOR_RATIO || inputTokens <= 0) return;
    const known = this.#family(family);
    known.promptsSeen += 1;
    const weight = Math.max(RATIO_WEIGHT, 1 / known.promptsSeen);
    const ratio = Math.min(MAX_TOKENS_PER_BYTE, Math.max(MIN_TOKENS_PER_BYTE, inputTokens / bytes));
    known.tokensPerByte += weight * (ratio - known.tokensPerByte);
  }

  /** A prefix of so many tokens was read or written. */
  sawCached(family: string, tokens: number): void {
    const known = this.#family(family);
    known.leastCachedTokens = Math.min(known.leastCachedTokens, tokens);
    if (tokens <= known.mostUncachedTokens) known.mostUncachedTokens = 0;
    known.uncachedInRow = 0;
  }

  /** A prompt with so many tokens before its last mark was neither read nor written. */
  sawUncached(family: string, tokens: number): void {
    const known = this.#family(family);
    if (tokens >= known.leastCachedTokens || tokens > MAX_MIN_TOKENS) return;
    known.mostUncachedTokens = Math.max(known.mostUncachedTokens, tokens);
    known.uncachedInRow += 1;
  }

  /** A prefix unused for `gapMs` was read again, or was not. */
  sawUse(family: string, { gapMs, isHit }: { gapMs: number; isHit: boolean }): void {
    this.#family(family).lifetime.saw(gapMs, isHit);
  }

  sawReadBeyondLookback(family: string): void {
    this.#family(family).readsFurtherUntilMs = this.#nowMs() + DISPROVED_MS;
  }

  sawUnmarked(family: string, isCached: boolean): void {
    this.#family(family).cachesUnmarked = isCached;
  }

  #family(family: string): Family {
    const known = this.#families.get(family) ?? {
      tokensPerByte: START_TOKENS_PER_BYTE,
      promptsSeen: 0,
      leastCachedTokens: Number.POSITIVE_INFINITY,
      mostUncachedTokens: 0,
      uncachedInRow: 0,
      readsFurtherUntilMs: 0,
      cachesUnmarked: null,
      lifetime: new LifetimeEstimate(),
    };
    this.#families.delete(family);
    this.#families.set(family, known);
    if (this.#families.size > this.#maxFamilies) {
      for (const oldest of this.#families.keys()) {
        this.#families.delete(oldest);
        break;
      }
    }
    return known;
  }
}
