// Intervals between requests: from the rows where there are few, else from the sums that are kept and the newest rows.

import { type Kysely, type RawBuilder, sql } from 'kysely';
import { drawEvenly, drawPerUser } from '../analysis/interval-sample.ts';
import { MIN_INTERVALS, rankedGroups } from '../analysis/intervals.ts';
import { recommendedTtlMinutes, TTL_STEPS_MINUTES } from '../analysis/ttl-ladder.ts';
import type {
  IntervalFilter,
  IntervalGroup,
  IntervalGrouping,
  IntervalGroups,
  IntervalPointFilter,
  IntervalSample,
  LogQueries,
} from '../gateway/log-queries.ts';
import type { LogDatabase } from './database.ts';
import { foldedPoints } from './interval-points.ts';
import {
  CALLER_KEY,
  exactGroups,
  GROUP_KEYS,
  gapSums,
  isSmall,
  MAX_EXACT_ROWS,
  newestPart,
  ofCaller,
  pointsOfRows,
  rowsOfLog,
} from './interval-rows.ts';
import { isDaily } from './interval-schema.ts';
import {
  type FoldedRange,
  foldedRange,
  kindFor,
  partsOf,
  rowsOfTail,
  seriesFor,
  sumsOver,
} from './interval-sums.ts';
import { DAY_MS, HOUR_MS } from './tally-kinds.ts';

/** From here on reading kept points is faster. */
const MAX_EXACT_POINTS = 10_000;
/** What one API key or session did is not kept as points: so many rows of it are read in about 90 ms. */
const MAX_OWN_ROWS = 50_000;

export function intervals(
  db: Kysely<LogDatabase>,
  filter: IntervalFilter,
  options: { by: IntervalGrouping; limit: number },
  maxExactRows = MAX_EXACT_ROWS,
): Promise<IntervalGroups> {
  return inOneMoment(db, async (tx) => {
    if (await isSmall(tx, filter, maxExactRows)) {
      const found = await exactGroups(tx, { rows: rowsOfLog(filter), key: GROUP_KEYS[options.by] });
      return rankedGroups(found, { limit: options.limit, isExact: true });
    }
    return foldedGroups(tx, filter, options);
  });
}

/** Folding meanwhile must not show in a part of an answer only. */
export function inOneMoment<Result>(
  db: Kysely<LogDatabase>,
  look: (tx: Kysely<LogDatabase>) => Promise<Result>,
): Promise<Result> {
  return db.transaction().setAccessMode('read only').execute(look);
}

async function foldedGroups(
  db: Kysely<LogDatabase>,
  filter: IntervalFilter,
  { by, limit }: { by: IntervalGrouping; limit: number },
): Promise<IntervalGroups> {
  if (by === 'session') return sessionGroups(db, { range: await foldedRange(db, filter), filter, limit });
  const kind = kindFor(filter, by);
  const range = await foldedRange(db, filter, isDaily(kind) ? DAY_MS : HOUR_MS);
  const series = seriesFor(filter, kind);
  const { rows } = await sql<GroupRow>`
    select key, ${sumsOver}, histogram_intervals(histogram_sum("histogram")) as "percentiles"
    from (${partsOf(range, { filter, series, key: GROUP_KEYS[by] })})
    where key <> '' group by key having sum("intervals") >= ${MIN_INTERVALS}`.execute(db);
  return rankedGroups(rows.map(groupOf), { limit, isExact: false });
}

export function intervalSample(
  db: Kysely<LogDatabase>,
  filter: IntervalPointFilter,
  { limit, maxIntervalMs, perUser }: Parameters<LogQueries['intervalSample']>[1],
  { maxExactRows = MAX_EXACT_POINTS, maxOwnRows = MAX_OWN_ROWS } = {},
): Promise<IntervalSample> {
  const draw = perUser ? drawPerUser : drawEvenly;
  return inOneMoment(db, async (tx) => {
    const isOwn = filter.apiKeyId !== undefined || filter.sessionId !== undefined;
    if (isOwn || (await isSmall(tx, filter, maxExactRows))) {
      const rows = rowsOfLog(isOwn ? await newestPart(tx, filter, maxOwnRows) : filter);
      const key = filter.sessionId === undefined ? CALLER_KEY : GROUP_KEYS.session;
      const range = { rows, key, before: null };
      // Twice as many as wanted, so that each user can have one.
      const options = { maxIntervalMs, limit: perUser ? 2 * limit : limit, share: null };
      const { points, total } = await pointsOfRows(tx, range, options);
      return { points: draw(points, limit), total };
    }
    const range = await foldedRange(tx, filter);
    const { points, total } = await foldedPoints(tx, { range, filter, limit, maxIntervalMs });
    return { points: draw(points, limit), total };
  });
}

interface GroupRow {
  key: string;
  intervals: number;
  within5: number;
  within15: number;
  within30: number;
  within60: number;
  sumMs: number;
  leastMs: number;
  mostMs: number;
  /** JSON of three numbers. */
  percentiles: string;
}

function groupOf(row: GroupRow): IntervalGroup {
  const { within5, within15, within30, within60, intervals: count, leastMs, mostMs } = row;
  const percentiles: number[] = JSON.parse(row.percentiles);
  // A bin's middle may lie beyond what was seen.
  const [p50Ms = 0, p75Ms = 0, p90Ms = 0] = percentiles.map((ms) => Math.min(Math.max(ms, leastMs), mostMs));
  return {
    id: row.key,
    intervals: count,
    buckets: [within5, within15, within30, within60, count - within5 - within15 - within30 - within60],
    p50Ms,
    p75Ms,
    p90Ms,
    averageMs: row.sumMs / count,
    leastMs,
    mostMs,
  };
}

/**
 * A session counts in the range in which its last request is, and then as a whole. Those with rows that are not folded
 * are put together; all others are only counted, but for the largest.
 */
async function sessionGroups(
  db: Kysely<LogDatabase>,
  { range, filter, limit }: { range: FoldedRange; filter: IntervalFilter; limit: number },
): Promise<IntervalGroups> {
  const current = await currentSessions(db, range, filter);
  const isCounted = sql`"lastStartMs" >= ${range.fromMs} and "lastStartMs" < ${range.foldedToMs}
    and "firstStartMs" < ${filter.toMs} and "intervals" >= ${MIN_INTERVALS}${ofCaller(filter)}`;
  const ofCurrent = sql`"sessionId" in (select value from json_each(${JSON.stringify(current.map(({ id }) => id))}))`;
  const all = await countSteps(
    db,
    sql`"intervalSession" indexed by "intervalSessionByTime" where ${isCounted}`,
  );
  const again = await countSteps(db, sql`"intervalSession" where ${ofCurrent} and ${isCounted}`);
  const { rows: largest } = await sql<GroupRow>`
    with largest as materialized (
      select "sessionId" as id from "intervalSession" indexed by "intervalSessionByTime"
      where ${isCounted} order by "intervals" desc, "sessionId" limit ${limit + current.length}
    )
    select "sessionId" as key, "intervals", "within5", "within15", "within30", "within60", "sumMs", "leastMs", "mostMs",
      histogram_intervals("histogram") as "percentiles"
    from largest cross join "intervalSession" on "sessionId" = id
    where not ${ofCurrent} order by "intervals" desc, "sessionId" limit ${limit}`.execute(db);
  const ranked = rankedGroups([...largest.map(groupOf), ...current], { limit, isExact: false });
  const countOf = (minutes: number) =>
    (all.get(minutes) ?? 0) -
    (again.get(minutes) ?? 0) +
    current.filter((group) => recommendedTtlMinutes(group) === minutes).length;
  const [five = 0, fifteen = 0, thirty = 0, sixty = 0] = TTL_STEPS_MINUTES.map(countOf);
  return {
    ...ranked,
    groupCount: five + fifteen + thirty + sixty,
    recommended: [five, fifteen, thirty, sixty],
  };
}

/** Sessions by the lifetime recommended to them, without sorting them. */
async function countSteps(
  db: Kysely<LogDatabase>,
  sessions: RawBuilder<unknown>,
): Promise<Map<number, number>> {
  const counts = TTL_STEPS_MINUTES.map(
    (minutes) =>
      sql`coalesce(sum("recommendedMinutes" = ${sql.lit(minutes)}), 0) as ${sql.ref(`n${minutes}`)}`,
  );
  const { rows } = await sql<Record<string, number>>`select ${sql.join(counts)} from ${sessions}`.execute(db);
  return new Map(TTL_STEPS_MINUTES.map((minutes) => [minutes, rows[0]?.[`n${minutes}`] ?? 0]));
}

/** Sessions with rows that are not folded yet, with what is folded of them. */
async function currentSessions(
  db: Kysely<LogDatabase>,
  { tail, foldedToMs }: FoldedRange,
  filter: IntervalFilter,
): Promise<IntervalGroup[]> {
  if (!tail) return [];
  const rows = rowsOfTail(tail, filter);
  const ids = sql`select distinct "sessionId" from (${rows}) where "sessionId" is not null`;
  const before = sql`select "sessionId" as key, "lastStartMs" as "startedAtMs" from "intervalSession"
    where "sessionId" in (${ids}) and "lastStartMs" >= ${filter.fromMs} and "lastStartMs" < ${foldedToMs}`;
  const found = await sql<GroupRow>`
    with newest as materialized (${gapSums({ rows, key: GROUP_KEYS.session, before })})
    select key, ${sumsOver}, histogram_intervals(histogram_sum("histogram")) as "percentiles" from (
      select * from newest
      union all
      select "sessionId", "intervals", "within5", "within15", "within30", "within60", "points", "sumMs", "leastMs",
        "mostMs", "histogram"
      from "intervalSession" where "sessionId" in (select key from newest) and "lastStartMs" < ${foldedToMs}
    ) group by key having sum("intervals") >= ${MIN_INTERVALS}`.execute(db);
  return found.rows.map(groupOf);
}
