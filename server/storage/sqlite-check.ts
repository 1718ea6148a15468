// Looks whether a database file is whole, within a time that a start may take.

import { type Kysely, sql } from 'kysely';
import { cannotOpen } from './sqlite.ts';
import { StorageError } from './storage-error.ts';

/** Pages looked through: 64 MiB take about 0.1 s. Of a larger file only the skeleton is read. */
const MAX_CHECKED_PAGES = 16_384;

/** Throws a StorageError `corrupt`. */
export async function checkWhole<Tables>(db: Kysely<Tables>, file: string): Promise<void> {
  try {
    const fault = (await pageCount(db)) <= MAX_CHECKED_PAGES ? await quickCheck(db) : await readEnds(db);
    if (fault !== null) throw new StorageError('corrupt', fault);
  } catch (cause) {
    throw cannotOpen(file, cause);
  }
}

async function pageCount<Tables>(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ page_count: number }>`PRAGMA page_count`.execute(db);
  return rows[0]?.page_count ?? 0;
}

async function quickCheck<Tables>(db: Kysely<Tables>): Promise<string | null> {
  const { rows } = await sql<{ quick_check: string }>`PRAGMA quick_check(1)`.execute(db);
  const found = rows[0]?.quick_check ?? 'nothing was found';
  return found === 'ok' ? null : found;
}

/** The first and last row of every table, by which SQLite walks down both edges of each tree. */
async function readEnds<Tables>(db: Kysely<Tables>): Promise<null> {
  const { rows } = await sql<{ name: string }>`
    SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`.execute(db);
  for (const { name } of rows) {
    await sql`SELECT min(rowid), max(rowid) FROM ${sql.table(name)}`.execute(db);
  }
  return null;
}
