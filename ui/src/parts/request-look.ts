// How outcomes of requests and affinity look: the tones of their badges.

import type { Tone } from './tone.ts';

export type RequestOutcome = 'OK' | 'REJECTED' | 'FAILED' | 'CLIENT_GONE';
export type AffinityOutcome = 'HIT' | 'NEW' | 'MOVED' | 'BORROWED' | 'NONE' | 'OFF';
export type AttemptOutcome = 'OK' | 'RETRYABLE' | 'REJECTED' | 'INTERRUPTED' | 'CLIENT_GONE';

export type MissCause =
  | 'COLD_START'
  | 'TTL_EXPIRED'
  | 'ACCOUNT_MOVED'
  | 'PREFIX_CHANGED'
  | 'MODEL_CHANGED'
  | 'BELOW_MINIMUM'
  | 'LOOKBACK_EXCEEDED'
  | 'EVICTED_UPSTREAM'
  | 'NOT_CACHEABLE'
  | 'NEW_CONTENT';
export type ConsideredState =
  | 'OPEN'
  | 'FULL'
  | 'COOLING_DOWN'
  | 'EJECTED'
  | 'HALF_OPEN'
  | 'PAUSED'
  | 'DISABLED'
  | 'TRIED';

/** What was asked for: the model, or the path of a request that names none. */
export function subjectOf(request: { requestedModel: string; path: string }): string {
  return request.requestedModel === '' ? request.path : request.requestedModel;
}

export const OUTCOME_TONES: Record<RequestOutcome, Tone> = {
  OK: 'good',
  REJECTED: 'warn',
  FAILED: 'bad',
  CLIENT_GONE: 'plain',
};

export const AFFINITY_TONES: Record<AffinityOutcome, Tone> = {
  HIT: 'accent',
  NEW: 'info',
  MOVED: 'warn',
  BORROWED: 'warn',
  NONE: 'plain',
  OFF: 'plain',
};

/** A warning where the tokens had been warm before. */
export const MISS_TONES: Record<MissCause, Tone> = {
  COLD_START: 'plain',
  TTL_EXPIRED: 'warn',
  ACCOUNT_MOVED: 'warn',
  PREFIX_CHANGED: 'warn',
  MODEL_CHANGED: 'warn',
  BELOW_MINIMUM: 'plain',
  LOOKBACK_EXCEEDED: 'warn',
  EVICTED_UPSTREAM: 'warn',
  NOT_CACHEABLE: 'plain',
  NEW_CONTENT: 'plain',
};

export const CONSIDERED_TONES: Record<ConsideredState, Tone> = {
  OPEN: 'good',
  FULL: 'warn',
  COOLING_DOWN: 'warn',
  EJECTED: 'bad',
  HALF_OPEN: 'warn',
  PAUSED: 'plain',
  DISABLED: 'bad',
  TRIED: 'bad',
};

export const ATTEMPT_TONES: Record<AttemptOutcome, Tone> = {
  OK: 'good',
  RETRYABLE: 'warn',
  REJECTED: 'warn',
  INTERRUPTED: 'bad',
  CLIENT_GONE: 'plain',
};
