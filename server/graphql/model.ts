// Models: the names that clients ask for, and their prices.

import { uuidv7 } from 'uuidv7';
import * as v from 'valibot';
import type { Catalog } from '../gateway/catalog.ts';
import { LIST } from '../gateway/input-faults.ts';
import type { Model, ModelPrice } from '../gateway/ports.ts';
import { ROUTE_POLICIES, ROUTE_PROFILES } from '../gateway/routing-settings.ts';
import { builder, VIEWER } from './builder.ts';
import { changed, contains, copyOf } from './catalog-rows.ts';
import { DeletePayload, deleteEntry } from './deletion.ts';
import { checkInput, decimal, nameField, optionalName, tooLong, wholeNumber } from './fields.ts';
import { rawId } from './global-id.ts';
import { isUnpriced, mappingsOf } from './model-prices.ts';
import { pageOf } from './page.ts';
import { pageArgs } from './page-args.ts';
import { ModelMappingRef, ModelRef } from './refs.ts';
import { RoutePolicyRef, RouteProfileRef } from './settings-enums.ts';
import { ERRORS, inputFailure, notFound, payload, type UserError, UserErrorRef } from './user-error.ts';
import { conflict, modelVersion, PRESENT, READ_VERSION, VERSION } from './version.ts';

export const PRICES = {
  inputUsdPerMillion: 'Fresh input; USD per million tokens.',
  outputUsdPerMillion: 'Output; USD per million tokens.',
  cacheReadUsdPerMillion: 'Input read from the prompt cache; USD per million tokens.',
  cacheWrite5mUsdPerMillion: 'Input written to the prompt cache for 5 minutes; USD per million tokens.',
  cacheWrite1hUsdPerMillion: 'Input written to the prompt cache for 1 hour; USD per million tokens.',
};

const ROUTE_POLICY = 'By what an account is chosen for it; null = as the routing settings say.';
const ROUTE_PROFILE = 'What a second of waiting is worth; null = as the routing settings say.';

const ABOVE = 'Whole requests with more input than this are priced by the tier.';

type PriceTier = ModelPrice['tiers'][number];

const ModelPriceTierRef = builder.objectRef<PriceTier>('ModelPriceTier').implement({
  description: 'Other prices for requests with much input; null = as below the tier.',
  authScopes: VIEWER,
  fields: (t) => ({
    aboveInputTokens: t.exposeInt('aboveInputTokens', { description: ABOVE }),
    inputUsdPerMillion: t.exposeFloat('inputUsdPerMillion', {
      nullable: true,
      description: PRICES.inputUsdPerMillion,
    }),
    outputUsdPerMillion: t.exposeFloat('outputUsdPerMillion', {
      nullable: true,
      description: PRICES.outputUsdPerMillion,
    }),
    cacheReadUsdPerMillion: t.exposeFloat('cacheReadUsdPerMillion', {
      nullable: true,
      description: PRICES.cacheReadUsdPerMillion,
    }),
    cacheWrite5mUsdPerMillion: t.exposeFloat('cacheWrite5mUsdPerMillion', {
      nullable: true,
      description: PRICES.cacheWrite5mUsdPerMillion,
    }),
    cacheWrite1hUsdPerMillion: t.exposeFloat('cacheWrite1hUsdPerMillion', {
      nullable: true,
      description: PRICES.cacheWrite1hUsdPerMillion,
    }),
  }),
});

const ModelPriceRef = builder.objectRef<ModelPrice>('ModelPrice').implement({
  description: 'A price list; null = not stated.',
  authScopes: VIEWER,
  fields: (t) => ({
    inputUsdPerMillion: t.exposeFloat('inputUsdPerMillion', {
      nullable: true,
      description: PRICES.inputUsdPerMillion,
    }),
    outputUsdPerMillion: t.exposeFloat('outputUsdPerMillion', {
      nullable: true,
      description: PRICES.outputUsdPerMillion,
    }),
    cacheReadUsdPerMillion: t.exposeFloat('cacheReadUsdPerMillion', {
      nullable: true,
      description: PRICES.cacheReadUsdPerMillion,
    }),
    cacheWrite5mUsdPerMillion: t.exposeFloat('cacheWrite5mUsdPerMillion', {
      nullable: true,
      description: PRICES.cacheWrite5mUsdPerMillion,
    }),
    cacheWrite1hUsdPerMillion: t.exposeFloat('cacheWrite1hUsdPerMillion', {
      nullable: true,
      description: PRICES.cacheWrite1hUsdPerMillion,
    }),
    tiers: t.field({
      type: [ModelPriceTierRef],
      description: 'Other prices for requests with much input; the highest one exceeded counts.',
      resolve: ({ tiers }) => tiers,
    }),
  }),
});

builder.node(ModelRef, {
  description: 'A name that clients ask for.',
  authScopes: VIEWER,
  id: { resolve: ({ id }) => id },
  loadOne: (id, { parts }) => copyOf(parts.catalog.current.models.get(id)),
  fields: (t) => ({
    version: t.string({ description: VERSION, resolve: modelVersion }),
    name: t.exposeString('name', { description: 'Exactly as clients write it; unique.' }),
    displayName: t.exposeString('displayName', { nullable: true, description: 'For people.' }),
    price: t.field({
      type: ModelPriceRef,
      nullable: true,
      description: 'Overrides the bundled price table; null = the table is used.',
      resolve: ({ price }) => price,
    }),
    routePolicy: t.field({
      type: RoutePolicyRef,
      nullable: true,
      description: ROUTE_POLICY,
      resolve: ({ routePolicy }) => routePolicy,
    }),
    routeProfile: t.field({
      type: RouteProfileRef,
      nullable: true,
      description: ROUTE_PROFILE,
      resolve: ({ routeProfile }) => routeProfile,
    }),
    aliases: t.stringList({
      description: 'Other names under which clients may ask for it, from all its mappings.',
      resolve: ({ id }, _args, { parts }) => aliasesOf(parts.catalog.current, id),
    }),
    mappings: t.field({
      type: [ModelMappingRef],
      description: 'Which providers serve it, and under what name.',
      resolve: ({ id }, _args, { parts }) => mappingsOf(parts.catalog.current, id),
    }),
  }),
});

const ModelConnection = builder.connectionObject({ type: ModelRef, name: 'ModelConnection' });

interface ModelShape {
  model: Model | null;
}

const ModelPayload = builder.objectRef<ModelShape & { errors: UserError[] }>('ModelPayload').implement({
  description: 'Result of creating or changing a model.',
  authScopes: VIEWER,
  fields: (t) => ({
    model: t.field({
      type: ModelRef,
      nullable: true,
      description: PRESENT,
      resolve: ({ model }) => model,
    }),
    errors: t.field({ type: [UserErrorRef], description: ERRORS, resolve: ({ errors }) => errors }),
  }),
});

const ModelPriceTierInput = builder.inputType('ModelPriceTierInput', {
  description: 'Other prices for requests with much input; what is absent or null is as below the tier.',
  fields: (t) => ({
    aboveInputTokens: t.int({ required: true, description: ABOVE }),
    inputUsdPerMillion: t.float({ description: PRICES.inputUsdPerMillion }),
    outputUsdPerMillion: t.float({ description: PRICES.outputUsdPerMillion }),
    cacheReadUsdPerMillion: t.float({ description: PRICES.cacheReadUsdPerMillion }),
    cacheWrite5mUsdPerMillion: t.float({ description: PRICES.cacheWrite5mUsdPerMillion }),
    cacheWrite1hUsdPerMillion: t.float({ description: PRICES.cacheWrite1hUsdPerMillion }),
  }),
});

export const ModelPriceInput = builder.inputType('ModelPriceInput', {
  description: 'A price list, replaced whole; what is absent or null is not stated.',
  fields: (t) => ({
    inputUsdPerMillion: t.float({ description: PRICES.inputUsdPerMillion }),
    outputUsdPerMillion: t.float({ description: PRICES.outputUsdPerMillion }),
    cacheReadUsdPerMillion: t.float({ description: PRICES.cacheReadUsdPerMillion }),
    cacheWrite5mUsdPerMillion: t.float({ description: PRICES.cacheWrite5mUsdPerMillion }),
    cacheWrite1hUsdPerMillion: t.float({ description: PRICES.cacheWrite1hUsdPerMillion }),
    tiers: t.field({ type: [ModelPriceTierInput], description: 'At most 10.' }),
  }),
});

const CreateModelInput = builder.inputType('CreateModelInput', {
  description: 'A new model.',
  fields: (t) => ({
    name: t.string({
      required: true,
      description: 'Exactly as clients write it; unique among model names and aliases.',
    }),
    displayName: t.string({ description: 'For people.' }),
    price: t.field({ type: ModelPriceInput, description: 'Overrides the bundled price table.' }),
    routePolicy: t.field({ type: RoutePolicyRef, description: ROUTE_POLICY }),
    routeProfile: t.field({ type: RouteProfileRef, description: ROUTE_PROFILE }),
  }),
});

const UpdateModelInput = builder.inputType('UpdateModelInput', {
  description:
    'Changes of a model; what is absent stays, null clears displayName, price, routePolicy and routeProfile.',
  fields: (t) => ({
    version: t.string({ description: READ_VERSION }),
    name: t.string({ description: 'Exactly as clients write it; unique among model names and aliases.' }),
    displayName: t.string({ description: 'For people.' }),
    price: t.field({ type: ModelPriceInput, description: 'Overrides the bundled price table.' }),
    routePolicy: t.field({ type: RoutePolicyRef, description: ROUTE_POLICY }),
    routeProfile: t.field({ type: RouteProfileRef, description: ROUTE_PROFILE }),
  }),
});

const usdPerMillion = v.optional(v.nullable(decimal(0, 1e9)), null);

const tokenPrices = {
  inputUsdPerMillion: usdPerMillion,
  outputUsdPerMillion: usdPerMillion,
  cacheReadUsdPerMillion: usdPerMillion,
  cacheWrite5mUsdPerMillion: usdPerMillion,
  cacheWrite1hUsdPerMillion: usdPerMillion,
};
const tiers = v.pipe(
  v.array(v.object({ aboveInputTokens: wholeNumber(1, 1_000_000_000), ...tokenPrices }), LIST),
  v.maxLength(10, tooLong(10, 'entries')),
);

/** What `ModelPriceInput` must hold. */
export const priceField = v.nullable(
  v.object({
    ...tokenPrices,
    tiers: v.optional(
      v.pipe(
        v.nullable(tiers),
        v.transform((list) => list ?? []),
      ),
      null,
    ),
  }),
);

const modelFields = v.object({
  name: nameField,
  displayName: optionalName,
  routePolicy: v.nullable(v.picklist(ROUTE_POLICIES)),
  routeProfile: v.nullable(v.picklist(ROUTE_PROFILES)),
  price: priceField,
});

builder.queryField('models', (t) =>
  t.field({
    type: ModelConnection,
    description: 'Models by name.',
    args: {
      search: t.arg.string({
        description:
          'Part of the name, display name, an alias or a provider’s name for it, whatever the case.',
      }),
      providerId: t.arg.id({ description: 'Only those that this provider serves.' }),
      unpriced: t.arg.boolean({
        description:
          'True: only those that some provider serves without a price; false: only those with a price everywhere.',
      }),
      ...pageArgs(t),
    },
    resolve: (_root, { search, providerId, unpriced, ...page }, { parts }) => {
      const catalog = parts.catalog.current;
      const provider = providerId == null ? null : rawId('Provider', providerId);
      const rows = catalog.rows.models.filter((model) => {
        const mappings = mappingsOf(catalog, model.id);
        const names = mappings.flatMap(({ upstreamModel, aliases }) => [upstreamModel, ...aliases]);
        return (
          contains([model.name, model.displayName, ...names], search ?? '') &&
          (provider === null || mappings.some((mapping) => mapping.providerId === provider)) &&
          (unpriced == null || unpriced === isUnpriced(catalog, model))
        );
      });
      return pageOf(rows, page, { order: 'name', keyOf: ({ name, id }) => [name.toLowerCase(), id] });
    },
  }),
);

builder.mutationFields((t) => ({
  createModel: t.field({
    type: ModelPayload,
    description: 'Adds a model. It can be asked for once a provider maps it.',
    args: { input: t.arg({ type: CreateModelInput, required: true }) },
    resolve: (_root, { input }, { desk }) =>
      payload<ModelShape>({ model: null }, () =>
        desk.edit((catalog) => {
          const values = {
            ...input,
            displayName: input.displayName ?? null,
            price: input.price ?? null,
            routePolicy: input.routePolicy ?? null,
            routeProfile: input.routeProfile ?? null,
          };
          return putModel(catalog, { id: uuidv7(), ...checkInput(modelFields, values) });
        }),
      ),
  }),
  updateModel: t.field({
    type: ModelPayload,
    description: 'Changes a model.',
    args: { id: t.arg.id({ required: true }), input: t.arg({ type: UpdateModelInput, required: true }) },
    resolve: (_root, { id, input }, { desk }) =>
      payload<ModelShape>({ model: null }, () =>
        desk.edit((catalog) => {
          const model = catalog.models.get(rawId('Model', id));
          if (!model) throw notFound('the model', ['id']);
          const found = {
            what: `the model "${model.name}"`,
            version: modelVersion(model),
            given: input.version,
          };
          return (
            conflict(found, { model }) ??
            putModel(catalog, changed(model, checkInput(v.partial(modelFields), input)))
          );
        }),
      ),
  }),
  deleteModel: t.field({
    type: DeletePayload,
    description: 'Removes a model with its mappings, and forgets the affinities of it.',
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, args, context) =>
      deleteEntry(context, { typename: 'Model', code: 'model-deleted' }, (catalog) => {
        const id = rawId('Model', args.id);
        if (!catalog.models.has(id)) throw notFound('the model', ['id']);
        return {
          id,
          changes: [{ kind: 'delete', table: 'model', id }],
          names: (binding) => binding.modelId === id,
        };
      }),
  }),
}));

function putModel(catalog: Catalog, row: Model) {
  const { id } = row;
  const isTaken =
    catalog.rows.models.some((other) => other.id !== id && other.name === row.name) ||
    catalog.rows.mappings.some((mapping) => mapping.modelId !== id && mapping.aliases.includes(row.name));
  if (isTaken)
    throw inputFailure('name-taken', `Cannot name the model "${row.name}": another model answers to it`, {
      path: ['input', 'name'],
      problem: 'answered-by-another',
    });
  return { changes: [{ kind: 'put-model' as const, row }], result: () => ({ model: row }) };
}

function aliasesOf(catalog: Catalog, modelId: string): string[] {
  return [...new Set(mappingsOf(catalog, modelId).flatMap((mapping) => mapping.aliases))].sort();
}
