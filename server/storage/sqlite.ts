// Opens a SQLite file on its own thread as an engine for the stores, with the schema up to date.

import { Kysely, sql } from 'kysely';
import type { Database, RowBatch, SqlEngine } from './database.ts';
import { SqliteThreadDialect } from './sqlite-dialect.ts';
import { migrate } from './sqlite-migrations.ts';
import type { BatchStatement } from './sqlite-protocol.ts';
import { SqliteThread } from './sqlite-thread.ts';
import { messageOf, StorageError, type StorageErrorCode } from './storage-error.ts';

/** Pages given back at a time: 4 MiB, a few milliseconds. */
const VACUUM_STEP_PAGES = 1_000;
/** Free pages are left for the next rows until they are this part of the file. */
const MAX_FREE_SHARE = 0.1;

/**
 * `entry`: the module that the thread starts with; it must call `runStorageWorkerIfAsked` first.
 * Throws `Cannot open database "<file>": <state>`.
 */
export async function openSqlite({ file, entry }: { file: string; entry: URL }): Promise<SqlEngine> {
  let engine: SqliteEngine | undefined;
  try {
    const thread = await SqliteThread.start({ file, entry });
    engine = new SqliteEngine(thread);
    await migrate(engine.db);
    return engine;
  } catch (cause) {
    await engine?.close();
    throw cannotOpen(file, cause);
  }
}

function cannotOpen(file: string, cause: unknown): StorageError {
  const code: StorageErrorCode = cause instanceof StorageError ? cause.code : 'cannot-open';
  const state = STATES[code] ?? messageOf(cause);
  return new StorageError(code, `Cannot open database "${file}": ${state}`, { cause });
}

const STATES: Partial<Record<StorageErrorCode, string>> = {
  'cannot-open': 'the file cannot be read or created',
  'not-a-database': 'the file is not a SQLite database',
  'disk-full': 'the disk is full',
  locked: 'another process is writing to it',
  'read-only': 'the file is read-only',
};

class SqliteEngine implements SqlEngine {
  readonly db: Kysely<Database>;
  readonly #thread: SqliteThread;

  constructor(thread: SqliteThread) {
    this.#thread = thread;
    this.db = new Kysely<Database>({ dialect: new SqliteThreadDialect(thread) });
  }

  async writeRows(batches: readonly RowBatch[]): Promise<void> {
    await this.#write(batches, { skipBadRows: false });
  }

  async writeGoodRows(batch: RowBatch): Promise<{ skippedRows: number; skipReason: string | null }> {
    return this.#write([batch], { skipBadRows: true });
  }

  async shrink(): Promise<void> {
    const { free, total } = await this.#pages();
    if (free <= total * MAX_FREE_SHARE) return;
    for (let left = free; left > 0; left -= VACUUM_STEP_PAGES) {
      await sql.raw(`PRAGMA incremental_vacuum(${VACUUM_STEP_PAGES})`).execute(this.db);
    }
  }

  /** After the queries and transactions that are under way. */
  async close(): Promise<void> {
    await this.db.connection().execute(() => this.#thread.close());
  }

  #write(batches: readonly RowBatch[], { skipBadRows }: { skipBadRows: boolean }) {
    const statements = batches.filter((batch) => batch.rows.length > 0).map(toStatement);
    // Holding the connection keeps the batch out of a transaction that is under way.
    return this.db
      .connection()
      .execute(async () => this.#thread.call({ kind: 'batch', statements, skipBadRows }));
  }

  async #pages(): Promise<{ free: number; total: number }> {
    const { rows } = await sql<{ free: number; total: number }>`
      SELECT freelist_count AS free, page_count AS total FROM pragma_freelist_count, pragma_page_count`.execute(
      this.db,
    );
    return rows[0] ?? { free: 0, total: 0 };
  }
}

function toStatement({ sql, rows }: RowBatch): BatchStatement {
  return { sql, rowsJson: JSON.stringify(rows) };
}
