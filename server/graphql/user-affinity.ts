// Where one user, or one API key, is warm: over all endpoints.

import type { ApiKey, User } from '../gateway/ports.ts';
import { type Affinity, affinityOf, findApiKey } from './affinity-view.ts';
import { badInput, builder, VIEWER } from './builder.ts';
import type { AdminContext } from './context.ts';
import { identify, isOf } from './identifier.ts';
import { AffinityRef, ApiKeyRef, UserRef } from './refs.ts';

const MAX_ROWS = 1_000;

interface UserAffinities {
  user: User | null;
  apiKey: ApiKey | null;
  /** Longest to live first. */
  affinities: Affinity[];
}

const UserAffinitiesRef = builder.objectRef<UserAffinities>('UserAffinities').implement({
  description: 'The affinities of one user, or of one API key.',
  authScopes: VIEWER,
  fields: (t) => ({
    user: t.field({
      type: UserRef,
      nullable: true,
      description: 'Who was meant, or whose key; null for a key that belongs to no user.',
      resolve: ({ user }) => user,
    }),
    apiKey: t.field({
      type: ApiKeyRef,
      nullable: true,
      description: 'The API key that was meant; null when the identifier named a user.',
      resolve: ({ apiKey }) => apiKey,
    }),
    affinities: t.field({
      type: [AffinityRef],
      args: {
        first: t.arg.int({ defaultValue: MAX_ROWS, description: `Rows at most, 1 to ${MAX_ROWS}.` }),
      },
      description: 'On all endpoints, longest to live first. More than 1000: page through `affinities`.',
      resolve: ({ affinities }, { first }) => affinities.slice(0, rows(first)),
    }),
    totalCount: t.int({
      description: 'How many there are in all.',
      resolve: ({ affinities }) => affinities.length,
    }),
    totalEndpoints: t.int({
      description: 'On how many endpoints.',
      resolve: ({ affinities }) => new Set(affinities.map(({ endpoint }) => endpoint.id)).size,
    }),
  }),
});

builder.queryField('userAffinity', (t) =>
  t.field({
    type: UserAffinitiesRef,
    nullable: true,
    description: 'Where a user or an API key is warm; null when nobody goes by the identifier.',
    args: {
      identifier: t.arg.string({
        required: true,
        description: 'User id, user name, e-mail address or API key id, tried in this order.',
      }),
    },
    resolve: (_root, { identifier }, context) => userAffinities(identifier, context),
  }),
);

function userAffinities(identifier: string, { parts }: AdminContext): UserAffinities | null {
  const catalog = parts.catalog.current;
  const identity = identify(catalog, identifier);
  if (!identity) return null;
  const affinities = parts.affinity
    .list()
    .filter(isOf(catalog, identity))
    .flatMap((binding) => affinityOf(binding, catalog) ?? [])
    .sort((a, b) => b.binding.expiresAtMs - a.binding.expiresAtMs || compareKeys(a, b));
  return {
    user: catalog.users.get(identity.userId ?? '') ?? null,
    apiKey: identity.kind === 'api-key' ? (findApiKey(catalog, identity.apiKeyId) ?? null) : null,
    affinities,
  };
}

function compareKeys(a: Affinity, b: Affinity): number {
  return a.binding.key < b.binding.key ? -1 : 1;
}

function rows(first: number | null | undefined): number {
  const count = first ?? MAX_ROWS;
  if (count >= 1 && count <= MAX_ROWS) return count;
  throw badInput(`Cannot list ${count} affinities: first must be from 1 to ${MAX_ROWS}`);
}
