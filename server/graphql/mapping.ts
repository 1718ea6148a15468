// Model mappings: under what name a provider knows a model, and other names for clients.

import { uuidv7 } from 'uuidv7';
import * as v from 'valibot';
import type { Catalog } from '../gateway/catalog.ts';
import type { ModelMapping } from '../gateway/ports.ts';
import { builder, VIEWER } from './builder.ts';
import { changed, copyOf, mustFind } from './catalog-rows.ts';
import { DeletePayload, deleteEntry } from './deletion.ts';
import { aliasesField, checkInput, nameField } from './fields.ts';
import { rawId } from './global-id.ts';
import { ModelMappingRef, ModelRef, ProviderRef } from './refs.ts';
import { ERRORS, inputFailure, notFound, payload, type UserError, UserErrorRef } from './user-error.ts';
import { conflict, mappingVersion, PRESENT, READ_VERSION, VERSION } from './version.ts';

builder.node(ModelMappingRef, {
  description: 'Rule between a model and the name a provider knows it by.',
  authScopes: VIEWER,
  id: { resolve: ({ id }) => id },
  loadOne: (id, { parts }) => copyOf(parts.catalog.current.mappings.get(id)),
  fields: (t) => ({
    version: t.string({ description: VERSION, resolve: mappingVersion }),
    provider: t.field({
      type: ProviderRef,
      description: 'Who serves the model.',
      resolve: ({ providerId }, _args, { parts }) =>
        mustFind(parts.catalog.current.providers.get(providerId), 'the provider'),
    }),
    model: t.field({
      type: ModelRef,
      description: 'What clients ask for.',
      resolve: ({ modelId }, _args, { parts }) =>
        mustFind(parts.catalog.current.models.get(modelId), 'the model'),
    }),
    upstreamModel: t.exposeString('upstreamModel', { description: 'The name that is sent to the provider.' }),
    aliases: t.exposeStringList('aliases', {
      description: 'Other names under which clients may ask for the model.',
    }),
  }),
});

interface MappingShape {
  modelMapping: ModelMapping | null;
}

const ModelMappingPayload = builder
  .objectRef<MappingShape & { errors: UserError[] }>('ModelMappingPayload')
  .implement({
    description: 'Result of creating or changing a model mapping.',
    authScopes: VIEWER,
    fields: (t) => ({
      modelMapping: t.field({
        type: ModelMappingRef,
        nullable: true,
        description: PRESENT,
        resolve: ({ modelMapping }) => modelMapping,
      }),
      errors: t.field({ type: [UserErrorRef], description: ERRORS, resolve: ({ errors }) => errors }),
    }),
  });

const CreateModelMappingInput = builder.inputType('CreateModelMappingInput', {
  description: 'A new mapping; one per provider and model.',
  fields: (t) => ({
    providerId: t.id({ required: true, description: 'Who serves the model.' }),
    modelId: t.id({ required: true, description: 'What clients ask for.' }),
    upstreamModel: t.string({ required: true, description: 'The name that is sent to the provider.' }),
    aliases: t.stringList({ description: 'Other names under which clients may ask for the model.' }),
  }),
});

const UpdateModelMappingInput = builder.inputType('UpdateModelMappingInput', {
  description: 'Changes of a mapping; what is absent stays.',
  fields: (t) => ({
    version: t.string({ description: READ_VERSION }),
    upstreamModel: t.string({ description: 'The name that is sent to the provider.' }),
    aliases: t.stringList({
      description: 'Other names under which clients may ask for the model; replaced whole.',
    }),
  }),
});

const mappingFields = v.object({ upstreamModel: nameField, aliases: aliasesField });

builder.mutationFields((t) => ({
  createModelMapping: t.field({
    type: ModelMappingPayload,
    description: 'Lets a provider serve a model.',
    args: { input: t.arg({ type: CreateModelMappingInput, required: true }) },
    resolve: (_root, { input }, { desk }) =>
      payload<MappingShape>({ modelMapping: null }, () =>
        desk.edit((catalog) => {
          const ends = findEnds(catalog, input);
          const fields = checkInput(mappingFields, { ...input, aliases: input.aliases ?? [] });
          return putMapping(catalog, { id: uuidv7(), ...ends, ...fields });
        }),
      ),
  }),
  updateModelMapping: t.field({
    type: ModelMappingPayload,
    description: 'Changes a mapping.',
    args: {
      id: t.arg.id({ required: true }),
      input: t.arg({ type: UpdateModelMappingInput, required: true }),
    },
    resolve: (_root, { id, input }, { desk }) =>
      payload<MappingShape>({ modelMapping: null }, () =>
        desk.edit((catalog) => {
          const mapping = catalog.mappings.get(rawId('ModelMapping', id));
          if (!mapping) throw notFound('the model mapping', ['id']);
          const found = {
            what: `the mapping to "${mapping.upstreamModel}"`,
            version: mappingVersion(mapping),
            given: input.version,
          };
          return (
            conflict(found, { modelMapping: mapping }) ??
            putMapping(catalog, changed(mapping, checkInput(v.partial(mappingFields), input)))
          );
        }),
      ),
  }),
  deleteModelMapping: t.field({
    type: DeletePayload,
    description: 'Stops a provider from serving a model, and forgets the affinities bound by it.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, args, context) =>
      deleteEntry(context, { typename: 'ModelMapping', code: 'mapping-deleted' }, (catalog) => {
        const mapping = catalog.mappings.get(rawId('ModelMapping', args.id));
        if (!mapping) throw notFound('the model mapping', ['id']);
        const { id, providerId, modelId } = mapping;
        return {
          id,
          changes: [{ kind: 'delete', table: 'mapping', id }],
          names: (binding) => binding.providerId === providerId && binding.modelId === modelId,
        };
      }),
  }),
}));

function findEnds(catalog: Catalog, input: typeof CreateModelMappingInput.$inferInput) {
  const providerId = rawId('Provider', input.providerId);
  const modelId = rawId('Model', input.modelId);
  if (!catalog.providers.has(providerId)) throw notFound('the provider', ['input', 'providerId']);
  if (!catalog.models.has(modelId)) throw notFound('the model', ['input', 'modelId']);
  return { providerId, modelId };
}

function putMapping(catalog: Catalog, row: ModelMapping) {
  const { id, providerId, modelId } = row;
  const isMapped = catalog.rows.mappings.some(
    (other) => other.id !== id && other.providerId === providerId && other.modelId === modelId,
  );
  if (isMapped)
    throw inputFailure('name-taken', 'Cannot map the model: the provider has a mapping of it', {
      path: ['input', 'modelId'],
      problem: 'already-mapped',
    });
  const alias = row.aliases.find((name) => isNameOfAnother(catalog, name, modelId));
  if (alias !== undefined)
    throw inputFailure('name-taken', `Cannot use alias "${alias}": another model answers to it`, {
      path: ['input', 'aliases'],
      problem: 'answered-by-another',
      detail: alias,
    });
  return { changes: [{ kind: 'put-mapping' as const, row }], result: () => ({ modelMapping: row }) };
}

function isNameOfAnother(catalog: Catalog, name: string, modelId: string): boolean {
  return (
    catalog.rows.models.some((model) => model.id !== modelId && model.name === name) ||
    catalog.rows.mappings.some((mapping) => mapping.modelId !== modelId && mapping.aliases.includes(name))
  );
}
