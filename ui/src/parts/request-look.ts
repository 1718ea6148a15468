// How outcomes of requests and affinity look: the tones of their badges.

import type { Tone } from './Badge.svelte';

export type RequestOutcome = 'OK' | 'REJECTED' | 'FAILED' | 'CLIENT_GONE';
export type AffinityOutcome = 'HIT' | 'NEW' | 'MOVED' | 'BORROWED' | 'NONE' | 'OFF';
export type AttemptOutcome = 'OK' | 'RETRYABLE' | 'REJECTED' | 'INTERRUPTED' | 'CLIENT_GONE';

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

export const ATTEMPT_TONES: Record<AttemptOutcome, Tone> = {
  OK: 'good',
  RETRYABLE: 'warn',
  REJECTED: 'warn',
  INTERRUPTED: 'bad',
  CLIENT_GONE: 'plain',
};
