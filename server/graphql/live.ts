// Subscriptions: every one bounded, in order, and over as soon as its session is.

import { matchesFilter } from '../analysis/request-filter.ts';
import type { ClearedEvent } from '../gateway/live-event.ts';
import type { Account, RequestRow } from '../gateway/ports.ts';
import { AffinityFilter } from './affinity.ts';
import {
  AffinityEventRef,
  type AffinityEventShape,
  affinityEventMatcher,
  CURSOR,
  FILTERED_EVENTS,
  shownEvent,
} from './affinity-event.ts';
import { type AffinityStats, AffinityStatsRef, readAffinityStats } from './affinity-stats.ts';
import { builder, VIEWER } from './builder.ts';
import { changesOf, spacedOut } from './pace.ts';
import { AccountRef, RequestLogRef } from './refs.ts';
import { RequestLogFilter, requestFilter } from './request-filter-input.ts';
import { cursorOf, eventsAfter, rowsAfter } from './resume.ts';
import { whileLoggedIn } from './subscription.ts';

/** Shortest time between two events of one account, and between two of the stats. */
const PERIOD_MS = 1000;

const ERRORS_OF_AFTER =
  'The errors CURSOR_UNKNOWN (another process) and CURSOR_TOO_OLD mean: read the state anew and subscribe without.';

interface ClearedEventShape extends ClearedEvent {
  sequence: number;
}

const ClearedSubjectRef = builder.enumType('ClearedSubject', {
  description: 'What was cleared.',
  values: {
    AFFINITIES: { value: 'affinities', description: 'Affinities.' },
    REQUEST_LOGS: { value: 'request-logs', description: 'Rows of the request log.' },
    MODEL_MAPPINGS: { value: 'model-mappings', description: 'Entries of the model mapping cache.' },
  } as const,
});

const ClearedEventRef = builder.objectRef<ClearedEventShape>('ClearedEvent').implement({
  description: 'Something was cleared by an administrator.',
  authScopes: VIEWER,
  fields: (t) => ({
    subject: t.field({ type: ClearedSubjectRef, description: 'What.', resolve: ({ subject }) => subject }),
    at: t.field({ type: 'DateTime', description: 'When.', resolve: ({ atMs }) => atMs }),
    actor: t.exposeString('actor', { description: 'By whom: `panel` or `admin-token`.' }),
    clearedCount: t.exposeInt('clearedCount', { description: 'How much.' }),
    message: t.exposeString('message', { description: 'For people, in English.' }),
    cursor: t.string({
      description: CURSOR,
      resolve: ({ sequence }, _args, { parts }) => cursorOf('cleared', parts.live, sequence),
    }),
  }),
});

builder.subscriptionFields((t) => ({
  requestLogged: t.field({
    type: RequestLogRef,
    description: 'One event per finished request that matches, in order, none lost while connected.',
    args: {
      filter: t.arg({ type: RequestLogFilter }),
      after: t.arg.string({
        description: `Id of the last RequestLog seen, whether it matched or not: rows logged since come first, at most 10,000. ${ERRORS_OF_AFTER}`,
      }),
    },
    subscribe: (_root, { filter: asked, after }, context) => {
      const filter = requestFilter(asked);
      const { live, log } = context.parts;
      return whileLoggedIn(context, (signal) =>
        select(rowsAfter(after, { live, log, signal }), (row) => (matchesFilter(row, filter) ? row : null)),
      );
    },
    resolve: (row: RequestRow) => row,
  }),
  affinityChanged: t.field({
    type: AffinityEventRef,
    description:
      'Bound, renewed, moved, borrowed, pinned, expired, cleared: with the reason and the account before and after. Of affinities that end at one blow the first 1000 are told; `cleared` says how many they were.',
    args: {
      filter: t.arg({ type: AffinityFilter, description: FILTERED_EVENTS }),
      after: t.arg.string({
        description: `\`cursor\` of the last event seen: those since come first, if they are among the last 1,000 of all. ${ERRORS_OF_AFTER}`,
      }),
    },
    subscribe: (_root, { filter, after }, context) => {
      const matches = affinityEventMatcher(filter ?? {});
      const { live } = context.parts;
      return whileLoggedIn(context, (signal) =>
        select(eventsAfter('affinity', after, { live, signal }), (told) => {
          const shown = shownEvent(told, context.parts);
          return shown && matches(shown, context.parts) ? shown : null;
        }),
      );
    },
    resolve: (shape: AffinityEventShape) => shape,
  }),
  cleared: t.field({
    type: ClearedEventRef,
    description: 'Whenever an administrator cleared something: what, by whom and how much.',
    args: {
      after: t.arg.string({
        description: `\`cursor\` of the last event seen: those since come first, if they are among the last 200. ${ERRORS_OF_AFTER}`,
      }),
    },
    subscribe: (_root, { after }, context) =>
      whileLoggedIn(context, (signal) =>
        select(
          eventsAfter('cleared', after, { live: context.parts.live, signal }),
          ({ event, sequence }) => ({ ...event, sequence }),
        ),
      ),
    resolve: (event: ClearedEventShape) => event,
  }),
  affinityStats: t.field({
    type: AffinityStatsRef,
    description:
      'At once when subscribed, then at most once a second and only when something changed. State, not history: after a reconnection it starts with what holds then.',
    subscribe: (_root, _args, context) =>
      whileLoggedIn(context, (signal) =>
        changesOf(() => readAffinityStats(context), {
          clock: context.parts.clock,
          periodMs: PERIOD_MS,
          signal,
        }),
      ),
    resolve: (stats: AffinityStats) => stats,
  }),
  accountChanged: t.field({
    type: AccountRef,
    description:
      'An account whose state, load or settings changed; at most once a second per account. State, not history: read the accounts anew after a reconnection.',
    subscribe: (_root, _args, context) => {
      const { live, clock, catalog } = context.parts;
      return whileLoggedIn(context, (signal) => {
        const events = live.subscribe('account', signal);
        const ids = spacedOut(events, { keyOf: ({ accountId }) => accountId, clock, periodMs: PERIOD_MS });
        return select(ids, (id) => catalog.current.accounts.get(id) ?? null);
      });
    },
    resolve: (account: Account) => account,
  }),
}));

/** What `pick` makes of the events, without its nulls. The caller has subscribed already, so nothing is missed before the first read. */
async function* select<From, To>(
  events: AsyncIterable<From>,
  pick: (event: From) => To | null,
): AsyncGenerator<To> {
  for await (const event of events) {
    const picked = pick(event);
    if (picked !== null) yield picked;
  }
}
