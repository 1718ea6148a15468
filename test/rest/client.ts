// What the clients of the compatibility routes expect: Aether's types as schemas, and a caller that unwraps like them.

import assert from 'node:assert/strict';
import * as v from 'valibot';
import { createRestApi } from '../../server/rest/rest.ts';
import { ADMIN_TOKEN, type Bench, ORIGIN } from '../graphql/admin-bench.ts';

export interface RestReply {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: compared whole, or checked by one of the schemas below
  body: any;
}

export type Call = (method: string, path: string, headers?: Record<string, string>) => Promise<RestReply>;

/** Calls the routes over this bench, with the admin token unless other headers are given. */
export function restCaller(bench: Bench): Call {
  const rest = createRestApi(bench.api);
  return async (method, path, headers = { authorization: `Bearer ${ADMIN_TOKEN}` }) => {
    const request = new Request(`${ORIGIN}${path}`, { method, headers });
    const response = await rest.fetch(request, { isLoopback: true });
    assert.ok(response, `${method} ${path} is one of the routes`);
    return { status: response.status, body: await response.json() };
  };
}

const text = v.nullable(v.string());
const number = v.nullable(v.number());

export const CacheStats = v.object({
  scheduler: v.string(),
  cache_reservation_ratio: v.number(),
  affinity_stats: v.object({
    storage_type: v.string(),
    total_affinities: v.number(),
    active_affinities: v.union([v.number(), v.string()]),
    cache_hits: v.number(),
    cache_misses: v.number(),
    cache_hit_rate: v.number(),
    cache_invalidations: v.number(),
    provider_switches: v.number(),
    key_switches: v.number(),
    config: v.object({ default_ttl: v.number() }),
  }),
});

export const CacheConfig = v.object({
  cache_ttl_seconds: v.number(),
  cache_reservation_ratio: v.number(),
  dynamic_reservation: v.object({
    enabled: v.boolean(),
    config: v.object({
      probe_phase_requests: v.number(),
      probe_reservation: v.number(),
      stable_min_reservation: v.number(),
      stable_max_reservation: v.number(),
      low_load_threshold: v.number(),
      high_load_threshold: v.number(),
      success_count_for_full_confidence: v.number(),
      cooldown_hours_for_full_confidence: v.number(),
    }),
    description: v.record(v.string(), v.string()),
  }),
  description: v.object({
    cache_ttl: v.string(),
    cache_reservation_ratio: v.string(),
    dynamic_reservation: v.optional(v.string()),
  }),
});

export const UserAffinity = v.object({
  affinity_key: v.string(),
  user_api_key_name: text,
  user_api_key_prefix: text,
  is_standalone: v.boolean(),
  user_id: text,
  username: text,
  email: text,
  provider_id: v.string(),
  provider_name: text,
  endpoint_id: v.string(),
  endpoint_api_format: text,
  endpoint_url: text,
  key_id: v.string(),
  key_name: text,
  key_prefix: text,
  rate_multiplier: v.number(),
  global_model_id: text,
  model_name: text,
  model_display_name: text,
  api_format: text,
  created_at: v.number(),
  expire_at: v.number(),
  request_count: v.number(),
});

export const AffinityList = v.object({
  items: v.array(UserAffinity),
  total: v.number(),
  matched_user_id: v.optional(text),
});

const buckets = v.strictObject({
  within_5min: v.number(),
  within_15min: v.number(),
  within_30min: v.number(),
  within_60min: v.number(),
  over_60min: v.number(),
});

export const TtlAnalysis = v.object({
  analysis_period_hours: v.number(),
  total_users_analyzed: v.number(),
  ttl_distribution: v.strictObject({
    '5min': v.number(),
    '15min': v.number(),
    '30min': v.number(),
    '60min': v.number(),
  }),
  users: v.array(
    v.object({
      group_id: v.string(),
      username: text,
      email: text,
      request_count: v.number(),
      interval_distribution: buckets,
      interval_percentages: buckets,
      percentiles: v.strictObject({ p50: number, p75: number, p90: number }),
      avg_interval_minutes: number,
      min_interval_minutes: number,
      max_interval_minutes: number,
      recommended_ttl_minutes: v.number(),
      recommendation_reason: v.string(),
    }),
  ),
});

export const HitAnalysis = v.object({
  analysis_period_hours: v.number(),
  total_requests: v.number(),
  requests_with_cache_hit: v.number(),
  request_cache_hit_rate: v.number(),
  total_input_tokens: v.number(),
  total_cache_read_tokens: v.number(),
  total_cache_creation_tokens: v.number(),
  token_cache_hit_rate: v.number(),
  total_cache_read_cost_usd: v.number(),
  total_cache_creation_cost_usd: v.number(),
  estimated_savings_usd: v.number(),
});

export const IntervalTimeline = v.object({
  analysis_period_hours: v.number(),
  total_points: v.number(),
  points: v.array(
    v.object({
      x: v.pipe(v.string(), v.isoTimestamp()),
      y: v.number(),
      user_id: v.optional(v.string()),
      model: v.optional(v.string()),
    }),
  ),
  users: v.optional(v.record(v.string(), v.string())),
  models: v.optional(v.array(v.string())),
});

const seconds = v.nullable(v.number());

export const ModelMappingStats = v.object({
  available: v.boolean(),
  message: v.optional(v.string()),
  ttl_seconds: v.optional(v.number()),
  total_keys: v.optional(v.number()),
  breakdown: v.optional(
    v.strictObject({
      model_by_id: v.number(),
      model_by_provider_global: v.number(),
      global_model_by_id: v.number(),
      global_model_by_name: v.number(),
      global_model_resolve: v.number(),
    }),
  ),
  mappings: v.optional(
    v.array(
      v.strictObject({
        mapping_name: v.string(),
        global_model_name: text,
        global_model_display_name: text,
        providers: v.array(v.string()),
        ttl: seconds,
      }),
    ),
  ),
  provider_model_mappings: v.optional(
    v.nullable(
      v.array(
        v.strictObject({
          provider_id: v.string(),
          provider_name: v.string(),
          global_model_id: v.string(),
          global_model_name: v.string(),
          global_model_display_name: text,
          provider_model_name: v.string(),
          aliases: v.nullable(v.array(v.string())),
          ttl: seconds,
          hit_count: v.number(),
        }),
      ),
    ),
  ),
  unmapped: v.optional(
    v.nullable(
      v.array(
        v.strictObject({
          mapping_name: v.string(),
          status: v.picklist(['not_found', 'invalid', 'error']),
          ttl: seconds,
        }),
      ),
    ),
  ),
});
