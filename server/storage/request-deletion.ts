// Deletes rows of the request log in small steps, so that writers and readers get their turn in between.

import { type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { RequestFilter, Settings } from '../gateway/ports.ts';
import type { LogDatabase } from './database.ts';
import { matches } from './request-filter.ts';

/** Rows looked at in one step: about 10 ms with all indexes, which others wait at most. */
const STEP_ROWS = 500;
const DAY_MS = 86_400_000;

/** Deletes the matching rows among those that exist now; resolves to how many. */
export async function deleteMatching(db: Kysely<LogDatabase>, filter: RequestFilter): Promise<number> {
  const last = await lastSeq(db);
  let deletedRows = 0;
  // Walks windows of `seq`: each row is looked at once, however few match. Rows written meanwhile have a higher `seq`.
  for (
    let window = await nextWindow(db, 0);
    window && window.from <= last;
    window = await nextWindow(db, window.to)
  ) {
    deletedRows += await deleteInWindow(db, { filter, from: window.from, to: Math.min(window.to, last) });
  }
  return deletedRows;
}

/** Deletes what is older than the retention allows, or beyond its count; resolves to how many rows. */
export async function deleteExpired(
  db: Kysely<LogDatabase>,
  { maxAgeDays, maxRows, nowMs }: Settings['retention'] & { nowMs: number },
): Promise<number> {
  const oldRows = await deleteOldest(db, sql<SqlBool>`"startedAtMs" < ${nowMs - maxAgeDays * DAY_MS}`);
  const firstSurplus = await db
    .selectFrom('request')
    .select(['startedAtMs', 'id'])
    .orderBy('startedAtMs', 'desc')
    .orderBy('id', 'desc')
    .offset(maxRows)
    .limit(1)
    .executeTakeFirst();
  if (!firstSurplus) return oldRows;
  const { startedAtMs, id } = firstSurplus;
  return oldRows + (await deleteOldest(db, sql<SqlBool>`("startedAtMs", "id") <= (${startedAtMs}, ${id})`));
}

/** Deletes the rows that match, oldest first; the condition must hold for all rows up to some time. */
async function deleteOldest(db: Kysely<LogDatabase>, condition: RawBuilder<SqlBool>): Promise<number> {
  for (let deletedRows = 0; ; ) {
    const oldest = db
      .selectFrom('request')
      .select('seq')
      .where(condition)
      .orderBy('startedAtMs')
      .orderBy('id')
      .limit(STEP_ROWS);
    const { numDeletedRows } = await db
      .deleteFrom('request')
      .where('seq', 'in', oldest)
      .executeTakeFirstOrThrow();
    deletedRows += Number(numDeletedRows);
    if (numDeletedRows < STEP_ROWS) return deletedRows;
  }
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
  db: Kysely<LogDatabase>,
  { filter, from, to }: { filter: RequestFilter; from: number; to: number },
): Promise<number> {
  // The limit keeps the filter out of the inner query: the planner would else take an index on the filter's column
  // and look at all of its rows in every step.
  const window = db
    .selectFrom('request')
    .selectAll()
    .where('seq', '>=', from)
    .where('seq', '<=', to)
    .orderBy('seq')
    .limit(STEP_ROWS)
    .as('request');
  const matching = db.selectFrom(window).select('seq').where(matches(filter));
  const { numDeletedRows } = await db
    .deleteFrom('request')
    .where('seq', 'in', matching)
    .executeTakeFirstOrThrow();
  return Number(numDeletedRows);
}
