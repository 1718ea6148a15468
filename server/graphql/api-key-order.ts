// In which order API keys are listed: by what is kept in memory, so that any page is found at once.

import type { ApiKey } from '../gateway/ports.ts';
import { builder } from './builder.ts';
import type { SortKey } from './page.ts';
import type { AdminParts } from './parts.ts';

export const ApiKeyOrder = builder.enumType('ApiKeyOrder', {
  description: 'Order of API keys; those that are equal in it are ordered by name.',
  values: {
    NAME_ASC: { value: 'name', description: 'By name.' },
    USER_ASC: { value: 'user', description: 'By user name; those of no user last.' },
    CREATED_AT_DESC: { value: 'created-at', description: 'Last made first.' },
    LAST_USED_AT_DESC: { value: 'last-used-at', description: 'Last used first; those never used last.' },
    EXPIRES_AT_ASC: { value: 'expires-at', description: 'First to expire first; those that never do last.' },
    SPENT_TODAY_DESC: { value: 'spent-today', description: 'Most USD spent since midnight, UTC, first.' },
    SPENT_THIS_MONTH_DESC: {
      value: 'spent-this-month',
      description: 'Most USD spent since the first of the month, UTC, first.',
    },
  } as const,
});

type Order = typeof ApiKeyOrder.$inferInput;
type Parts = Pick<AdminParts, 'catalog' | 'keyUsage'>;

/** No name sorts behind this. */
const LAST = '\uffff';

const RANKS: Readonly<Record<Order, (key: ApiKey, parts: Parts) => string | number>> = {
  name: () => 0,
  user: ({ userId }, { catalog }) => catalog.current.users.get(userId ?? '')?.username.toLowerCase() ?? LAST,
  'created-at': ({ createdAtMs }) => -createdAtMs,
  'last-used-at': ({ id }, { keyUsage }) => -(keyUsage.look(id).lastUsedAtMs ?? 0),
  'expires-at': ({ expiresAtMs }) => expiresAtMs ?? Number.MAX_SAFE_INTEGER,
  'spent-today': ({ id }, { keyUsage }) => -keyUsage.look(id).today.costNanoUsd,
  'spent-this-month': ({ id }, { keyUsage }) => -keyUsage.look(id).thisMonth.costNanoUsd,
};

/** For `pageOf`. */
export function apiKeyOrder(order: Order, parts: Parts): { order: string; keyOf: (key: ApiKey) => SortKey } {
  const rank = RANKS[order];
  return { order, keyOf: (key) => [rank(key, parts), key.name.toLowerCase(), key.id] };
}
