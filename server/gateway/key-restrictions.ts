// What an API key may do, when, from where and how much. Types, the default, and what time makes of it.

import type { Surface } from '../wire/surface.ts';

/** Null = not restricted, throughout. */
export interface KeyRestrictions {
  /** Refused from then on. */
  expiresAtMs: number | null;
  /** Taken back for good at this time. */
  revokedAtMs: number | null;
  /** What it may ask for; an empty list = nothing. */
  allowedModelIds: string[] | null;
  allowedProviderIds: string[] | null;
  allowedSurfaces: Surface[] | null;
  /** Addresses and CIDR ranges it may call from. */
  allowedIps: string[] | null;
  requestsPerMinute: number | null;
  /** Input and output together. */
  tokensPerMinute: number | null;
  /** Requests at the same time. */
  maxConcurrent: number | null;
  /** By days and calendar months in UTC. */
  budgetUsdPerDay: number | null;
  budgetUsdPerMonth: number | null;
}

export const UNRESTRICTED: KeyRestrictions = {
  expiresAtMs: null,
  revokedAtMs: null,
  allowedModelIds: null,
  allowedProviderIds: null,
  allowedSurfaces: null,
  allowedIps: null,
  requestsPerMinute: null,
  tokensPerMinute: null,
  maxConcurrent: null,
  budgetUsdPerDay: null,
  budgetUsdPerMonth: null,
};

/** Only an active key opens anything. */
export type KeyState = 'active' | 'disabled' | 'expired' | 'revoked';

/** What cannot be undone goes first, then what time alone will not mend. */
export function keyStateOf(
  key: Pick<KeyRestrictions, 'expiresAtMs' | 'revokedAtMs'> & { isEnabled: boolean },
  nowMs: number,
): KeyState {
  if (key.revokedAtMs !== null) return 'revoked';
  if (key.expiresAtMs !== null && key.expiresAtMs <= nowMs) return 'expired';
  return key.isEnabled ? 'active' : 'disabled';
}

/** Largest numbers that anybody may enter. */
export const MAX_PER_MINUTE = 1_000_000_000;
export const MAX_CONCURRENT = 1_000_000;
export const MAX_BUDGET_USD = 1_000_000_000;
export const MAX_LIST_ENTRIES = 1_000;
