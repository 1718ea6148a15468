// The address of the Affinities screen ⇄ what the API is asked. Pure.

import {
  type BindingFilter,
  type BindingOrder,
  type BindingView,
  bindingOrderOf,
} from '../../lib/binding-events.ts';
import { SURFACES } from '../../lib/request-filter.ts';

export type Surface = (typeof SURFACES)[number];

/** What `affinityChanged` and `affinityHistory` are narrowed by. */
export interface ApiFilter extends BindingFilter {
  surface?: Surface;
}

export interface ListQuery extends BindingView {
  filter: ApiFilter;
}

export const TABS = ['bindings', 'events'] as const;
export type Tab = (typeof TABS)[number];

export const ORDERS: readonly BindingOrder[] = [
  'EXPIRES_AT_DESC',
  'EXPIRES_AT_ASC',
  'LAST_HIT_AT_DESC',
  'CREATED_AT_DESC',
  'REQUEST_COUNT_DESC',
  'WARM_TOKENS_DESC',
  'CACHE_READ_TOKENS_DESC',
  'USER_ASC',
  'API_KEY_ASC',
  'ACCOUNT_ASC',
  'MODEL_ASC',
];

/** Longest to live first: who has just been here is on top. */
export const FIRST_ORDER: BindingOrder = 'EXPIRES_AT_DESC';

const FILTER_PARAMS = [
  'q',
  'account',
  'provider',
  'model',
  'surface',
  'user',
  'key',
  'session',
  'pinned',
  'kind',
] as const;
export type FilterParam = (typeof FILTER_PARAMS)[number];

export const EVENT_KINDS = [
  'BOUND',
  'MOVED',
  'BORROWED',
  'EXPIRED',
  'CLEARED',
  'PINNED',
  'UNPINNED',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export function tabOf(params: URLSearchParams): Tab {
  return TABS.find((tab) => tab === params.get('tab')) ?? 'bindings';
}

/** Values that mean nothing are left out, as a hand-edited address may hold anything. */
export function listQueryOf(params: URLSearchParams): ListQuery {
  return {
    search: params.get('q'),
    filter: filterOf(params),
    orderBy: bindingOrderOf(params.get('order')) ?? FIRST_ORDER,
  };
}

function filterOf(params: URLSearchParams): ApiFilter {
  const surface = SURFACES.find((name) => name === params.get('surface'));
  const pinned = params.get('pinned');
  return {
    ...text('accountId', params.get('account')),
    ...text('providerId', params.get('provider')),
    ...text('modelId', params.get('model')),
    ...text('userId', params.get('user')),
    ...text('apiKeyId', params.get('key')),
    ...text('sessionId', params.get('session')),
    ...(surface ? { surface } : {}),
    ...(pinned === 'yes' || pinned === 'no' ? { pinned: pinned === 'yes' } : {}),
  };
}

/** What is told live: a pin that comes or goes is told whatever the list shows. */
export function eventFilterOf({ pinned: _pinned, ...filter }: ApiFilter): ApiFilter {
  return filter;
}

export function kindOf(params: URLSearchParams): EventKind | null {
  return EVENT_KINDS.find((kind) => kind === params.get('kind')) ?? null;
}

/** The filters that are set, in the order of the screen. */
export function activeFilters(params: URLSearchParams, tab: Tab): FilterParam[] {
  const names = FILTER_PARAMS.filter((name) =>
    tab === 'events' ? name !== 'q' && name !== 'pinned' : name !== 'kind',
  );
  return names.filter((name) => (params.get(name) ?? '') !== '');
}

/** Takes every filter off. */
export function noFilters(): Record<string, null> {
  return Object.fromEntries(FILTER_PARAMS.map((name) => [name, null]));
}

function text<Name extends string>(name: Name, value: string | null): { [K in Name]?: string } {
  return value === null || value === '' ? {} : ({ [name]: value } as { [K in Name]?: string });
}
