// What each cache lifetime would cost, as the schema shows it.

import type { CachePlan, CostFigures, PlanSaving, TtlAdvice } from '../analysis/ttl-advice.ts';
import { builder, VIEWER } from './builder.ts';

const CachePlanRef = builder.enumType('CachePlan', {
  description: "A way to use a provider's prompt cache.",
  values: {
    FIVE_MINUTES: { value: 'five-minutes', description: 'Cache marks for 5 minutes.' },
    ONE_HOUR: { value: 'one-hour', description: 'Cache marks for 1 hour; writing costs more.' },
    KEEP_WARM: {
      value: 'keep-warm',
      description: 'Cache marks for 5 minutes, and pings that read what is warm before it expires.',
    },
  } as const satisfies Record<string, { value: CachePlan; description: string }>,
});

const PlanErrorsRef = builder.objectRef<NonNullable<CostFigures['plusMinus']>>('CachePlanErrors').implement({
  description:
    'Half of the 95 % confidence interval of the cost under each plan, in USD, as far as it comes from drawing sessions.',
  authScopes: VIEWER,
  fields: (t) => ({
    fiveMinutesUsd: t.exposeFloat('fiveMinutesUsd', { description: 'Of that with FIVE_MINUTES.' }),
    oneHourUsd: t.exposeFloat('oneHourUsd', { description: 'Of that with ONE_HOUR.' }),
    keepWarmUsd: t.exposeFloat('keepWarmUsd', { description: 'Of that with KEEP_WARM.' }),
  }),
});

const PlanCostsRef = builder.objectRef<CostFigures>('CachePlanCosts').implement({
  description: 'USD for input under each plan, write premium and pings included; output is left out.',
  authScopes: VIEWER,
  fields: (t) => ({
    fiveMinutesUsd: t.exposeFloat('fiveMinutesUsd', { description: 'With FIVE_MINUTES.' }),
    oneHourUsd: t.exposeFloat('oneHourUsd', { description: 'With ONE_HOUR.' }),
    keepWarmUsd: t.exposeFloat('keepWarmUsd', { description: 'With KEEP_WARM.' }),
    plusMinus: t.field({
      type: PlanErrorsRef,
      nullable: true,
      description: 'How far each may be off in USD; null where every session was counted.',
      resolve: ({ plusMinus }) => plusMinus,
    }),
  }),
});

const PlanSavingRef = builder.objectRef<PlanSaving>('CachePlanSaving').implement({
  description: 'What the cheapest plan saves against another one, in the whole period.',
  authScopes: VIEWER,
  fields: (t) => ({
    plan: t.field({ type: CachePlanRef, description: 'The other plan.', resolve: ({ plan }) => plan }),
    usd: t.exposeFloat('usd', { description: 'Cost of the other plan less that of the cheapest, in USD.' }),
    plusMinusUsd: t.exposeFloat('plusMinusUsd', {
      nullable: true,
      description:
        'Half of its 95 % confidence interval in USD: less than those of both costs, which rise and fall together. Null where every session was counted.',
    }),
    isClear: t.exposeBoolean('isClear', {
      description:
        'Whether the saving is more than its error, as it always is where every session was counted; false = both plans cost about the same, as far as the sample tells.',
    }),
  }),
});

export const TtlAdviceRef = builder.objectRef<TtlAdvice>('TtlAdvice').implement({
  description:
    "Which lifetime of the provider's prompt cache would have been cheapest, from the real pauses (end of a request to start of the next of the same session, model and account), token counts and prices of a sample of whole sessions. What was read or written can be read again by the next request as far as both have it; a request that did neither counts as a whole.",
  authScopes: VIEWER,
  fields: (t) => ({
    basedOnRequests: t.exposeInt('basedOnRequests', {
      description: 'Requests of the sample that the costs were computed from.',
    }),
    implicitRequests: t.exposeInt('implicitRequests', {
      description: 'Requests of the sample left out because their provider offers no choice of lifetime.',
    }),
    unpricedRequests: t.exposeInt('unpricedRequests', {
      description: 'Requests of the sample left out because their model has no price.',
    }),
    sampledSessions: t.exposeInt('sampledSessions', {
      description:
        'Sessions drawn, those of other groups too: all as long as there are at most 4,000 requests, else as many as have about so many, long ones with more chance. Which ones depends on their ids alone.',
    }),
    sessions: t.exposeInt('sessions', {
      description:
        'Sessions that they were drawn from: those of the period and of the user or API key asked for. Where there are more than 20,000 requests, sessions that began in the last quarter of an hour are not among them.',
    }),
    per1000Requests: t.field({
      type: PlanCostsRef,
      description: 'USD per 1,000 requests: the costs of the sample, divided by its requests.',
      resolve: ({ per1000Requests }) => per1000Requests,
    }),
    inPeriod: t.field({
      type: PlanCostsRef,
      description:
        'USD in the whole period: the drawn sessions, weighted by their chances and scaled to the requests of all sessions (the ratio estimator; Särndal, Swensson, Wretman, Model Assisted Survey Sampling, 5.6). Those of all groups add up to that of everybody.',
      resolve: ({ inPeriod }) => inPeriod,
    }),
    cheapest: t.field({
      type: CachePlanRef,
      description: 'The cheapest plan in the sample; `savings` tell whether it is clearly so.',
      resolve: ({ cheapest }) => cheapest,
    }),
    savings: t.field({
      type: [PlanSavingRef],
      description: 'What it saves against each other plan, the next cheapest first.',
      resolve: ({ savings }) => savings,
    }),
    reason: t.exposeString('reason', { description: 'Why, for people, in English.' }),
  }),
});
