// The requests of the same session around a logged one.

import type { SessionNeighbours } from '../gateway/log-queries.ts';
import { builder, VIEWER } from './builder.ts';
import { RequestLogRef } from './refs.ts';

/** On each side, at most. */
const MAX_NEIGHBOURS = 20;

const SessionNeighboursRef = builder.objectRef<SessionNeighbours>('SessionNeighbours').implement({
  description: 'Requests with the same session and API key, oldest first.',
  authScopes: VIEWER,
  fields: (t) => ({
    before: t.field({
      type: [RequestLogRef],
      description: 'The nearest ones that arrived earlier.',
      resolve: ({ before }) => before,
    }),
    after: t.field({
      type: [RequestLogRef],
      description: 'The nearest ones that arrived later.',
      resolve: ({ after }) => after,
    }),
  }),
});

builder.objectFields(RequestLogRef, (t) => ({
  sessionNeighbours: t.field({
    type: SessionNeighboursRef,
    nullable: true,
    description: 'What else its session did just before and after; null when the client named no session.',
    args: {
      first: t.arg.int({ defaultValue: 3, description: 'Requests on each side, 1 to 20.' }),
    },
    resolve: (row, { first }, { parts }) => {
      if (row.sessionId === null) return null;
      const limit = Math.min(MAX_NEIGHBOURS, Math.max(1, first ?? 1));
      return parts.log.neighbours(row, limit);
    },
  }),
}));
