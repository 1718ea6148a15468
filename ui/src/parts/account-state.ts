// How an account's state looks: the tone of its badge.

import type { Tone } from './tone.ts';

export type AccountState =
  | 'AVAILABLE'
  | 'FULL'
  | 'COOLING_DOWN'
  | 'EJECTED'
  | 'HALF_OPEN'
  | 'PAUSED'
  | 'DISABLED';

export const STATE_TONES: Record<AccountState, Tone> = {
  AVAILABLE: 'good',
  FULL: 'info',
  COOLING_DOWN: 'warn',
  EJECTED: 'bad',
  HALF_OPEN: 'warn',
  PAUSED: 'plain',
  DISABLED: 'bad',
};

/** Worst first: what an admin has to look at is on top. */
export const STATE_ORDER: readonly AccountState[] = [
  'DISABLED',
  'EJECTED',
  'HALF_OPEN',
  'COOLING_DOWN',
  'FULL',
  'AVAILABLE',
  'PAUSED',
];
