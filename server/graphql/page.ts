// Pages of lists: `first`, opaque keyset cursors, in-memory paging for what the catalogue and affinity table hold.

import { fromBase64url, toBase64url } from './base64url.ts';
import { badInput } from './builder.ts';

export const DEFAULT_PAGE_ROWS = 50;
export const MAX_PAGE_ROWS = 200;

/** Arguments of every connection. */
export interface PageArgs {
  first?: number | null | undefined;
  after?: string | null | undefined;
}

/** Where a row stands in its order: compared element by element, ascending. The last element is unique. */
export type SortKey = readonly (string | number)[];

/** What a connection type resolves from. */
export interface Page<Row> {
  edges: { cursor: string; node: Row }[];
  pageInfo: {
    hasNextPage: boolean;
    hasPreviousPage: boolean;
    startCursor: string | null;
    endCursor: string | null;
  };
  totalCount: () => number | Promise<number>;
}

/** The page of `rows` (in any order) that the arguments ask for. `order` names the sort order, so that cursors of another are refused. */
export function pageOf<Row>(
  rows: readonly Row[],
  args: PageArgs,
  { order, keyOf }: { order: string; keyOf: (row: Row) => SortKey },
): Page<Row> {
  const limit = pageRows(args);
  const after = args.after == null ? null : readCursor(args.after, order);
  const window = firstRows(rows, { count: limit + 1, after, keyOf });
  const edges = window
    .slice(0, limit)
    .map(({ row, key }) => ({ cursor: writeCursor(order, key), node: row }));
  return pageFrom(edges, { hasNextPage: window.length > limit, args, totalCount: () => rows.length });
}

interface Keyed<Row> {
  row: Row;
  key: SortKey;
}

/** The first rows of the order. In one pass, because a page of fifty is all that is wanted of a hundred thousand. */
function firstRows<Row>(
  rows: readonly Row[],
  { count, after, keyOf }: { count: number; after: SortKey | null; keyOf: (row: Row) => SortKey },
): Keyed<Row>[] {
  const found: Keyed<Row>[] = [];
  for (const row of rows) {
    const key = keyOf(row);
    const last = found[count - 1];
    if (last && compareKeys(key, last.key) >= 0) continue;
    if (after !== null && compareKeys(key, after) <= 0) continue;
    found.splice(placeOf(key, found), 0, { row, key });
    if (found.length > count) found.pop();
  }
  return found;
}

/** Behind those that are no greater. */
function placeOf(key: SortKey, sorted: readonly { key: SortKey }[]): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const other = sorted[middle];
    if (other && compareKeys(other.key, key) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** A page whose rows were already cut. */
export function pageFrom<Row>(
  edges: { cursor: string; node: Row }[],
  rest: { hasNextPage: boolean; args: PageArgs; totalCount: () => number | Promise<number> },
): Page<Row> {
  return {
    edges,
    pageInfo: {
      hasNextPage: rest.hasNextPage,
      hasPreviousPage: rest.args.after != null,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
    totalCount: rest.totalCount,
  };
}

/** How many rows are asked for; throws unless 1 … 200. `name`: of the argument that says it. */
export function pageRows({ first }: PageArgs, name = 'first'): number {
  const rows = first ?? DEFAULT_PAGE_ROWS;
  if (rows >= 1 && rows <= MAX_PAGE_ROWS) return rows;
  throw badInput(`Cannot page by ${rows} rows: ${name} must be from 1 to ${MAX_PAGE_ROWS}`);
}

export function writeCursor(order: string, key: SortKey): string {
  return toBase64url(JSON.stringify([order, ...key]));
}

/** Throws unless the cursor was given out for this order. */
export function readCursor(cursor: string, order: string): SortKey {
  const parts = parseCursor(cursor);
  if (parts?.[0] === order) return parts.slice(1);
  throw badInput('Cannot read the cursor: it is not one of this list in this order');
}

function parseCursor(cursor: string): SortKey | null {
  try {
    const parts: unknown = JSON.parse(fromBase64url(cursor) ?? '');
    return Array.isArray(parts) && parts.every(isKeyPart) ? parts : null;
  } catch {
    return null;
  }
}

function isKeyPart(part: unknown): part is string | number {
  return typeof part === 'string' || typeof part === 'number';
}

function compareKeys(a: SortKey, b: SortKey): number {
  for (let index = 0; index < a.length; index += 1) {
    const part = a[index];
    const other = b[index];
    if (part === undefined || other === undefined) return 1;
    if (part !== other) return part < other ? -1 : 1;
  }
  return 0;
}
