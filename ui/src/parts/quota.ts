// How much of a provider's quota windows is used. Pure.

export interface QuotaWindow {
  name: string;
  /** 0 to 1; null when the provider gives counts, or nothing. */
  utilization: number | null;
  limit: number | null;
  remaining: number | null;
  resetAt: string | null;
}

/** Used share of a window, 0 to 1; null when it cannot be told. */
export function usedShare({ utilization, limit, remaining }: QuotaWindow): number | null {
  if (utilization !== null) return Math.min(1, Math.max(0, utilization));
  if (limit === null || remaining === null || limit <= 0) return null;
  return Math.min(1, Math.max(0, 1 - remaining / limit));
}

/** The window that runs out first; null when none can be told. */
export function fullestWindow(windows: readonly QuotaWindow[]): (QuotaWindow & { used: number }) | null {
  const known = windows.flatMap((window) => {
    const used = usedShare(window);
    return used === null ? [] : [{ ...window, used }];
  });
  return known.toSorted((one, other) => other.used - one.used)[0] ?? null;
}

/** How near its end a window is; the bars' colours go by it. */
export function quotaLevel(used: number): 'plenty' | 'little' | 'none' {
  if (used >= 0.9) return 'none';
  return used >= 0.75 ? 'little' : 'plenty';
}
