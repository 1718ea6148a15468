// Affinities: which caller's session is warm on which account.

import type { Catalog } from '../gateway/catalog.ts';
import type { Binding } from '../gateway/ports.ts';
import { type Affinity, affinityOf, apiKeyIdOf } from './affinity-view.ts';
import { ADMIN, builder } from './builder.ts';
import { contains } from './catalog-rows.ts';
import type { AdminContext } from './context.ts';
import { decodeGlobalId, encodeGlobalId, rawId } from './global-id.ts';
import { identify } from './identifier.ts';
import { pageOf, type SortKey } from './page.ts';
import { pageArgs } from './page-args.ts';
import { AccountRef, AffinityRef, ApiKeyRef, EndpointRef, ModelRef, ProviderRef, UserRef } from './refs.ts';
import { SurfaceRef } from './surface.ts';

builder.node(AffinityRef, {
  description: 'One stored fact: this session of this caller is warm on this account.',
  authScopes: ADMIN,
  id: { resolve: ({ binding }) => binding.key },
  loadOne: (key, { parts }) => {
    const binding = parts.affinity.list().find((row) => row.key === key);
    return binding ? affinityOf(binding, parts.catalog.current) : null;
  },
  fields: (t) => ({
    apiKey: t.field({ type: ApiKeyRef, description: 'Who called.', resolve: ({ apiKey }) => apiKey }),
    apiKeyPrefix: t.string({
      description: 'The masked API key: first 4 and last 4 characters.',
      resolve: ({ apiKey }) => apiKey.masked,
    }),
    isStandalone: t.boolean({
      description: 'The API key belongs to no user.',
      resolve: ({ apiKey }) => apiKey.userId === null,
    }),
    user: t.field({
      type: UserRef,
      nullable: true,
      description: 'Whose API key it is.',
      resolve: ({ user }) => user,
    }),
    sessionId: t.string({
      nullable: true,
      description: "The client's session; null when it named none and the binding is per API key and model.",
      resolve: ({ binding }) => binding.sessionId,
    }),
    provider: t.field({
      type: ProviderRef,
      description: 'Where the session is warm.',
      resolve: ({ provider }) => provider,
    }),
    endpoint: t.field({
      type: EndpointRef,
      description: 'The endpoint last used.',
      resolve: ({ endpoint }) => endpoint,
    }),
    account: t.field({
      type: AccountRef,
      description: 'The account whose prompt cache is warm.',
      resolve: ({ account }) => account,
    }),
    rateMultiplier: t.float({
      description: "The account's factor on list prices.",
      resolve: ({ account }) => account.rateMultiplier,
    }),
    model: t.field({
      type: ModelRef,
      description: 'The model; prompt caches are per model.',
      resolve: ({ model }) => model,
    }),
    surface: t.field({
      type: SurfaceRef,
      description: 'The API dialect of the session.',
      resolve: ({ binding }) => binding.surface,
    }),
    createdAt: t.field({
      type: 'DateTime',
      description: 'When it was bound.',
      resolve: ({ binding }) => binding.createdAtMs,
    }),
    expiresAt: t.field({
      type: 'DateTime',
      description: 'When it ends unless it is used before.',
      resolve: ({ binding }) => binding.expiresAtMs,
    }),
    lastHitAt: t.field({
      type: 'DateTime',
      description: 'When it was last used.',
      resolve: ({ binding }) => binding.lastHitAtMs,
    }),
    requestCount: t.int({
      description: 'Requests sent under it.',
      resolve: ({ binding }) => binding.requestCount,
    }),
    warmTokens: t.field({
      type: 'Long',
      description: 'Input tokens expected to be in the prompt cache now.',
      resolve: ({ binding }) => binding.warmTokens,
    }),
    cacheReadTokens: t.field({
      type: 'Long',
      description: 'Tokens read from the prompt cache over its life.',
      resolve: ({ binding }) => binding.cacheReadTokens,
    }),
  }),
});

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
    apiKeyId: t.id({ description: 'Of this API key; `anonymous` = callers without one.' }),
    userId: t.id({ description: 'Of the API keys of this user.' }),
    providerId: t.id({ description: 'Bound at this provider.' }),
    accountId: t.id({ description: 'Bound to this account.' }),
    modelId: t.id({ description: 'Of this model.' }),
    surface: t.field({ type: SurfaceRef, description: 'Of this API dialect.' }),
    sessionId: t.string({ description: 'Of exactly this session.' }),
  }),
});

const AffinityOrder = builder.enumType('AffinityOrder', {
  description: 'Order of affinities.',
  values: {
    EXPIRES_AT_DESC: { value: 'expires-at', description: 'Longest to live first.' },
    LAST_HIT_AT_DESC: { value: 'last-hit-at', description: 'Last used first.' },
    CREATED_AT_DESC: { value: 'created-at', description: 'Last bound first.' },
    REQUEST_COUNT_DESC: { value: 'request-count', description: 'Most used first.' },
  } as const,
});

const SORT_KEYS: Record<
  'expires-at' | 'last-hit-at' | 'created-at' | 'request-count',
  (binding: Binding) => number
> = {
  'expires-at': ({ expiresAtMs }) => expiresAtMs,
  'last-hit-at': ({ lastHitAtMs }) => lastHitAtMs,
  'created-at': ({ createdAtMs }) => createdAtMs,
  'request-count': ({ requestCount }) => requestCount,
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
      const keyOf = ({ binding }: Affinity): SortKey => [-SORT_KEYS[order](binding), binding.key];
      const matchedUserId = matchedUser(context.parts.catalog.current, search ?? '');
      return { ...pageOf(rows, page, { order, keyOf }), matchedUserId };
    },
  }),
);

type AffinityFilterInput = typeof AffinityFilter.$inferInput;

/** Whether an affinity matches the filter; ids are decoded once. */
export function affinityMatcher(filter: AffinityFilterInput): (affinity: Affinity) => boolean {
  const wanted: [string, (affinity: Affinity) => string | null][] = [];
  if (filter.apiKeyId != null)
    wanted.push([rawId('ApiKey', filter.apiKeyId), ({ binding }) => apiKeyIdOf(binding)]);
  if (filter.userId != null) wanted.push([rawId('User', filter.userId), ({ user }) => user?.id ?? null]);
  if (filter.providerId != null)
    wanted.push([rawId('Provider', filter.providerId), ({ provider }) => provider.id]);
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
  const found: Affinity[] = [];
  for (const binding of parts.affinity.list()) {
    const affinity = affinityOf(binding, parts.catalog.current);
    if (affinity && matches(affinity) && contains(textsOf(affinity), part)) found.push(affinity);
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
