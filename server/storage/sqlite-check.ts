// Looks whether a database file is whole, within a time that a start may take.

import { type Kysely, sql } from 'kysely';
import { cannotOpen } from './sqlite.ts';
import { StorageError } from './storage-error.ts';

/** 64 MiB take about 0.1 s. Of a larger file only the skeleton is read. */
const MAX_CHECKED_BYTES = 64 * 1024 * 1024;

/** Throws a StorageError `corrupt`. */
export async function checkWhole<Tables>(
  db: Kysely<Tables>,
  file: string,
  maxCheckedBytes = MAX_CHECKED_BYTES,
): Promise<void> {
  try {
    const fault = (await fileBytes(db)) <= maxCheckedBytes ? await quickCheck(db) : await readEnds(db);
    if (fault !== null) throw new StorageError('corrupt', fault);
  } catch (cause) {
    throw cannotOpen(file, cause);
  }
}

async function fileBytes<Tables>(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ bytes: number }>`
    SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size`.execute(db);
  return rows[0]?.bytes ?? 0;
}

async function quickCheck<Tables>(db: Kysely<Tables>): Promise<string | null> {
  const { rows } = await sql<{ quick_check: string }>`PRAGMA quick_check(1)`.execute(db);
  const found = rows[0]?.quick_check ?? 'nothing was found';
  return found === 'ok' ? null : found;
}

/** The first and last row of every table, by which SQLite walks down both edges of each tree. */
async function readEnds<Tables>(db: Kysely<Tables>): Promise<null> {
  const { rows: tables } = await sql<{ name: string; hasNoRowid: number }>`
    SELECT name, wr AS hasNoRowid FROM pragma_table_list
    WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite_%'`.execute(db);
  for (const { name, hasNoRowid } of tables) {
    const key = hasNoRowid ? await keyOf(db, name) : ['rowid'];
    // One end at a time: for both at once SQLite reads the whole table.
    for (const direction of ['asc', 'desc'] as const) {
      const order = sql.join(key.map((column) => sql`${sql.ref(column)} ${sql.raw(direction)}`));
      await sql`SELECT 1 FROM ${sql.table(name)} ORDER BY ${order} LIMIT 1`.execute(db);
    }
  }
  return null;
}

/** Columns of the primary key, by which a table without row numbers lies in the file. */
async function keyOf<Tables>(db: Kysely<Tables>, table: string): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    SELECT name FROM pragma_table_info(${table}) WHERE pk > 0 ORDER BY pk`.execute(db);
  return rows.map(({ name }) => name);
}
