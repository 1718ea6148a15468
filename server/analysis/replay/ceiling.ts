// The best that any routing could reach: one account without limits, prompts readable as soon as they are sent.

import type { Plan } from './plan.ts';
import { PrefixCache } from './prefix-cache.ts';
import { serviceOf } from './service-time.ts';

/** Shorter prefixes are neither written nor read. */
export const MIN_CACHED_TOKENS = 1_024;

export interface Ceiling {
  inputTokens: number;
  readTokens: number;
  /** Share of the input. */
  hitRate: number;
  /** Mean number of requests in flight. */
  meanInFlight: number;
  /** Tokens that are not read, per ms. */
  uncachedPerMs: number;
  inputPerMs: number;
  /** By place in the plan. */
  reads: Int32Array;
}

const STRIDE = 128;

export function* measureCeiling(plan: Plan, ttlMs: number): Generator<undefined, Ceiling> {
  const { requests, tree, copies, countedMs } = plan;
  const cache = new PrefixCache(tree, copies);
  const reads = new Int32Array(requests.length);
  let inputTokens = 0;
  let readTokens = 0;
  let busyMs = 0;
  let lastEndMs = 0;
  for (const [place, request] of requests.entries()) {
    if (place % STRIDE === STRIDE - 1) yield;
    const { copy, tip, atMs } = request;
    const read = readable(tree.tokens[cache.deepest(copy, tip, atMs)] ?? 0);
    if (request.cacheableTokens >= MIN_CACHED_TOKENS) cache.touch(copy, tip, atMs + ttlMs);
    reads[place] = read;
    if (!request.isCounted) continue;
    inputTokens += request.inputTokens;
    readTokens += read;
    const { totalMs } = serviceOf(request, read);
    busyMs += totalMs;
    lastEndMs = Math.max(lastEndMs, atMs + totalMs);
  }
  const lengthMs = plan.isRound ? countedMs : Math.max(1, lastEndMs);
  return {
    inputTokens,
    readTokens,
    hitRate: inputTokens === 0 ? 0 : readTokens / inputTokens,
    meanInFlight: busyMs / lengthMs,
    uncachedPerMs: (inputTokens - readTokens) / lengthMs,
    inputPerMs: inputTokens / lengthMs,
    reads,
  };
}

export function readable(tokens: number): number {
  return tokens >= MIN_CACHED_TOKENS ? tokens : 0;
}
