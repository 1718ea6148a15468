// What a binding's times and figures say about it. Pure.

interface Life {
  expiresAt: string;
  lastHitAt: string;
  warmTokens: number;
}

/** As the API's `state`, but for the second that it is now. */
export function isWarm(
  { warmTokens, expiresAt }: Pick<Life, 'warmTokens' | 'expiresAt'>,
  nowMs: number,
): boolean {
  return warmTokens > 0 && Date.parse(expiresAt) > nowMs;
}

/** How long it lives after a use; 0 when it was moved or unpinned after its last one and that cannot be told. */
export function lifetimeMs({ expiresAt, lastHitAt }: Pick<Life, 'expiresAt' | 'lastHitAt'>): number {
  return Math.max(0, Date.parse(expiresAt) - Date.parse(lastHitAt));
}
