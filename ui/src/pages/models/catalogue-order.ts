// In which order the catalogue is shown, by what the address says. Pure.

import type { GroupUse } from '../../lib/group-use.ts';
import type { Model } from './queries.ts';

const ORDERS = [
  'name',
  '-name',
  'price',
  '-price',
  'requests',
  '-requests',
  'spend',
  '-spend',
  'hits',
  '-hits',
] as const;
export type Order = (typeof ORDERS)[number];

export function orderOf(value: string | null): Order {
  return ORDERS.find((name) => name === value) ?? 'name';
}

/** The API sorts by name and no other way: any other order needs every row. */
export function needsAllRows(order: Order): boolean {
  return order !== 'name';
}

/** Rows without the figure come last, whichever way it runs. */
export function ordered(
  models: readonly Model[],
  order: Order,
  useOf: (modelId: string) => Pick<GroupUse, 'total' | 'costUsd' | 'hitRate'> | null,
): readonly Model[] {
  if (order === 'name') return models;
  const falls = order.startsWith('-');
  const by = order.replace('-', '');
  if (by === 'name') return models.toReversed();
  const figure = (model: Model): number | null => {
    if (by === 'price') return model.effectivePrice?.inputUsdPerMillion ?? null;
    const use = useOf(model.id);
    if (by === 'requests') return use?.total ?? 0;
    return by === 'spend' ? (use?.costUsd ?? 0) : (use?.hitRate ?? null);
  };
  const rows = models.map((model) => ({ model, figure: figure(model) }));
  rows.sort((one, other) => {
    if (one.figure === null || other.figure === null)
      return Number(one.figure === null) - Number(other.figure === null);
    return falls ? other.figure - one.figure : one.figure - other.figure;
  });
  return rows.map(({ model }) => model);
}
