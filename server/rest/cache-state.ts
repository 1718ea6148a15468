// Counters and configuration of affinity, as Aether's cache monitoring has them.

import * as v from 'valibot';
import type { Route } from './route.ts';

const STATS = `{
  affinityStats {
    scheduler storageType cacheReservationRatio totalAffinities activeAffinities cacheHits cacheMisses cacheHitRate
    promptCacheHitRate cacheInvalidations providerSwitches keySwitches defaultTtlSeconds
    reservation { averageRatio probePhaseShare totalChecks }
  }
}`;

const stats = v.object({
  affinityStats: v.object({
    scheduler: v.string(),
    storageType: v.string(),
    cacheReservationRatio: v.number(),
    totalAffinities: v.number(),
    activeAffinities: v.number(),
    cacheHits: v.number(),
    cacheMisses: v.number(),
    cacheHitRate: v.number(),
    promptCacheHitRate: v.number(),
    cacheInvalidations: v.number(),
    providerSwitches: v.number(),
    keySwitches: v.number(),
    defaultTtlSeconds: v.number(),
    reservation: v.object({
      averageRatio: v.nullable(v.number()),
      probePhaseShare: v.number(),
      totalChecks: v.number(),
    }),
  }),
});

const CONFIG = `{
  cacheConfig {
    cacheTtlSeconds cacheReservationRatio
    dynamicReservation {
      enabled probePhaseRequests probeReservation stableMinReservation stableMaxReservation lowLoadThreshold
      highLoadThreshold successCountForFullConfidence cooldownHoursForFullConfidence
    }
    description {
      cacheTtl cacheReservationRatio dynamicReservation probePhaseRequests probeReservation stableMinReservation
      stableMaxReservation lowLoadThreshold highLoadThreshold successCountForFullConfidence
      cooldownHoursForFullConfidence
    }
  }
}`;

/** Their names for the eight parameters, and ours. */
const PARAMETERS = {
  probe_phase_requests: 'probePhaseRequests',
  probe_reservation: 'probeReservation',
  stable_min_reservation: 'stableMinReservation',
  stable_max_reservation: 'stableMaxReservation',
  low_load_threshold: 'lowLoadThreshold',
  high_load_threshold: 'highLoadThreshold',
  success_count_for_full_confidence: 'successCountForFullConfidence',
  cooldown_hours_for_full_confidence: 'cooldownHoursForFullConfidence',
} as const;

function parametersAs<const Value extends v.GenericSchema>(value: Value) {
  return {
    probePhaseRequests: value,
    probeReservation: value,
    stableMinReservation: value,
    stableMaxReservation: value,
    lowLoadThreshold: value,
    highLoadThreshold: value,
    successCountForFullConfidence: value,
    cooldownHoursForFullConfidence: value,
  };
}

const config = v.object({
  cacheConfig: v.object({
    cacheTtlSeconds: v.number(),
    cacheReservationRatio: v.number(),
    dynamicReservation: v.object({ enabled: v.boolean(), ...parametersAs(v.number()) }),
    description: v.object({
      cacheTtl: v.string(),
      cacheReservationRatio: v.string(),
      dynamicReservation: v.string(),
      ...parametersAs(v.string()),
    }),
  }),
});

/** The eight parameters of `from` under their names. */
function renamed<Value>(from: Readonly<Record<(typeof PARAMETERS)[keyof typeof PARAMETERS], Value>>) {
  return Object.fromEntries(Object.entries(PARAMETERS).map(([theirs, ours]) => [theirs, from[ours]]));
}

export const CACHE_STATE_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: '/api/admin/monitoring/cache/stats',
    answer: async ({ ask }) => {
      const { affinityStats: now } = await ask(STATS, stats);
      return {
        status: 'ok',
        data: {
          scheduler: now.scheduler,
          cache_reservation_ratio: now.cacheReservationRatio,
          dynamic_reservation: {
            current_avg_ratio: now.reservation.averageRatio,
            probe_phase_ratio: now.reservation.probePhaseShare,
            total_checks: now.reservation.totalChecks,
          },
          prompt_cache_hit_rate: now.promptCacheHitRate,
          affinity_stats: {
            storage_type: now.storageType,
            total_affinities: now.totalAffinities,
            active_affinities: now.activeAffinities,
            cache_hits: now.cacheHits,
            cache_misses: now.cacheMisses,
            cache_hit_rate: now.cacheHitRate,
            cache_invalidations: now.cacheInvalidations,
            provider_switches: now.providerSwitches,
            key_switches: now.keySwitches,
            config: { default_ttl: now.defaultTtlSeconds },
          },
        },
      };
    },
  },
  {
    method: 'GET',
    path: '/api/admin/monitoring/cache/config',
    answer: async ({ ask }) => {
      const { cacheConfig } = await ask(CONFIG, config);
      const { dynamicReservation, description } = cacheConfig;
      return {
        status: 'ok',
        data: {
          cache_ttl_seconds: cacheConfig.cacheTtlSeconds,
          cache_reservation_ratio: cacheConfig.cacheReservationRatio,
          dynamic_reservation: {
            enabled: dynamicReservation.enabled,
            config: renamed(dynamicReservation),
            description: renamed(description),
          },
          description: {
            cache_ttl: description.cacheTtl,
            cache_reservation_ratio: description.cacheReservationRatio,
            dynamic_reservation: description.dynamicReservation,
          },
        },
      };
    },
  },
];
