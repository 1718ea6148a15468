// What the figures of the Cache screen add up to: what writes cost, and the split by model, account, key. Pure.

interface ModelMoney {
  cacheReadTokens: number;
  cacheWriteTokens: number;
  cacheReadCostUsd: number;
  cacheWriteCostUsd: number;
  savedUsd: number;
  unpricedRequests: number;
}

/**
 * USD that writes cost more than the same tokens sent uncached. saved = (read + written) × input price − cost of both, so
 * the input price of each model can be had back. Null = a model with writes has requests without a price.
 */
export function writePremiumUsd(models: readonly ModelMoney[]): number | null {
  const writing = models.filter(({ cacheWriteTokens }) => cacheWriteTokens > 0);
  if (writing.some(({ unpricedRequests }) => unpricedRequests > 0)) return null;
  return writing.reduce((total, model) => {
    const uncachedUsd = model.savedUsd + model.cacheReadCostUsd + model.cacheWriteCostUsd;
    const inputUsd = uncachedUsd / (model.cacheReadTokens + model.cacheWriteTokens);
    return total + model.cacheWriteCostUsd - model.cacheWriteTokens * inputUsd;
  }, 0);
}

export const DIMENSIONS = ['model', 'account', 'key', 'user'] as const;
export type Dimension = (typeof DIMENSIONS)[number];

export function dimensionOf(value: string | null): Dimension {
  return DIMENSIONS.find((name) => name === value) ?? 'model';
}

export const API_DIMENSIONS = {
  model: 'MODEL',
  account: 'ACCOUNT',
  key: 'API_KEY',
  user: 'USER',
} as const satisfies Record<Dimension, string>;

export interface Group {
  /** Null = requests that have none. */
  groupId: string | null;
  name: string | null;
  total: number;
  inputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  costUsd: number;
  savedUsd: number;
  /** In no sum of money. */
  unpricedRequests: number;
}

type MoneyOf = Pick<Group, 'unpricedRequests' | 'costUsd' | 'savedUsd'>;
type Sums = Pick<Group, 'groupId' | 'total' | 'inputTokens' | 'cacheReadTokens'>;

export interface GroupRow extends Group {
  hitRate: number | null;
  /** Requests that went where they were bound. */
  boundRequests: number;
  boundRate: number | null;
  unboundRate: number | null;
}

/** `bound`: the same groups over requests that went to the account they were bound to. */
export function groupRows(groups: readonly Group[], bound: readonly Sums[]): GroupRow[] {
  const byId = new Map(bound.map((group) => [group.groupId, group]));
  return groups.map((group) => {
    const there = byId.get(group.groupId);
    const boundRead = there?.cacheReadTokens ?? 0;
    const boundInput = there?.inputTokens ?? 0;
    return {
      ...group,
      hitRate: rate(group.cacheReadTokens, group.inputTokens),
      boundRequests: there?.total ?? 0,
      boundRate: rate(boundRead, boundInput),
      // Two questions are asked one after the other: a request in between counts in one of them only.
      unboundRate: rate(
        Math.max(0, group.cacheReadTokens - boundRead),
        Math.max(0, group.inputTokens - boundInput),
      ),
    };
  });
}

const ORDERS = ['requests', 'input', 'read', 'written', 'rate', 'saved', 'cost', 'bound'] as const;
export type Order = (typeof ORDERS)[number] | 'name';

/** `saved` or `-saved`: with a minus the other way round. */
export interface Sorting {
  order: Order;
  isReversed: boolean;
}

export function sortingOf(value: string | null): Sorting {
  const text = value ?? '';
  const name = text.replace(/^-/, '');
  const order = name === 'name' ? name : ORDERS.find((each) => each === name);
  return order ? { order, isReversed: text.startsWith('-') } : { order: 'input', isReversed: false };
}

const VALUES: Record<Exclude<Order, 'name'>, (row: GroupRow) => number> = {
  requests: (row) => row.total,
  input: (row) => row.inputTokens,
  read: (row) => row.cacheReadTokens,
  written: (row) => row.cacheWriteTokens,
  rate: (row) => row.hitRate ?? -1,
  saved: (row) => row.savedUsd,
  cost: (row) => row.costUsd,
  bound: (row) => (row.total > 0 ? row.boundRequests / row.total : -1),
};

/** Figures fall, names rise; those without a name come last. */
export function sortedRows(rows: readonly GroupRow[], { order, isReversed }: Sorting): GroupRow[] {
  const compare =
    order === 'name' ? byName : (a: GroupRow, b: GroupRow) => VALUES[order](b) - VALUES[order](a);
  const sorted = rows.toSorted((a, b) => compare(a, b) || byName(a, b));
  return isReversed ? sorted.reverse() : sorted;
}

function byName(a: GroupRow, b: GroupRow): number {
  if (a.name === null || b.name === null) return Number(a.name === null) - Number(b.name === null);
  return a.name.localeCompare(b.name);
}

/** The groups that get a series of their own: those with the most input. */
export function topGroups<Item extends { groupId: string | null; inputTokens: number }>(
  groups: readonly Item[],
  count: number,
): (Item & { groupId: string })[] {
  return groups
    .flatMap((group) => {
      const { groupId } = group;
      return groupId !== null && group.inputTokens > 0 ? [{ ...group, groupId }] : [];
    })
    .toSorted((a, b) => b.inputTokens - a.inputTokens)
    .slice(0, count);
}

export interface Point {
  inputTokens: number;
  cacheReadTokens: number;
  savedUsd: number;
}

/** Money that is nothing only because nothing has a price is not known. */
export function isMoneyKnown({ unpricedRequests, costUsd, savedUsd }: MoneyOf): boolean {
  return unpricedRequests === 0 || costUsd !== 0 || savedUsd !== 0;
}

/**
 * Input that was neither read nor is told to be cold for a cause: of calls without a prompt cache, and of providers that do
 * not say what they read.
 */
export function untoldTokens(
  stats: { inputTokens: number; cacheReadTokens: number },
  { totalColdTokens }: { totalColdTokens: number },
): number {
  return Math.max(0, stats.inputTokens - stats.cacheReadTokens - totalColdTokens);
}

/** What is left of the whole in each bucket; never below nothing, as the series are asked for one after the other. */
export function restOf(whole: readonly Point[], parts: readonly (readonly Point[])[]): Point[] {
  return whole.map((all, index) => ({
    inputTokens: Math.max(0, all.inputTokens - sumAt(parts, index, 'inputTokens')),
    cacheReadTokens: Math.max(0, all.cacheReadTokens - sumAt(parts, index, 'cacheReadTokens')),
    savedUsd: all.savedUsd - sumAt(parts, index, 'savedUsd'),
  }));
}

export function ratesOf(points: readonly Point[]): (number | null)[] {
  return points.map(({ cacheReadTokens, inputTokens }) => rate(cacheReadTokens, inputTokens));
}

function rate(part: number, whole: number): number | null {
  return whole > 0 ? Math.min(1, part / whole) : null;
}

function sumAt(parts: readonly (readonly Point[])[], index: number, field: keyof Point): number {
  return parts.reduce((total, points) => total + (points[index]?.[field] ?? 0), 0);
}
