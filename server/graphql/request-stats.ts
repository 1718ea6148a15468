// Totals over the request log, and how the log itself is doing.

import type { RequestLog, RequestTotals } from '../gateway/log-queries.ts';
import { BY_OWN_KEY, builder, OWN, VIEWER } from './builder.ts';
import { ownFilter } from './own-rows.ts';
import { RequestFiguresRef } from './request-figures.ts';
import { RequestLogFilter, requestFilter } from './request-filter-input.ts';

const RequestLogStatsRef = builder.objectRef<RequestTotals>('RequestLogStats').implement({
  description: 'Totals over every request that matches the filter, not only what is in memory.',
  authScopes: OWN,
  interfaces: [RequestFiguresRef],
});

const RequestLogHealthRef = builder
  .objectRef<ReturnType<RequestLog['health']>>('RequestLogHealth')
  .implement({
    description: 'How the log itself is doing. The gateway serves on when the log cannot be written.',
    authScopes: VIEWER,
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
      oldestAt: t.field({
        type: 'DateTime',
        nullable: true,
        description: 'When the oldest request that is still in it arrived; null when it is empty.',
        resolve: (_health, _args, { parts }) => parts.log.oldestMs(),
      }),
    }),
  });

builder.queryFields((t) => ({
  requestLogStats: t.field({
    type: RequestLogStatsRef,
    ...BY_OWN_KEY,
    description: 'Totals over every request that matches the filter.',
    args: { filter: t.arg({ type: RequestLogFilter }) },
    resolve: (_root, { filter }, { parts, visitor }) =>
      parts.log.totals(ownFilter(visitor, requestFilter(filter))),
  }),
  requestLogHealth: t.field({
    type: RequestLogHealthRef,
    description: 'Whether the log keeps up.',
    resolve: (_root, _args, { parts }) => parts.log.health(),
  }),
}));
