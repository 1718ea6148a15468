// What the Models screen asks the API.

import { graphql, type ResultOf } from '../../lib/graphql.ts';

const PRICE = graphql(`
  fragment ModelEffectivePrice on EffectivePrice {
    source version inputUsdPerMillion cacheReadUsdPerMillion cacheWrite5mUsdPerMillion cacheWrite1hUsdPerMillion outputUsdPerMillion
  }
`);

const MAPPING = graphql(
  `
  fragment CatalogueMapping on ModelMapping {
    id version upstreamModel aliases provider { id name } effectivePrice { ...ModelEffectivePrice }
  }
`,
  [PRICE],
);

const MODEL = graphql(
  `
  fragment CatalogueModel on Model {
    id version name displayName aliases routePolicy routeProfile accountNames
    price {
      inputUsdPerMillion cacheReadUsdPerMillion cacheWrite5mUsdPerMillion cacheWrite1hUsdPerMillion outputUsdPerMillion
      tiers {
        aboveInputTokens
        inputUsdPerMillion cacheReadUsdPerMillion cacheWrite5mUsdPerMillion cacheWrite1hUsdPerMillion outputUsdPerMillion
      }
    }
    effectivePrice { ...ModelEffectivePrice }
    mappings { ...CatalogueMapping }
  }
`,
  [PRICE, MAPPING],
);

export const CATALOGUE = graphql(
  `
  query ModelCatalogue($search: String, $providerId: ID, $unpriced: Boolean, $first: Int!, $after: String) {
    models(search: $search, providerId: $providerId, unpriced: $unpriced, first: $first, after: $after) {
      nodes { ...CatalogueModel }
      pageInfo { hasNextPage endCursor }
      totalCount
    }
  }
`,
  [MODEL],
);

export const MODEL_DETAIL = graphql(
  `
  query ModelDetail($id: ID!) {
    node(id: $id) { __typename ... on Model { ...CatalogueModel } }
  }
`,
  [MODEL],
);

/** What stands around the catalogue: what providers there are, and what is amiss. */
export const MODEL_SURROUNDINGS = graphql(`
  query ModelSurroundings {
    providers(first: 200) { nodes { id name } }
    unpriced: models(unpriced: true, first: 1) { totalCount }
    modelMappingCache { unmapped(first: 1000) { mappingName } }
    settings { routing { policy profile } }
  }
`);

export const PRICE_PREVIEW = graphql(
  `
  query ModelPricePreview($id: ID!, $inputTokens: Int!, $override: ModelPriceInput) {
    node(id: $id) {
      __typename
      ... on Model {
        now: effectivePrice(inputTokens: $inputTokens) { ...ModelEffectivePrice }
        then: effectivePrice(inputTokens: $inputTokens, override: $override) { ...ModelEffectivePrice }
        base: effectivePrice(override: $override) { ...ModelEffectivePrice }
        table: effectivePrice(override: null) { ...ModelEffectivePrice }
      }
    }
  }
`,
  [PRICE],
);

export const MAPPING_CACHE = graphql(`
  query ModelMappingCacheRows($first: Int!) {
    modelMappingCache {
      ttlSeconds totalKeys hits misses hitRate invalidations
      breakdown { modelByProviderGlobal globalModelByName globalModelResolve }
      mappings(first: $first) { mappingName globalModelName globalModelDisplayName providers ttlSeconds hits }
      unmapped(first: $first) { mappingName status ttlSeconds hits }
      providerModelMappings(first: $first) {
        providerId providerName globalModelId globalModelName globalModelDisplayName providerModelName aliases ttlSeconds hitCount
      }
    }
  }
`);

export const ALIAS_TARGETS = graphql(`
  query AliasTargets($search: String) {
    models(search: $search, first: 20) {
      nodes { id name displayName mappings { id version aliases upstreamModel provider { id name } } }
      totalCount
    }
  }
`);

export const ADD_MODEL = graphql(
  `
  mutation AddModel($input: CreateModelInput!) {
    createModel(input: $input) { model { ...CatalogueModel } errors { code message path problem min max detail } }
  }
`,
  [MODEL],
);

export const UPDATE_MODEL = graphql(
  `
  mutation UpdateModel($id: ID!, $input: UpdateModelInput!) {
    updateModel(id: $id, input: $input) { model { ...CatalogueModel } errors { code message path problem min max detail } }
  }
`,
  [MODEL],
);

export const REMOVE_MODEL = graphql(`
  mutation RemoveModel($id: ID!) {
    deleteModel(id: $id) { deletedId errors { code message path problem min max detail } }
  }
`);

export const ADD_MAPPING = graphql(
  `
  mutation AddModelMapping($input: CreateModelMappingInput!) {
    createModelMapping(input: $input) { modelMapping { ...CatalogueMapping } errors { code message path problem min max detail } }
  }
`,
  [MAPPING],
);

export const UPDATE_MAPPING = graphql(
  `
  mutation UpdateModelMapping($id: ID!, $input: UpdateModelMappingInput!) {
    updateModelMapping(id: $id, input: $input) { modelMapping { ...CatalogueMapping } errors { code message path problem min max detail } }
  }
`,
  [MAPPING],
);

export const REMOVE_MAPPING = graphql(`
  mutation RemoveModelMapping($id: ID!) {
    deleteModelMapping(id: $id) { deletedId errors { code message path problem min max detail } }
  }
`);

export const CLEAR_NAME = graphql(`
  mutation ClearModelMapping($name: String!) {
    clearModelMapping(name: $name) { clearedCount errors { code message path problem min max detail } }
  }
`);

export const CLEAR_PAIR = graphql(`
  mutation ClearProviderModelMapping($providerId: ID!, $modelId: ID!) {
    clearProviderModelMapping(providerId: $providerId, modelId: $modelId) { clearedCount errors { code message path problem min max detail } }
  }
`);

export const CLEAR_ALL = graphql(`
  mutation ClearModelMappingCache {
    clearModelMappingCache { clearedCount errors { code message path problem min max detail } }
  }
`);

export type Model = ResultOf<typeof MODEL>;
export type Mapping = ResultOf<typeof MAPPING>;
export type EffectivePrice = ResultOf<typeof PRICE>;
export type Surroundings = ResultOf<typeof MODEL_SURROUNDINGS>;
export type Provider = Surroundings['providers']['nodes'][number];
export type MappingCache = ResultOf<typeof MAPPING_CACHE>['modelMappingCache'];
export type CachedName = MappingCache['mappings'][number];
export type CachedPair = MappingCache['providerModelMappings'][number];
export type UnmappedName = MappingCache['unmapped'][number];
export type AliasTarget = ResultOf<typeof ALIAS_TARGETS>['models']['nodes'][number];
