// The administrator's ways to have model names looked up anew: one name, a provider's mapping, all.

import { BY_OPERATOR, builder } from './builder.ts';
import { ClearPayload, MAX_CLEARED_KEYS, NOTHING_CLEARED, tellCleared } from './clear.ts';
import type { AdminContext } from './context.ts';
import { rawId } from './global-id.ts';
import { notFound, payload } from './user-error.ts';

builder.mutationFields((t) => ({
  clearModelMapping: t.field({
    ...BY_OPERATOR,
    type: ClearPayload,
    description: 'Forgets what one name stands for; the next request for it looks it up anew.',
    args: { name: t.arg.string({ required: true, description: 'As it was asked for; may have slashes.' }) },
    resolve: (_root, { name }, context) =>
      payload(NOTHING_CLEARED, async () =>
        told(context, context.parts.modelMappings.clearName(name), `of "${name.slice(0, 300)}"`),
      ),
  }),
  clearProviderModelMapping: t.field({
    ...BY_OPERATOR,
    type: ClearPayload,
    description: 'Forgets the mapping by which a provider was sent a model, with its count of attempts.',
    args: { providerId: t.arg.id({ required: true }), modelId: t.arg.id({ required: true }) },
    resolve: (_root, args, context) =>
      payload(NOTHING_CLEARED, async () => {
        const { catalog, modelMappings } = context.parts;
        const provider = catalog.current.providers.get(rawId('Provider', args.providerId));
        const model = catalog.current.models.get(rawId('Model', args.modelId));
        if (!provider) throw notFound('the provider', ['providerId']);
        if (!model) throw notFound('the model', ['modelId']);
        const keys = modelMappings.clearPair({ providerId: provider.id, modelId: model.id });
        return told(context, keys, `of ${model.name} at provider "${provider.name}"`);
      }),
  }),
  clearModelMappingCache: t.field({
    ...BY_OPERATOR,
    type: ClearPayload,
    description: 'Forgets every name and mapping of the model mapping cache. The mappings themselves stay.',
    resolve: (_root, _args, context) =>
      payload(NOTHING_CLEARED, async () =>
        told(context, context.parts.modelMappings.clearAll(), 'of all models'),
      ),
  }),
}));

/** `whose` completes "Cleared 3 model mapping entries …". */
function told(context: AdminContext, keys: readonly string[], whose: string) {
  const clearedCount = keys.length;
  const message = `Cleared ${clearedCount} model mapping ${clearedCount === 1 ? 'entry' : 'entries'} ${whose}`;
  tellCleared(context, { subject: 'model-mappings', clearedCount, message });
  return { clearedCount, message, clearedKeys: keys.slice(0, MAX_CLEARED_KEYS) };
}
