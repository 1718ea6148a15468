// The queue in front of the request log: bounded, written in batches, never waited for by a request.

import type { Clock, RequestRow } from '../gateway/ports.ts';
import type { SqlEngine } from './database.ts';
import { insertSql } from './insert-sql.ts';
import { REQUEST_COLUMNS, requestValues } from './request-records.ts';
import { messageOf } from './storage-error.ts';

/** Rows waiting at most, about 20 MB. Further rows are dropped, so that the queue's head stays in place while written. */
const MAX_QUEUED_ROWS = 10_000;
/** A full batch is written at once, a smaller one after the delay: what a crash may lose. */
const FULL_BATCH_ROWS = 200;
const FLUSH_DELAY_MS = 200;
/** Rows of one transaction; more only lengthen the wait of whoever reads. */
const MAX_BATCH_ROWS = 1_000;
/** A batch that cannot be written is tried this often, 0.2, 0.4, 0.8, 1.6 s apart, then dropped. */
const MAX_TRIES = 5;

export class RequestWriter {
  readonly #engine: SqlEngine;
  readonly #clock: Clock;
  readonly #insertSql: string;
  /** Oldest first. The rows of the batch being written stay in until they are written or dropped. */
  readonly #queue: RequestRow[] = [];
  /** Rows ever taken off the queue; with the queue's length it tells when a given row is through. */
  #settledRows = 0;
  #droppedRows = 0;
  #lastError: string | null = null;
  /** How often the batch at the head has failed. */
  #failedTries = 0;
  #writing: Promise<void> | null = null;
  #cancelTimer: (() => void) | null = null;
  #isClosed = false;

  constructor(engine: SqlEngine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
    this.#insertSql = insertSql(engine.db, {
      table: 'request',
      columns: REQUEST_COLUMNS,
      key: 'id',
      // A batch whose reply was lost is written again.
      whenKnown: 'keep',
    });
  }

  append(row: RequestRow): void {
    if (this.#isClosed || this.#queue.length >= MAX_QUEUED_ROWS) {
      this.#drop(1, `Cannot queue a row: ${this.#isClosed ? 'the log is closed' : 'the queue is full'}`);
      return;
    }
    this.#queue.push(row);
    this.#schedule();
  }

  health(): { queuedRows: number; droppedRows: number; lastError: string | null } {
    return { queuedRows: this.#queue.length, droppedRows: this.#droppedRows, lastError: this.#lastError };
  }

  /** Resolves when the rows queued by now are written, or at once while writing fails: then only the timer tries. */
  async flush(): Promise<void> {
    const target = this.#settledRows + this.#queue.length;
    while (this.#settledRows < target && this.#failedTries === 0) await this.#write();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#failedTries = 0;
    await this.flush();
    this.#cancelTimer?.();
    this.#drop(this.#takeOff(this.#queue.length), 'Cannot write the last rows: the log is closed');
  }

  /** Makes sure that the queue's head is written in time. Only the timer writes after a failure. */
  #schedule(): void {
    if (this.#writing || this.#queue.length === 0) return;
    if (this.#failedTries === 0 && this.#queue.length >= FULL_BATCH_ROWS) {
      void this.#write();
      return;
    }
    this.#cancelTimer ??= this.#clock.setTimer(
      () => {
        this.#cancelTimer = null;
        // A full batch may have taken the rows this timer was set for.
        if (this.#queue.length > 0) void this.#write();
      },
      FLUSH_DELAY_MS * 2 ** Math.max(0, this.#failedTries - 1),
    );
  }

  /** Writes the batch at the head, or joins its writing. Never rejects. */
  #write(): Promise<void> {
    this.#writing ??= this.#writeHead();
    return this.#writing;
  }

  async #writeHead(): Promise<void> {
    const batch = this.#queue.slice(0, MAX_BATCH_ROWS);
    try {
      const { skippedRows, skipReason } = await this.#store(batch);
      this.#failedTries = 0;
      this.#lastError = null;
      if (skippedRows > 0) this.#drop(skippedRows, `Cannot write a row: ${skipReason}`);
      this.#takeOff(batch.length);
    } catch (error) {
      this.#fail(batch.length, messageOf(error));
    }
    this.#writing = null;
    this.#schedule();
  }

  /** Async, so that also a row that cannot be turned into values rejects instead of throwing. */
  async #store(batch: readonly RequestRow[]): Promise<{ skippedRows: number; skipReason: string | null }> {
    return this.#engine.writeGoodRows({ sql: this.#insertSql, rows: batch.map(requestValues) });
  }

  #fail(batchRows: number, reason: string): void {
    this.#failedTries += 1;
    this.#lastError = `Cannot write ${batchRows} rows: ${reason}`;
    if (this.#failedTries < MAX_TRIES) return;
    this.#failedTries = 1;
    this.#drop(this.#takeOff(batchRows), this.#lastError);
  }

  #takeOff(rows: number): number {
    this.#queue.splice(0, rows);
    this.#settledRows += rows;
    return rows;
  }

  #drop(rows: number, reason: string): void {
    if (rows === 0) return;
    this.#droppedRows += rows;
    this.#lastError ??= reason;
  }
}
