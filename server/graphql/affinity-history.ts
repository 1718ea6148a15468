// What became of affinities lately, kept in memory: of one, and of all.

import { MAX_KEPT_CHANGES } from '../gateway/affinity-history.ts';
import { AffinityFilter, type AffinityFilterInput } from './affinity.ts';
import {
  AffinityEventKindRef,
  AffinityEventRef,
  type AffinityEventShape,
  affinityEventMatcher,
  FILTERED_EVENTS,
  shownEvent,
} from './affinity-event.ts';
import { builder } from './builder.ts';
import { encodeGlobalId } from './global-id.ts';
import { pageOf, pageRows } from './page.ts';
import { pageArgs } from './page-args.ts';
import type { AdminParts } from './parts.ts';
import { AffinityRef } from './refs.ts';

const KEPT = `The last ${MAX_KEPT_CHANGES.toLocaleString('en')} of all affinities together are kept in memory, newest first, since the start of this process at most: see \`affinityHistory.since\`. Uses (RENEWED) are not among them; the request log has those.`;

const AffinityEventConnection = builder.connectionObject({
  type: AffinityEventRef,
  name: 'AffinityEventConnection',
  fields: (t) => ({
    since: t.field({
      type: 'DateTime',
      description:
        'From when on nothing is missing: the start of this process, or, once so many are kept, when the last one dropped happened.',
      resolve: (_page, _args, { parts }) => parts.affinity.history.sinceMs,
    }),
  }),
});

builder.objectField(AffinityRef, 'history', (t) =>
  t.field({
    type: [AffinityEventRef],
    description: `What became of it, with reasons. ${KEPT}`,
    args: { first: t.arg.int({ defaultValue: 50, description: 'Events at most, 1 to 200.' }) },
    resolve: ({ binding }, page, { parts }) => {
      const filter = { id: encodeGlobalId('Affinity', binding.key) };
      return eventsOf(parts, { filter, kinds: null, limit: pageRows(page) });
    },
  }),
);

builder.queryField('affinityHistory', (t) =>
  t.field({
    type: AffinityEventConnection,
    description: `What became of affinities, those that are gone among them. ${KEPT}`,
    args: {
      filter: t.arg({ type: AffinityFilter, description: FILTERED_EVENTS }),
      kinds: t.arg({ type: [AffinityEventKindRef], description: 'Only these; absent = all.' }),
      ...pageArgs(t),
    },
    resolve: (_root, { filter, kinds, ...page }, { parts }) => {
      const rows = eventsOf(parts, { filter: filter ?? {}, kinds: kinds ?? null, limit: MAX_KEPT_CHANGES });
      return pageOf(rows, page, { order: 'affinity-history', keyOf: ({ sequence }) => [-sequence] });
    },
  }),
);

function eventsOf(
  parts: AdminParts,
  {
    filter,
    kinds,
    limit,
  }: {
    filter: AffinityFilterInput;
    kinds: readonly AffinityEventShape['event']['kind'][] | null;
    limit: number;
  },
): AffinityEventShape[] {
  const matches = affinityEventMatcher(filter);
  const found: AffinityEventShape[] = [];
  for (const kept of parts.affinity.history.newestFirst()) {
    if (found.length === limit) break;
    if (kinds && !kinds.includes(kept.event.kind)) continue;
    const shown = shownEvent(kept, parts);
    if (shown && matches(shown, parts)) found.push(shown);
  }
  return found;
}
