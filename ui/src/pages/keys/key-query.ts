// The address of the API keys screen ⇄ what the API is asked. Pure.

import { KEY_STATES } from './key-look.ts';

export const TABS = ['keys', 'users'] as const;
export type Tab = (typeof TABS)[number];

/** By the column that is ordered: as the address names it, and as the API does. */
const KEY_ORDERS = {
  name: 'NAME_ASC',
  user: 'USER_ASC',
  created: 'CREATED_AT_DESC',
  used: 'LAST_USED_AT_DESC',
  expires: 'EXPIRES_AT_ASC',
  day: 'SPENT_TODAY_DESC',
  month: 'SPENT_THIS_MONTH_DESC',
} as const;

const USER_ORDERS = {
  name: 'NAME_ASC',
  email: 'EMAIL_ASC',
  keys: 'KEYS_DESC',
  day: 'SPENT_TODAY_DESC',
  month: 'SPENT_THIS_MONTH_DESC',
} as const;

export type Order = keyof typeof KEY_ORDERS | keyof typeof USER_ORDERS;
export const ORDER_NAMES: Readonly<Record<Tab, readonly Order[]>> = {
  keys: namesOf(KEY_ORDERS),
  users: namesOf(USER_ORDERS),
};

/** In the address in place of a user: keys of nobody. */
export const STANDALONE = 'none';

export interface KeyQuery {
  search: string | null;
  state: (typeof KEY_STATES)[number] | null;
  userId: string | null;
  isStandalone: boolean | null;
  orderBy: (typeof KEY_ORDERS)[keyof typeof KEY_ORDERS];
}

export interface UserQuery {
  search: string | null;
  orderBy: (typeof USER_ORDERS)[keyof typeof USER_ORDERS];
}

export function tabOf(value: string | null): Tab {
  return TABS.find((name) => name === value) ?? 'keys';
}

export function orderOf(tab: Tab, value: string | null): Order {
  return ORDER_NAMES[tab].find((name) => name === value) ?? 'name';
}

export function queryOf(params: URLSearchParams): KeyQuery {
  const user = params.get('user') || null;
  return {
    search: params.get('q') || null,
    state: KEY_STATES.find((one) => one === params.get('state')) ?? null,
    userId: user === STANDALONE ? null : user,
    isStandalone: user === STANDALONE ? true : null,
    orderBy: KEY_ORDERS[namesOf(KEY_ORDERS).find((name) => name === params.get('sort')) ?? 'name'],
  };
}

export function userQueryOf(params: URLSearchParams): UserQuery {
  return {
    search: params.get('q') || null,
    orderBy: USER_ORDERS[namesOf(USER_ORDERS).find((name) => name === params.get('sort')) ?? 'name'],
  };
}

/** Changes of the address that lift every filter. */
export const NO_FILTERS = { q: null, state: null, user: null };

/** Whether the address leaves any row out. */
export function isNarrowed(params: URLSearchParams): boolean {
  const { search, state, userId, isStandalone } = queryOf(params);
  return [search, state, userId, isStandalone].some((part) => part !== null);
}

function namesOf<Name extends string>(orders: Readonly<Record<Name, string>>): Name[] {
  const isName = (name: string): name is Name => Object.hasOwn(orders, name);
  return Object.keys(orders).filter(isName);
}
