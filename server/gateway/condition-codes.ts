// Why an account or a host is not simply available, for programs. No state.

/**
 * Why an account is not simply available: what its last failure was (`refused` holds over restarts), `window-used-up` (one of
 * its rate-limit windows), `failing` (too many failures lately), `on-trial` (after those it gets few requests).
 */
export const CONDITION_CODES = [
  'rate-limited',
  'quota',
  'window-used-up',
  'unreachable',
  'blocked',
  'failing',
  'on-trial',
  'refused',
] as const;
export type ConditionCode = (typeof CONDITION_CODES)[number];
