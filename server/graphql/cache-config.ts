// How routing keeps prompt caches warm, as one object: lifetimes and the reservation, each parameter with its meaning.

import type { ReservationSettings } from '../gateway/routing-settings.ts';
import { builder, VIEWER } from './builder.ts';
import { meanReservationRatio } from './reservation.ts';
import { DynamicReservationRef, RESERVATION } from './routing-settings.ts';

interface CacheConfig {
  cacheTtlSeconds: number;
  cacheReservationRatio: number;
  dynamicReservation: ReservationSettings;
}

const TEXTS = {
  cacheTtl: 'Lifetime of a binding after its last use, in seconds, where the account states none.',
  cacheReservationRatio:
    "Share of the accounts' slots held back for callers who are warm there, as a fraction 0 to 1: the mean of what each holds back now.",
  dynamicReservation:
    'How large a share each account holds back: fixed while little is known of it, then more the busier and the more trusted it is.',
};

type Texts = typeof TEXTS & Omit<typeof RESERVATION, 'enabled'>;

const CacheConfigDescriptionRef = builder.objectRef<Texts>('CacheConfigDescription').implement({
  description: 'What the parameters of the cache configuration mean, in English.',
  authScopes: VIEWER,
  fields: (t) => ({
    cacheTtl: t.exposeString('cacheTtl', { description: 'Of `cacheTtlSeconds`.' }),
    cacheReservationRatio: t.exposeString('cacheReservationRatio', {
      description: 'Of `cacheReservationRatio`.',
    }),
    dynamicReservation: t.exposeString('dynamicReservation', {
      description: 'Of `dynamicReservation` as a whole.',
    }),
    probePhaseRequests: t.exposeString('probePhaseRequests', {
      description: 'Of `dynamicReservation.probePhaseRequests`.',
    }),
    probeReservation: t.exposeString('probeReservation', {
      description: 'Of `dynamicReservation.probeReservation`.',
    }),
    stableMinReservation: t.exposeString('stableMinReservation', {
      description: 'Of `dynamicReservation.stableMinReservation`.',
    }),
    stableMaxReservation: t.exposeString('stableMaxReservation', {
      description: 'Of `dynamicReservation.stableMaxReservation`.',
    }),
    lowLoadThreshold: t.exposeString('lowLoadThreshold', {
      description: 'Of `dynamicReservation.lowLoadThreshold`.',
    }),
    highLoadThreshold: t.exposeString('highLoadThreshold', {
      description: 'Of `dynamicReservation.highLoadThreshold`.',
    }),
    successCountForFullConfidence: t.exposeString('successCountForFullConfidence', {
      description: 'Of `dynamicReservation.successCountForFullConfidence`.',
    }),
    cooldownHoursForFullConfidence: t.exposeString('cooldownHoursForFullConfidence', {
      description: 'Of `dynamicReservation.cooldownHoursForFullConfidence`.',
    }),
  }),
});

const CacheConfigRef = builder.objectRef<CacheConfig>('CacheConfig').implement({
  description: 'How routing keeps prompt caches warm. Changed by `updateSettings`.',
  authScopes: VIEWER,
  fields: (t) => ({
    cacheTtlSeconds: t.exposeInt('cacheTtlSeconds', { description: TEXTS.cacheTtl }),
    cacheReservationRatio: t.exposeFloat('cacheReservationRatio', {
      description: TEXTS.cacheReservationRatio,
    }),
    dynamicReservation: t.field({
      type: DynamicReservationRef,
      description: TEXTS.dynamicReservation,
      resolve: ({ dynamicReservation }) => dynamicReservation,
    }),
    description: t.field({
      type: CacheConfigDescriptionRef,
      description: 'What the parameters mean.',
      resolve: () => ({ ...TEXTS, ...RESERVATION }),
    }),
  }),
});

builder.queryField('cacheConfig', (t) =>
  t.field({
    type: CacheConfigRef,
    description: 'How routing keeps prompt caches warm.',
    resolve: (_root, _args, { parts }) => {
      const { affinity, reservation } = parts.catalog.current.settings;
      return {
        cacheTtlSeconds: affinity.ttlSeconds,
        cacheReservationRatio: meanReservationRatio(parts),
        dynamicReservation: reservation,
      };
    },
  }),
);
