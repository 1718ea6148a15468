// Which kept sums and which rows together tell of the intervals in a range of time.

import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { IntervalFilter, IntervalGrouping } from '../gateway/log-queries.ts';
import type { LogDatabase } from './database.ts';
import { answered, gapSums, ofCaller, ROW_COLUMNS } from './interval-rows.ts';
import type { IntervalKind } from './interval-schema.ts';
import { DAY_MS, HOUR_MS } from './tally-kinds.ts';
import { ceilTo, floorTo } from './tally-ranges.ts';

/** After an upgrade there are many rows that are not even waiting yet: only the newest of them are looked through. */
const MAX_UNKNOWN_ROWS = 40_000;

export interface FoldedRange {
  /** Begins with a whole bucket. */
  fromMs: number;
  /** Half-open, whole buckets. */
  buckets: readonly { bucketMs: number; fromMs: number; toMs: number }[];
  /** What is read from rows; null = the range ends before. */
  tail: Tail | null;
  /** Up to where rows are folded. */
  foldedToMs: number;
}

export interface Tail {
  fromMs: number;
  toMs: number;
  /** Rows that start from here on, and up to that `seq`, are those that wait. */
  waitingFromMs: number;
  takenSeq: number;
}

/** `smallestMs`: the smallest bucket that is kept of the series. */
export async function foldedRange(
  db: Kysely<LogDatabase>,
  filter: IntervalFilter,
  smallestMs: typeof HOUR_MS | typeof DAY_MS = HOUR_MS,
): Promise<FoldedRange> {
  const { rows } = await sql<Omit<Tail, 'fromMs' | 'toMs'> & { foldedToMs: number; newestMs: number | null }>`
    select "foldedToMs", "waitingFromMs",
      max("takenSeq", (select coalesce(max("seq"), 0) from "request") - ${MAX_UNKNOWN_ROWS}) as "takenSeq",
      case when "foldedToMs" < "waitingFromMs" then (select "startedAtMs" from "request"
        where "startedAtMs" < ${filter.toMs} order by "startedAtMs" desc limit 1 offset ${MAX_UNKNOWN_ROWS}) end as "newestMs"
    from "intervalState"`.execute(db);
  const { foldedToMs = 0, newestMs = null, waitingFromMs = 0, takenSeq = 0 } = rows[0] ?? {};
  const fromMs = floorTo(smallestMs, filter.fromMs);
  const tailFromMs = Math.max(foldedToMs, newestMs ?? 0, fromMs);
  return {
    fromMs,
    buckets: bucketsBetween(fromMs, ceilTo(smallestMs, Math.min(filter.toMs, foldedToMs))),
    tail:
      tailFromMs < filter.toMs ? { fromMs: tailFromMs, toMs: filter.toMs, waitingFromMs, takenSeq } : null,
    foldedToMs,
  };
}

/** Selects the rows of the tail; see ROW_COLUMNS. */
export function rowsOfTail(tail: Tail, filter: IntervalFilter): RawBuilder<unknown> {
  const { fromMs, toMs, waitingFromMs, takenSeq } = tail;
  const knownMs = Math.max(fromMs, waitingFromMs);
  const waiting = sql`select ${ROW_COLUMNS} from "intervalWaiting"
    where "startedAtMs" >= ${knownMs} and "startedAtMs" < ${toMs}${ofCaller(filter)}`;
  const unknown = sql`select ${ROW_COLUMNS} from "request" not indexed
    where "seq" > ${takenSeq} and ${answered({ ...filter, fromMs: knownMs, toMs })}`;
  if (fromMs >= waitingFromMs) return sql`${waiting} union all ${unknown}`;
  const again = sql`select ${ROW_COLUMNS} from "request"
    where ${answered({ ...filter, fromMs, toMs: Math.min(toMs, waitingFromMs) })}`;
  return sql`${waiting} union all ${unknown} union all ${again}`;
}

/** Days where there are whole ones, hours before and after. */
function bucketsBetween(fromMs: number, toMs: number): FoldedRange['buckets'] {
  const firstDayMs = ceilTo(DAY_MS, fromMs);
  const lastDayMs = floorTo(DAY_MS, toMs);
  const parts =
    firstDayMs < lastDayMs
      ? [
          { bucketMs: HOUR_MS, fromMs, toMs: firstDayMs },
          { bucketMs: DAY_MS, fromMs: firstDayMs, toMs: lastDayMs },
          { bucketMs: HOUR_MS, fromMs: lastDayMs, toMs },
        ]
      : [{ bucketMs: HOUR_MS, fromMs, toMs }];
  return parts.filter((part) => part.fromMs < part.toMs);
}

/** Condition on `intervalSeries` for the series that are asked for. */
export function seriesFor({ userId, apiKeyId }: IntervalFilter, kind: IntervalKind): RawBuilder<unknown> {
  const ofUser = userId === undefined ? sql`` : sql` and "userId" = ${userId}`;
  const ofKey = apiKeyId === undefined ? sql`` : sql` and "apiKeyId" = ${apiKeyId}`;
  return sql`"kind" = ${kind}${ofUser}${ofKey}`;
}

export function kindFor(
  { userId, apiKeyId }: IntervalFilter,
  by: Exclude<IntervalGrouping, 'session'>,
): IntervalKind {
  switch (by) {
    case 'user':
      return apiKeyId === undefined ? 'caller' : 'api-key';
    case 'api-key':
      return 'api-key';
    case 'model':
      if (apiKeyId !== undefined) return 'key-model';
      return userId === undefined ? 'model' : 'user-model';
  }
}

/**
 * Selects key and sums, several rows for a key. `key`: of a series as of a row; `rowKey`: where a row names it otherwise.
 */
export function partsOf(
  range: FoldedRange,
  {
    filter,
    series,
    key,
    rowKey = key,
  }: {
    filter: IntervalFilter;
    series: RawBuilder<unknown>;
    key: RawBuilder<unknown>;
    rowKey?: RawBuilder<unknown>;
  },
): RawBuilder<unknown> {
  const parts = range.buckets.map(
    ({
      bucketMs,
      fromMs,
      toMs,
    }) => sql`select ${key} as key, s."intervals", s."within5", s."within15", s."within30",
      s."within60", s."points", s."sumMs", s."leastMs", s."mostMs", s."histogram"
    from "intervalSeries" cross join "intervalSum" s on s."series" = "intervalSeries"."id"
      and s."bucketMs" = ${bucketMs} and s."atMs" >= ${fromMs} and s."atMs" < ${toMs}
    where ${series}`,
  );
  if (range.tail) {
    const before = sql`select ${key} as key, "lastStartMs" as "startedAtMs" from "intervalSeries"
      where ${series} and "lastStartMs" >= ${range.fromMs}`;
    parts.push(gapSums({ rows: rowsOfTail(range.tail, filter), key: rowKey, before }));
  }
  return parts.length === 0 ? NO_PARTS : sql.join(parts, sql` union all `);
}

const NO_PARTS = sql`select '' as key, 0 as "intervals", 0 as "within5", 0 as "within15", 0 as "within30",
  0 as "within60", 0 as "points", 0 as "sumMs", 0 as "leastMs", 0 as "mostMs", null as "histogram"`;

/** Adds up the rows of a key. */
export const sumsOver = sql`sum("intervals") as "intervals", sum("within5") as "within5", sum("within15") as "within15",
  sum("within30") as "within30", sum("within60") as "within60", sum("points") as "points", sum("sumMs") as "sumMs",
  min("leastMs") as "leastMs", max("mostMs") as "mostMs"`;
