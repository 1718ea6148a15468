// One account as the decision sees it, in plain numbers, so that the gateway and the simulator decide with the same code. Types.

/** USD per input token; already with the account's rate multiplier. */
export interface InputPrices {
  /** Input that is neither read from nor written to the cache. */
  inputUsd: number;
  readUsd: number;
  /** Input that is written to the cache; `inputUsd` where writes cost nothing extra. */
  writeUsd: number;
}

/** Tokens a provider lets through per minute, as its headers of late state it, brought forward to now. */
export interface BucketLevel {
  capTokens: number;
  /** What is left now; below 0 when more was sent than there was. */
  availableTokens: number;
  refillTokensPerMs: number;
  /** Cache reads do not count (Anthropic's input limit). */
  countsUncachedOnly: boolean;
}

export interface Contender {
  accountId: string;
  promptTokens: number;
  /** Expected to be read from the cache when sent now. */
  warmTokens: number;
  /** What other callers have warm there of the same prompt, beyond `warmTokens`. */
  othersWarmTokens: number;
  /** Once warm there, expired by the clock: wins ties only. */
  staleTokens: number;
  /** A sibling with the same prefix is under way here: its prefix can be read once its reply has begun. */
  pending: { warmTokens: number; waitMs: number } | null;
  prices: InputPrices;
  /** Concurrent requests allowed for this caller (reservation taken off); null = no limit known. */
  slots: number | null;
  /** All of the account's slots; null = no limit known. */
  allSlots: number | null;
  inFlight: number;
  /** Requests that wait for this account and came earlier. */
  waitersBefore: number;
  /** Smoothed used share of the slots, 0..1. */
  loadAverage: number;
  /** Mean time that a request holds its slot. */
  serviceMs: number;
  bucket: BucketLevel | null;
  /** Until it may be used at all (cooldown); 0 = now. */
  restMs: number;
  /** Share of its latest requests that failed, 0..1. */
  failureShare: number;
  /** 1, or less while a rate-limit window is nearly used up. */
  headroom: number;
  /** The caller's session is bound to it. */
  isBound: boolean;
}

/** What time and load are worth. Money is counted as shares of the prompt's uncached price, so that one setting serves all sizes. */
export interface CostProfile {
  /** Per second of waiting. */
  waitShare: number;
  maxWaitMs: number;
  loadShare: number;
  loadPower: number;
  /** Share of a token bucket that a wholly cold prompt must leave to warm ones. */
  bucketReserve: number;
}

export const PROFILES: Readonly<Record<'balanced' | 'latency-first', CostProfile>> = {
  balanced: { waitShare: 0.05, maxWaitMs: 25_000, loadShare: 0.03, loadPower: 4, bucketReserve: 0.5 },
  'latency-first': { waitShare: 0.12, maxWaitMs: 10_000, loadShare: 0.03, loadPower: 4, bucketReserve: 0.5 },
};
