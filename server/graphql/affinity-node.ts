// One affinity: this session of this caller is warm on this account.

import { maskSecret } from '../auth/api-keys.ts';
import { affinityOf, stateOf } from './affinity-view.ts';
import { builder, VIEWER } from './builder.ts';
import { AccountRef, AffinityRef, ApiKeyRef, EndpointRef, ModelRef, ProviderRef, UserRef } from './refs.ts';
import { SurfaceRef } from './surface.ts';

const AffinityStateRef = builder.enumType('AffinityState', {
  description: "What is expected of the account's prompt cache.",
  values: {
    WARM: { value: 'warm', description: 'It was used within its lifetime, and tokens are in the cache.' },
    COLD: {
      value: 'cold',
      description:
        'Nothing is expected there: it was moved and not used since, is pinned and was not used for its lifetime, or no usage was reported.',
    },
  } as const,
});

builder.node(AffinityRef, {
  description: 'One stored fact: this session of this caller is warm on this account.',
  authScopes: VIEWER,
  id: { resolve: ({ binding }) => binding.key },
  loadOne: (key, { parts }) => {
    const binding = parts.affinity.get(key);
    return binding ? affinityOf(binding, parts.catalog.current) : null;
  },
  fields: (t) => ({
    affinityKey: t.string({
      description: 'Id of the API key as the database has it; `anonymous` = callers without one.',
      resolve: ({ apiKey }) => apiKey.id,
    }),
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
    accountPrefix: t.string({
      description: "The account's masked credential: first 4 and last 4 characters, dots when it is short.",
      resolve: ({ account }, _args, { parts }) => maskSecret(parts.catalog.current.credential(account.id)),
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
      description:
        'When it ends unless it is used before. A pinned one lives on, but counts as cold from then on.',
      resolve: ({ binding }) => binding.expiresAtMs,
    }),
    lastHitAt: t.field({
      type: 'DateTime',
      description: 'When it was last used.',
      resolve: ({ binding }) => binding.lastHitAtMs,
    }),
    pinned: t.boolean({
      description:
        'It neither expires nor moves by itself: see `pinAffinity`. Requests go to its account whenever there is room.',
      resolve: ({ binding }) => binding.isPinned,
    }),
    state: t.field({
      type: AffinityStateRef,
      description: 'Whether its prompt is expected to be in the prompt cache of its account now.',
      resolve: ({ binding }, _args, { parts }) => stateOf(binding, parts.clock.nowMs()),
    }),
    requestCount: t.int({
      description: 'Requests sent under it; 0 = it was moved here by an administrator and not used since.',
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
