// The table in which attempts are counted, by account and how they ended.

import type { Tally } from './tally-kinds.ts';

/** Counts only: `total` attempts of one account that ended alike, of the requests that started in the bucket. */
export const ATTEMPT_TALLY: Tally = { table: 'tallyAttempt', dimensions: ['accountId'], hasMinutes: true };

/** Where the `tail` of a row holds its attempts: the list of request-records.ts, counted from 0. */
export const ATTEMPTS_PATH = '$[18]';
/** Where an attempt holds what is counted. */
export const ATTEMPT_ELEMENTS = { accountId: 0, outcome: 4, fault: 5 } as const;

// `fault`: the empty text stands for null. `attemptsSeq`: what `foldedSeq` is for the other sums. It begins at 0 beside
// them, so that a file of millions of rows keeps its sums while its attempts are counted by and by.
export const ATTEMPTS: readonly string[] = [
  `CREATE TABLE tallyAttempt (
    bucketMs INTEGER NOT NULL,
    atMs INTEGER NOT NULL,
    accountId TEXT NOT NULL,
    outcome TEXT NOT NULL,
    fault TEXT NOT NULL,
    total INTEGER NOT NULL,
    PRIMARY KEY (bucketMs, atMs, accountId, outcome, fault)
  ) WITHOUT ROWID`,
  'ALTER TABLE tallyState ADD COLUMN attemptsSeq INTEGER NOT NULL DEFAULT 0',
];
