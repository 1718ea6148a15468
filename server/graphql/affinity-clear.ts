// The administrator's ways to clear affinities: some, a user's, a provider's, an account's, a model's, all.

import { apiKeyIdOf, findApiKey } from './affinity-view.ts';
import { BY_OPERATOR, builder } from './builder.ts';
import { ClearPayload, clearBindings, MAX_CLEARED_KEYS, NOTHING_CLEARED } from './clear.ts';
import { rawId } from './global-id.ts';
import { identify, isOf } from './identifier.ts';
import { SurfaceRef } from './surface.ts';
import { failure, inputFailure, notFound, payload } from './user-error.ts';

builder.mutationFields((t) => ({
  clearAffinity: t.field({
    ...BY_OPERATOR,
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
    ...BY_OPERATOR,
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
        const whose = `of ${identity.kind === 'user' ? 'user' : 'API key'} "${identity.name}"`;
        return clearBindings(context, isOf(catalog.current, identity), whose);
      }),
  }),
  clearProviderAffinities: t.field({
    ...BY_OPERATOR,
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
  clearAccountAffinities: t.field({
    ...BY_OPERATOR,
    type: ClearPayload,
    description: 'Clears the affinities bound to an account.',
    args: { accountId: t.arg.id({ required: true }) },
    resolve: (_root, args, context) =>
      payload(NOTHING_CLEARED, async () => {
        const account = context.parts.catalog.current.accounts.get(rawId('Account', args.accountId));
        if (!account) throw notFound('the account', ['accountId']);
        const { id, name } = account;
        return clearBindings(context, (binding) => binding.accountId === id, `on account "${name}"`);
      }),
  }),
  clearModelAffinities: t.field({
    ...BY_OPERATOR,
    type: ClearPayload,
    description: 'Clears the affinities of a model.',
    args: { modelId: t.arg.id({ required: true }) },
    resolve: (_root, args, context) =>
      payload(NOTHING_CLEARED, async () => {
        const model = context.parts.catalog.current.models.get(rawId('Model', args.modelId));
        if (!model) throw notFound('the model', ['modelId']);
        const { id, name } = model;
        return clearBindings(context, (binding) => binding.modelId === id, `of ${name}`);
      }),
  }),
  clearAffinities: t.field({
    ...BY_OPERATOR,
    type: ClearPayload,
    description: 'Clears these affinities. Those that are gone already are none.',
    args: { ids: t.arg.idList({ required: true, description: `At most ${MAX_CLEARED_KEYS}.` }) },
    resolve: (_root, { ids }, context) =>
      payload(NOTHING_CLEARED, async () => {
        if (ids.length > MAX_CLEARED_KEYS)
          throw inputFailure(
            'invalid-value',
            `Cannot clear ${ids.length} affinities: at most ${MAX_CLEARED_KEYS} at once`,
            { path: ['ids'], problem: 'too-many', max: MAX_CLEARED_KEYS },
          );
        const keys = new Set(ids.map((id) => rawId('Affinity', id)));
        return clearBindings(context, (binding) => keys.has(binding.key), 'by id');
      }),
  }),
  clearAllAffinities: t.field({
    ...BY_OPERATOR,
    type: ClearPayload,
    description:
      'Clears every affinity, pinned ones too. Sessions go to any account next and pay for a cold prompt cache.',
    resolve: (_root, _args, context) =>
      payload(NOTHING_CLEARED, async () => clearBindings(context, () => true, 'of everybody')),
  }),
}));
