// How well prompt caches did: rates, savings net and gross, and the figures as Aether computes them. Pure.

import { NO_SUMS, type RequestSums } from '../gateway/log-queries.ts';

export interface HitFigures {
  /** Requests with any cache read, of those whose provider reported input tokens; 0..1. */
  requestCacheHitRate: number;
  /** Tokens read, of all input; 0..1. */
  tokenCacheHitRate: number;
  cacheReadUsd: number;
  cacheCreationUsd: number;
  /** Against the same tokens without a cache, at real prices, what writing cost more taken off. */
  savedUsd: number;
}

export function hitFigures(sums: RequestSums): HitFigures {
  return {
    requestCacheHitRate: fraction(sums.requestsWithCacheRead, sums.reportedRequests),
    tokenCacheHitRate: fraction(sums.cacheReadTokens, sums.inputTokens),
    cacheReadUsd: sums.cacheReadNanoUsd / 1e9,
    cacheCreationUsd: sums.cacheWriteNanoUsd / 1e9,
    savedUsd: sums.savedNanoUsd / 1e9,
  };
}

/** As Aether computes them, so that its numbers can be compared: see the descriptions of the fields for what is wrong. */
export function originalFigures(sums: RequestSums): { tokenCacheHitRate: number; savedUsd: number } {
  const uncached = Math.max(0, sums.inputTokens - sums.cacheReadTokens - sums.cacheWriteTokens);
  return {
    tokenCacheHitRate: fraction(sums.cacheReadTokens, uncached + sums.cacheReadTokens),
    savedUsd: (sums.cacheReadNanoUsd * 9) / 1e9,
  };
}

/**
 * What writing to the cache cost more than sending the same tokens uncached. Per model, saved = (read + written) * input
 * price - cost of reads and writes, so the input price can be had back from the sums; that is exact where all requests
 * of a model are billed alike, else it is their average. Null = some request of a model with writes has no price.
 */
export function writePremiumUsd(byModel: readonly RequestSums[]): number | null {
  let premiumNanoUsd = 0;
  for (const sums of byModel) {
    if (sums.cacheWriteTokens === 0) continue;
    if (sums.unpricedRequests > 0) return null;
    const uncachedNanoUsd = sums.savedNanoUsd + sums.cacheReadNanoUsd + sums.cacheWriteNanoUsd;
    const inputNanoUsd = uncachedNanoUsd / (sums.cacheReadTokens + sums.cacheWriteTokens);
    premiumNanoUsd += sums.cacheWriteNanoUsd - sums.cacheWriteTokens * inputNanoUsd;
  }
  return premiumNanoUsd / 1e9;
}

/** Adds up sums of disjoint rows. */
export function addSums(parts: readonly RequestSums[]): RequestSums {
  const total = { ...NO_SUMS };
  for (const part of parts) for (const field of SUM_FIELDS) total[field] += part[field];
  return total;
}

const SUM_FIELDS = [
  'total',
  'succeeded',
  'failed',
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'credits',
  'costNanoUsd',
  'savedNanoUsd',
  'cacheReadNanoUsd',
  'cacheWriteNanoUsd',
  'reportedRequests',
  'requestsWithCacheRead',
  'unpricedRequests',
] as const satisfies readonly (keyof RequestSums)[];

function fraction(part: number, whole: number): number {
  return whole > 0 ? part / whole : 0;
}
