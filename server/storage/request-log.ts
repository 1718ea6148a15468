// The request log: queues rows without making anybody wait, writes them in batches, and reads them.

import type { Kysely } from 'kysely';
import type {
  LogQueries,
  RequestDimension,
  RequestGroup,
  RequestLog,
  RequestPage,
  RequestTotals,
  SessionNeighbours,
  TotalsOptions,
} from '../gateway/log-queries.ts';
import type { Clock, MissTotal, RequestFilter, RequestRow, Settings } from '../gateway/ports.ts';
import { attemptSeries } from './attempt-series.ts';
import { cacheUses, usesOf } from './cache-uses.ts';
import type { LogDatabase, SqlEngine } from './database.ts';
import { insertSql } from './insert-sql.ts';
import { intervalSample, intervals } from './interval-queries.ts';
import { LogFolder } from './log-folder.ts';
import { missTotals } from './miss-totals.ts';
import { deleteUnused, PriceSheetRecords, sheetsOf } from './price-sheets.ts';
import { deleteExpired, deleteMatching } from './request-deletion.ts';
import { requestPage } from './request-pages.ts';
import {
  REQUEST_COLUMNS,
  type RequestText,
  requestOf,
  requestText,
  STORED_REQUEST,
} from './request-records.ts';
import { requestCount, requestGroups, requestSeries, requestTotals } from './request-totals.ts';
import { RowWriter, type WriterHealth } from './row-writer.ts';
import { sessionNeighbours } from './session-neighbours.ts';

/** Rows that may wait: at 1 KB each about what `MAX_QUEUED_CHARACTERS` allows too. */
const MAX_QUEUED_ROWS = 50_000;
const MAX_QUEUED_CHARACTERS = 50_000_000;
/** About 0.2 ms of work at a time. */
const ROWS_PER_TURN = 200;
/** More than wait in a quiet moment: writing them comes before folding. */
const MANY_QUEUED_ROWS = 4_000;

export class SqlRequestLog implements RequestLog {
  readonly #engine: SqlEngine<LogDatabase>;
  readonly #db: Kysely<LogDatabase>;
  readonly #writer: RowWriter<RequestRow, RequestText>;
  readonly #folder: LogFolder;

  /** `reader`: a second thread on the same file, so that a long search does not hold up writing. */
  constructor(
    engine: SqlEngine<LogDatabase>,
    clock: Clock,
    reader: Pick<SqlEngine<LogDatabase>, 'db'> = engine,
  ) {
    this.#engine = engine;
    this.#db = reader.db;
    this.#folder = new LogFolder({
      engine,
      clock,
      isBusy: () => this.#writer.health().queuedRows > MANY_QUEUED_ROWS,
    });
    const sql = insertSql(engine.db, {
      table: 'request',
      columns: REQUEST_COLUMNS,
      key: 'id',
      // A batch whose reply was lost is written again.
      whenKnown: 'keep',
    });
    const sheets = new PriceSheetRecords();
    this.#writer = new RowWriter({
      clock,
      maxRows: MAX_QUEUED_ROWS,
      maxCharacters: MAX_QUEUED_CHARACTERS,
      rowsPerTurn: ROWS_PER_TURN,
      toText: (row) => requestText(row, sheets.recordOf(row)),
      write: async (rows) => {
        const written = await engine.writeGoodRows({ sql, rows, first: sheetsOf(rows) });
        this.#folder.wake();
        return written;
      },
    });
  }

  /** Goes on where an earlier process stopped folding rows into the sums. */
  start(): void {
    this.#folder.wake();
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

  async page(...[filter, options]: Parameters<RequestLog['page']>): Promise<RequestPage> {
    await this.flush();
    return requestPage(this.#db, filter, options);
  }

  async get(id: string): Promise<RequestRow | null> {
    await this.flush();
    const record = await this.#db
      .selectFrom('request')
      .select(STORED_REQUEST)
      .where('id', '=', id)
      .executeTakeFirst();
    return record ? requestOf(record) : null;
  }

  async neighbours(...[row, limit]: Parameters<RequestLog['neighbours']>): Promise<SessionNeighbours> {
    await this.flush();
    return sessionNeighbours(this.#db, row, limit);
  }

  async count(filter: RequestFilter): Promise<number> {
    await this.flush();
    return requestCount(this.#db, filter);
  }

  async oldestMs(): Promise<number | null> {
    await this.flush();
    const found = await this.#db
      .selectFrom('request')
      .select(({ fn }) => fn.min('startedAtMs').as('startedAtMs'))
      .executeTakeFirst();
    return found?.startedAtMs ?? null;
  }

  async totals(filter: RequestFilter, options?: TotalsOptions): Promise<RequestTotals> {
    await this.flush();
    return requestTotals(this.#db, filter, options);
  }

  async series(
    filter: RequestFilter,
    edgesMs: readonly number[],
    options?: TotalsOptions,
  ): Promise<RequestTotals[]> {
    await this.flush();
    return requestSeries(this.#db, filter, edgesMs, options);
  }

  async groups(
    filter: RequestFilter,
    by: RequestDimension,
    options?: TotalsOptions,
  ): Promise<RequestGroup[]> {
    await this.flush();
    return requestGroups(this.#db, filter, by, options);
  }

  async attemptSeries(...[accountId, edgesMs]: Parameters<LogQueries['attemptSeries']>) {
    await this.flush();
    return attemptSeries(this.#db, accountId, edgesMs);
  }

  async intervals(...[filter, options]: Parameters<LogQueries['intervals']>) {
    await this.flush();
    return intervals(this.#db, filter, options);
  }

  async intervalSample(...[filter, options]: Parameters<LogQueries['intervalSample']>) {
    await this.flush();
    return intervalSample(this.#db, filter, options);
  }

  cacheUses(...[filter, limit]: Parameters<LogQueries['cacheUses']>) {
    // A sample does not wait for the newest rows.
    return cacheUses(this.#db, filter, limit);
  }

  async sessionUses(...[filter, sessionIds]: Parameters<LogQueries['sessionUses']>) {
    await this.flush();
    return usesOf(this.#db, filter, sessionIds);
  }

  async writtenAfter(id: string, limit: number): Promise<RequestRow[] | null> {
    await this.flush();
    const known = await this.#db.selectFrom('request').select('seq').where('id', '=', id).executeTakeFirst();
    if (!known) return null;
    const records = await this.#db
      .selectFrom('request')
      .select(STORED_REQUEST)
      .where('seq', '>', known.seq)
      .orderBy('seq')
      .limit(limit)
      .execute();
    return records.map(requestOf);
  }

  async missTotals(filter: RequestFilter): Promise<MissTotal[]> {
    await this.flush();
    return missTotals(this.#db, filter);
  }

  async clear(filter: RequestFilter): Promise<number> {
    await this.flush();
    const deletedRows = await deleteMatching(this.#engine, filter);
    await this.#engine.shrink();
    return deletedRows;
  }

  /** Deletes what the retention no longer allows, in small steps; resolves to how many rows. */
  async sweep(retention: Settings['retention'], nowMs: number): Promise<number> {
    await this.flush();
    const deletedRows = await deleteExpired(this.#engine, this.#db, { ...retention, nowMs });
    await deleteUnused(this.#engine);
    await this.#engine.shrink();
    return deletedRows;
  }

  /** Writes what is queued, for the last time; rows that cannot be written now are lost. */
  async close(): Promise<void> {
    await this.#writer.close();
    await this.#folder.close();
  }
}
