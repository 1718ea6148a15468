// Subscriptions: every one bounded, in order, and over as soon as its session is.

import { matchesFilter } from '../analysis/request-filter.ts';
import type { ClearedEvent } from '../gateway/live-event.ts';
import type { Account, AffinityEvent, RequestRow } from '../gateway/ports.ts';
import { AffinityFilter, affinityMatcher } from './affinity.ts';
import { type AffinityStats, AffinityStatsRef, readAffinityStats } from './affinity-stats.ts';
import { type Affinity, affinityOf } from './affinity-view.ts';
import { ADMIN, builder } from './builder.ts';
import { changesOf, spacedOut } from './pace.ts';
import { AccountRef, AffinityRef, RequestLogRef } from './refs.ts';
import { RequestLogFilter, requestFilter } from './request-filter-input.ts';
import { whileLoggedIn } from './subscription.ts';

/** Shortest time between two events of one account, and between two of the stats. */
const PERIOD_MS = 1000;

const AffinityEventKindRef = builder.enumType('AffinityEventKind', {
  description: 'What happened to an affinity.',
  values: {
    BOUND: { value: 'bound', description: 'Made.' },
    RENEWED: { value: 'renewed', description: 'Used; its life starts again.' },
    MOVED: { value: 'moved', description: 'Bound to another account.' },
    BORROWED: { value: 'borrowed', description: 'A request went elsewhere for once.' },
    EXPIRED: { value: 'expired', description: 'Not used for its lifetime.' },
    CLEARED: { value: 'cleared', description: 'Cleared by an administrator, or what it named is gone.' },
  } as const,
});

interface AffinityEventShape {
  event: AffinityEvent;
  affinity: Affinity;
}

const AffinityEventRef = builder.objectRef<AffinityEventShape>('AffinityEvent').implement({
  description: 'Something that happened to an affinity.',
  authScopes: ADMIN,
  fields: (t) => ({
    kind: t.field({
      type: AffinityEventKindRef,
      description: 'What happened.',
      resolve: ({ event }) => event.kind,
    }),
    at: t.field({ type: 'DateTime', description: 'When.', resolve: ({ event }) => event.atMs }),
    reason: t.string({ description: 'Why.', resolve: ({ event }) => event.reason }),
    accountBefore: t.field({
      type: AccountRef,
      nullable: true,
      description: 'Where it was bound before; null when nowhere or since deleted.',
      resolve: ({ event }, _args, { parts }) =>
        parts.catalog.current.accounts.get(event.accountIdBefore ?? '') ?? null,
    }),
    accountAfter: t.field({
      type: AccountRef,
      nullable: true,
      description: 'Where it is bound, or where the request went; null when nowhere or since deleted.',
      resolve: ({ event }, _args, { parts }) =>
        parts.catalog.current.accounts.get(event.accountIdAfter ?? '') ?? null,
    }),
    affinity: t.field({
      type: AffinityRef,
      description: 'As it was at that moment.',
      resolve: ({ affinity }) => affinity,
    }),
  }),
});

const ClearedSubjectRef = builder.enumType('ClearedSubject', {
  description: 'What was cleared.',
  values: {
    AFFINITIES: { value: 'affinities', description: 'Affinities.' },
    REQUEST_LOGS: { value: 'request-logs', description: 'Rows of the request log.' },
  } as const,
});

const ClearedEventRef = builder.objectRef<ClearedEvent>('ClearedEvent').implement({
  description: 'Something was cleared by an administrator.',
  authScopes: ADMIN,
  fields: (t) => ({
    subject: t.field({ type: ClearedSubjectRef, description: 'What.', resolve: ({ subject }) => subject }),
    at: t.field({ type: 'DateTime', description: 'When.', resolve: ({ atMs }) => atMs }),
    actor: t.exposeString('actor', { description: 'By whom: `panel` or `admin-token`.' }),
    clearedCount: t.exposeInt('clearedCount', { description: 'How much.' }),
    message: t.exposeString('message', { description: 'For people, in English.' }),
  }),
});

builder.subscriptionFields((t) => ({
  requestLogged: t.field({
    type: RequestLogRef,
    description: 'One event per finished request that matches, in order, none lost while connected.',
    args: { filter: t.arg({ type: RequestLogFilter }) },
    subscribe: (_root, args, context) => {
      const filter = requestFilter(args.filter);
      return whileLoggedIn(context, (signal) =>
        select(context.parts.live.subscribe('request', signal), ({ row }) =>
          matchesFilter(row, filter) ? row : null,
        ),
      );
    },
    resolve: (row: RequestRow) => row,
  }),
  affinityChanged: t.field({
    type: AffinityEventRef,
    description:
      'Bound, renewed, moved, borrowed, expired, cleared: with the reason and the account before and after.',
    args: { filter: t.arg({ type: AffinityFilter }) },
    subscribe: (_root, { filter }, context) => {
      const matches = affinityMatcher(filter ?? {});
      const { live, catalog } = context.parts;
      return whileLoggedIn(context, (signal) =>
        select(live.subscribe('affinity', signal), ({ event }) => {
          const affinity = affinityOf(event.binding, catalog.current);
          return affinity && matches(affinity) ? { event, affinity } : null;
        }),
      );
    },
    resolve: (shape: AffinityEventShape) => shape,
  }),
  cleared: t.field({
    type: ClearedEventRef,
    description: 'Whenever an administrator cleared something: what, by whom and how much.',
    subscribe: (_root, _args, context) =>
      whileLoggedIn(context, (signal) =>
        select(context.parts.live.subscribe('cleared', signal), ({ event }) => event),
      ),
    resolve: (event: ClearedEvent) => event,
  }),
  affinityStats: t.field({
    type: AffinityStatsRef,
    description: 'At once when subscribed, then at most once a second and only when something changed.',
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
    description: 'An account whose state, load or settings changed; at most once a second per account.',
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
