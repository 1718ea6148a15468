// What prompt caches could have reached at best: the bar that a hit rate is held against. Pure.

import type { MISS_CAUSES } from './request-filter.ts';

/** Those one can look for, and the one that is nobody's miss. */
type MissCause = (typeof MISS_CAUSES)[number] | 'NEW_CONTENT';

/** Tokens that no cache could have had: sent for the first time, or too few for the provider to cache. */
const UNAVOIDABLE: ReadonlySet<MissCause> = new Set(['NEW_CONTENT', 'COLD_START', 'BELOW_MINIMUM']);

export interface CauseTotal {
  cause: MissCause;
  tokens: number;
  costUsd: number;
}

/**
 * What every figure of this kind is asked for with: pings of the gateway itself would count as savings that nobody asked
 * for.
 */
export const WITHOUT_PINGS = { keepWarm: false } as const;

export function isAvoidable(cause: MissCause): boolean {
  return !UNAVOIDABLE.has(cause);
}

export interface Possible {
  /** Read, of all input; null = nothing was sent. */
  hitRate: number | null;
  /** The highest that could have been. */
  ceiling: number | null;
  /** Of what could have been read, what was; null = nothing could. */
  used: number | null;
  avoidableTokens: number;
  avoidableUsd: number;
}

/** Of the requests whose provider tells what it read: their input is what was read and what was cold. */
export function possibleOf(readTokens: number, coldTokens: number, causes: readonly CauseTotal[]): Possible {
  const avoidable = causes.filter(({ cause }) => isAvoidable(cause));
  const avoidableTokens = sum(avoidable, 'tokens');
  const inputTokens = readTokens + coldTokens;
  const readableTokens = readTokens + avoidableTokens;
  return {
    hitRate: inputTokens > 0 ? readTokens / inputTokens : null,
    ceiling: inputTokens > 0 ? readableTokens / inputTokens : null,
    used: readableTokens > 0 ? readTokens / readableTokens : null,
    avoidableTokens,
    avoidableUsd: sum(avoidable, 'costUsd'),
  };
}

/** The causes that something can be done about, costliest first. */
export function avoidableCauses<Total extends CauseTotal>(causes: readonly Total[]): Total[] {
  return causes
    .filter(({ cause }) => isAvoidable(cause))
    .toSorted((one, other) => other.costUsd - one.costUsd || other.tokens - one.tokens);
}

function sum(causes: readonly CauseTotal[], field: 'tokens' | 'costUsd'): number {
  return causes.reduce((total, cause) => total + cause[field], 0);
}
