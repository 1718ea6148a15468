// Keeps what requests and replies said, when that is switched on: queued like rows, found by the id of the row.

import type { Clock } from '../gateway/ports.ts';
import { flag, type LogDatabase, type RowText, type SqlEngine } from './database.ts';
import { insertSql } from './insert-sql.ts';
import { RowWriter, type WriterHealth } from './row-writer.ts';

/** Bodies that may wait. The smaller bound counts: bodies are large. */
const MAX_QUEUED_ROWS = 5_000;
const MAX_QUEUED_CHARACTERS = 32_000_000;
/** Deleted in one step, which others wait for: at 128 KB each some tens of milliseconds. */
const STEP_ROWS = 200;

export interface StoredBody {
  /** Of the row in the request log. */
  id: string;
  atMs: number;
  request: string;
  /** What the provider got; null = the same, or not kept. */
  upstreamRequest: string | null;
  /** JSON of the client's headers, without secrets; null = not kept. */
  requestHeaders: string | null;
  reply: string;
  /** At least one of them is not whole. */
  isCut: boolean;
}

export class SqlBodyStore {
  readonly #engine: SqlEngine<LogDatabase>;
  readonly #writer: RowWriter<StoredBody>;

  constructor(engine: SqlEngine<LogDatabase>, clock: Clock) {
    this.#engine = engine;
    const sql = insertSql(engine.db, {
      table: 'requestBody',
      columns: ['id', 'atMs', 'isCut', 'request', 'reply', 'upstreamRequest', 'requestHeaders'],
      key: 'id',
      whenKnown: 'keep',
    });
    this.#writer = new RowWriter({
      clock,
      maxRows: MAX_QUEUED_ROWS,
      maxCharacters: MAX_QUEUED_CHARACTERS,
      rowsPerTurn: 1,
      toText: textOf,
      write: (rows) => engine.writeGoodRows({ sql, rows }),
    });
  }

  /** Queues a body; never waits and never throws. What does not fit into the queue is dropped and counted. */
  append(body: StoredBody): void {
    this.#writer.append(body);
  }

  health(): WriterHealth {
    return this.#writer.health();
  }

  /** Also finds what is still queued. */
  async get(id: string): Promise<StoredBody | null> {
    await this.#writer.flush();
    const { db } = this.#engine;
    const record = await db.selectFrom('requestBody').selectAll().where('id', '=', id).executeTakeFirst();
    return record ? { ...record, isCut: record.isCut === 1 } : null;
  }

  /** Deletes what is older, in small steps; resolves to how many bodies. */
  async sweep(olderThanMs: number): Promise<number> {
    await this.#writer.flush();
    const { db } = this.#engine;
    for (let deletedRows = 0; ; ) {
      const oldest = db
        .selectFrom('requestBody')
        .select('id')
        .where('atMs', '<', olderThanMs)
        .limit(STEP_ROWS);
      const { numDeletedRows } = await db
        .deleteFrom('requestBody')
        .where('id', 'in', oldest)
        .executeTakeFirstOrThrow();
      deletedRows += Number(numDeletedRows);
      if (numDeletedRows < STEP_ROWS) return deletedRows;
    }
  }

  close(): Promise<void> {
    return this.#writer.close();
  }
}

function textOf(body: StoredBody): RowText {
  const { id, atMs, isCut, request, reply, upstreamRequest, requestHeaders } = body;
  const head = [id, atMs, flag(isCut), request, reply, upstreamRequest, requestHeaders];
  return { head: JSON.stringify(head), tail: null };
}
