// Affinity as a whole: counters of lookups, and what the providers' prompt caches made of it.

import type { ReservationStats } from '../routing/reservation-book.ts';
import { ADMIN, builder } from './builder.ts';
import type { AdminContext } from './context.ts';
import { share } from './desk.ts';
import { meanReservationRatio, ReservationStatsRef } from './reservation.ts';

interface ReasonCount {
  reason: string;
  count: number;
}

export interface AffinityStats {
  scheduler: string;
  storageType: string;
  cacheReservationRatio: number;
  reservation: ReservationStats;
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
        'The policy by which accounts are chosen for models that state none: `warm-cost`, `session`, `api-key`, `round-robin`, `least-loaded` or `fixed-order`.',
    }),
    storageType: t.exposeString('storageType', { description: 'Where bindings are kept, such as sqlite.' }),
    cacheReservationRatio: t.exposeFloat('cacheReservationRatio', {
      description:
        "Share of the accounts' slots held back for warm callers, as a fraction 0 to 1: the mean of what each holds back now; 0 while the reservation is off.",
    }),
    reservation: t.field({
      type: ReservationStatsRef,
      description: 'The reservation as it was applied to requests.',
      resolve: ({ reservation }) => reservation,
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
  const { affinity, routing } = parts.catalog.current.settings;
  const counters = parts.affinity.counters();
  const reasons = [...counters.invalidations].map(([reason, count]) => ({ reason, count }));
  return {
    scheduler: routing.policy,
    storageType: parts.storageType,
    cacheReservationRatio: meanReservationRatio(parts),
    reservation: parts.reservations.stats(),
    totalAffinities: counters.total,
    activeAffinities: parts.affinity.list().length,
    cacheHits: counters.hits,
    cacheMisses: counters.misses,
    promptCacheHitRate,
    invalidationsByReason: reasons.sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1)),
    providerSwitches: counters.providerSwitches,
    keySwitches: counters.keySwitches,
    defaultTtlSeconds: affinity.ttlSeconds,
  };
}
