// The newest rows of the log, of which no intervals are kept yet. They wait, so that rows can be folded in order of their
// start although they are written when they end. Runs on the SQLite thread.

import { COUNTED } from './interval-schema.ts';
import type { Statements } from './tally-fold.ts';

/** Longest wait of a row, by its start. */
const LAG_MS = 15 * 60_000;
/** Rows that a question may have to look through, in about 15 ms; beyond them the wait is shorter. */
const MAX_WAITING_ROWS = 60_000;

export interface FoldedRow {
  seq: number;
  id: string;
  startedAtMs: number;
  userId: string | null;
  apiKeyId: string | null;
  modelId: string | null;
  sessionId: string | null;
  cacheReadTokens: number | null;
}

/** The rows to fold next, in order of their start; afterwards everything before `toMs` is folded. */
export interface Due {
  rows: FoldedRow[];
  toMs: number;
  /** There are more that need not wait. */
  isMore: boolean;
}

interface State {
  foldedToMs: number;
  takenSeq: number;
  waitingFromMs: number;
}

const COLUMNS = 'seq, id, startedAtMs, userId, apiKeyId, modelId, sessionId, cacheReadTokens';

/** Takes what was written last among those that wait. Resolves to whether there is more. */
export function takeRows(db: Statements, maxRows: number): boolean {
  const { takenSeq, waitingFromMs } = readState(db);
  const window = 'SELECT max(seq) AS n FROM (SELECT seq FROM request WHERE seq > ? ORDER BY seq LIMIT ?)';
  const lastSeq = numberIn(db.prepare(window).get(takenSeq, maxRows), 'n');
  if (lastSeq === null) return false;
  // What started before was folded already, or will be found by its time.
  const take = `INSERT OR IGNORE INTO intervalWaiting (${COLUMNS}) SELECT ${COLUMNS} FROM request NOT INDEXED
    WHERE seq > ? AND seq <= ? AND startedAtMs >= ? AND ${COUNTED}`;
  db.prepare(take).run(takenSeq, lastSeq, waitingFromMs);
  db.prepare('UPDATE intervalState SET takenSeq = ?').run(lastSeq);
  return numberIn(db.prepare('SELECT 1 AS n FROM request WHERE seq > ? LIMIT 1').get(lastSeq), 'n') !== null;
}

export function dueRows(
  db: Statements,
  { maxRows, nowMs, isTaking }: { maxRows: number; nowMs: number; isTaking: boolean },
): Due {
  const { foldedToMs, waitingFromMs } = readState(db);
  if (foldedToMs < waitingFromMs)
    return laggingRows(db, { fromMs: foldedToMs, toMs: waitingFromMs, maxRows });
  const newest = 'SELECT startedAtMs AS n FROM intervalWaiting ORDER BY startedAtMs DESC LIMIT 1 OFFSET ?';
  const crowdedMs = numberIn(db.prepare(newest).get(MAX_WAITING_ROWS), 'n') ?? 0;
  // While there are others to take, nobody knows of the oldest that they are the oldest.
  const endMs = isTaking ? crowdedMs : Math.max(crowdedMs, nowMs - LAG_MS);
  const found = cutAtStart(db, 'intervalWaiting', { fromMs: foldedToMs, toMs: endMs, maxRows });
  const last = found.rows.at(-1);
  // Not to the end of the wait: rows may yet come that started after the last one.
  return last && !found.isMore ? { ...found, toMs: last.startedAtMs + 1 } : found;
}

/** What was folded once and must be again is in the log only. */
function laggingRows(db: Statements, range: { fromMs: number; toMs: number; maxRows: number }): Due {
  const found = cutAtStart(db, 'request', range);
  return { ...found, isMore: true };
}

/** Rows of one millisecond stay together. */
function cutAtStart(
  db: Statements,
  table: 'request' | 'intervalWaiting',
  { fromMs, toMs, maxRows }: { fromMs: number; toMs: number; maxRows: number },
): Due {
  const within = `FROM ${table} WHERE startedAtMs >= ? AND startedAtMs < ?`;
  const next = db
    .prepare(`SELECT startedAtMs AS n ${within} ORDER BY startedAtMs LIMIT 1 OFFSET ?`)
    .get(fromMs, toMs, maxRows);
  const nextMs = numberIn(next, 'n');
  const endMs = nextMs === null ? toMs : Math.max(nextMs, fromMs + 1);
  const counts = table === 'request' ? `AND ${COUNTED}` : '';
  const rows = db
    .prepare(`SELECT ${COLUMNS} ${within} ${counts} ORDER BY startedAtMs, id`)
    .all(fromMs, endMs);
  // The columns are those of the table.
  return { rows: rows as FoldedRow[], toMs: endMs, isMore: nextMs !== null };
}

/** Everything before is folded. */
export function noteFolded(db: Statements, toMs: number): void {
  db.prepare('DELETE FROM intervalWaiting WHERE startedAtMs < ?').run(toMs);
  db.prepare('UPDATE intervalState SET foldedToMs = ?, waitingFromMs = max(waitingFromMs, ?)').run(
    toMs,
    toMs,
  );
}

/** Before rows are deleted from the log. */
export function forgetWaiting(db: Statements, seqs: readonly number[]): void {
  const gone = `DELETE FROM intervalWaiting WHERE (startedAtMs, id) IN
    (SELECT startedAtMs, id FROM request WHERE seq IN (SELECT value FROM json_each(?)))`;
  db.prepare(gone).run(JSON.stringify(seqs));
}

/** After rows were deleted from the log: the next one takes the number after the highest there is. */
export function forgetTaken(db: Statements): void {
  const taken =
    'UPDATE intervalState SET takenSeq = min(takenSeq, coalesce((SELECT max(seq) FROM request), 0))';
  db.prepare(taken).run();
}

/** The log is empty. */
export function forgetAllWaiting(db: Statements): void {
  db.prepare('DELETE FROM intervalWaiting').run();
  db.prepare('UPDATE intervalState SET takenSeq = 0, waitingFromMs = 0').run();
}

function readState(db: Statements): State {
  const row = db.prepare('SELECT foldedToMs, takenSeq, waitingFromMs FROM intervalState').get();
  const number = (name: keyof State) => numberIn(row, name) ?? 0;
  return {
    foldedToMs: number('foldedToMs'),
    takenSeq: number('takenSeq'),
    waitingFromMs: number('waitingFromMs'),
  };
}

export function numberIn(row: unknown, name: string): number | null {
  const value = valueIn(row, name);
  return typeof value === 'number' ? value : null;
}

export function valueIn(row: unknown, name: string): unknown {
  return typeof row === 'object' && row !== null
    ? Object.entries(row).find(([key]) => key === name)?.[1]
    : undefined;
}
