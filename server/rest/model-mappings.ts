// The cache of model names, as Aether's cache monitoring shows and clears it.

import * as v from 'valibot';
import { type Ask, type Cleared, cleared, type Route, refuseErrors } from './route.ts';

const CACHE = '/api/admin/monitoring/cache/model-mapping';

const STATS = `{
  modelMappingCache {
    available message ttlSeconds totalKeys
    breakdown { modelById modelByProviderGlobal globalModelById globalModelByName globalModelResolve }
    mappings { mappingName globalModelName globalModelDisplayName providers ttlSeconds }
    unmapped { mappingName status ttlSeconds }
    providerModelMappings {
      providerId providerName globalModelId globalModelName globalModelDisplayName providerModelName aliases ttlSeconds
      hitCount
    }
  }
}`;

const text = v.nullable(v.string());
const seconds = v.nullable(v.number());

const stats = v.object({
  modelMappingCache: v.object({
    available: v.boolean(),
    message: text,
    ttlSeconds: v.number(),
    totalKeys: v.number(),
    breakdown: v.object({
      modelById: v.number(),
      modelByProviderGlobal: v.number(),
      globalModelById: v.number(),
      globalModelByName: v.number(),
      globalModelResolve: v.number(),
    }),
    mappings: v.array(
      v.object({
        mappingName: v.string(),
        globalModelName: text,
        globalModelDisplayName: text,
        providers: v.array(v.string()),
        ttlSeconds: seconds,
      }),
    ),
    unmapped: v.array(v.object({ mappingName: v.string(), status: v.string(), ttlSeconds: seconds })),
    providerModelMappings: v.array(
      v.object({
        providerId: v.string(),
        providerName: v.string(),
        globalModelId: v.string(),
        globalModelName: v.string(),
        globalModelDisplayName: text,
        providerModelName: v.string(),
        aliases: v.nullable(v.array(v.string())),
        ttlSeconds: seconds,
        hitCount: v.number(),
      }),
    ),
  }),
});

const PAYLOAD = '{ clearedCount message clearedKeys errors { code message } }';
const CLEAR_ALL = `mutation { result: clearModelMappingCache ${PAYLOAD} }`;
const CLEAR_NAME = `mutation ($name: String!) { result: clearModelMapping(name: $name) ${PAYLOAD} }`;
const CLEAR_PAIR = `mutation ($providerId: ID!, $modelId: ID!) {
  result: clearProviderModelMapping(providerId: $providerId, modelId: $modelId) ${PAYLOAD}
}`;
const clearing = v.object({ result: cleared });

export const MODEL_MAPPING_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: `${CACHE}/stats`,
    answer: async ({ ask }) => {
      const { modelMappingCache: found } = await ask(STATS, stats);
      return { status: 'ok', data: cacheStats(found) };
    },
  },
  {
    method: 'DELETE',
    path: CACHE,
    answer: async ({ ask }) => {
      const { clearedCount, message } = await clear(ask, CLEAR_ALL);
      return { status: 'ok', message, deleted_count: clearedCount };
    },
  },
  {
    method: 'DELETE',
    path: `${CACHE}/provider/:provider/:model`,
    answer: async ({ parameters: [providerId, modelId], ask }) => {
      const { result } = await ask(CLEAR_PAIR, clearing, { providerId, modelId });
      return {
        status: 'ok',
        message: result.message,
        provider_id: providerId,
        global_model_id: modelId,
        // Nothing is remembered of what is unknown: theirs answers with an empty list.
        deleted_keys: result.clearedKeys,
      };
    },
  },
  {
    method: 'DELETE',
    // Names of models may have slashes, escaped or not.
    path: `${CACHE}/*name`,
    answer: async ({ parameters: [name], ask }) => {
      const { message, clearedKeys } = await clear(ask, CLEAR_NAME, { name });
      return { status: 'ok', message, model_name: name, deleted_keys: clearedKeys };
    },
  },
];

async function clear(ask: Ask, document: string, variables: Record<string, unknown> = {}): Promise<Cleared> {
  const { result } = await ask(document, clearing, variables);
  refuseErrors(result);
  return result;
}

function cacheStats(found: v.InferOutput<typeof stats>['modelMappingCache']) {
  const { breakdown, unmapped } = found;
  const pairs = found.providerModelMappings.filter(isRenamed);
  return {
    available: found.available,
    ...(found.message === null ? {} : { message: found.message }),
    ttl_seconds: found.ttlSeconds,
    total_keys: found.totalKeys,
    breakdown: {
      model_by_id: breakdown.modelById,
      model_by_provider_global: breakdown.modelByProviderGlobal,
      global_model_by_id: breakdown.globalModelById,
      global_model_by_name: breakdown.globalModelByName,
      global_model_resolve: breakdown.globalModelResolve,
    },
    mappings: found.mappings.map((row) => ({
      mapping_name: row.mappingName,
      global_model_name: row.globalModelName,
      global_model_display_name: row.globalModelDisplayName,
      providers: row.providers,
      ttl: row.ttlSeconds,
    })),
    provider_model_mappings: pairs.length === 0 ? null : pairs.map(pairEntry),
    unmapped:
      unmapped.length === 0
        ? null
        : unmapped.map((row) => ({
            mapping_name: row.mappingName,
            status: row.status.toLowerCase(),
            ttl: row.ttlSeconds,
          })),
  };
}

type Pair = v.InferOutput<typeof stats>['modelMappingCache']['providerModelMappings'][number];

/** Theirs lists a pair where a name is not the model's own, on one side or the other. */
function isRenamed({ aliases, globalModelName, providerModelName }: Pair): boolean {
  return providerModelName !== globalModelName || (aliases !== null && aliases.length > 0);
}

function pairEntry(row: Pair) {
  return {
    provider_id: row.providerId,
    provider_name: row.providerName,
    global_model_id: row.globalModelId,
    global_model_name: row.globalModelName,
    global_model_display_name: row.globalModelDisplayName,
    provider_model_name: row.providerModelName,
    // What clients ask for: without an alias the model's own name.
    aliases: row.aliases && row.aliases.length > 0 ? row.aliases : [row.globalModelName],
    ttl: row.ttlSeconds,
    hit_count: row.hitCount,
  };
}
