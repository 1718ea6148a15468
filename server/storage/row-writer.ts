// A queue of rows in front of a table: bounded, written in batches, never waited for by who appends.

import type { Clock } from '../gateway/ports.ts';
import type { RowText, SkippedRows } from './database.ts';
import { messageOf, StorageError, type StorageErrorCode } from './storage-error.ts';

/**
 * A full batch is written at once, a smaller one after the delay: what a crash may lose. Many rows change the same pages
 * of an index, so the more are written together, the less one costs; below 10,000 rows a second the delay decides.
 */
const FULL_BATCH_ROWS = 2_000;
const FLUSH_DELAY_MS = 200;
/** Rows of one transaction. */
const MAX_BATCH_ROWS = 10_000;
/** Tries are 0.2, 0.4, 0.8 … s apart, and at most this. */
const MAX_RETRY_DELAY_MS = 5_000;
/** A batch that is refused for no reason that passes is tried this often, then dropped, so that others get their turn. */
const MAX_TRIES = 5;
/** Reasons that may pass by themselves: the rows wait, and only what does not fit into the queue is lost. */
const PASSING: ReadonlySet<StorageErrorCode> = new Set([
  'disk-full',
  'locked',
  'read-only',
  'broken',
  'cannot-open',
]);

export interface WriterHealth {
  queuedRows: number;
  droppedRows: number;
  lastError: string | null;
}

export interface RowWriterOptions<Row, Text extends RowText = RowText> {
  clock: Clock;
  /** Bounds of the queue. Further rows are dropped, so that the queue's head stays in place while written. */
  maxRows: number;
  maxCharacters: number;
  /**
   * As many new rows are turned into text in one go: several times cheaper than one at a time between other work, which
   * pushes the code out of the caches. They count as rows but not yet as characters, so 1 for large rows.
   */
  rowsPerTurn: number;
  /** May throw: such a row is dropped like one that does not fit. */
  toText(row: Row): Text;
  write(rows: readonly Text[]): Promise<SkippedRows>;
}

export class RowWriter<Row, Text extends RowText = RowText> {
  readonly #options: RowWriterOptions<Row, Text>;
  /** Newer than the queue, not yet text. */
  #newRows: Row[] = [];
  /** Oldest first. The rows of the batch being written stay in until they are written or dropped. */
  readonly #queue: Text[] = [];
  #queuedCharacters = 0;
  /** Rows ever taken off the queue or kept out of it; with those that wait it tells when a given row is through. */
  #settledRows = 0;
  #droppedRows = 0;
  #lastError: string | null = null;
  /** How often the batch at the head has failed. */
  #failedTries = 0;
  #writing: Promise<void> | null = null;
  #cancelTimer: (() => void) | null = null;
  #isClosed = false;

  constructor(options: RowWriterOptions<Row, Text>) {
    this.#options = options;
  }

  /** The row must not change any more. */
  append(row: Row): void {
    if (this.#isClosed || this.#isFull()) {
      this.#drop(1, `Cannot queue a row: ${this.#isClosed ? 'the log is closed' : 'the queue is full'}`);
      return;
    }
    this.#newRows.push(row);
    if (this.#newRows.length >= this.#options.rowsPerTurn) this.#queueNewRows();
    this.#schedule();
  }

  health(): WriterHealth {
    return { queuedRows: this.#waitingRows(), droppedRows: this.#droppedRows, lastError: this.#lastError };
  }

  /** Resolves when the rows queued by now are written, or at once while writing fails: then only the timer tries. */
  async flush(): Promise<void> {
    const target = this.#settledRows + this.#waitingRows();
    while (this.#settledRows < target && this.#failedTries === 0) await this.#write();
  }

  /** Writes what is queued, for the last time; rows that cannot be written now are lost. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#failedTries = 0;
    await this.flush();
    this.#cancelTimer?.();
    this.#queueNewRows();
    this.#drop(this.#takeOff(this.#queue.length), 'Cannot write the last rows: the log is closed');
  }

  #waitingRows(): number {
    return this.#queue.length + this.#newRows.length;
  }

  #isFull(): boolean {
    const { maxRows, maxCharacters } = this.#options;
    return this.#waitingRows() >= maxRows || this.#queuedCharacters >= maxCharacters;
  }

  #queueNewRows(): void {
    for (const row of this.#newRows) {
      try {
        const text = this.#options.toText(row);
        this.#queue.push(text);
        this.#queuedCharacters += charactersOf(text);
      } catch (error) {
        this.#settledRows += 1;
        this.#drop(1, `Cannot queue a row: ${messageOf(error)}`);
      }
    }
    this.#newRows = [];
  }

  /** Makes sure that the queue's head is written in time. Only the timer writes after a failure. */
  #schedule(): void {
    if (this.#writing || this.#waitingRows() === 0) return;
    if (this.#failedTries === 0 && this.#waitingRows() >= FULL_BATCH_ROWS) {
      void this.#write();
      return;
    }
    this.#cancelTimer ??= this.#options.clock.setTimer(
      () => {
        this.#cancelTimer = null;
        // A full batch may have taken the rows this timer was set for.
        if (this.#waitingRows() > 0) void this.#write();
      },
      Math.min(FLUSH_DELAY_MS * 2 ** Math.max(0, this.#failedTries - 1), MAX_RETRY_DELAY_MS),
    );
  }

  /** Writes the batch at the head, or joins its writing. Never rejects. */
  #write(): Promise<void> {
    if (!this.#writing) this.#queueNewRows();
    // Nothing to write when no new row had a text.
    if (this.#queue.length > 0) this.#writing ??= this.#writeHead();
    return this.#writing ?? Promise.resolve();
  }

  async #writeHead(): Promise<void> {
    const batch = this.#queue.slice(0, MAX_BATCH_ROWS);
    try {
      const { skippedRows, skipReason } = await this.#options.write(batch);
      this.#failedTries = 0;
      this.#lastError = null;
      if (skippedRows > 0) this.#drop(skippedRows, `Cannot write a row: ${skipReason}`);
      this.#takeOff(batch.length);
    } catch (error) {
      this.#fail(batch.length, error);
    }
    this.#writing = null;
    this.#schedule();
  }

  #fail(batchRows: number, error: unknown): void {
    this.#failedTries += 1;
    this.#lastError = `Cannot write ${batchRows} rows: ${messageOf(error)}`;
    const mayPass = error instanceof StorageError && PASSING.has(error.code);
    if (mayPass || this.#failedTries < MAX_TRIES) return;
    this.#failedTries = 1;
    this.#drop(this.#takeOff(batchRows), this.#lastError);
  }

  #takeOff(rows: number): number {
    for (const row of this.#queue.splice(0, rows)) this.#queuedCharacters -= charactersOf(row);
    this.#settledRows += rows;
    return rows;
  }

  #drop(rows: number, reason: string): void {
    if (rows === 0) return;
    this.#droppedRows += rows;
    this.#lastError ??= reason;
  }
}

function charactersOf({ head, tail }: RowText): number {
  return head.length + (tail?.length ?? 0);
}
