// Lists that are paged in both directions: which way the arguments ask to go.

import type { builder } from './builder.ts';
import { badInput } from './builder.ts';
import { DEFAULT_PAGE_ROWS, type Page, type PageArgs, pageRows } from './page.ts';

type ArgBuilder = Pick<Parameters<Parameters<typeof builder.queryField>[1]>[0], 'arg'>;

export interface TwoWayArgs extends PageArgs {
  last?: number | null | undefined;
  before?: string | null | undefined;
}

export interface PageWay {
  /** Towards the beginning of the list. */
  isBackward: boolean;
  limit: number;
  /** Beyond it the page begins. */
  cursor: string | null;
}

/** No `first` has a default here: it would stand beside `last`. */
export function twoWayArgs(t: ArgBuilder) {
  return {
    first: t.arg.int({
      description: `Rows on the page, 1 to 200, from the beginning or behind \`after\`; ${DEFAULT_PAGE_ROWS} when neither \`first\` nor \`last\` is given.`,
    }),
    after: t.arg.string({ description: 'The `endCursor` of the page before.' }),
    last: t.arg.int({
      description: 'Rows on the page, 1 to 200, from the end or in front of `before`.',
    }),
    before: t.arg.string({ description: 'The `startCursor` of the page behind.' }),
  };
}

/** `first` with `after` or `last` with `before`; throws when both are given, or halves of both. */
export function wayOf({ first, after, last, before }: TwoWayArgs): PageWay {
  if (first != null && last != null) throw refused('first and last', 'give one of them');
  if (after != null && before != null) throw refused('after and before', 'give one of them');
  if (last != null && after != null) throw refused('last and after', 'last goes with before');
  if (before != null && last == null) throw refused('before without last', 'say how many rows');
  return last == null
    ? { isBackward: false, limit: pageRows({ first }), cursor: after ?? null }
    : { isBackward: true, limit: pageRows({ first: last }, 'last'), cursor: before ?? null };
}

function refused(what: string, state: string): Error {
  return badInput(`Cannot page by ${what}: ${state}`);
}

/** `edges` in the order of the list; in the direction asked `hasMore` is a fact, and in the other a cursor was given. */
export function pageOfWay<Row>(
  edges: Page<Row>['edges'],
  way: PageWay,
  rest: { hasMore: boolean; totalCount: Page<Row>['totalCount'] },
): Page<Row> {
  const came = way.cursor !== null;
  return {
    edges,
    pageInfo: {
      hasNextPage: way.isBackward ? came : rest.hasMore,
      hasPreviousPage: way.isBackward ? rest.hasMore : came,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: rest.totalCount,
  };
}
