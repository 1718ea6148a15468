// How much a key, a user or a model was used in the last seven days. Pure.

/** As many groups as the API tells of at once. */
const MAX_GROUPS = 200;

interface Sums {
  total: number;
  costUsd: number;
  /** In no sum of money. */
  unpricedRequests: number;
  /** Those whose provider told how many tokens it read. */
  reportedRequests: number;
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
}

/** As the API tells it. */
interface Group extends Sums {
  groupId: GroupId;
  tokenCacheHitRate: number;
}

/** Null = the requests that have none. */
export type GroupId = string | null;

export interface GroupUse extends Sums {
  /** Null = nobody reported how many tokens were read. */
  hitRate: number | null;
}

const UNUSED: GroupUse = {
  total: 0,
  costUsd: 0,
  unpricedRequests: 0,
  reportedRequests: 0,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  hitRate: null,
};

/** Null when no request said how many tokens it read. */
export function hitRateOf(group: Pick<Group, 'reportedRequests' | 'tokenCacheHitRate'>): number | null {
  return group.reportedRequests > 0 ? group.tokenCacheHitRate : null;
}

/** By each id that was asked for: without a group it was not used. */
export function usesOf(ids: readonly GroupId[], groups: readonly Group[]): Map<GroupId, GroupUse> {
  const uses = new Map<GroupId, GroupUse>(ids.map((id) => [id, UNUSED]));
  for (const { groupId, tokenCacheHitRate, ...sums } of groups) {
    uses.set(groupId, { ...sums, hitRate: hitRateOf({ ...sums, tokenCacheHitRate }) });
  }
  return uses;
}

/** In portions that the API takes. */
export function portionsOf<Item>(items: readonly Item[]): Item[][] {
  const portions: Item[][] = [];
  for (let from = 0; from < items.length; from += MAX_GROUPS)
    portions.push(items.slice(from, from + MAX_GROUPS));
  return portions;
}
