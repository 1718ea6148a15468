// In which order users are listed: by what is kept in memory, so that any page is found at once.

import type { ApiKey, User } from '../gateway/ports.ts';
import { builder } from './builder.ts';
import type { SortKey } from './page.ts';
import type { AdminParts } from './parts.ts';

export const UserOrder = builder.enumType('UserOrder', {
  description: 'Order of users; those that are equal in it are ordered by name.',
  values: {
    NAME_ASC: { value: 'name', description: 'By name.' },
    EMAIL_ASC: { value: 'email', description: 'By e-mail address; those without one last.' },
    KEYS_DESC: { value: 'keys', description: 'Most API keys first.' },
    SPENT_TODAY_DESC: { value: 'spent-today', description: 'Most USD spent since midnight, UTC, first.' },
    SPENT_THIS_MONTH_DESC: {
      value: 'spent-this-month',
      description: 'Most USD spent since the first of the month, UTC, first.',
    },
  } as const,
});

type Order = typeof UserOrder.$inferInput;
type Parts = Pick<AdminParts, 'catalog' | 'keyUsage'>;
type Rank = (user: User) => string | number;

/** No address sorts behind this. */
const LAST = '\uffff';

const RANKS: Readonly<Record<Order, (parts: Parts) => Rank>> = {
  name: () => () => 0,
  email:
    () =>
    ({ email }) =>
      email?.toLowerCase() ?? LAST,
  keys: (parts) => mostFirst(parts, () => 1),
  'spent-today': (parts) => mostFirst(parts, ({ id }) => parts.keyUsage.look(id).today.costNanoUsd),
  'spent-this-month': (parts) => mostFirst(parts, ({ id }) => parts.keyUsage.look(id).thisMonth.costNanoUsd),
};

/** For `pageOf`. */
export function userOrder(order: Order, parts: Parts): { order: string; keyOf: (user: User) => SortKey } {
  const rank = RANKS[order](parts);
  return { order, keyOf: (user) => [rank(user), user.username.toLowerCase(), user.id] };
}

/** By the sum of a figure over the keys of the user; summed up once, as every user is asked for it. */
function mostFirst({ catalog }: Parts, figureOf: (key: ApiKey) => number): Rank {
  const sums = new Map<string, number>();
  for (const key of catalog.current.rows.apiKeys) {
    if (key.userId !== null) sums.set(key.userId, (sums.get(key.userId) ?? 0) + figureOf(key));
  }
  return ({ id }) => -(sums.get(id) ?? 0);
}
