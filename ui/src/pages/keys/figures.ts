// Figures of the last seven days by key or by user. Pure.

import type { Figures } from './queries.ts';

export const WEEK_MS = 7 * 86_400_000;
export const MONTH_MS = 30 * 86_400_000;
/** As many groups as the API gives at most: those that are not among so many may have figures all the same. */
const MAX_GROUPS = 200;

export interface Use {
  total: number;
  costUsd: number;
  unpricedRequests: number;
  /** Null = nobody reported how many tokens were read. */
  hitRate: number | null;
}

const UNUSED: Use = { total: 0, costUsd: 0, unpricedRequests: 0, hitRate: null };

export class Uses {
  readonly #byId: ReadonlyMap<string, Use>;
  readonly #isWhole: boolean;

  constructor(groups: readonly Figures[]) {
    this.#isWhole = groups.length < MAX_GROUPS;
    this.#byId = new Map(
      groups.flatMap((group) => (group.groupId === null ? [] : [[group.groupId, useOf(group)]])),
    );
  }

  /** Null = not known. */
  of(id: string): Use | null {
    return this.#byId.get(id) ?? (this.#isWhole ? UNUSED : null);
  }
}

export function useOf(group: Omit<Figures, 'groupId'>): Use {
  const { total, costUsd, unpricedRequests, reportedRequests, tokenCacheHitRate } = group;
  return { total, costUsd, unpricedRequests, hitRate: reportedRequests > 0 ? tokenCacheHitRate : null };
}

/** The start of a period that ends now, as the API takes it. */
export function since(periodMs: number, nowMs: number): string {
  return new Date(nowMs - periodMs).toISOString();
}
