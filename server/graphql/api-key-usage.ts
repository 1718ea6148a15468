// What an API key uses now, against what it may.

import { periodAt } from '../gateway/key-spending.ts';
import type { KeyFacts } from '../gateway/key-usage.ts';
import { builder, VIEWER } from './builder.ts';

interface ApiKeyUsageShape extends KeyFacts {
  nowMs: number;
}

export const ApiKeyUsageRef = builder.objectRef<ApiKeyUsageShape>('ApiKeyUsage').implement({
  description:
    'What an API key uses now, as this gateway has counted it. Money is of requests that have ended.',
  authScopes: VIEWER,
  fields: (t) => ({
    requestsLastMinute: t.exposeInt('requestsLastMinute', {
      description: 'Requests that were let in over the last 60 s; those that were refused do not count.',
    }),
    tokensLastMinute: t.field({
      type: 'Long',
      description: 'Input and output tokens of replies that ended in the last 60 s.',
      resolve: ({ tokensLastMinute }) => tokensLastMinute,
    }),
    inFlight: t.exposeInt('inFlight', { description: 'Requests under way, waiting ones included.' }),
    spentTodayUsd: t.float({
      description: 'USD since midnight, UTC.',
      resolve: ({ today }) => today.costNanoUsd / 1e9,
    }),
    spentThisMonthUsd: t.float({
      description: 'USD since the first of the month, UTC.',
      resolve: ({ thisMonth }) => thisMonth.costNanoUsd / 1e9,
    }),
    unpricedRequestsToday: t.int({
      description:
        'Requests of today that have tokens and no price: they are in no sum of money and in no budget.',
      resolve: ({ today }) => today.unpricedRequests,
    }),
    unpricedRequestsThisMonth: t.int({
      description: 'The same of this month.',
      resolve: ({ thisMonth }) => thisMonth.unpricedRequests,
    }),
    dayEndsAt: t.field({
      type: 'DateTime',
      description: "When the day's budget begins anew.",
      resolve: ({ nowMs }) => periodAt('day', nowMs).toMs,
    }),
    monthEndsAt: t.field({
      type: 'DateTime',
      description: "When the month's budget begins anew.",
      resolve: ({ nowMs }) => periodAt('month', nowMs).toMs,
    }),
  }),
});
