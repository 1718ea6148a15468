// What each cache lifetime would cost, as the schema shows it.

import type { CachePlan, TtlAdvice } from '../analysis/ttl-advice.ts';
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

const PlanCostsRef = builder.objectRef<TtlAdvice['inPeriod']>('CachePlanCosts').implement({
  description: 'USD for input under each plan, write premium and pings included; output is left out.',
  authScopes: VIEWER,
  fields: (t) => ({
    fiveMinutesUsd: t.exposeFloat('fiveMinutesUsd', { description: 'With FIVE_MINUTES.' }),
    oneHourUsd: t.exposeFloat('oneHourUsd', { description: 'With ONE_HOUR.' }),
    keepWarmUsd: t.exposeFloat('keepWarmUsd', { description: 'With KEEP_WARM.' }),
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
    per1000Requests: t.field({
      type: PlanCostsRef,
      description: 'USD per 1,000 requests.',
      resolve: ({ per1000Requests }) => per1000Requests,
    }),
    inPeriod: t.field({
      type: PlanCostsRef,
      description: 'USD in the whole period: the sample, times how many more sessions there were.',
      resolve: ({ inPeriod }) => inPeriod,
    }),
    cheapest: t.field({
      type: CachePlanRef,
      description: 'The cheapest plan.',
      resolve: ({ cheapest }) => cheapest,
    }),
    reason: t.exposeString('reason', { description: 'Why, for people, in English.' }),
  }),
});
