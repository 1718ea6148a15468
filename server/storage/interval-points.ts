// Draws points of a range that has too many rows to look at: an even part of those that are kept, and the newest rows.

import { type Kysely, sql } from 'kysely';
import type { IntervalFilter, IntervalPoint } from '../gateway/log-queries.ts';
import type { LogDatabase } from './database.ts';
import { levelOf } from './interval-draw.ts';
import { CALLER_KEY, pointsOfRows } from './interval-rows.ts';
import { type FoldedRange, partsOf, rowsOfTail, type Tail } from './interval-sums.ts';

const DRAWS = 65_536;
const MAX_LEVEL = 8;
/** So much more than wanted is drawn, as chance may have it. */
const MARGIN = 1.05;

const SERIES_KEY = sql`coalesce(nullif("userId", ''), "apiKeyId")`;

/** About `limit` points or a few more, in order of time, those with the least and most interval among them. */
export async function foldedPoints(
  db: Kysely<LogDatabase>,
  {
    range,
    filter,
    limit,
    maxIntervalMs,
  }: { range: FoldedRange; filter: IntervalFilter; limit: number; maxIntervalMs: number },
): Promise<{ points: IntervalPoint[]; total: number }> {
  const ofUser = filter.userId === undefined ? sql`` : sql` and "userId" = ${filter.userId}`;
  const series = sql`"kind" = 'caller'${ofUser}`;
  const parts = partsOf(range, { filter, series, key: SERIES_KEY, rowKey: CALLER_KEY });
  const { rows: sums } = await sql<{ n: number | null }>`select sum("points") as n from (${parts})`.execute(
    db,
  );
  const total = sums[0]?.n ?? 0;
  const share = Math.min(1, (limit * MARGIN) / Math.max(1, total));
  const threshold = Math.ceil(share * DRAWS);
  const endMs = Math.min(filter.toMs, range.tail?.fromMs ?? filter.toMs);
  const point = sql`"startedAtMs" as "atMs", "intervalMs", nullif("userId", '') as "userId", p."modelId", "cacheReadTokens"`;
  const levels = JSON.stringify(levelsBelow(threshold));
  const { rows: kept } = await sql<IntervalPoint>`
    select ${point} from "intervalSeries" cross join json_each(${levels}) level
      cross join "intervalPoint" p on p."series" = "intervalSeries"."id" and p."level" = level.value
        and p."startedAtMs" >= ${range.fromMs} and p."startedAtMs" < ${endMs}
    where ${series} and p."draw" < ${threshold} and "intervalMs" <= ${maxIntervalMs}
    order by 1`.execute(db);
  const { rows: extremes } = await sql<IntervalPoint>`${extreme(1)} union ${extreme(0)}`.execute(db);
  const newest = range.tail ? await newestPoints(range.tail) : [];
  return { points: [...withThose(extremes, kept), ...newest], total };

  function extreme(isMost: 0 | 1) {
    return sql`select * from (select ${point} from "intervalSeries" cross join "intervalExtreme" p
        on p."series" = "intervalSeries"."id" and p."isMost" = ${isMost}
        and p."hourMs" >= ${range.fromMs} and p."hourMs" < ${endMs}
      where ${series} and "intervalMs" <= ${maxIntervalMs}
      order by "intervalMs" ${isMost === 1 ? sql`desc` : sql`asc`} limit 1)`;
  }

  async function newestPoints(tail: Tail) {
    const before = sql`select ${SERIES_KEY} as key, "lastStartMs" as "startedAtMs" from "intervalSeries"
      where ${series} and "lastStartMs" >= ${range.fromMs}`;
    const rowRange = { rows: rowsOfTail(tail, filter), key: CALLER_KEY, before };
    return (await pointsOfRows(db, rowRange, { maxIntervalMs, limit, share })).points;
  }
}

/** Adds those that are not there, in order of time. Requests sent at once make points that are the same, and both count. */
function withThose(extremes: readonly IntervalPoint[], kept: readonly IntervalPoint[]): IntervalPoint[] {
  const missing = extremes.filter((extreme) => !kept.some((point) => isSame(point, extreme)));
  return missing.length === 0 ? [...kept] : [...kept, ...missing].sort((a, b) => a.atMs - b.atMs);
}

function isSame(one: IntervalPoint, other: IntervalPoint): boolean {
  return (
    one.atMs === other.atMs &&
    one.intervalMs === other.intervalMs &&
    one.userId === other.userId &&
    one.modelId === other.modelId
  );
}

/** The levels in which there are draws below the threshold. */
function levelsBelow(threshold: number): number[] {
  const lowest = levelOf(Math.max(0, threshold - 1));
  return Array.from({ length: MAX_LEVEL + 1 - lowest }, (_, index) => lowest + index);
}
