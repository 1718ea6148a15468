// Totals over the request log, and how the log itself is doing.

import type { Percentiles, RequestLog, RequestTotals } from '../gateway/ports.ts';
import { ADMIN, builder } from './builder.ts';
import { share } from './desk.ts';
import { RequestLogFilter, requestFilter } from './request-filter-input.ts';

const PercentilesRef = builder.objectRef<Percentiles>('Percentiles').implement({
  description: 'Percentiles in milliseconds; null when there is nothing to measure.',
  authScopes: ADMIN,
  fields: (t) => ({
    p50: t.exposeFloat('p50', { nullable: true, description: 'Half are at most this.' }),
    p90: t.exposeFloat('p90', { nullable: true, description: '90 % are at most this.' }),
    p95: t.exposeFloat('p95', { nullable: true, description: '95 % are at most this.' }),
    p99: t.exposeFloat('p99', { nullable: true, description: '99 % are at most this.' }),
  }),
});

const RequestLogStatsRef = builder.objectRef<RequestTotals>('RequestLogStats').implement({
  description: 'Totals over every request that matches the filter, not only what is in memory.',
  authScopes: ADMIN,
  fields: (t) => ({
    total: t.exposeInt('total', {
      description: 'All requests, refused ones and those that keep caches warm included.',
    }),
    succeeded: t.exposeInt('succeeded', { description: 'Those with outcome OK.' }),
    failed: t.exposeInt('failed', { description: 'Those with outcome FAILED.' }),
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
    credits: t.exposeFloat('credits', { description: 'Sum of the units that providers bill in themselves.' }),
    costUsd: t.float({
      description: 'USD; requests without a price count nothing.',
      resolve: ({ costNanoUsd }) => costNanoUsd / 1e9,
    }),
    savedUsd: t.float({
      description: 'USD that prompt caches saved.',
      resolve: ({ savedNanoUsd }) => savedNanoUsd / 1e9,
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
  }),
});

const RequestLogHealthRef = builder
  .objectRef<ReturnType<RequestLog['health']>>('RequestLogHealth')
  .implement({
    description: 'How the log itself is doing. The gateway serves on when the log cannot be written.',
    authScopes: ADMIN,
    fields: (t) => ({
      queuedRows: t.exposeInt('queuedRows', { description: 'Rows that wait to be written.' }),
      droppedRows: t.field({
        type: 'Long',
        description: 'Rows lost since the start of this process.',
        resolve: ({ droppedRows }) => droppedRows,
      }),
      lastError: t.exposeString('lastError', {
        nullable: true,
        description: 'Why the last write failed; null when it did not.',
      }),
    }),
  });

builder.queryFields((t) => ({
  requestLogStats: t.field({
    type: RequestLogStatsRef,
    description: 'Totals over every request that matches the filter.',
    args: { filter: t.arg({ type: RequestLogFilter }) },
    resolve: (_root, { filter }, { parts }) => parts.log.totals(requestFilter(filter)),
  }),
  requestLogHealth: t.field({
    type: RequestLogHealthRef,
    description: 'Whether the log keeps up.',
    resolve: (_root, _args, { parts }) => parts.log.health(),
  }),
}));
