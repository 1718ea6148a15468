// Kysely's dialect for the SQLite thread: same SQL as Kysely's own, sent as messages. One connection, used in turns.

import {
  type CompiledQuery,
  type DatabaseConnection,
  DeleteQueryNode,
  type Dialect,
  type Driver,
  InsertQueryNode,
  type Kysely,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type TransactionSettings,
  UpdateQueryNode,
} from 'kysely';
import type { SqlValue } from './sqlite-protocol.ts';
import type { SqliteThread } from './sqlite-thread.ts';
import { StorageError } from './storage-error.ts';

/** Kysely hands out the single connection to one caller at a time (`SqliteAdapter`), so transactions are exclusive. */
export class SqliteThreadDialect implements Dialect {
  readonly #thread: SqliteThread;

  constructor(thread: SqliteThread) {
    this.#thread = thread;
  }

  createDriver(): Driver {
    return new ThreadDriver(this.#thread);
  }

  createQueryCompiler(): SqliteQueryCompiler {
    return new SqliteQueryCompiler();
  }

  createAdapter(): SqliteAdapter {
    return new SqliteAdapter();
  }

  createIntrospector(db: Kysely<unknown>): SqliteIntrospector {
    return new SqliteIntrospector(db);
  }
}

class ThreadDriver implements Driver {
  readonly #thread: SqliteThread;
  readonly #connection: ThreadConnection;

  constructor(thread: SqliteThread) {
    this.#thread = thread;
    this.#connection = new ThreadConnection(thread);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return this.#connection;
  }

  async releaseConnection(): Promise<void> {}

  async beginTransaction(_connection: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    await this.#thread.call({ kind: 'begin', writes: settings.accessMode !== 'read only' });
  }

  async commitTransaction(): Promise<void> {
    await this.#thread.call({ kind: 'commit' });
  }

  async rollbackTransaction(): Promise<void> {
    await this.#thread.call({ kind: 'rollback' });
  }

  async destroy(): Promise<void> {
    await this.#thread.close();
  }
}

class ThreadConnection implements DatabaseConnection {
  readonly #thread: SqliteThread;

  constructor(thread: SqliteThread) {
    this.#thread = thread;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, changedRows } = await this.#thread.call({
      kind: 'query',
      sql: query.sql,
      parameters: query.parameters.map(sqlValue),
      returnsRows: !isChangeWithoutRows(query),
    });
    // Kysely checked the query against the Database type; the driver has nothing further to check a row by.
    return { rows: rows as R[], numAffectedRows: BigInt(changedRows) };
  }

  // biome-ignore lint/correctness/useYield: the interface asks for a generator, and nothing here streams.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new StorageError('failed', 'Cannot stream a query: the SQLite thread answers with whole results');
  }
}

function isChangeWithoutRows({ query }: CompiledQuery): boolean {
  const isChange = InsertQueryNode.is(query) || UpdateQueryNode.is(query) || DeleteQueryNode.is(query);
  return isChange && query.returning === undefined;
}

function sqlValue(value: unknown): SqlValue {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value;
  if (typeof value === 'bigint' || value instanceof Uint8Array) return value;
  throw new StorageError('failed', `Cannot send a query: a parameter is ${typeof value}`);
}
