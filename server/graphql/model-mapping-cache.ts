// What model names stand for, as requests asked for them.

import type { Catalog } from '../gateway/catalog.ts';
import {
  type CachedName,
  type CachedPair,
  type MappingCacheContents,
  MODEL_MAPPING_TTL_MS,
  type NameStatus,
} from '../gateway/model-mapping-cache.ts';
import type { Model } from '../gateway/ports.ts';
import { badInput, builder, VIEWER } from './builder.ts';
import { share } from './desk.ts';
import { encodeGlobalId } from './global-id.ts';

const MAX_ROWS = 5_000;

/** The cache as it was at one moment, with the configuration that it agrees with. */
interface Shape {
  contents: MappingCacheContents;
  catalog: Catalog;
}

interface MappedName {
  entry: CachedName;
  model: Model;
  providers: string[];
  nowMs: number;
}

interface MappedPair {
  entry: CachedPair;
  model: Model;
  providerName: string;
  nowMs: number;
}

const SECONDS_LEFT = 'Seconds until it is looked up anew.';

const MappingItemRef = builder.objectRef<MappedName>('ModelMappingItem').implement({
  description:
    'A name that is not the model’s own, as a client asked for it: an alias, or a provider’s name for it.',
  authScopes: VIEWER,
  fields: (t) => ({
    mappingName: t.string({ description: 'As it was asked for.', resolve: ({ entry }) => entry.name }),
    globalModelName: t.string({
      description: 'The model it stands for.',
      resolve: ({ model }) => model.name,
    }),
    globalModelDisplayName: t.string({
      nullable: true,
      description: 'For people.',
      resolve: ({ model }) => model.displayName,
    }),
    providers: t.exposeStringList('providers', {
      description: 'Names of the providers whose mappings hold the name, sorted.',
    }),
    ttlSeconds: t.int({ description: SECONDS_LEFT, resolve: secondsLeft }),
    hits: t.int({ description: 'Lookups answered by the entry.', resolve: ({ entry }) => entry.hits }),
  }),
});

const UnmappedStatusRef = builder.enumType('UnmappedStatus', {
  description: 'Why no account serves a name.',
  values: {
    NOT_FOUND: { value: 'not-found', description: 'There is no such model, alias or provider’s name.' },
    INVALID: {
      value: 'invalid',
      description: 'It stands for a model that nothing serves: no mapping, no endpoint or no account.',
    },
    ERROR: { value: 'error', description: 'The lookup itself failed. It is tried again each time.' },
  } as const,
});

interface UnmappedName {
  entry: CachedName;
  status: Exclude<NameStatus, 'mapped'>;
  nowMs: number;
}

const UnmappedRef = builder.objectRef<UnmappedName>('UnmappedEntry').implement({
  description: 'A name that clients asked for and no account serves.',
  authScopes: VIEWER,
  fields: (t) => ({
    mappingName: t.string({ description: 'As it was asked for.', resolve: ({ entry }) => entry.name }),
    status: t.field({ type: UnmappedStatusRef, description: 'Why.', resolve: ({ status }) => status }),
    ttlSeconds: t.int({ description: SECONDS_LEFT, resolve: secondsLeft }),
    hits: t.int({
      description: 'Further requests for it since it was first asked for.',
      resolve: ({ entry }) => entry.hits,
    }),
  }),
});

const PairRef = builder.objectRef<MappedPair>('ProviderModelMapping').implement({
  description: 'A mapping by which requests for a model were sent to a provider.',
  authScopes: VIEWER,
  fields: (t) => ({
    providerId: t.id({
      description: 'Global id of the provider.',
      resolve: ({ entry }) => encodeGlobalId('Provider', entry.providerId),
    }),
    providerName: t.exposeString('providerName', { description: 'The provider.' }),
    globalModelId: t.id({
      description: 'Global id of the model.',
      resolve: ({ entry }) => encodeGlobalId('Model', entry.modelId),
    }),
    globalModelName: t.string({ description: 'The model.', resolve: ({ model }) => model.name }),
    globalModelDisplayName: t.string({
      nullable: true,
      description: 'For people.',
      resolve: ({ model }) => model.displayName,
    }),
    providerModelName: t.string({
      description: 'The name that the provider gets.',
      resolve: ({ entry }) => entry.upstreamModel,
    }),
    aliases: t.stringList({
      description: 'Further names that clients may use for the model.',
      resolve: ({ entry }) => [...entry.aliases],
    }),
    ttlSeconds: t.int({
      description: 'Seconds until it is forgotten unless it is used before.',
      resolve: secondsLeft,
    }),
    hitCount: t.int({ description: 'Attempts made by it.', resolve: ({ entry }) => entry.hits }),
  }),
});

interface Breakdown {
  modelByProviderGlobal: number;
  globalModelByName: number;
  globalModelResolve: number;
}

const BreakdownRef = builder.objectRef<Breakdown>('ModelMappingBreakdown').implement({
  description: 'Entries of the model mapping cache by kind.',
  authScopes: VIEWER,
  fields: (t) => ({
    modelById: t.int({
      description: 'Always 0: mappings are read from the configuration in memory, and not cached by id.',
      resolve: () => 0,
    }),
    modelByProviderGlobal: t.exposeInt('modelByProviderGlobal', {
      description: 'Mappings by provider and model.',
    }),
    globalModelById: t.int({
      description: 'Always 0: models are read from the configuration in memory, and not cached by id.',
      resolve: () => 0,
    }),
    globalModelByName: t.exposeInt('globalModelByName', {
      description: 'Names asked for that are the own name of a model.',
    }),
    globalModelResolve: t.exposeInt('globalModelResolve', {
      description: 'Other names asked for: aliases, providers’ names, and names that stand for nothing.',
    }),
  }),
});

const ModelMappingCacheRef = builder.objectRef<Shape>('ModelMappingCache').implement({
  description:
    'What model names stand for, as requests asked for them. Never stale: a change of the configuration drops what it resolves differently.',
  authScopes: VIEWER,
  fields: (t) => {
    const rowsArg = {
      first: t.arg.int({ defaultValue: MAX_ROWS, description: `Rows at most, 1 to ${MAX_ROWS}.` }),
    };
    return {
      available: t.boolean({ description: 'Always true: it is in memory.', resolve: () => true }),
      message: t.string({
        nullable: true,
        description: 'Why it is not available; null.',
        resolve: () => null,
      }),
      ttlSeconds: t.int({
        description:
          'Lifetime of an entry in seconds: of names since their lookup, of mappings since their last use.',
        resolve: () => MODEL_MAPPING_TTL_MS / 1000,
      }),
      totalKeys: t.int({
        description: 'Entries of all kinds.',
        resolve: ({ contents }) => contents.names.length + contents.pairs.length,
      }),
      breakdown: t.field({ type: BreakdownRef, description: 'The same by kind.', resolve: breakdownOf }),
      hits: t.field({
        type: 'Long',
        description: 'Lookups of names answered by an entry, since the start of this process.',
        resolve: ({ contents }) => contents.hits,
      }),
      misses: t.field({
        type: 'Long',
        description: 'Lookups that had no entry yet.',
        resolve: ({ contents }) => contents.misses,
      }),
      hitRate: t.float({
        description: 'Lookups answered by an entry, as a fraction 0 to 1.',
        resolve: ({ contents }) => share(contents.hits, contents.hits + contents.misses),
      }),
      invalidations: t.field({
        type: 'Long',
        description: 'Entries dropped because the configuration changed what they stand for.',
        resolve: ({ contents }) => contents.invalidations,
      }),
      mappings: t.field({
        type: [MappingItemRef],
        args: rowsArg,
        description: 'Names asked for that are not the own name of their model, by name.',
        resolve: (shape, { first }) => mappedNames(shape).slice(0, rows(first)),
      }),
      unmapped: t.field({
        type: [UnmappedRef],
        args: rowsArg,
        description: 'Names asked for that no account serves, by name.',
        resolve: (shape, { first }) => unmappedNames(shape).slice(0, rows(first)),
      }),
      providerModelMappings: t.field({
        type: [PairRef],
        args: rowsArg,
        description: 'Mappings by which requests were sent, by provider and model.',
        resolve: (shape, { first }) => mappedPairs(shape).slice(0, rows(first)),
      }),
    };
  },
});

builder.queryField('modelMappingCache', (t) =>
  t.field({
    type: ModelMappingCacheRef,
    description: 'What model names stand for, as requests asked for them.',
    resolve: (_root, _args, { parts }) => ({
      contents: parts.modelMappings.contents(),
      catalog: parts.catalog.current,
    }),
  }),
);

function rows(first: number | null | undefined): number {
  const count = first ?? MAX_ROWS;
  if (count >= 1 && count <= MAX_ROWS) return count;
  throw badInput(`Cannot list ${count} rows: first must be from 1 to ${MAX_ROWS}`);
}

function breakdownOf({ contents, catalog }: Shape): Breakdown {
  const { names, pairs } = contents;
  const own = names.filter((entry) => modelOf(entry, catalog)?.name === entry.name).length;
  return {
    modelByProviderGlobal: pairs.length,
    globalModelByName: own,
    globalModelResolve: names.length - own,
  };
}

function mappedNames({ contents, catalog }: Shape): MappedName[] {
  const { names, nowMs } = contents;
  const holders = providersByName(catalog);
  const found: MappedName[] = [];
  for (const entry of names) {
    const model = modelOf(entry, catalog);
    if (!model || entry.status !== 'mapped' || model.name === entry.name) continue;
    const providers = [...(holders.get(entry.name) ?? [])].sort(compare);
    found.push({ entry, model, providers, nowMs });
  }
  return found.sort((a, b) => compare(a.entry.name, b.entry.name));
}

function unmappedNames({ contents: { names, nowMs } }: Shape): UnmappedName[] {
  const found: UnmappedName[] = [];
  for (const entry of names) {
    const { status } = entry;
    if (status !== 'mapped') found.push({ entry, status, nowMs });
  }
  return found.sort((a, b) => compare(a.entry.name, b.entry.name));
}

function mappedPairs({ contents: { pairs, nowMs }, catalog }: Shape): MappedPair[] {
  const found: MappedPair[] = [];
  for (const entry of pairs) {
    const model = catalog.models.get(entry.modelId);
    const provider = catalog.providers.get(entry.providerId);
    if (model && provider) found.push({ entry, model, providerName: provider.name, nowMs });
  }
  return found.sort((a, b) => compare(a.providerName, b.providerName) || compare(a.model.name, b.model.name));
}

function modelOf({ modelId }: CachedName, { models }: Catalog): Model | null {
  return models.get(modelId ?? '') ?? null;
}

/** Alias or provider's name → the providers whose mappings hold it. */
function providersByName({ rows: { mappings }, providers }: Catalog): Map<string, Set<string>> {
  const holders = new Map<string, Set<string>>();
  for (const { providerId, upstreamModel, aliases } of mappings) {
    const provider = providers.get(providerId);
    if (!provider) continue;
    for (const name of [upstreamModel, ...aliases])
      holders.set(name, (holders.get(name) ?? new Set()).add(provider.name));
  }
  return holders;
}

function secondsLeft({ entry, nowMs }: { entry: { expiresAtMs: number }; nowMs: number }): number {
  return Math.max(0, Math.ceil((entry.expiresAtMs - nowMs) / 1000));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
