// Choosing accounts, the reservation and the levers on the prompt cache, as settings: as they are read and entered.

import * as v from 'valibot';
import type {
  CacheLeverSettings,
  ReservationSettings,
  RoutingSettings,
} from '../gateway/routing-settings.ts';
import { ROUTE_POLICIES, ROUTE_PROFILES, WARMTH_SCOPES } from '../gateway/routing-settings.ts';
import { builder, VIEWER } from './builder.ts';
import { aboveZero, decimal, switchField, wholeNumber } from './fields.ts';
import { RoutePolicyRef, RouteProfileRef, WarmthScopeRef } from './settings-enums.ts';

const ROUTING = {
  policy: 'By what an account is chosen, for models that state none of their own.',
  profile: 'What a second of waiting is worth, for models that state none of their own.',
  maxWaitSeconds:
    "Seconds that one request may wait for a place at an account, all its waits together, 0 to 3600; null = the profile's.",
  warmthScope: 'Who shares what is known of warm prefixes.',
};

/** One sentence per parameter of the reservation. */
export const RESERVATION = {
  enabled: 'Whether any slots are held back.',
  probePhaseRequests:
    'Requests that an account has taken below which it is in its probe phase, 0 to 1000000.',
  probeReservation: 'Share of the slots held back in the probe phase, as a fraction 0 to 1.',
  stableMinReservation:
    'Least share of the slots held back after the probe phase, as a fraction 0 to 1; at most `stableMaxReservation`.',
  stableMaxReservation:
    'Largest share of the slots held back after the probe phase, at full load and confidence, as a fraction 0 to 1.',
  lowLoadThreshold:
    'Used share of the slots below which the least is held back, as a fraction 0 to 1; below `highLoadThreshold`.',
  highLoadThreshold:
    'Used share of the slots from which all that confidence allows is held back, as a fraction 0 to 1.',
  successCountForFullConfidence:
    'Requests that an account must have taken for its successes to count in full, 1 to 1000000.',
  cooldownHoursForFullConfidence:
    'Hours since its last 429 after which an account counts as one that had none, above 0, up to 8760.',
};

const LEVERS = {
  chooseTtl:
    "Anthropic: cache marks without a lifetime get 1 hour where the session's own gaps make that cheaper than 5 minutes.",
  placeBreakpoints: 'Anthropic: cache marks for requests that have none.',
  setPromptCacheKey: 'OpenAI: a `prompt_cache_key` per session for requests that have none.',
  keepWarm: 'Sending a warm prefix once more before it expires.',
};

const KEEP_WARM = {
  enabled: 'Whether it is done, while it is cheaper than a cold return.',
  maxUsdPerDay: 'USD spent on it per UTC day, all accounts together, 0 to 1000000.',
  maxPings: 'Times in a row without a request of the session in between, 1 to 100.',
};

export const RoutingSettingsRef = builder.objectRef<RoutingSettings>('RoutingSettings').implement({
  description: 'How accounts are chosen.',
  authScopes: VIEWER,
  fields: (t) => ({
    policy: t.field({
      type: RoutePolicyRef,
      description: ROUTING.policy,
      resolve: ({ policy }) => policy,
    }),
    profile: t.field({
      type: RouteProfileRef,
      description: ROUTING.profile,
      resolve: ({ profile }) => profile,
    }),
    maxWaitSeconds: t.exposeFloat('maxWaitSeconds', { nullable: true, description: ROUTING.maxWaitSeconds }),
    warmthScope: t.field({
      type: WarmthScopeRef,
      description: ROUTING.warmthScope,
      resolve: ({ warmthScope }) => warmthScope,
    }),
  }),
});

export const DynamicReservationRef = builder.objectRef<ReservationSettings>('DynamicReservation').implement({
  description:
    "The share of each account's slots that callers who are not warm there may not take, by its load and its history.",
  authScopes: VIEWER,
  fields: (t) => ({
    enabled: t.exposeBoolean('enabled', { description: RESERVATION.enabled }),
    probePhaseRequests: t.exposeInt('probePhaseRequests', { description: RESERVATION.probePhaseRequests }),
    probeReservation: t.exposeFloat('probeReservation', { description: RESERVATION.probeReservation }),
    stableMinReservation: t.exposeFloat('stableMinReservation', {
      description: RESERVATION.stableMinReservation,
    }),
    stableMaxReservation: t.exposeFloat('stableMaxReservation', {
      description: RESERVATION.stableMaxReservation,
    }),
    lowLoadThreshold: t.exposeFloat('lowLoadThreshold', { description: RESERVATION.lowLoadThreshold }),
    highLoadThreshold: t.exposeFloat('highLoadThreshold', { description: RESERVATION.highLoadThreshold }),
    successCountForFullConfidence: t.exposeInt('successCountForFullConfidence', {
      description: RESERVATION.successCountForFullConfidence,
    }),
    cooldownHoursForFullConfidence: t.exposeFloat('cooldownHoursForFullConfidence', {
      description: RESERVATION.cooldownHoursForFullConfidence,
    }),
  }),
});

const KeepWarmSettingsRef = builder.objectRef<CacheLeverSettings['keepWarm']>('KeepWarmSettings').implement({
  description: LEVERS.keepWarm,
  authScopes: VIEWER,
  fields: (t) => ({
    enabled: t.exposeBoolean('enabled', { description: KEEP_WARM.enabled }),
    maxUsdPerDay: t.exposeFloat('maxUsdPerDay', { description: KEEP_WARM.maxUsdPerDay }),
    maxPings: t.exposeInt('maxPings', { description: KEEP_WARM.maxPings }),
  }),
});

export const CacheLeverSettingsRef = builder.objectRef<CacheLeverSettings>('CacheLeverSettings').implement({
  description:
    "What may be done to requests so that more of them is cached. A client's own marks are never removed.",
  authScopes: VIEWER,
  fields: (t) => ({
    chooseTtl: t.exposeBoolean('chooseTtl', { description: LEVERS.chooseTtl }),
    placeBreakpoints: t.exposeBoolean('placeBreakpoints', { description: LEVERS.placeBreakpoints }),
    setPromptCacheKey: t.exposeBoolean('setPromptCacheKey', { description: LEVERS.setPromptCacheKey }),
    keepWarm: t.field({
      type: KeepWarmSettingsRef,
      description: LEVERS.keepWarm,
      resolve: ({ keepWarm }) => keepWarm,
    }),
  }),
});

export const RoutingSettingsInput = builder.inputType('RoutingSettingsInput', {
  description: 'How accounts are chosen.',
  fields: (t) => ({
    policy: t.field({ type: RoutePolicyRef, description: ROUTING.policy }),
    profile: t.field({ type: RouteProfileRef, description: ROUTING.profile }),
    maxWaitSeconds: t.float({ description: ROUTING.maxWaitSeconds }),
    warmthScope: t.field({ type: WarmthScopeRef, description: ROUTING.warmthScope }),
  }),
});

export const ReservationSettingsInput = builder.inputType('ReservationSettingsInput', {
  description: 'Slots held back for callers who are warm.',
  fields: (t) => ({
    enabled: t.boolean({ description: RESERVATION.enabled }),
    probePhaseRequests: t.int({ description: RESERVATION.probePhaseRequests }),
    probeReservation: t.float({ description: RESERVATION.probeReservation }),
    stableMinReservation: t.float({ description: RESERVATION.stableMinReservation }),
    stableMaxReservation: t.float({ description: RESERVATION.stableMaxReservation }),
    lowLoadThreshold: t.float({ description: RESERVATION.lowLoadThreshold }),
    highLoadThreshold: t.float({ description: RESERVATION.highLoadThreshold }),
    successCountForFullConfidence: t.int({ description: RESERVATION.successCountForFullConfidence }),
    cooldownHoursForFullConfidence: t.float({ description: RESERVATION.cooldownHoursForFullConfidence }),
  }),
});

const KeepWarmSettingsInput = builder.inputType('KeepWarmSettingsInput', {
  description: LEVERS.keepWarm,
  fields: (t) => ({
    enabled: t.boolean({ description: KEEP_WARM.enabled }),
    maxUsdPerDay: t.float({ description: KEEP_WARM.maxUsdPerDay }),
    maxPings: t.int({ description: KEEP_WARM.maxPings }),
  }),
});

export const CacheLeverSettingsInput = builder.inputType('CacheLeverSettingsInput', {
  description: 'What may be done to requests so that more of them is cached.',
  fields: (t) => ({
    chooseTtl: t.boolean({ description: LEVERS.chooseTtl }),
    placeBreakpoints: t.boolean({ description: LEVERS.placeBreakpoints }),
    setPromptCacheKey: t.boolean({ description: LEVERS.setPromptCacheKey }),
    keepWarm: t.field({ type: KeepWarmSettingsInput, description: LEVERS.keepWarm }),
  }),
});

export const routingFields = v.partial(
  v.object({
    policy: v.picklist(ROUTE_POLICIES),
    profile: v.picklist(ROUTE_PROFILES),
    maxWaitSeconds: v.nullable(decimal(0, 3600)),
    warmthScope: v.picklist(WARMTH_SCOPES),
  }),
);

const share = decimal(0, 1);

export const reservationFields = v.partial(
  v.object({
    enabled: switchField,
    probePhaseRequests: wholeNumber(0, 1_000_000),
    probeReservation: share,
    stableMinReservation: share,
    stableMaxReservation: share,
    lowLoadThreshold: share,
    highLoadThreshold: share,
    successCountForFullConfidence: wholeNumber(1, 1_000_000),
    cooldownHoursForFullConfidence: aboveZero(24 * 365),
  }),
);

export const cacheLeverFields = v.partial(
  v.object({
    chooseTtl: switchField,
    placeBreakpoints: switchField,
    setPromptCacheKey: switchField,
    keepWarm: v.partial(
      v.object({
        enabled: switchField,
        maxUsdPerDay: decimal(0, 1_000_000),
        maxPings: wholeNumber(1, 100),
      }),
    ),
  }),
);
