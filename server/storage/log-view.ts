// One consistent look at the log: how far it and its sums reach, and from which tables a question is answered.

import { type Kysely, type RawBuilder, type SqlBool, sql, type Transaction } from 'kysely';
import type { RequestFilter } from '../gateway/ports.ts';
import type { LogDatabase } from './database.ts';
import { matches } from './request-filter.ts';
import { DAY_MS, type Dimension, dimensionsOf, HOUR_MS, type Tally, tallyOf } from './tally-kinds.ts';
import { type BucketRange, ceilTo, cut, floorTo, type LogExtent, type TimeRange } from './tally-ranges.ts';

/** More rows that are in no sum yet are looked for by time, not one by one. */
const MAX_LATE_ROWS = 20_000;
/** As are fewer when they would be compared with too many ranges. */
const MAX_LATE_COMPARISONS = 200_000;

export interface LogView {
  tx: Transaction<LogDatabase>;
  extent: LogExtent;
  foldedSeq: number;
  /** Rows that are in no sum yet. */
  lateRows: number;
  /** Half-open times of those rows. */
  lateFromMs: number;
  lateToMs: number;
}

/** Tells how far the sums reach that are asked. */
type FoldedColumn = 'foldedSeq' | 'attemptsSeq';

/** In one transaction, so that sums and rows tell of the same moment. Null: the log is empty. */
export function viewLog<Result>(
  db: Kysely<LogDatabase>,
  look: (view: LogView | null) => Promise<Result>,
  folded: FoldedColumn = 'foldedSeq',
): Promise<Result> {
  return db
    .transaction()
    .setAccessMode('read only')
    .execute(async (tx) => look(await openView(tx, folded)));
}

async function openView(tx: Transaction<LogDatabase>, folded: FoldedColumn): Promise<LogView | null> {
  const { rows } = await sql<{
    foldedSeq: number;
    minutesFromMs: number;
    lastSeq: number | null;
    oldestMs: number | null;
    newestMs: number | null;
  }>`SELECT ${sql.ref(folded)} AS foldedSeq, minutesFromMs, (SELECT max(seq) FROM request) AS lastSeq,
    (SELECT min(startedAtMs) FROM request) AS oldestMs, (SELECT max(startedAtMs) FROM request) AS newestMs
    FROM tallyState`.execute(tx);
  const [state] = rows;
  if (!state || state.lastSeq === null || state.oldestMs === null || state.newestMs === null) return null;
  const { foldedSeq, minutesFromMs, lastSeq, oldestMs, newestMs } = state;
  const lateRows = lastSeq - foldedSeq;
  const late = await lateTimes(tx, { foldedSeq, lateRows });
  return {
    tx,
    extent: { oldestMs, newestMs, minutesFromMs },
    foldedSeq,
    lateRows,
    lateFromMs: late?.fromMs ?? oldestMs,
    lateToMs: (late?.lastMs ?? newestMs) + 1,
  };
}

/** Null when there are too many to look. */
async function lateTimes(
  tx: Transaction<LogDatabase>,
  { foldedSeq, lateRows }: { foldedSeq: number; lateRows: number },
): Promise<{ fromMs: number | null; lastMs: number | null } | null> {
  if (lateRows === 0 || lateRows > MAX_LATE_ROWS) return null;
  const { rows } = await sql<{ fromMs: number | null; lastMs: number | null }>`
    SELECT min(startedAtMs) AS fromMs, max(startedAtMs) AS lastMs FROM request NOT INDEXED
    WHERE seq > ${foldedSeq}`.execute(tx);
  return rows[0] ?? null;
}

/** One query whose rows, with those of the others, make the answer. */
export interface Source {
  kind: 'tally' | 'log';
  /** A `WITH` clause, and what follows `FROM` up to `GROUP BY`. */
  head: RawBuilder<unknown>;
  body: RawBuilder<unknown>;
}

/**
 * Where the answer about the ranges is: whole buckets in a table of sums; pieces of buckets in the log; and in the log
 * too, rows of those buckets that are in no sum yet. Null when no table knows the dimensions.
 */
export function sourcesOf(
  view: LogView,
  {
    filter,
    ranges,
    tallies,
    dimensions,
  }: {
    filter: RequestFilter;
    ranges: readonly TimeRange[];
    tallies: readonly Tally[];
    dimensions: readonly Dimension[];
  },
): Source[] | null {
  const asked = dimensionsOf(filter);
  const tally = asked && tallyOf(tallies, [...asked, ...dimensions]);
  if (!tally) return null;
  const minutesFromMs = tally.hasMinutes ? view.extent.minutesFromMs : Number.POSITIVE_INFINITY;
  const { buckets, pieces } = cut(ranges, { ...view.extent, minutesFromMs });
  const sources: Source[] = [];
  if (buckets.length > 0) sources.push(inTally(tally, filter, buckets));
  if (pieces.length > 0) sources.push(inLog(filter, pieces));
  const late = buckets.filter(({ fromMs, toMs }) => fromMs < view.lateToMs && toMs > view.lateFromMs);
  if (late.length > 0 && view.lateRows > 0) sources.push(amongLate(view, filter, late));
  return sources;
}

function inTally({ table }: Tally, filter: RequestFilter, ranges: readonly BucketRange[]): Source {
  return {
    kind: 'tally',
    head: rangeTable(ranges),
    body: sql`"range" cross join ${sql.table(table)} on ${sql.table(table)}."bucketMs" = "range"."bucketMs"
      and "atMs" >= "fromMs" and "atMs" < "toMs" where ${matches(timeless(filter))}`,
  };
}

/** The rows of the log themselves. */
export function inLog(filter: RequestFilter, ranges: readonly TimeRange[]): Source {
  return {
    kind: 'log',
    head: rangeTable(ranges),
    body: sql`"range" cross join "request" on "startedAtMs" >= "fromMs" and "startedAtMs" < "toMs"
      where ${matches(timeless(filter))}`,
  };
}

function amongLate(view: LogView, filter: RequestFilter, ranges: readonly TimeRange[]): Source {
  const isOneByOne = view.lateRows <= MAX_LATE_ROWS && view.lateRows * ranges.length <= MAX_LATE_COMPARISONS;
  const rows = isOneByOne
    ? sql`"request" not indexed on "seq" > ${view.foldedSeq} and +"startedAtMs" >= "fromMs" and +"startedAtMs" < "toMs"`
    : sql`"request" indexed by "requestByTime" on "startedAtMs" >= "fromMs" and "startedAtMs" < "toMs"
        and +"seq" > ${view.foldedSeq}`;
  return {
    kind: 'log',
    head: rangeTable(ranges),
    body: sql`"range" cross join ${rows} where ${matches(timeless(filter))}`,
  };
}

function rangeTable(ranges: readonly (TimeRange | BucketRange)[]): RawBuilder<unknown> {
  const list = ranges.map((range) => [
    range.slot,
    range.fromMs,
    range.toMs,
    'bucketMs' in range ? range.bucketMs : 0,
  ]);
  return sql`with "range" ("slot", "fromMs", "toMs", "bucketMs") as materialized (
    select "value" ->> 0, "value" ->> 1, "value" ->> 2, "value" ->> 3 from json_each(${JSON.stringify(list)}))`;
}

export function timeless({ fromMs, toMs, ...rest }: RequestFilter): RequestFilter {
  return rest;
}

/** The range of a filter, within what the log has. */
export function rangeOf({ extent }: LogView, { fromMs, toMs }: RequestFilter): TimeRange {
  return { slot: 0, fromMs: fromMs ?? extent.oldestMs, toMs: toMs ?? extent.newestMs + 1 };
}

/** At least as many as there are rows in the range, whatever else they match. */
export async function roughRows(
  { tx, lateRows }: LogView,
  { fromMs, toMs }: TimeRange,
  filter: RequestFilter,
): Promise<number> {
  const bucketMs = toMs - fromMs > 3 * DAY_MS ? DAY_MS : HOUR_MS;
  // Only what an index leads to is not looked at row by row.
  const isIndexed = filter.apiKeyId !== undefined && filter.apiKeyId !== '';
  const table = isIndexed ? 'tallyCaller' : 'tallyPlain';
  const ofKey: RawBuilder<SqlBool> = isIndexed ? sql`"apiKeyId" = ${filter.apiKeyId}` : sql`true`;
  const { rows } = await sql<{ total: number }>`
    select coalesce(sum("total"), 0) as "total" from ${sql.table(table)} where "bucketMs" = ${bucketMs}
      and "atMs" >= ${floorTo(bucketMs, fromMs)} and "atMs" < ${ceilTo(bucketMs, toMs)} and ${ofKey}`.execute(
    tx,
  );
  return (rows[0]?.total ?? 0) + lateRows;
}
