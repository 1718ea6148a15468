// The request log: queues rows without making anybody wait, writes them in batches, and reads them.

import { type Kysely, sql } from 'kysely';
import type {
  Clock,
  MissTotal,
  RequestCursor,
  RequestFilter,
  RequestLog,
  RequestRow,
  RequestTotals,
  Settings,
} from '../gateway/ports.ts';
import type { LogDatabase, SqlEngine } from './database.ts';
import { insertSql } from './insert-sql.ts';
import { missTotals } from './miss-totals.ts';
import { deleteExpired, deleteMatching } from './request-deletion.ts';
import { matches } from './request-filter.ts';
import { REQUEST_COLUMNS, requestOf, requestText } from './request-records.ts';
import { requestTotals } from './request-totals.ts';
import { RowWriter, type WriterHealth } from './row-writer.ts';

/** Rows that may wait: at 1 KB each about what `MAX_QUEUED_CHARACTERS` allows too. */
const MAX_QUEUED_ROWS = 50_000;
const MAX_QUEUED_CHARACTERS = 50_000_000;
/** About 0.2 ms of work at a time. */
const ROWS_PER_TURN = 200;

export class SqlRequestLog implements RequestLog {
  readonly #engine: SqlEngine<LogDatabase>;
  readonly #db: Kysely<LogDatabase>;
  readonly #writer: RowWriter<RequestRow>;

  constructor(engine: SqlEngine<LogDatabase>, clock: Clock) {
    this.#engine = engine;
    this.#db = engine.db;
    const sql = insertSql(engine.db, {
      table: 'request',
      columns: REQUEST_COLUMNS,
      key: 'id',
      // A batch whose reply was lost is written again.
      whenKnown: 'keep',
    });
    this.#writer = new RowWriter({
      clock,
      maxRows: MAX_QUEUED_ROWS,
      maxCharacters: MAX_QUEUED_CHARACTERS,
      rowsPerTurn: ROWS_PER_TURN,
      toText: requestText,
      write: (rows) => engine.writeGoodRows({ sql, rows }),
    });
  }

  append(row: RequestRow): void {
    this.#writer.append(row);
  }

  health(): WriterHealth {
    return this.#writer.health();
  }

  /** Writes the rows queued by now. Resolves also when the disk refuses them; `health` tells. */
  flush(): Promise<void> {
    return this.#writer.flush();
  }

  async page(
    filter: RequestFilter,
    { limit, after }: { limit: number; after: RequestCursor | null },
  ): Promise<RequestRow[]> {
    await this.flush();
    const matching = this.#db.selectFrom('request').select(REQUEST_COLUMNS).where(matches(filter));
    const rest = after
      ? matching.where(sql<boolean>`("startedAtMs", "id") < (${after.startedAtMs}, ${after.id})`)
      : matching;
    const records = await rest.orderBy('startedAtMs', 'desc').orderBy('id', 'desc').limit(limit).execute();
    return records.map(requestOf);
  }

  async get(id: string): Promise<RequestRow | null> {
    await this.flush();
    const record = await this.#db
      .selectFrom('request')
      .select(REQUEST_COLUMNS)
      .where('id', '=', id)
      .executeTakeFirst();
    return record ? requestOf(record) : null;
  }

  async count(filter: RequestFilter): Promise<number> {
    await this.flush();
    const { total } = await this.#db
      .selectFrom('request')
      .select(sql<number>`count(*)`.as('total'))
      .where(matches(filter))
      .executeTakeFirstOrThrow();
    return total;
  }

  async totals(filter: RequestFilter): Promise<RequestTotals> {
    await this.flush();
    return requestTotals(this.#db, filter);
  }

  async missTotals(filter: RequestFilter): Promise<MissTotal[]> {
    await this.flush();
    return missTotals(this.#db, filter);
  }

  async clear(filter: RequestFilter): Promise<number> {
    await this.flush();
    const deletedRows = await deleteMatching(this.#db, filter);
    await this.#engine.shrink();
    return deletedRows;
  }

  /** Deletes what the retention no longer allows, in small steps; resolves to how many rows. */
  async sweep(retention: Settings['retention'], nowMs: number): Promise<number> {
    await this.flush();
    const deletedRows = await deleteExpired(this.#db, { ...retention, nowMs });
    await this.#engine.shrink();
    return deletedRows;
  }

  /** Writes what is queued, for the last time; rows that cannot be written now are lost. */
  close(): Promise<void> {
    return this.#writer.close();
  }
}
