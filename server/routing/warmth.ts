// What is told to the warmth ledger and by it. Types.

import type { PromptCut } from '../wire/outline.ts';
import type { Usage } from '../wire/usage.ts';
import type { CacheRule } from './cache-rules.ts';
import type { CacheSpace } from './space.ts';

/** What is known of one prompt in one space. Cuts are indexes into the prompt's, -1 = none; times are `WarmthLedger.nowMs`'s. */
export interface Warmth {
  /** The deepest live cut, and when it was used last, when its life ends, and its tokens as counted (0 = never counted). */
  cut: number;
  usedAtMs: number;
  untilMs: number;
  tokens: number;
  /** The deepest live cut at which an earlier prompt can be read again, and which the request's marks look back to. */
  reachCut: number;
  reachUntilMs: number;
  reachTokens: number;
  /** A deeper one than `reachCut` is live, and too many blocks before the request's marks. */
  isBeyondReach: boolean;
  /** The deepest known cut whose life has ended, where it is deeper than `cut`. */
  staleCut: number;
  staleSinceMs: number;
  staleUsedAtMs: number;
  staleTokens: number;
}

export const NO_WARMTH: Readonly<Warmth> = {
  cut: -1,
  usedAtMs: 0,
  untilMs: 0,
  tokens: 0,
  reachCut: -1,
  reachUntilMs: 0,
  reachTokens: 0,
  isBeyondReach: false,
  staleCut: -1,
  staleSinceMs: 0,
  staleUsedAtMs: 0,
  staleTokens: 0,
};

/** A prompt as it went to one account. */
export interface SentPrompt {
  /** Whose prefixes these are: nobody else's requests see them. */
  scope: string;
  space: CacheSpace;
  rule: CacheRule;
  requestId: string;
  cuts: readonly PromptCut[];
  /** Content bytes of the whole prompt, as the cuts count them. */
  bytes: number;
  /** The lifetime that the request's marks ask for; null = they leave it to the provider, or there are none. */
  asksFor: '5m' | '1h' | null;
  /** What the operator says the account's cache lives for; null = nothing, 0 = it does not cache. */
  ttlMs: number | null;
  /** May be kept over a restart. */
  isKept: boolean;
}

export interface Lesson {
  sent: SentPrompt;
  /** First byte of the reply, as `WarmthLedger.nowMs` told it. */
  atMs: number;
  /** What `find` said of the space when the account was chosen; null = it was not asked. */
  believed: Warmth | null;
  predictedTokens: number;
  usage: Usage | null;
}

/** What a reply showed of the belief that its request was sent with. */
export interface Correction {
  /** Expected to be read and not read, beyond what the estimate may be off by. */
  missedTokens: number;
  /** Their life had not ended: the provider dropped them. */
  isEviction: boolean;
}
