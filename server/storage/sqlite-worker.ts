// The SQLite thread: opens the database file and answers one call after the other. The only file that names node:sqlite.

import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { defineIntervalFunctions } from './interval-percentiles.ts';
import { runWork, type Statements } from './log-work.ts';
import { describeSqliteError, isRowFault } from './sqlite-errors.ts';
import { defineFunctions } from './sqlite-functions.ts';
import {
  type BatchStatement,
  type CallResult,
  OPENED_REPLY_ID,
  STORAGE_THREAD_TAG,
  type StorageThreadData,
  type ThreadCall,
  type ThreadReply,
  type ThreadRequest,
} from './sqlite-protocol.ts';

/** Long enough for another process's checkpoint or backup step. It blocks this thread only, never a proxied stream. */
const BUSY_TIMEOUT_MS = 1_000;
/** The write-ahead log is cut back to this after a burst; SQLite never shrinks it otherwise. */
const WAL_LIMIT_BYTES = 64 * 1024 * 1024;
/** Prepared statements kept; filters make a new text for each combination of fields. The oldest is dropped. */
const MAX_STATEMENTS = 200;

let isServing = false;

/**
 * True when this thread is the SQLite thread: the caller, the program's main module, must then do nothing else. A
 * compiled binary can only start its own main module as a worker, so that module calls this first.
 */
export function runStorageWorkerIfAsked(): boolean {
  const data: unknown = workerData;
  if (!isStorageThreadData(data) || parentPort === null) return false;
  if (!isServing) {
    isServing = true;
    void serve(parentPort, data);
  }
  return true;
}

function isStorageThreadData(data: unknown): data is StorageThreadData {
  return typeof data === 'object' && data !== null && 'tag' in data && data.tag === STORAGE_THREAD_TAG;
}

async function serve(port: MessagePort, { file, pragmas, newFilePragmas }: StorageThreadData): Promise<void> {
  const reply = (message: ThreadReply) => port.postMessage(message);
  try {
    // Dynamic: the program's main module imports this file too, and its own thread has no use for SQLite.
    const { DatabaseSync } = await import('node:sqlite');
    const engine = new SqliteEngine(new DatabaseSync(file), { pragmas, newFilePragmas });
    port.on('message', (request: ThreadRequest) => reply(engine.answer(request)));
    reply({ id: OPENED_REPLY_ID, result: NOTHING });
  } catch (error) {
    reply({ id: OPENED_REPLY_ID, error: describeSqliteError(error) });
  }
}

const NOTHING: CallResult = { rows: [], changedRows: 0, skippedRows: 0, skipReason: null };

class SqliteEngine {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  readonly #known: Statements = { prepare: (sql) => this.#prepare(sql) };
  #stagedRows: SQLInputValue[][] = [];

  constructor(db: DatabaseSync, pragmas: Pick<StorageThreadData, 'pragmas' | 'newFilePragmas'>) {
    this.#db = db;
    defineFunctions(db);
    defineIntervalFunctions(db);
    this.#setUp(pragmas);
  }

  answer(request: ThreadRequest): ThreadReply {
    const { id } = request;
    try {
      return { id, result: this.#perform(request) };
    } catch (error) {
      return { id, error: describeSqliteError(error) };
    }
  }

  /** Prepared statements throughout: Deno reports SQLite's error number for these but not for `exec`. */
  #setUp({ pragmas: own, newFilePragmas }: Pick<StorageThreadData, 'pragmas' | 'newFilePragmas'>): void {
    const pragmas = [
      `busy_timeout = ${BUSY_TIMEOUT_MS}`,
      // Later they would only wait for other writers.
      ...(this.#isEmpty() ? newFilePragmas : []),
      'journal_mode = WAL',
      'synchronous = NORMAL',
      'foreign_keys = ON',
      `journal_size_limit = ${WAL_LIMIT_BYTES}`,
      ...own,
    ];
    for (const pragma of pragmas) this.#db.prepare(`PRAGMA ${pragma}`).all();
  }

  #isEmpty(): boolean {
    return this.#db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
  }

  #perform(call: ThreadCall): CallResult {
    switch (call.kind) {
      case 'query':
        return this.#query(call.sql, call);
      case 'batch':
        return this.#inTransaction((result) => this.#runBatch(call.statements, result));
      case 'stage':
        return this.#stage(call);
      case 'write-staged':
        return this.#inTransaction((result) => {
          this.#runBatch(call.first, result);
          this.#runGoodRows(call.sql, result);
        });
      case 'work':
        return this.#inTransaction((result) => {
          result.rows = [runWork(this.#known, call)];
        });
      case 'begin':
        return this.#control(call.writes ? 'BEGIN IMMEDIATE' : 'BEGIN');
      case 'commit':
        return this.#control('COMMIT');
      case 'rollback':
        return this.#rollBack();
      case 'close':
        this.#statements.clear();
        this.#db.close();
        return NOTHING;
    }
  }

  #query(sql: string, options: { parameters: readonly SQLInputValue[]; returnsRows: boolean }): CallResult {
    const statement = this.#prepare(sql);
    if (options.returnsRows) return { ...NOTHING, rows: statement.all(...options.parameters) };
    return { ...NOTHING, changedRows: Number(statement.run(...options.parameters).changes) };
  }

  #stage({ isFirst, rowsJson, tails }: Extract<ThreadCall, { kind: 'stage' }>): CallResult {
    const rows: SQLInputValue[][] = JSON.parse(rowsJson);
    const lines = tails?.split('\n') ?? [];
    for (const [index, line] of lines.entries()) rows[index]?.push(line);
    this.#stagedRows = isFirst ? rows : this.#stagedRows.concat(rows);
    return NOTHING;
  }

  #inTransaction(write: (result: CallResult) => void): CallResult {
    const result = { ...NOTHING };
    this.#control('BEGIN IMMEDIATE');
    try {
      write(result);
      this.#control('COMMIT');
    } catch (error) {
      this.#rollBack();
      throw error;
    }
    return result;
  }

  #runBatch(statements: readonly BatchStatement[], result: CallResult): void {
    for (const { sql, rowsJson } of statements) {
      const rows: SQLInputValue[][] = JSON.parse(rowsJson);
      const statement = this.#prepare(sql);
      for (const row of rows) result.changedRows += Number(statement.run(...row).changes);
    }
  }

  #runGoodRows(sql: string, result: CallResult): void {
    const rows = this.#stagedRows;
    this.#stagedRows = [];
    const statement = this.#prepare(sql);
    for (const row of rows) {
      try {
        statement.run(...row);
      } catch (error) {
        if (!isRowFault(error)) throw error;
        result.skippedRows += 1;
        result.skipReason = describeSqliteError(error).message;
      }
    }
  }

  /** A full disk makes SQLite end the transaction by itself; there is nothing left to roll back then. */
  #rollBack(): CallResult {
    return this.#db.isTransaction ? this.#control('ROLLBACK') : NOTHING;
  }

  #control(sql: string): CallResult {
    this.#prepare(sql).run();
    return NOTHING;
  }

  #prepare(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known) return known;
    const [oldest] = this.#statements.keys();
    if (oldest !== undefined && this.#statements.size >= MAX_STATEMENTS) this.#statements.delete(oldest);
    const statement = this.#db.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }
}

// When this module is itself the worker's entry, nobody else makes the call.
runStorageWorkerIfAsked();
