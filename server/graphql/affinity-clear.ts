// The administrator's ways to clear affinities: one, a user's, a provider's, all.

import type { Catalog } from '../gateway/catalog.ts';
import { apiKeyIdOf, findApiKey } from './affinity-view.ts';
import { builder } from './builder.ts';
import { ClearPayload, clearBindings, NOTHING_CLEARED } from './clear.ts';
import { rawId } from './global-id.ts';
import { type Identity, identify } from './identifier.ts';
import { SurfaceRef } from './surface.ts';
import { failure, notFound, payload } from './user-error.ts';

builder.mutationFields((t) => ({
  clearAffinity: t.field({
    type: ClearPayload,
    description:
      'Clears every session of one API key, endpoint, model and surface. Requests under way cannot bring them back.',
    args: {
      apiKeyId: t.arg.id({ required: true, description: '`anonymous` = callers without a key.' }),
      endpointId: t.arg.id({ required: true }),
      modelId: t.arg.id({ required: true }),
      surface: t.arg({ type: SurfaceRef, required: true }),
    },
    resolve: (_root, args, context) =>
      payload(NOTHING_CLEARED, async () => {
        const catalog = context.parts.catalog.current;
        const apiKey = findApiKey(catalog, rawId('ApiKey', args.apiKeyId));
        const endpoint = catalog.endpoints.get(rawId('Endpoint', args.endpointId));
        const model = catalog.models.get(rawId('Model', args.modelId));
        if (!apiKey) throw notFound('the API key', ['apiKeyId']);
        if (!endpoint) throw notFound('the endpoint', ['endpointId']);
        if (!model) throw notFound('the model', ['modelId']);
        return clearBindings(
          context,
          (binding) =>
            apiKeyIdOf(binding) === apiKey.id &&
            binding.endpointId === endpoint.id &&
            binding.modelId === model.id &&
            binding.surface === args.surface,
          `of API key "${apiKey.name}" for ${model.name} at "${endpoint.name}"`,
        );
      }),
  }),
  clearUserAffinities: t.field({
    type: ClearPayload,
    description: 'Clears the affinities of a user, or of one API key.',
    args: {
      identifier: t.arg.string({
        required: true,
        description:
          'User id, user name, e-mail address or API key id, tried in this order. A key id clears that key only.',
      }),
    },
    resolve: (_root, { identifier }, context) =>
      payload(NOTHING_CLEARED, async () => {
        const { catalog } = context.parts;
        const identity = identify(catalog.current, identifier);
        if (!identity)
          throw failure('not-found', `Cannot find "${identifier}": no user or API key goes by it`, [
            'identifier',
          ]);
        const keyIds = keyIdsOf(catalog.current, identity);
        const isTheirs = identity.kind === 'user' ? identity.userId : null;
        const whose = `of ${identity.kind === 'user' ? 'user' : 'API key'} "${identity.name}"`;
        return clearBindings(
          context,
          (binding) => keyIds.has(apiKeyIdOf(binding)) || (isTheirs !== null && binding.userId === isTheirs),
          whose,
        );
      }),
  }),
  clearProviderAffinities: t.field({
    type: ClearPayload,
    description: 'Clears the affinities bound at a provider.',
    args: { providerId: t.arg.id({ required: true }) },
    resolve: (_root, args, context) =>
      payload(NOTHING_CLEARED, async () => {
        const provider = context.parts.catalog.current.providers.get(rawId('Provider', args.providerId));
        if (!provider) throw notFound('the provider', ['providerId']);
        const { id, name } = provider;
        return clearBindings(context, (binding) => binding.providerId === id, `at provider "${name}"`);
      }),
  }),
  clearAllAffinities: t.field({
    type: ClearPayload,
    description: 'Clears every affinity. Sessions go to any account next and pay for a cold prompt cache.',
    resolve: (_root, _args, context) =>
      payload(NOTHING_CLEARED, async () => clearBindings(context, () => true, 'of everybody')),
  }),
}));

function keyIdsOf(catalog: Catalog, identity: Identity): Set<string> {
  if (identity.kind === 'api-key') return new Set([identity.apiKeyId]);
  return new Set(catalog.rows.apiKeys.filter(({ userId }) => userId === identity.userId).map(({ id }) => id));
}
