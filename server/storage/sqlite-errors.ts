// Translates what SQLite throws into storage error codes. Pure.

import type { ThreadError } from './sqlite-protocol.ts';
import { messageOf, type StorageErrorCode } from './storage-error.ts';

// SQLite's result numbers: https://www.sqlite.org/rescode.html (the lowest 8 bits of an extended one are the primary).
const CONSTRAINT = 19;
const CONSTRAINT_FOREIGN_KEY = 787;
const CONSTRAINT_PRIMARY_KEY = 1555;
const CONSTRAINT_UNIQUE = 2067;
/** A row that can never be stored: too big, against a constraint, of the wrong type. */
const ROW_FAULTS: readonly number[] = [18, CONSTRAINT, 20];

const CODE_OF_RESULT: ReadonlyMap<number, StorageErrorCode> = new Map([
  [CONSTRAINT_UNIQUE, 'name-taken'],
  [CONSTRAINT_PRIMARY_KEY, 'name-taken'],
  [CONSTRAINT_FOREIGN_KEY, 'missing-reference'],
  [5, 'locked'],
  [6, 'locked'],
  [8, 'read-only'],
  [10, 'broken'],
  [11, 'corrupt'],
  [13, 'disk-full'],
  [14, 'cannot-open'],
  [26, 'not-a-database'],
]);

/** Deno gives no result number when opening or preparing fails, only SQLite's fixed sentence. */
const RESULT_OF_SENTENCE: readonly [sentence: string, result: number][] = [
  ['database is locked', 5],
  ['attempt to write a readonly database', 8],
  ['disk I/O error', 10],
  ['database disk image is malformed', 11],
  ['database or disk is full', 13],
  ['unable to open database file', 14],
  ['file is not a database', 26],
];

export function describeSqliteError(error: unknown): ThreadError {
  const message = messageOf(error);
  const result = resultOf(error);
  const code = CODE_OF_RESULT.get(result) ?? CODE_OF_RESULT.get(primary(result)) ?? 'failed';
  return { code, message, columns: code === 'name-taken' ? columnsIn(message) : [] };
}

/** True when only this row cannot be stored, and its neighbours can. */
export function isRowFault(error: unknown): boolean {
  return error instanceof TypeError || ROW_FAULTS.includes(primary(resultOf(error)));
}

function resultOf(error: unknown): number {
  if (error instanceof Error && 'errcode' in error && typeof error.errcode === 'number') return error.errcode;
  const message = messageOf(error);
  return RESULT_OF_SENTENCE.find(([sentence]) => message.startsWith(sentence))?.[1] ?? 0;
}

function primary(result: number): number {
  return result & 0xff;
}

/** `UNIQUE constraint failed: endpoint.providerId, endpoint.name`: SQLite names the columns nowhere else. */
function columnsIn(message: string): string[] {
  return (
    message
      .split(': ')[1]
      ?.split(',')
      .map((name) => name.trim()) ?? []
  );
}
