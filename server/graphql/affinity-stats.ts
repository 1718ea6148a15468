// Affinity as a whole: counters of lookups, and what the providers' prompt caches made of it.

import { ADMIN, builder } from './builder.ts';
import type { AdminContext } from './context.ts';
import { share } from './desk.ts';

interface ReasonCount {
  reason: string;
  count: number;
}

export interface AffinityStats {
  scheduler: string;
  storageType: string;
  totalAffinities: number;
  activeAffinities: number;
  cacheHits: number;
  cacheMisses: number;
  promptCacheHitRate: number;
  invalidationsByReason: ReasonCount[];
  providerSwitches: number;
  keySwitches: number;
  defaultTtlSeconds: number;
}

const ReasonCountRef = builder.objectRef<ReasonCount>('ReasonCount').implement({
  description: 'How often something happened for one reason.',
  authScopes: ADMIN,
  fields: (t) => ({
    reason: t.exposeString('reason', { description: 'In English.' }),
    count: t.field({
      type: 'Long',
      description: 'Since the start of this process.',
      resolve: ({ count }) => count,
    }),
  }),
});

export const AffinityStatsRef = builder.objectRef<AffinityStats>('AffinityStats').implement({
  description: 'Affinity as a whole. Counters run since the start of this process.',
  authScopes: ADMIN,
  fields: (t) => ({
    scheduler: t.exposeString('scheduler', {
      description:
        'What a binding is per: `session` (API key, model and session), `api-key` (API key and model), or `off`.',
    }),
    storageType: t.exposeString('storageType', { description: 'Where bindings are kept, such as sqlite.' }),
    cacheReservationRatio: t.float({
      description: 'Share of capacity held back for warm sessions; 0 while no reservation is in force.',
      resolve: () => 0,
    }),
    totalAffinities: t.field({
      type: 'Long',
      description: 'Bindings ever made.',
      resolve: (stats) => stats.totalAffinities,
    }),
    activeAffinities: t.exposeInt('activeAffinities', { description: 'Bindings that live now.' }),
    cacheHits: t.field({
      type: 'Long',
      description: 'Lookups that found a live binding.',
      resolve: (stats) => stats.cacheHits,
    }),
    cacheMisses: t.field({
      type: 'Long',
      description: 'Lookups that found none.',
      resolve: (stats) => stats.cacheMisses,
    }),
    cacheHitRate: t.float({
      description:
        "Lookups that found a live binding, as a fraction 0 to 1; not the provider's prompt cache, see promptCacheHitRate.",
      resolve: (stats) => share(stats.cacheHits, stats.cacheHits + stats.cacheMisses),
    }),
    promptCacheHitRate: t.exposeFloat('promptCacheHitRate', {
      description:
        "Input tokens read from the providers' prompt caches over the last hour, as a fraction 0 to 1 of all input tokens.",
    }),
    cacheInvalidations: t.field({
      type: 'Long',
      description: 'Bindings that ended before their time.',
      resolve: (stats) => stats.invalidationsByReason.reduce((sum, { count }) => sum + count, 0),
    }),
    invalidationsByReason: t.field({
      type: [ReasonCountRef],
      description: 'Why they ended, most frequent first.',
      resolve: (stats) => stats.invalidationsByReason,
    }),
    providerSwitches: t.field({
      type: 'Long',
      description: 'Sessions that moved to another provider.',
      resolve: (stats) => stats.providerSwitches,
    }),
    keySwitches: t.field({
      type: 'Long',
      description: 'Sessions that moved to another account.',
      resolve: (stats) => stats.keySwitches,
    }),
    defaultTtlSeconds: t.exposeInt('defaultTtlSeconds', {
      description: 'Lifetime of a binding after its last use, in seconds, where the account states none.',
    }),
  }),
});

builder.queryField('affinityStats', (t) =>
  t.field({
    type: AffinityStatsRef,
    description: 'Counters of affinity.',
    resolve: (_root, _args, context) => readAffinityStats(context),
  }),
);

export async function readAffinityStats({ parts, desk }: AdminContext): Promise<AffinityStats> {
  const promptCacheHitRate = await desk.promptCacheHitRate();
  const { affinity: settings } = parts.catalog.current.settings;
  const counters = parts.affinity.counters();
  const reasons = [...counters.invalidations].map(([reason, count]) => ({ reason, count }));
  return {
    scheduler: settings.enabled ? settings.scope : 'off',
    storageType: parts.storageType,
    totalAffinities: counters.total,
    activeAffinities: parts.affinity.list().length,
    cacheHits: counters.hits,
    cacheMisses: counters.misses,
    promptCacheHitRate,
    invalidationsByReason: reasons.sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1)),
    providerSwitches: counters.providerSwitches,
    keySwitches: counters.keySwitches,
    defaultTtlSeconds: settings.ttlSeconds,
  };
}
