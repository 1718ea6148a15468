// Figures over many requests: what totals, buckets of time and groups have in common.

import type { RequestTotals } from '../gateway/log-queries.ts';
import type { Percentiles } from '../gateway/ports.ts';
import { builder, OWN } from './builder.ts';
import { share } from './desk.ts';

const PercentilesRef = builder.objectRef<Percentiles>('Percentiles').implement({
  description: 'Percentiles in milliseconds; null when there is nothing to measure.',
  authScopes: OWN,
  fields: (t) => ({
    p50: t.exposeFloat('p50', { nullable: true, description: 'Half are at most this.' }),
    p90: t.exposeFloat('p90', { nullable: true, description: '90 % are at most this.' }),
    p95: t.exposeFloat('p95', { nullable: true, description: '95 % are at most this.' }),
    p99: t.exposeFloat('p99', { nullable: true, description: '99 % are at most this.' }),
  }),
});

export const RequestFiguresRef = builder.interfaceRef<RequestTotals>('RequestFigures').implement({
  description: 'Sums, rates and percentiles over requests.',
  authScopes: OWN,
  fields: (t) => ({
    total: t.exposeInt('total', {
      description: 'All requests, refused ones and those that keep caches warm included.',
    }),
    succeeded: t.exposeInt('succeeded', { description: 'Those with outcome OK.' }),
    failed: t.exposeInt('failed', { description: 'Those with any other outcome.' }),
    inputTokens: t.field({
      type: 'Long',
      description: 'All input, cache reads and writes included.',
      resolve: (totals) => totals.inputTokens,
    }),
    outputTokens: t.field({
      type: 'Long',
      description: 'Generated tokens.',
      resolve: (totals) => totals.outputTokens,
    }),
    cacheReadTokens: t.field({
      type: 'Long',
      description: 'Input read from prompt caches.',
      resolve: (totals) => totals.cacheReadTokens,
    }),
    cacheWriteTokens: t.field({
      type: 'Long',
      description: 'Input written to prompt caches.',
      resolve: (totals) => totals.cacheWriteTokens,
    }),
  }),
});

builder.interfaceFields(RequestFiguresRef, (t) => ({
  credits: t.exposeFloat('credits', { description: 'Sum of the units that providers bill in themselves.' }),
  costUsd: t.float({
    description: 'USD; requests without a price count nothing.',
    resolve: ({ costNanoUsd }) => costNanoUsd / 1e9,
  }),
  savedUsd: t.float({
    description:
      'USD that prompt caches saved against the same tokens without them; negative when writing cost more.',
    resolve: ({ savedNanoUsd }) => savedNanoUsd / 1e9,
  }),
  cacheReadCostUsd: t.float({
    description: 'USD that the cache reads cost themselves; part of costUsd.',
    resolve: ({ cacheReadNanoUsd }) => cacheReadNanoUsd / 1e9,
  }),
  cacheWriteCostUsd: t.float({
    description: 'USD that the cache writes cost themselves; part of costUsd.',
    resolve: ({ cacheWriteNanoUsd }) => cacheWriteNanoUsd / 1e9,
  }),
  unpricedRequests: t.exposeInt('unpricedRequests', {
    description: 'Requests with token counts and no price: they are in no sum of money.',
  }),
  reportedRequests: t.exposeInt('reportedRequests', {
    description: 'Requests whose provider reported input tokens.',
  }),
  requestsWithCacheHit: t.exposeInt('requestsWithCacheRead', {
    description: 'Requests of which some input was read from a prompt cache.',
  }),
  requestCacheHitRate: t.float({
    description:
      'Requests with any cache read, as a fraction 0 to 1 of those whose provider reported input tokens.',
    resolve: (totals) => share(totals.requestsWithCacheRead, totals.reportedRequests),
  }),
  tokenCacheHitRate: t.float({
    description: 'cacheReadTokens as a fraction 0 to 1 of inputTokens.',
    resolve: (totals) => share(totals.cacheReadTokens, totals.inputTokens),
  }),
  latencyMs: t.field({
    type: PercentilesRef,
    description: 'From arrival to the last byte.',
    resolve: ({ latencyMs }) => latencyMs,
  }),
  timeToFirstTokenMs: t.field({
    type: PercentilesRef,
    description: 'From arrival to the first generated token.',
    resolve: ({ timeToFirstTokenMs }) => timeToFirstTokenMs,
  }),
  percentilesExact: t.boolean({
    description: 'False when the percentiles are of durations rounded within 1 %.',
    resolve: ({ isExact }) => isExact,
  }),
}));
