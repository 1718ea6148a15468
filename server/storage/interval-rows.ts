// Intervals between requests as the rows of the log themselves tell them: exact, as long as there are not too many.

import { type Kysely, type RawBuilder, sql } from 'kysely';
import type {
  IntervalFilter,
  IntervalGroup,
  IntervalGrouping,
  IntervalPoint,
  IntervalPointFilter,
} from '../gateway/log-queries.ts';
import type { LogDatabase } from './database.ts';
import { GAP_COLUMNS } from './interval-gaps.ts';
import { COUNTED } from './interval-schema.ts';

/** Rows, by whom they are told apart, and who came last before them: `before` selects (key, startedAtMs). */
export interface RowRange {
  /** Selects the columns of `ROW_COLUMNS`. */
  rows: RawBuilder<unknown>;
  /** SQL of the text that tells groups apart; rows for which it is null are left out. */
  key: RawBuilder<unknown>;
  before: RawBuilder<unknown> | null;
}

export const ROW_COLUMNS = sql`"startedAtMs", "userId", "apiKeyId", "modelId", "sessionId", "cacheReadTokens"`;

export const GROUP_KEYS: Record<IntervalGrouping, RawBuilder<unknown>> = {
  user: sql`nullif("userId", '')`,
  'api-key': sql`nullif("apiKeyId", '')`,
  session: sql`nullif("sessionId", '')`,
  model: sql`nullif("modelId", '')`,
};
/** A user, else an API key, else everybody without one. */
export const CALLER_KEY = sql`coalesce("userId", "apiKeyId", '')`;

/** Condition on rows and sessions alike. */
export function ofCaller({
  userId,
  apiKeyId,
  sessionId,
}: Pick<IntervalPointFilter, 'userId' | 'apiKeyId' | 'sessionId'>): RawBuilder<unknown> {
  const ofUser = userId === undefined ? sql`` : sql` and "userId" = ${userId}`;
  const ofKey = apiKeyId === undefined ? sql`` : sql` and "apiKeyId" = ${apiKeyId}`;
  return sessionId === undefined
    ? sql`${ofUser}${ofKey}`
    : sql`${ofUser}${ofKey} and "sessionId" = ${sessionId}`;
}

/** Rows that count for intervals. */
export function answered(filter: IntervalPointFilter): RawBuilder<unknown> {
  return sql`"startedAtMs" >= ${filter.fromMs} and "startedAtMs" < ${filter.toMs}
    and ${sql.raw(COUNTED)}${ofCaller(filter)}`;
}

export function rowsOfLog(filter: IntervalPointFilter): RawBuilder<unknown> {
  return sql`select ${ROW_COLUMNS} from "request" where ${answered(filter)}`;
}

/** Begins the range so late that at most `maxRows` are in it. For an API key or a session: the index tells. */
export async function newestPart(
  db: Kysely<LogDatabase>,
  filter: IntervalPointFilter,
  maxRows: number,
): Promise<IntervalPointFilter> {
  const { rows } = await sql<{ fromMs: number }>`
    select "startedAtMs" as "fromMs" from "request"
    where "startedAtMs" >= ${filter.fromMs} and "startedAtMs" < ${filter.toMs}${ofCaller(filter)}
    order by "startedAtMs" desc limit 1 offset ${maxRows - 1}`.execute(db);
  return { ...filter, fromMs: rows[0]?.fromMs ?? filter.fromMs };
}

/** As many rows are read in about 35 ms. */
export const MAX_EXACT_ROWS = 20_000;

/** Whether the rows of the range are so few that all can be looked at. There is no index for users. */
export async function isSmall(
  db: Kysely<LogDatabase>,
  { fromMs, toMs, apiKeyId }: IntervalFilter,
  maxRows: number,
): Promise<boolean> {
  const ofKey = apiKeyId === undefined ? sql`` : sql` and "apiKeyId" = ${apiKeyId}`;
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from (
      select 1 from "request" where "startedAtMs" >= ${fromMs} and "startedAtMs" < ${toMs}${ofKey}
      limit ${maxRows + 1}
    )`.execute(db);
  return (rows[0]?.n ?? 0) <= maxRows;
}

export async function exactGroups(
  db: Kysely<LogDatabase>,
  { rows, key }: Omit<RowRange, 'before'>,
): Promise<IntervalGroup[]> {
  const found = await sql<{ groups: string }>`
    select gap_groups(key, "startedAtMs") as "groups" from (select ${key} as key, "startedAtMs" from (${rows}))`.execute(
    db,
  );
  // Written by the function.
  const groups: IntervalGroup[] = JSON.parse(found.rows[0]?.groups ?? '[]');
  return groups;
}

/** Selects the columns of sums of the intervals between the rows, one row for each key. */
export function gapSums(range: RowRange): RawBuilder<unknown> {
  const columns = GAP_COLUMNS.map((name, index) => sql`value ->> ${sql.lit(index)} as ${sql.ref(name)}`);
  return sql`select ${sql.join(columns)}, unhex(value ->> ${sql.lit(GAP_COLUMNS.length)}) as "histogram"
    from json_each((select gap_sums(key, "startedAtMs", "isRow") from (${startsOf(range, sql``)})))`;
}

/** Selects key, startedAtMs, isRow and `columns` of every row and what was before. */
function startsOf({ rows, key, before }: RowRange, columns: RawBuilder<unknown>): RawBuilder<unknown> {
  const all = sql`select ${key} as key, "startedAtMs", 1 as "isRow"${columns} from (${rows})`;
  const nothing = sql`, null as "userId", null as "modelId", null as "cacheReadTokens"`;
  return before
    ? sql`${all} union all select key, "startedAtMs", 0${columns === POINT_COLUMNS ? nothing : sql``} from (${before})`
    : all;
}

const POINT_COLUMNS = sql`, "userId", "modelId", "cacheReadTokens"`;

/**
 * At most about `limit` points of the rows, every n-th, with the newest and the extremes; and how many there are.
 * `share`: of all points, 0 to 1, in place of a limit.
 */
export async function pointsOfRows(
  db: Kysely<LogDatabase>,
  range: RowRange,
  { maxIntervalMs, limit, share }: { maxIntervalMs: number; limit: number; share: number | null },
): Promise<{ points: IntervalPoint[]; total: number }> {
  const { rows } = await sql<{ found: string }>`
    select gap_points(${maxIntervalMs}, ${share}, ${limit}, key, "startedAtMs", "isRow", "userId", "modelId", "cacheReadTokens")
      as "found" from (${startsOf(range, POINT_COLUMNS)})`.execute(db);
  // Written by the function.
  const found: { points: IntervalPoint[]; total: number } = JSON.parse(
    rows[0]?.found ?? '{"points":[],"total":0}',
  );
  return found;
}
