// Which accounts the screen shows and in which order; what is counted over them. Pure.

import { type AccountState, STATE_ORDER } from '../../parts/account-state.ts';
import { fullestWindow, type QuotaWindow } from '../../parts/quota.ts';

export interface AccountRow {
  id: string;
  name: string;
  state: AccountState;
  cacheDomain: string | null;
  inFlight: number;
  currentLimit: number | null;
  weight: number;
  bindingCount: number;
  rateLimits: readonly QuotaWindow[];
}

export interface ProviderRows<Row extends AccountRow> {
  id: string;
  name: string;
  accounts: readonly Row[];
}

/** How much an account was used lately. */
export interface Use {
  total: number;
  failed: number;
  /** Read from prompt caches, 0 to 1. */
  hitRate: number;
}

export interface Wanted {
  state: AccountState | null;
  providerId: string | null;
  search: string;
  order: Order;
}

export const ORDERS = ['name', 'state', 'load', 'quota', 'use', 'bindings', 'weight'] as const;
export type Order = (typeof ORDERS)[number];

export function orderOf(value: string | null): Order {
  return ORDERS.find((one) => one === value) ?? 'name';
}

/** The groups with what is wanted of them. A provider without any such account shows only when nothing was asked for. */
export function shownGroups<Row extends AccountRow, Group extends ProviderRows<Row>>(
  groups: readonly (Group & ProviderRows<Row>)[],
  wanted: Wanted,
  useOf: (id: string) => Use | null,
): Group[] {
  const { state, providerId, search, order } = wanted;
  const text = search.trim().toLowerCase();
  const isFiltered = state !== null || text !== '';
  return groups
    .filter((group) => providerId === null || group.id === providerId)
    .map((group) => {
      const isNamed = text !== '' && group.name.toLowerCase().includes(text);
      const accounts = group.accounts
        .filter((account) => state === null || account.state === state)
        .filter((account) => text === '' || isNamed || isFound(account, text));
      return { ...group, accounts: accounts.toSorted(comparing(order, useOf)) };
    })
    .filter((group) => !isFiltered || group.accounts.length > 0);
}

/** Accounts by state, worst first, without states that nobody is in. */
export function stateCounts(
  groups: readonly ProviderRows<AccountRow>[],
): { state: AccountState; count: number }[] {
  const accounts = groups.flatMap((group) => group.accounts);
  return STATE_ORDER.map((state) => ({
    state,
    count: accounts.filter((account) => account.state === state).length,
  })).filter(({ count }) => count > 0);
}

/** How many accounts of one provider are in each of its cache domains: domains of one name at two providers are two. */
export function domainSizes(accounts: readonly Pick<AccountRow, 'cacheDomain'>[]): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { cacheDomain } of accounts) {
    if (cacheDomain !== null) sizes.set(cacheDomain, (sizes.get(cacheDomain) ?? 0) + 1);
  }
  return sizes;
}

/** Use of each account out of the two sums that the API gives. */
export function useByAccount(sums: {
  all: readonly { groupId: string | null; total: number; tokenCacheHitRate: number }[];
  failed: readonly { groupId: string | null; total: number }[];
}): Map<string, Use> {
  const failures = new Map(sums.failed.map(({ groupId, total }) => [groupId, total]));
  return new Map(
    sums.all.flatMap(({ groupId, total, tokenCacheHitRate }) =>
      groupId === null
        ? []
        : [[groupId, { total, failed: failures.get(groupId) ?? 0, hitRate: tokenCacheHitRate }] as const],
    ),
  );
}

function isFound({ name, cacheDomain }: AccountRow, text: string): boolean {
  return name.toLowerCase().includes(text) || (cacheDomain?.toLowerCase().includes(text) ?? false);
}

function comparing(order: Order, useOf: (id: string) => Use | null) {
  const figure = (row: AccountRow) => rankOf(row, order, useOf);
  return (one: AccountRow, other: AccountRow): number =>
    figure(other) - figure(one) || one.name.localeCompare(other.name);
}

/** The higher the nearer to the top; by name alone when all are equal. */
function rankOf(row: AccountRow, order: Order, useOf: (id: string) => Use | null): number {
  switch (order) {
    case 'name':
      return 0;
    case 'state':
      return -STATE_ORDER.indexOf(row.state);
    case 'load':
      return row.currentLimit ? row.inFlight / row.currentLimit : row.inFlight / 1e6;
    case 'quota':
      return fullestWindow(row.rateLimits)?.used ?? -1;
    case 'use':
      return useOf(row.id)?.total ?? 0;
    case 'bindings':
      return row.bindingCount;
    case 'weight':
      return row.weight;
    default:
      return order satisfies never;
  }
}

/** The end of a credential, marked as the end of something longer; one that is all hidden stays as it is. */
export function credentialEnd({ credentialLast4 }: { credentialLast4: string }): string {
  return credentialLast4.startsWith('•') ? credentialLast4 : `…${credentialLast4}`;
}
