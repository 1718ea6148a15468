// The messages between the main thread and the SQLite thread. Types and constants only.

import type { WorkName } from './log-work.ts';
import type { StorageErrorCode } from './storage-error.ts';

/** Marks a worker's `workerData` as ours, so that the program's main module knows that it is not the program. */
export const STORAGE_THREAD_TAG = 'warmpath-storage';

export interface StorageThreadData {
  tag: typeof STORAGE_THREAD_TAG;
  file: string;
  /** `name = value`, run when the file is opened. */
  pragmas: readonly string[];
  /** The same for a file without tables. */
  newFilePragmas: readonly string[];
}

export type SqlValue = null | number | bigint | string | Uint8Array;

/** One statement run once for every row. */
export interface BatchStatement {
  sql: string;
  /**
   * JSON of `(string | number | null)[][]`. One text crosses threads at about half the cost that a structured clone
   * of the same rows has for the sending thread.
   */
  rowsJson: string;
}

export type ThreadCall =
  /** `returnsRows`: collect the result rows; otherwise only the number of changed rows. */
  | { kind: 'query'; sql: string; parameters: readonly SqlValue[]; returnsRows: boolean }
  /** All statements in one transaction. */
  | { kind: 'batch'; statements: readonly BatchStatement[] }
  /**
   * Rows for the next `write-staged`, which writes all of them in one transaction and leaves out those that break a
   * constraint: a long list comes in pieces, so that sending it does not hold up the sender. `isFirst` forgets what an
   * interrupted sender left. `first` is run before them. `tails`: the last value of each row, one a line; null = the rows are whole.
   */
  | { kind: 'stage'; isFirst: boolean; rowsJson: string; tails: string | null }
  | { kind: 'write-staged'; sql: string; first: readonly BatchStatement[] }
  /** In one transaction; `options`: JSON of the work's options. Its result is the only row. */
  | { kind: 'work'; name: WorkName; options: string }
  | { kind: 'begin'; writes: boolean }
  | { kind: 'commit' }
  | { kind: 'rollback' }
  | { kind: 'close' };

/** Flat: Bun hands over the texts of an object without objects in it several times faster than those of another. */
export type ThreadRequest = ThreadCall & { id: number };

export interface CallResult {
  rows: unknown[];
  changedRows: number;
  skippedRows: number;
  /** Why the last skipped row was skipped. */
  skipReason: string | null;
}

/** `columns`: for `name-taken`, the `table.column` names of the violated unique index. */
export interface ThreadError {
  code: StorageErrorCode;
  message: string;
  columns: string[];
}

/** The reply with id 0 tells whether the database could be opened; it comes before every other. */
export type ThreadReply = { id: number; result: CallResult } | { id: number; error: ThreadError };

export const OPENED_REPLY_ID = 0;
