// What was learned about an account from its replies: rate-limit windows, circuit, concurrency.

import type { LearnedLimit, LimitAdjustment } from '../gateway/limits.ts';
import type { RateLimitWindow } from '../gateway/rate-limits.ts';
import { builder, VIEWER } from './builder.ts';
import type { AdminParts } from './parts.ts';
import { AccountRef } from './refs.ts';

const RateLimitWindowRef = builder.objectRef<RateLimitWindow>('RateLimitWindow').implement({
  description: "One limit of the provider's, as its last reply stated it; null = not stated.",
  authScopes: VIEWER,
  fields: (t) => ({
    name: t.exposeString('name', { description: 'As the provider calls it: 5h, 7d, requests, tokens, …' }),
    utilization: t.exposeFloat('utilization', { nullable: true, description: 'Used share, 0 to 1.' }),
    status: t.exposeString('status', {
      nullable: true,
      description: 'Such as allowed, allowed_warning, rejected.',
    }),
    resetAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it begins anew.',
      resolve: ({ resetAtMs }) => resetAtMs,
    }),
    limit: t.field({
      type: 'Long',
      nullable: true,
      description: 'Requests or tokens allowed.',
      resolve: ({ limit }) => (limit === null ? null : Math.floor(limit)),
    }),
    remaining: t.field({
      type: 'Long',
      nullable: true,
      description: 'Of these, how many are left.',
      resolve: ({ remaining }) => (remaining === null ? null : Math.floor(remaining)),
    }),
  }),
});

const CircuitStateRef = builder.enumType('CircuitState', {
  description: 'Whether requests flow to the account after failures.',
  values: {
    CLOSED: { value: 'closed', description: 'They flow.' },
    OPEN: { value: 'open', description: 'It kept failing: skipped while others work.' },
    HALF_OPEN: { value: 'half-open', description: 'Few are sent, to see whether it works again.' },
  } as const,
});

type CircuitShape = ReturnType<AdminParts['health']['circuit']>;

const CircuitRef = builder.objectRef<CircuitShape>('Circuit').implement({
  description: 'Opens when an account keeps failing, and lets few requests through until it works again.',
  authScopes: VIEWER,
  fields: (t) => ({
    state: t.field({ type: CircuitStateRef, description: 'Where it stands.', resolve: ({ state }) => state }),
    retryAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When an open one lets requests through again; null unless open.',
      resolve: ({ untilMs }) => untilMs,
    }),
    recentResults: t.exposeInt('recentResults', { description: 'Attempts by which it is judged now.' }),
    recentFailures: t.exposeInt('recentFailures', { description: 'How many of these failed.' }),
  }),
});

const LimitAdjustmentRef = builder.objectRef<LimitAdjustment>('LimitAdjustment').implement({
  description: 'One change of a learned limit.',
  authScopes: VIEWER,
  fields: (t) => ({
    at: t.field({ type: 'DateTime', description: 'When.', resolve: ({ atMs }) => atMs }),
    from: t.exposeInt('from', { nullable: true, description: 'Null = there was none.' }),
    to: t.exposeInt('to', { description: 'Requests allowed at the same time from then on.' }),
    reason: t.exposeString('reason', { description: 'Why.' }),
  }),
});

const LearnedLimitRef = builder.objectRef<LearnedLimit>('LearnedLimit').implement({
  description: "What the provider's 429 replies taught about how many requests an account takes at once.",
  authScopes: VIEWER,
  fields: (t) => ({
    limit: t.exposeInt('limit', {
      nullable: true,
      description: 'Requests allowed at the same time; null when no 429 spoke of concurrency.',
    }),
    concurrentRateLimits: t.int({
      description: '429s for too many at the same time.',
      resolve: ({ rateLimitCounts }) => rateLimitCounts.concurrent,
    }),
    perMinuteRateLimits: t.int({
      description: '429s for too many a minute.',
      resolve: ({ rateLimitCounts }) => rateLimitCounts['requests-per-minute'],
    }),
    unknownRateLimits: t.int({
      description: '429s that do not say for what.',
      resolve: ({ rateLimitCounts }) => rateLimitCounts.unknown,
    }),
    lastRateLimitedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When the last of them came; null = none yet.',
      resolve: ({ lastRateLimitedAtMs }) => lastRateLimitedAtMs,
    }),
    history: t.field({
      type: [LimitAdjustmentRef],
      description: 'The last 20 changes, oldest first.',
      resolve: ({ history }) => [...history],
    }),
  }),
});

builder.objectFields(AccountRef, (t) => ({
  rateLimits: t.field({
    type: [RateLimitWindowRef],
    description: 'As the last reply stated them, without those that have begun anew since.',
    resolve: (account, _args, { parts }) => [...parts.health.rateLimits(account)],
  }),
  circuit: t.field({
    type: CircuitRef,
    description: 'Whether requests flow to it after failures.',
    resolve: ({ id }, _args, { parts }) => parts.health.circuit(id),
  }),
  learnedLimit: t.field({
    type: LearnedLimitRef,
    nullable: true,
    description: 'Null while no 429 has come; used while `maxConcurrent` is null.',
    resolve: ({ id }, _args, { parts }) => parts.slots.learned(id),
  }),
  currentLimit: t.int({
    nullable: true,
    description:
      'Requests allowed at the same time now: `maxConcurrent`, else what was learned; null = none.',
    resolve: (account, _args, { parts }) => parts.slots.limitOf(account),
  }),
}));
