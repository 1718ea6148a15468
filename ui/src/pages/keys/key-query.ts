// The address of the API keys screen ⇄ what the API is asked. Pure.

import { KEY_STATES } from './key-look.ts';

export const TABS = ['keys', 'users'] as const;
export type Tab = (typeof TABS)[number];

/** By the column that is ordered: as the address names it, and as the API does. */
const ORDERS = {
  name: 'NAME_ASC',
  user: 'USER_ASC',
  created: 'CREATED_AT_DESC',
  used: 'LAST_USED_AT_DESC',
  expires: 'EXPIRES_AT_ASC',
  day: 'SPENT_TODAY_DESC',
  month: 'SPENT_THIS_MONTH_DESC',
} as const;
export type Order = keyof typeof ORDERS;
export const ORDER_NAMES = Object.keys(ORDERS).filter(isOrder);

/** In the address in place of a user: keys of nobody. */
export const STANDALONE = 'none';

export interface KeyQuery {
  search: string | null;
  state: (typeof KEY_STATES)[number] | null;
  userId: string | null;
  isStandalone: boolean | null;
  orderBy: (typeof ORDERS)[Order];
}

export function orderOf(value: string | null): Order {
  return value !== null && isOrder(value) ? value : 'name';
}

export function queryOf(params: URLSearchParams): KeyQuery {
  const user = params.get('user') || null;
  return {
    search: params.get('q') || null,
    state: KEY_STATES.find((one) => one === params.get('state')) ?? null,
    userId: user === STANDALONE ? null : user,
    isStandalone: user === STANDALONE ? true : null,
    orderBy: ORDERS[orderOf(params.get('sort'))],
  };
}

/** Whether the query leaves any key out. */
export function isNarrowed({ search, state, userId, isStandalone }: KeyQuery): boolean {
  return search !== null || state !== null || userId !== null || isStandalone !== null;
}

/** Changes of the address that lift every filter. */
export const NO_FILTERS = { q: null, state: null, user: null };

function isOrder(value: string): value is Order {
  return Object.hasOwn(ORDERS, value);
}
