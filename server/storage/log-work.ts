// What the SQLite thread does with the request log in one go: folding rows into sums, and deleting rows with their sums.

import { countBetween, uncount } from './attempt-fold.ts';
import { ATTEMPT_TALLY } from './attempt-schema.ts';
import { foldIntervals, forgetIntervals } from './interval-fold.ts';
import { forgetWaiting } from './interval-waiting.ts';
import { rowsBetween, rowsOf, type Statements, tallyRows } from './tally-fold.ts';
import { HOUR_MS, MINUTE_MS, REQUEST_TALLIES } from './tally-kinds.ts';

export type { Statements };

const WORK = { fold, 'fold-intervals': foldIntervals, 'delete-rows': deleteRows };

export type WorkName = keyof typeof WORK;
export type WorkOptions<Name extends WorkName> = Parameters<(typeof WORK)[Name]>[1];
export type WorkResult<Name extends WorkName> = ReturnType<(typeof WORK)[Name]>;

/** `options`: JSON of what the work of that name takes. */
export function runWork(db: Statements, { name, options }: { name: WorkName; options: string }): unknown {
  return WORK[name](db, JSON.parse(options));
}

/** Longer than two days: what a panel shows by the minute. */
const MINUTES_KEPT_MS = 49 * HOUR_MS;

/** How far the sums reach. */
export interface TallyState {
  /** Every row up to here is in the sums. */
  foldedSeq: number;
  /** The same of the attempts that are counted. */
  attemptsSeq: number;
  /** Sums per minute are whole from here on. */
  minutesFromMs: number;
}

export interface FoldOptions {
  maxRows: number;
  nowMs: number;
}

/** `lastSeq`: newest row there is. */
export interface Folded {
  foldedSeq: number;
  lastSeq: number;
}

/** Adds the next rows to the sums. In the caller's transaction, so that a row counts once. */
function fold(db: Statements, { maxRows, nowMs }: FoldOptions): Folded {
  const state = forgetMinutes(db, nowMs);
  const last = numberIn(db.prepare('SELECT max(seq) AS n FROM request').get());
  const lastSeq = stepEnd(db, { afterSeq: state.foldedSeq, last, maxRows });
  const attemptsSeq = stepEnd(db, { afterSeq: state.attemptsSeq, last, maxRows });
  const { minutesFromMs } = state;
  if (lastSeq > state.foldedSeq) {
    const rows = rowsBetween(db, { afterSeq: state.foldedSeq, lastSeq });
    tallyRows(db, { rows, sign: 1, minutesFromMs });
  }
  if (attemptsSeq > state.attemptsSeq)
    countBetween(db, { afterSeq: state.attemptsSeq, lastSeq: attemptsSeq, minutesFromMs });
  if (lastSeq > state.foldedSeq || attemptsSeq > state.attemptsSeq)
    db.prepare('UPDATE tallyState SET foldedSeq = ?, attemptsSeq = ?').run(lastSeq, attemptsSeq);
  return { foldedSeq: Math.min(lastSeq, attemptsSeq), lastSeq: Math.max(last, lastSeq) };
}

/** The last of the next `maxRows` rows; `afterSeq` itself when there are none. */
function stepEnd(
  db: Statements,
  { afterSeq, last, maxRows }: { afterSeq: number; last: number; maxRows: number },
): number {
  if (last <= afterSeq) return afterSeq;
  const window = `SELECT max(seq) AS n FROM (SELECT seq FROM request WHERE seq > ? ORDER BY seq LIMIT ?)`;
  return numberIn(db.prepare(window).get(afterSeq, maxRows));
}

/** Minutes are given up an hour at a time. */
function forgetMinutes(db: Statements, nowMs: number): TallyState {
  const state = readState(db);
  const dueMs = Math.floor((nowMs - MINUTES_KEPT_MS) / HOUR_MS) * HOUR_MS;
  if (dueMs <= state.minutesFromMs) return state;
  for (const { table, hasMinutes } of [...REQUEST_TALLIES, ATTEMPT_TALLY])
    if (hasMinutes) db.prepare(`DELETE FROM ${table} WHERE bucketMs = ? AND atMs < ?`).run(MINUTE_MS, dueMs);
  db.prepare('UPDATE tallyState SET minutesFromMs = ?').run(dueMs);
  return { ...state, minutesFromMs: dueMs };
}

export interface DeleteOptions {
  /** Selects the `seq` of the rows. */
  sql: string;
  parameters: readonly (string | number | null)[];
}

/** Deletes the rows and takes them out of the sums. In the caller's transaction. Returns how many rows. */
function deleteRows(db: Statements, { sql, parameters }: DeleteOptions): number {
  const seqs = db
    .prepare(sql)
    .all(...parameters)
    .map((row) => numberIn(row, 'seq'));
  if (seqs.length === 0) return 0;
  const { foldedSeq, attemptsSeq, minutesFromMs } = readState(db);
  const rows = rowsOf(db, { seqs, lastSeq: foldedSeq });
  tallyRows(db, { rows, sign: -1, minutesFromMs });
  uncount(db, { seqs, lastSeq: attemptsSeq, minutesFromMs });
  const times = timesOf(db, seqs);
  forgetWaiting(db, seqs);
  db.prepare('DELETE FROM request WHERE seq IN (SELECT value FROM json_each(?))').run(JSON.stringify(seqs));
  forgetIntervals(db, times);
  // The next row takes the number after the highest there is: one that is gone may come again, and is not folded then.
  const last = numberIn(db.prepare('SELECT max(seq) AS n FROM request').get());
  db.prepare('UPDATE tallyState SET foldedSeq = min(foldedSeq, ?), attemptsSeq = min(attemptsSeq, ?)').run(
    last,
    last,
  );
  return seqs.length;
}

/** Starts of the first and last of the rows. */
function timesOf(db: Statements, seqs: readonly number[]): { firstMs: number; lastMs: number } {
  const sql = `SELECT min(startedAtMs) AS firstMs, max(startedAtMs) AS lastMs FROM request
    WHERE seq IN (SELECT value FROM json_each(?))`;
  const row = db.prepare(sql).get(JSON.stringify(seqs));
  return { firstMs: numberIn(row, 'firstMs'), lastMs: numberIn(row, 'lastMs') };
}

function readState(db: Statements): TallyState {
  const row = db.prepare('SELECT foldedSeq, attemptsSeq, minutesFromMs FROM tallyState').get();
  return {
    foldedSeq: numberIn(row, 'foldedSeq'),
    attemptsSeq: numberIn(row, 'attemptsSeq'),
    minutesFromMs: numberIn(row, 'minutesFromMs'),
  };
}

function numberIn(row: unknown, name = 'n'): number {
  const value =
    typeof row === 'object' && row !== null ? Object.entries(row).find(([key]) => key === name) : undefined;
  return typeof value?.[1] === 'number' ? value[1] : 0;
}
