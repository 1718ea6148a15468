// Affinity as a whole: counters of lookups, and what the providers' prompt caches made of it.

import { type BindingCode, bindingReason } from '../gateway/binding-reasons.ts';
import type { Binding } from '../gateway/ports.ts';
import type { ReservationStats } from '../routing/reservation-book.ts';
import { BindingReasonRef } from './binding-reason.ts';
import { builder, VIEWER } from './builder.ts';
import type { AdminContext } from './context.ts';
import { share } from './desk.ts';
import { AccountRef, ModelRef } from './refs.ts';
import { meanReservationRatio, ReservationStatsRef } from './reservation.ts';

interface ReasonCount {
  code: BindingCode;
  reason: string;
  count: number;
}

interface IdCount {
  id: string;
  count: number;
}

export interface AffinityStats {
  scheduler: string;
  storageType: string;
  cacheReservationRatio: number;
  reservation: ReservationStats;
  totalAffinities: number;
  activeAffinities: number;
  pinnedAffinities: number;
  activeByAccount: IdCount[];
  activeByModel: IdCount[];
  expiredAffinities: number;
  borrowedRequests: number;
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
  authScopes: VIEWER,
  fields: (t) => ({
    reason: t.exposeString('reason', { description: 'In English.' }),
    reasonCode: t.field({
      type: BindingReasonRef,
      description: 'The same for programs.',
      resolve: ({ code }) => code,
    }),
    count: t.field({
      type: 'Long',
      description: 'Since the start of this process.',
      resolve: ({ count }) => count,
    }),
  }),
});

const AccountAffinitiesRef = builder.objectRef<IdCount>('AccountAffinities').implement({
  description: 'Live affinities of one account.',
  authScopes: VIEWER,
  fields: (t) => ({
    account: t.field({
      type: AccountRef,
      nullable: true,
      description: 'Null when it was deleted a moment ago.',
      resolve: ({ id }, _args, { parts }) => parts.catalog.current.accounts.get(id) ?? null,
    }),
    count: t.exposeInt('count', { description: 'Live affinities.' }),
  }),
});

const ModelAffinitiesRef = builder.objectRef<IdCount>('ModelAffinities').implement({
  description: 'Live affinities of one model.',
  authScopes: VIEWER,
  fields: (t) => ({
    model: t.field({
      type: ModelRef,
      nullable: true,
      description: 'Null when it was deleted a moment ago.',
      resolve: ({ id }, _args, { parts }) => parts.catalog.current.models.get(id) ?? null,
    }),
    count: t.exposeInt('count', { description: 'Live affinities.' }),
  }),
});

export const AffinityStatsRef = builder.objectRef<AffinityStats>('AffinityStats').implement({
  description: 'Affinity as a whole. Counters run since the start of this process.',
  authScopes: VIEWER,
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
      description:
        'Bindings made, those found at the start among them; one that moves to another account counts anew.',
      resolve: (stats) => stats.totalAffinities,
    }),
    activeAffinities: t.exposeInt('activeAffinities', { description: 'Bindings that live now.' }),
    activeByAccount: t.field({
      type: [AccountAffinitiesRef],
      description: 'The same by account, most first; accounts without any are left out.',
      resolve: ({ activeByAccount }) => activeByAccount,
    }),
    activeByModel: t.field({
      type: [ModelAffinitiesRef],
      description: 'The same by model, most first.',
      resolve: ({ activeByModel }) => activeByModel,
    }),
    pinnedAffinities: t.exposeInt('pinnedAffinities', { description: 'Of these, pinned ones.' }),
    expiredAffinities: t.field({
      type: 'Long',
      description: 'Bindings that nobody used for their lifetime, and those that had to make room.',
      resolve: (stats) => stats.expiredAffinities,
    }),
    borrowedRequests: t.field({
      type: 'Long',
      description: 'Requests that went elsewhere for once while their binding stayed.',
      resolve: (stats) => stats.borrowedRequests,
    }),
    cacheHits: t.field({
      type: 'Long',
      description:
        'Lookups that found a live binding: one per request that can be bound. Reading here counts as none.',
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
      description:
        'Bindings that ended before their time: cleared, moved, or given up with their account. Expiry is none.',
      resolve: (stats) => stats.invalidationsByReason.reduce((sum, { count }) => sum + count, 0),
    }),
    invalidationsByReason: t.field({
      type: [ReasonCountRef],
      description: 'Why they ended, most frequent first.',
      resolve: (stats) => stats.invalidationsByReason,
    }),
    providerSwitches: t.field({
      type: 'Long',
      description: 'Sessions that moved to an account of another provider.',
      resolve: (stats) => stats.providerSwitches,
    }),
    keySwitches: t.field({
      type: 'Long',
      description: 'Sessions that moved to another account of the same provider.',
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
  // Lists follow what they are told: one that is no longer counted must not stay in them until the next sweep.
  parts.affinity.sweep();
  const counters = parts.affinity.counters();
  const bindings = parts.affinity.list();
  const reasons = [...counters.invalidations].map(([code, count]) => ({ ...bindingReason(code), count }));
  return {
    scheduler: routing.policy,
    storageType: parts.storageType,
    cacheReservationRatio: meanReservationRatio(parts),
    reservation: parts.reservations.stats(),
    totalAffinities: counters.total,
    activeAffinities: bindings.length,
    activeByAccount: countBy(bindings, ({ accountId }) => accountId),
    activeByModel: countBy(bindings, ({ modelId }) => modelId),
    pinnedAffinities: bindings.filter(({ isPinned }) => isPinned).length,
    expiredAffinities: counters.expired,
    borrowedRequests: counters.borrowed,
    cacheHits: counters.hits,
    cacheMisses: counters.misses,
    promptCacheHitRate,
    invalidationsByReason: reasons.sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1)),
    providerSwitches: counters.providerSwitches,
    keySwitches: counters.keySwitches,
    defaultTtlSeconds: affinity.ttlSeconds,
  };
}

/** Most first. */
function countBy(bindings: readonly Binding[], idOf: (binding: Binding) => string): IdCount[] {
  const counts = new Map<string, number>();
  for (const binding of bindings) counts.set(idOf(binding), (counts.get(idOf(binding)) ?? 0) + 1);
  return [...counts]
    .map(([id, count]) => ({ id, count }))
    .sort((a, b) => b.count - a.count || (a.id < b.id ? -1 : 1));
}
