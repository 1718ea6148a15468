// How long an admin token may work. Pure.

export const EXPIRIES = ['24h', '7d', '30d', '90d', '365d', 'never'] as const;
export type Expiry = (typeof EXPIRIES)[number];

const DAY_MS = 86_400_000;
const LENGTHS_MS: Record<Expiry, number | null> = {
  '24h': DAY_MS,
  '7d': 7 * DAY_MS,
  '30d': 30 * DAY_MS,
  '90d': 90 * DAY_MS,
  '365d': 365 * DAY_MS,
  never: null,
};

/** The moment it ends; null = never. */
export function expiryOf(expiry: Expiry, nowMs: number): string | null {
  const lengthMs = LENGTHS_MS[expiry];
  return lengthMs === null ? null : new Date(nowMs + lengthMs).toISOString();
}
