// How an API key looks: tones of its state and its end, and how full its limits are. Pure.

import type { Tone } from '../../parts/tone.ts';
import type { KeyState } from './queries.ts';

export const KEY_STATES = ['ACTIVE', 'DISABLED', 'EXPIRED', 'REVOKED'] as const;

export const KEY_TONES: Readonly<Record<KeyState, Tone>> = {
  ACTIVE: 'good',
  DISABLED: 'plain',
  EXPIRED: 'warn',
  REVOKED: 'bad',
};

const WARN_MS = 7 * 86_400_000;
const LITTLE = 0.8;

/** Used share of a limit, 0 to 1; null = no limit. */
export function shareOf(used: number, limit: number | null): number | null {
  return limit === null ? null : Math.min(1, Math.max(0, used / limit));
}

export function levelOf(share: number): 'plenty' | 'little' | 'none' {
  if (share >= 1) return 'none';
  return share >= LITTLE ? 'little' : 'plenty';
}

/** Whether the end of a key that still works is near enough to warn of it. */
export function endsSoon(key: { expiresAt: string | null; state: KeyState }, nowMs: number): boolean {
  if (key.expiresAt === null || key.state === 'REVOKED') return false;
  return Date.parse(key.expiresAt) - nowMs < WARN_MS;
}

/** A budget or rate of the key that is used up now. */
export function isSpent(key: {
  budgetUsdPerDay: number | null;
  budgetUsdPerMonth: number | null;
  usage: { spentTodayUsd: number; spentThisMonthUsd: number };
}): boolean {
  const { budgetUsdPerDay, budgetUsdPerMonth, usage } = key;
  return (
    (shareOf(usage.spentTodayUsd, budgetUsdPerDay) ?? 0) >= 1 ||
    (shareOf(usage.spentThisMonthUsd, budgetUsdPerMonth) ?? 0) >= 1
  );
}

export function rowTone(key: Parameters<typeof isSpent>[0] & Parameters<typeof endsSoon>[0], nowMs: number) {
  if (key.state === 'ACTIVE' && isSpent(key)) return 'bad' as const;
  return key.state === 'ACTIVE' && endsSoon(key, nowMs) ? ('warn' as const) : null;
}
