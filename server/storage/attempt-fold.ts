// Counts the attempts of rows of the request log by account, and takes them away again. Runs on the SQLite thread.

import { ATTEMPT_ELEMENTS, ATTEMPTS_PATH } from './attempt-schema.ts';
import type { Statements } from './tally-fold.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS } from './tally-kinds.ts';
import { floorTo } from './tally-ranges.ts';

/** Attempts that ended alike, of requests that started in one minute. */
interface Counted {
  atMs: number;
  accountId: string;
  outcome: string;
  fault: string;
  total: number;
}

type Element = keyof typeof ATTEMPT_ELEMENTS;
const element = (name: Element) => `attempt.value ->> ${ATTEMPT_ELEMENTS[name]}`;
const SELECT = `SELECT CAST(startedAtMs / ${MINUTE_MS} AS INTEGER) * ${MINUTE_MS} AS atMs,
    coalesce(${element('accountId')}, '') AS accountId, coalesce(${element('outcome')}, '') AS outcome,
    coalesce(${element('fault')}, '') AS fault, count(*) AS total
  FROM request, json_each(request.tail, '${ATTEMPTS_PATH}') AS attempt
  WHERE attempt.type = 'array' AND seq <= ?`;
const GROUP = 'GROUP BY 1, 2, 3, 4';

const PUT = `INSERT INTO tallyAttempt (bucketMs, atMs, accountId, outcome, fault, total) VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (bucketMs, atMs, accountId, outcome, fault) DO UPDATE SET total = total + excluded.total`;
const REMOVE_EMPTY = `DELETE FROM tallyAttempt
  WHERE bucketMs = ? AND atMs = ? AND accountId = ? AND outcome = ? AND fault = ? AND total <= 0`;

/** Minutes before `minutesFromMs` are not kept. */
export function countBetween(
  db: Statements,
  { afterSeq, lastSeq, minutesFromMs }: { afterSeq: number; lastSeq: number; minutesFromMs: number },
): void {
  const counted = db.prepare(`${SELECT} AND seq > ? ${GROUP}`).all(lastSeq, afterSeq) as Counted[];
  putAll(db, { counted, sign: 1, minutesFromMs });
}

/** Takes away those of the rows that are counted. */
export function uncount(
  db: Statements,
  { seqs, lastSeq, minutesFromMs }: { seqs: readonly number[]; lastSeq: number; minutesFromMs: number },
): void {
  const sql = `${SELECT} AND seq IN (SELECT value FROM json_each(?)) ${GROUP}`;
  const counted = db.prepare(sql).all(lastSeq, JSON.stringify(seqs)) as Counted[];
  putAll(db, { counted, sign: -1, minutesFromMs });
}

function putAll(
  db: Statements,
  { counted, sign, minutesFromMs }: { counted: readonly Counted[]; sign: 1 | -1; minutesFromMs: number },
): void {
  const kept = counted.filter(({ atMs }) => atMs >= minutesFromMs);
  for (const [bucketMs, counts] of [
    [MINUTE_MS, kept],
    [HOUR_MS, summedUp(counted, HOUR_MS)],
    [DAY_MS, summedUp(counted, DAY_MS)],
  ] as const) {
    for (const { atMs, accountId, outcome, fault, total } of counts) {
      const key = [bucketMs, atMs, accountId, outcome, fault];
      db.prepare(PUT).run(...key, sign * total);
      if (sign === -1) db.prepare(REMOVE_EMPTY).run(...key);
    }
  }
}

function summedUp(counted: readonly Counted[], bucketMs: number): Iterable<Counted> {
  const sums = new Map<string, Counted>();
  for (const one of counted) {
    const atMs = floorTo(bucketMs, one.atMs);
    const key = JSON.stringify([atMs, one.accountId, one.outcome, one.fault]);
    const sum = sums.get(key);
    if (sum) sum.total += one.total;
    else sums.set(key, { ...one, atMs });
  }
  return sums.values();
}
