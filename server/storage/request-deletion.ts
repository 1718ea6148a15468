// Deletes rows of the request log in small steps, so that writers and readers get their turn in between.

import { type CompiledQuery, type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { RequestCursor, RequestFilter, Settings } from '../gateway/ports.ts';
import type { LogDatabase, SqlEngine } from './database.ts';
import { type LogView, viewLog } from './log-view.ts';
import type { WorkOptions } from './log-work.ts';
import { matches } from './request-filter.ts';
import { DAY_MS, HOUR_MS } from './tally-kinds.ts';

/** Rows looked at in one step: about 10 ms with all indexes and sums, which others wait at most. */
const STEP_ROWS = 200;
/** More are counted by time, not by number. */
const MAX_LATE_ROWS = 20_000;

/** Deletes the matching rows among those that exist now; resolves to how many. */
export async function deleteMatching(engine: SqlEngine<LogDatabase>, filter: RequestFilter): Promise<number> {
  const { db } = engine;
  const last = await lastSeq(db);
  let deletedRows = 0;
  // Walks windows of `seq`: each row is looked at once, however few match. Rows written meanwhile have a higher `seq`.
  for (
    let window = await nextWindow(db, 0);
    window && window.from <= last;
    window = await nextWindow(db, window.to)
  ) {
    deletedRows += await deleteInWindow(engine, { filter, from: window.from, to: Math.min(window.to, last) });
  }
  return deletedRows;
}

/**
 * Deletes what is older than the retention allows, or beyond its count; resolves to how many rows. `reader`: where it may
 * look for them.
 */
export async function deleteExpired(
  engine: SqlEngine<LogDatabase>,
  reader: Kysely<LogDatabase>,
  { maxAgeDays, maxRows, nowMs }: Settings['retention'] & { nowMs: number },
): Promise<number> {
  const oldRows = await deleteOldest(engine, sql<SqlBool>`"startedAtMs" < ${nowMs - maxAgeDays * DAY_MS}`);
  const surplus = await viewLog(reader, async (view) => view && firstSurplus(view, maxRows));
  if (!surplus) return oldRows;
  const { startedAtMs, id } = surplus;
  return (
    oldRows + (await deleteOldest(engine, sql<SqlBool>`("startedAtMs", "id") <= (${startedAtMs}, ${id})`))
  );
}

/** The newest row beyond the newest `maxRows`: counts of whole hours tell in which hour it is. */
async function firstSurplus(view: LogView, maxRows: number): Promise<RequestCursor | null> {
  let rowsLeft = maxRows;
  for (const { atMs, total } of await hoursOf(view)) {
    if (rowsLeft >= total) {
      rowsLeft -= total;
      continue;
    }
    const row = await view.tx
      .selectFrom('request')
      .select(['startedAtMs', 'id'])
      .where('startedAtMs', '>=', atMs)
      .where('startedAtMs', '<', atMs + HOUR_MS)
      .orderBy('startedAtMs', 'desc')
      .orderBy('id', 'desc')
      .offset(rowsLeft)
      .limit(1)
      .executeTakeFirst();
    return row ?? null;
  }
  return null;
}

/** How many rows each hour has, newest first. */
async function hoursOf({ tx, foldedSeq, lateRows }: LogView): Promise<{ atMs: number; total: number }[]> {
  // Of many rows that are in no sum yet, the index is read, which holds all that is asked.
  const how = sql.raw(lateRows <= MAX_LATE_ROWS ? 'not indexed' : 'indexed by "requestByTime"');
  const late = sql.raw(lateRows <= MAX_LATE_ROWS ? '"seq"' : '+"seq"');
  const { rows } = await sql<{ atMs: number; total: number }>`
    select "atMs", sum("total") as "total" from "tallyPlain" where "bucketMs" = ${HOUR_MS} group by 1
    union all
    select cast("startedAtMs" / ${HOUR_MS} as integer) * ${HOUR_MS}, count(*)
      from "request" ${how} where ${late} > ${foldedSeq} group by 1`.execute(tx);
  const totals = new Map<number, number>();
  for (const { atMs, total } of rows) totals.set(atMs, (totals.get(atMs) ?? 0) + total);
  return [...totals].map(([atMs, total]) => ({ atMs, total })).sort((a, b) => b.atMs - a.atMs);
}

/** Deletes the rows that match, oldest first; the condition must hold for all rows up to some time. */
async function deleteOldest(engine: SqlEngine<LogDatabase>, condition: RawBuilder<SqlBool>): Promise<number> {
  const oldest = engine.db
    .selectFrom('request')
    .select('seq')
    .where(condition)
    .orderBy('startedAtMs')
    .orderBy('id')
    .limit(STEP_ROWS);
  for (let deletedRows = 0; ; ) {
    const rows = await engine.work('delete-rows', selection(oldest.compile()));
    deletedRows += rows;
    if (rows < STEP_ROWS) return deletedRows;
  }
}

function selection({ sql: text, parameters }: CompiledQuery): WorkOptions<'delete-rows'> {
  return { sql: text, parameters: parameters.map(parameterOf) };
}

function parameterOf(value: unknown): string | number | null {
  return typeof value === 'string' || typeof value === 'number' ? value : null;
}

async function lastSeq(db: Kysely<LogDatabase>): Promise<number> {
  const row = await db
    .selectFrom('request')
    .select((eb) => eb.fn.max('seq').as('seq'))
    .executeTakeFirst();
  return row?.seq ?? 0;
}

/** The next rows after `afterSeq`, both ends inclusive; null when there are none. */
async function nextWindow(
  db: Kysely<LogDatabase>,
  afterSeq: number,
): Promise<{ from: number; to: number } | null> {
  const window = db
    .selectFrom('request')
    .select('seq')
    .where('seq', '>', afterSeq)
    .orderBy('seq')
    .limit(STEP_ROWS)
    .as('window');
  const row = await db
    .selectFrom(window)
    .select((eb) => [eb.fn.min('seq').as('from'), eb.fn.max('seq').as('to')])
    .executeTakeFirst();
  return row?.from && row.to ? { from: row.from, to: row.to } : null;
}

async function deleteInWindow(
  engine: SqlEngine<LogDatabase>,
  { filter, from, to }: { filter: RequestFilter; from: number; to: number },
): Promise<number> {
  // The limit keeps the filter out of the inner query: the planner would else take an index on the filter's column
  // and look at all of its rows in every step.
  const window = engine.db
    .selectFrom('request')
    .selectAll()
    .where('seq', '>=', from)
    .where('seq', '<=', to)
    .orderBy('seq')
    .limit(STEP_ROWS)
    .as('request');
  const matching = engine.db.selectFrom(window).select('seq').where(matches(filter));
  return engine.work('delete-rows', selection(matching.compile()));
}
