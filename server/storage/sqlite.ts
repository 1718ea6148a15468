// Opens a SQLite file on its own thread as an engine for the stores, with the schema up to date.

import { setImmediate } from 'node:timers/promises';
import { Kysely, sql } from 'kysely';
import type { RowBatch, RowText, SkippedRows, SqlEngine } from './database.ts';
import type { WorkName, WorkOptions, WorkResult } from './log-work.ts';
import { SqliteThreadDialect } from './sqlite-dialect.ts';
import { migrate, type SqliteSchema } from './sqlite-migrations.ts';
import type { BatchStatement, CallResult } from './sqlite-protocol.ts';
import { SqliteThread } from './sqlite-thread.ts';
import { messageOf, StorageError, type StorageErrorCode } from './storage-error.ts';

/** Given back at a time: a few milliseconds. */
const VACUUM_STEP_BYTES = 4 * 1024 * 1024;
/** Free pages are left for the next rows until they are this part of the file. */
const MAX_FREE_SHARE = 0.1;
/** Characters sent to the thread at a time; joining and copying them takes the main thread about 1 ms. */
const CHUNK_CHARACTERS = 500_000;

/**
 * `entry`: the module that the thread starts with; it must call `runStorageWorkerIfAsked` first.
 * Throws `Cannot open database "<file>": <state>`.
 */
export async function openSqlite<Tables>({
  file,
  entry,
  schema,
}: {
  file: string;
  entry: URL;
  schema: SqliteSchema<Tables>;
}): Promise<SqlEngine<Tables>> {
  let engine: SqliteEngine<Tables> | undefined;
  try {
    const thread = await SqliteThread.start({
      file,
      entry,
      pragmas: schema.pragmas,
      newFilePragmas: newFilePragmas(schema),
    });
    engine = new SqliteEngine<Tables>(thread);
    await migrate(engine.db, schema);
    return engine;
  } catch (cause) {
    await engine?.close();
    throw cannotOpen(file, cause);
  }
}

export function cannotOpen(file: string, cause: unknown): StorageError {
  const code: StorageErrorCode = cause instanceof StorageError ? cause.code : 'cannot-open';
  const state = STATES[code] ?? messageOf(cause);
  return new StorageError(code, `Cannot open database "${file}": ${state}`, { cause });
}

const STATES: Partial<Record<StorageErrorCode, string>> = {
  'cannot-open': 'the file cannot be read or created',
  'not-a-database': 'the file is not a SQLite database',
  corrupt: 'the file is damaged; restore it from a backup',
  'disk-full': 'the disk is full',
  locked: 'another process is writing to it',
  'read-only': 'the file is read-only',
};

/** Before the first table, or they have no effect. */
function newFilePragmas<Tables>({ pageBytes }: SqliteSchema<Tables>): string[] {
  return [...(pageBytes === undefined ? [] : [`page_size = ${pageBytes}`]), 'auto_vacuum = INCREMENTAL'];
}

class SqliteEngine<Tables> implements SqlEngine<Tables> {
  readonly db: Kysely<Tables>;
  readonly #thread: SqliteThread;

  constructor(thread: SqliteThread) {
    this.#thread = thread;
    this.db = new Kysely<Tables>({ dialect: new SqliteThreadDialect(thread) });
  }

  async writeRows(batches: readonly RowBatch[]): Promise<void> {
    const statements = statementsOf(batches);
    await this.#exclusively(() => this.#thread.call({ kind: 'batch', statements }));
  }

  async writeGoodRows({ sql, rows, first }: Parameters<SqlEngine['writeGoodRows']>[0]): Promise<SkippedRows> {
    return this.#exclusively(async () => {
      const staged = await this.#stage(rows);
      const statements = statementsOf(first ? [first] : []);
      const written = this.#thread.call({ kind: 'write-staged', sql, first: statements });
      await Promise.all(staged);
      return written;
    });
  }

  async shrink(): Promise<void> {
    const { free, total, pageBytes } = await this.#pages();
    if (free <= total * MAX_FREE_SHARE) return;
    const stepPages = Math.max(1, Math.floor(VACUUM_STEP_BYTES / pageBytes));
    for (let left = free; left > 0; left -= stepPages) {
      await sql.raw(`PRAGMA incremental_vacuum(${stepPages})`).execute(this.db);
    }
  }

  async work<Name extends WorkName>(name: Name, options: WorkOptions<Name>): Promise<WorkResult<Name>> {
    const text = JSON.stringify(options);
    const { rows } = await this.#exclusively(() => this.#thread.call({ kind: 'work', name, options: text }));
    // The thread ran the work of this name.
    return rows[0] as WorkResult<Name>;
  }

  /** After the queries and transactions that are under way. */
  async close(): Promise<void> {
    await this.#exclusively(() => this.#thread.close());
  }

  /** Sends the rows in pieces, with a turn for everything else in between; the replies come later. */
  async #stage(rows: readonly RowText[]): Promise<Promise<CallResult>[]> {
    const replies: Promise<CallResult>[] = [];
    for (const chunk of chunksOf(rows)) {
      if (replies.length > 0) await setImmediate();
      const hasTails = chunk[0]?.tail !== null;
      const rowsJson = `[${chunk.map(({ head }) => head).join(',')}]`;
      const tails = hasTails ? chunk.map(({ tail }) => tail).join('\n') : null;
      const reply = this.#thread.call({ kind: 'stage', isFirst: replies.length === 0, rowsJson, tails });
      // Whoever awaits the list learns of a failure; until then it must not count as unhandled.
      reply.catch(() => undefined);
      replies.push(reply);
    }
    return replies;
  }

  /** Holding the connection keeps what is done out of a transaction that is under way. */
  #exclusively<Result>(act: () => Promise<Result>): Promise<Result> {
    return this.db.connection().execute(act);
  }

  async #pages(): Promise<{ free: number; total: number; pageBytes: number }> {
    const { rows } = await sql<{ free: number; total: number; pageBytes: number }>`
      SELECT freelist_count AS free, page_count AS total, page_size AS pageBytes
      FROM pragma_freelist_count, pragma_page_count, pragma_page_size`.execute(this.db);
    return rows[0] ?? { free: 0, total: 0, pageBytes: 1 };
  }
}

function statementsOf(batches: readonly RowBatch[]): BatchStatement[] {
  return batches
    .filter(({ rows }) => rows.length > 0)
    .map(({ sql, rows }) => ({ sql, rowsJson: JSON.stringify(rows) }));
}

function* chunksOf(rows: readonly RowText[]): Generator<RowText[]> {
  let chunk: RowText[] = [];
  let characters = 0;
  for (const row of rows) {
    chunk.push(row);
    characters += row.head.length + (row.tail?.length ?? 0);
    if (characters < CHUNK_CHARACTERS) continue;
    yield chunk;
    chunk = [];
    characters = 0;
  }
  if (chunk.length > 0) yield chunk;
}
