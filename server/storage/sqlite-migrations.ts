// Brings a SQLite file's schema up to date: numbered steps, of which the file's `user_version` counts those taken.

import { type Kysely, sql } from 'kysely';
import { StorageError } from './storage-error.ts';

/** Statements, or what SQL alone cannot say. Never edit a step that has been released: add one. */
export type SchemaStep<Tables> = readonly string[] | ((db: Kysely<Tables>) => Promise<void>);

/** What is in a file: how its tables came to be, and how it is opened. */
export interface SqliteSchema<Tables> {
  steps: readonly SchemaStep<Tables>[];
  /** `name = value`, besides those that every file has. */
  pragmas: readonly string[];
  /** Size of the pages of a new file; without it as SQLite likes. A file that there is keeps its own. */
  pageBytes?: number;
}

/** Takes the missing steps, all or none. Refuses a file from a newer version than this code knows. */
export async function migrate<Tables>(
  db: Kysely<Tables>,
  { steps }: Pick<SqliteSchema<Tables>, 'steps'>,
): Promise<void> {
  // Most files are up to date, and a transaction that writes would wait for other processes.
  if ((await readVersion(db)) === steps.length) return;
  await db.transaction().execute(async (tx) => {
    const version = await readVersion(tx);
    if (version > steps.length) {
      throw new StorageError(
        'newer-schema',
        `it was written by a newer Warmpath (schema ${version}; this one knows ${steps.length})`,
      );
    }
    for (const step of steps.slice(version)) await take(step, tx);
    // A pragma takes no parameters.
    await sql.raw(`PRAGMA user_version = ${steps.length}`).execute(tx);
  });
}

async function take<Tables>(step: SchemaStep<Tables>, tx: Kysely<Tables>): Promise<void> {
  if (typeof step === 'function') return step(tx);
  for (const statement of step) await sql.raw(statement).execute(tx);
}

async function readVersion<Tables>(db: Kysely<Tables>): Promise<number> {
  const { rows } = await sql<{ user_version: number }>`PRAGMA user_version`.execute(db);
  return rows[0]?.user_version ?? 0;
}
