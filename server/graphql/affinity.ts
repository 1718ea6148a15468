// The list of affinities: filters, search and orders.

import type { Catalog } from '../gateway/catalog.ts';
import { type Affinity, affinityOf, apiKeyIdOf } from './affinity-view.ts';
import { builder } from './builder.ts';
import { contains } from './catalog-rows.ts';
import type { AdminContext } from './context.ts';
import { decodeGlobalId, encodeGlobalId, rawId } from './global-id.ts';
import { identify } from './identifier.ts';
import { pageOf, type SortKey } from './page.ts';
import { pageArgs } from './page-args.ts';
import { AffinityRef } from './refs.ts';
import { SurfaceRef } from './surface.ts';

const AffinityConnection = builder.connectionObject({
  type: AffinityRef,
  name: 'AffinityConnection',
  fields: (t) => ({
    matchedUserId: t.id({
      nullable: true,
      description: 'Global id of the one user that `search` means; null when it means nobody or several.',
      resolve: (page) =>
        'matchedUserId' in page && typeof page.matchedUserId === 'string' ? page.matchedUserId : null,
    }),
  }),
});

export const AffinityFilter = builder.inputType('AffinityFilter', {
  description: 'Every given field must match.',
  fields: (t) => ({
    id: t.id({ description: 'Exactly this one.' }),
    apiKeyId: t.id({ description: 'Of this API key; `anonymous` = callers without one.' }),
    userId: t.id({ description: 'Of the API keys of this user.' }),
    providerId: t.id({ description: 'Bound at this provider.' }),
    endpointId: t.id({ description: 'Whose last request went to this endpoint.' }),
    accountId: t.id({ description: 'Bound to this account.' }),
    modelId: t.id({ description: 'Of this model.' }),
    surface: t.field({ type: SurfaceRef, description: 'Of this API dialect.' }),
    sessionId: t.string({ description: 'Of exactly this session.' }),
    pinned: t.boolean({ description: 'Pinned, or not pinned.' }),
  }),
});

const AffinityOrder = builder.enumType('AffinityOrder', {
  description: 'Order of affinities.',
  values: {
    EXPIRES_AT_DESC: { value: 'expires-at', description: 'Longest to live first.' },
    EXPIRES_AT_ASC: { value: 'expires-at-asc', description: 'Shortest to live first.' },
    LAST_HIT_AT_DESC: { value: 'last-hit-at', description: 'Last used first.' },
    CREATED_AT_DESC: { value: 'created-at', description: 'Last bound first.' },
    REQUEST_COUNT_DESC: { value: 'request-count', description: 'Most used first.' },
    WARM_TOKENS_DESC: {
      value: 'warm-tokens',
      description: 'Most tokens expected in the prompt cache first.',
    },
    CACHE_READ_TOKENS_DESC: {
      value: 'cache-read-tokens',
      description: 'Most tokens read from the prompt cache first.',
    },
    USER_ASC: { value: 'user', description: 'By user name; those of no user last.' },
    API_KEY_ASC: { value: 'api-key', description: 'By the name of the API key.' },
    ACCOUNT_ASC: { value: 'account', description: 'By provider and account.' },
    MODEL_ASC: { value: 'model', description: 'By the name of the model.' },
  } as const,
});

type Order = typeof AffinityOrder.$inferInput;

const SORT_KEYS: Readonly<Record<Order, (affinity: Affinity) => string | number>> = {
  'expires-at': ({ binding }) => -binding.expiresAtMs,
  'expires-at-asc': ({ binding }) => binding.expiresAtMs,
  'last-hit-at': ({ binding }) => -binding.lastHitAtMs,
  'created-at': ({ binding }) => -binding.createdAtMs,
  'request-count': ({ binding }) => -binding.requestCount,
  'warm-tokens': ({ binding }) => -binding.warmTokens,
  'cache-read-tokens': ({ binding }) => -binding.cacheReadTokens,
  // Those of no user last: no name sorts behind this.
  user: ({ user }) => user?.username.toLowerCase() ?? '\uffff',
  'api-key': ({ apiKey }) => apiKey.name.toLowerCase(),
  account: ({ provider, account }) => `${provider.name} ${account.name}`.toLowerCase(),
  model: ({ model }) => model.name.toLowerCase(),
};

builder.queryField('affinities', (t) =>
  t.field({
    type: AffinityConnection,
    description: 'Live affinities.',
    args: {
      search: t.arg.string({
        description:
          'Part of the user name, e-mail address, API key name, provider, account, model, session id or of an id, whatever the case.',
      }),
      filter: t.arg({ type: AffinityFilter }),
      orderBy: t.arg({ type: AffinityOrder, defaultValue: 'expires-at' }),
      ...pageArgs(t),
    },
    resolve: (_root, { search, filter, orderBy, ...page }, context) => {
      const order = orderBy ?? 'expires-at';
      const rows = findAffinities(context, { search: search ?? '', matches: affinityMatcher(filter ?? {}) });
      const keyOf = (row: Affinity): SortKey => [SORT_KEYS[order](row), row.binding.key];
      const matchedUserId = matchedUser(context.parts.catalog.current, search ?? '');
      return { ...pageOf(rows, page, { order, keyOf }), matchedUserId };
    },
  }),
);

export type AffinityFilterInput = typeof AffinityFilter.$inferInput;

/** Whether an affinity matches the filter; ids are decoded once. */
export function affinityMatcher(filter: AffinityFilterInput): (affinity: Affinity) => boolean {
  const wanted: [string | boolean, (affinity: Affinity) => string | boolean | null][] = [];
  if (filter.id != null) wanted.push([rawId('Affinity', filter.id), ({ binding }) => binding.key]);
  if (filter.apiKeyId != null)
    wanted.push([rawId('ApiKey', filter.apiKeyId), ({ binding }) => apiKeyIdOf(binding)]);
  if (filter.userId != null) wanted.push([rawId('User', filter.userId), ({ user }) => user?.id ?? null]);
  if (filter.providerId != null)
    wanted.push([rawId('Provider', filter.providerId), ({ provider }) => provider.id]);
  if (filter.endpointId != null)
    wanted.push([rawId('Endpoint', filter.endpointId), ({ endpoint }) => endpoint.id]);
  if (filter.pinned != null) wanted.push([filter.pinned, ({ binding }) => binding.isPinned]);
  if (filter.accountId != null)
    wanted.push([rawId('Account', filter.accountId), ({ account }) => account.id]);
  if (filter.modelId != null) wanted.push([rawId('Model', filter.modelId), ({ model }) => model.id]);
  if (filter.surface != null) wanted.push([filter.surface, ({ binding }) => binding.surface]);
  if (filter.sessionId != null) wanted.push([filter.sessionId, ({ binding }) => binding.sessionId]);
  return (affinity) => wanted.every(([value, read]) => read(affinity) === value);
}

function findAffinities(
  { parts }: AdminContext,
  { search, matches }: { search: string; matches: (affinity: Affinity) => boolean },
): Affinity[] {
  const part = decodeGlobalId(search.trim())?.id ?? search;
  const isSearch = part.trim() !== '';
  const found: Affinity[] = [];
  for (const binding of parts.affinity.list()) {
    const affinity = affinityOf(binding, parts.catalog.current);
    if (!affinity || !matches(affinity)) continue;
    if (!isSearch || contains(textsOf(affinity), part)) found.push(affinity);
  }
  return found;
}

function textsOf({ binding, apiKey, user, provider, account, model }: Affinity) {
  return [
    user?.username,
    user?.email,
    user?.id,
    apiKey.id,
    apiKey.name,
    provider.id,
    provider.name,
    account.id,
    account.name,
    model.id,
    model.name,
    model.displayName,
    binding.sessionId,
    binding.key,
  ];
}

/** The user that the search names outright, else the only one whose name, address or id contains it. */
function matchedUser(catalog: Catalog, search: string): string | null {
  if (search.trim() === '') return null;
  const named = identify(catalog, search);
  if (named) return named.userId === null ? null : encodeGlobalId('User', named.userId);
  const users = catalog.rows.users.filter(({ id, username, email }) =>
    contains([id, username, email], search),
  );
  const [only] = users;
  return only && users.length === 1 ? encodeGlobalId('User', only.id) : null;
}
