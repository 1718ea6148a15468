// The tables of the request log's file, and how they came to be.

import { ATTEMPTS } from './attempt-schema.ts';
import type { LogDatabase } from './database.ts';
import { INTERVALS } from './interval-schema.ts';
import type { SqliteSchema } from './sqlite-migrations.ts';
import {
  type Dimension,
  HISTOGRAMS,
  MISS_SUMS,
  MISS_TALLIES,
  REQUEST_SUMS,
  REQUEST_TALLIES,
  SEQ_BOUNDS,
  type Tally,
} from './tally-kinds.ts';

// Not STRICT, so that a duration with a fraction is kept as it is. No foreign keys: history outlives what it names.
// The long texts come last: reading the columns before them does not touch a row's overflow pages.
const REQUESTS: readonly string[] = [
  `CREATE TABLE request (
    seq INTEGER PRIMARY KEY NOT NULL,
    id TEXT NOT NULL UNIQUE,
    requestId TEXT NOT NULL,
    startedAtMs INTEGER NOT NULL,
    latencyMs INTEGER NOT NULL,
    timeToFirstTokenMs INTEGER,
    surface TEXT NOT NULL,
    isStreamed INTEGER NOT NULL,
    requestedModel TEXT NOT NULL,
    modelId TEXT,
    status INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    apiKeyId TEXT,
    apiKeyName TEXT,
    userId TEXT,
    sessionId TEXT,
    providerId TEXT,
    accountId TEXT,
    inputTokens INTEGER,
    outputTokens INTEGER,
    cacheReadTokens INTEGER,
    cacheWriteTokens INTEGER,
    usageSource TEXT NOT NULL,
    costNanoUsd INTEGER,
    savedNanoUsd INTEGER,
    credits REAL,
    affinity TEXT NOT NULL,
    missCause TEXT,
    errorMessage TEXT,
    tail TEXT NOT NULL
  )`,
  'CREATE INDEX requestByTime ON request (startedAtMs, id)',
  // Every index costs each row 1 to 4 µs. These two find needles; the few accounts and models are soon met on the way
  // through time. Partial: anonymous requests have no key. `column = ?` implies the condition.
  'CREATE INDEX requestByApiKey ON request (apiKeyId, startedAtMs) WHERE apiKeyId IS NOT NULL',
  'CREATE INDEX requestBySession ON request (sessionId, startedAtMs) WHERE sessionId IS NOT NULL',
];

const BODIES: readonly string[] = [
  `CREATE TABLE requestBody (
    id TEXT PRIMARY KEY NOT NULL,
    atMs INTEGER NOT NULL,
    isCut INTEGER NOT NULL,
    request TEXT NOT NULL,
    reply TEXT NOT NULL
  )`,
  'CREATE INDEX requestBodyByTime ON requestBody (atMs)',
  `CREATE TRIGGER requestBodyGoesWithRequest AFTER DELETE ON request BEGIN
    DELETE FROM requestBody WHERE id = old.id;
  END`,
];

// Added beside the others: nothing before it moves, so a file of millions of rows opens at once.
const KEEP_WARM: readonly string[] = ['ALTER TABLE request ADD COLUMN isKeepWarm INTEGER NOT NULL DEFAULT 0'];

const CACHE_MONEY: readonly string[] = [
  'ALTER TABLE request ADD COLUMN cacheReadNanoUsd INTEGER',
  'ALTER TABLE request ADD COLUMN cacheWriteNanoUsd INTEGER',
];

const PAGE_BYTES = 16_384;
const CHECKPOINT_BYTES = 64 * 1024 * 1024;

const KEY_TYPES: Record<Dimension, 'TEXT' | 'INTEGER'> = {
  modelId: 'TEXT',
  requestedModel: 'TEXT',
  accountId: 'TEXT',
  providerId: 'TEXT',
  apiKeyId: 'TEXT',
  apiKeyName: 'TEXT',
  userId: 'TEXT',
  surface: 'TEXT',
  isStreamed: 'INTEGER',
  status: 'INTEGER',
  outcome: 'TEXT',
  affinity: 'TEXT',
  missCause: 'TEXT',
  isKeepWarm: 'INTEGER',
  cause: 'TEXT',
};

/**
 * Sums of rows in buckets of time, a minute, hour or day from `atMs` on. In a key, the empty text stands for null. Rows lie
 * in the order of the key: a range of time is read in one go.
 */
function tallyTable(
  { table, dimensions }: Tally,
  sums: readonly string[],
  histograms: readonly string[],
): string {
  const key = ['bucketMs', 'atMs', ...dimensions];
  return `CREATE TABLE ${table} (
    bucketMs INTEGER NOT NULL,
    atMs INTEGER NOT NULL,
    ${dimensions.map((name) => `${name} ${KEY_TYPES[name]} NOT NULL,`).join(' ')}
    ${sums.map((name) => `${name} ${name === 'credits' ? 'REAL' : 'INTEGER'} NOT NULL,`).join(' ')}
    ${histograms.map((name) => `${name} BLOB NOT NULL,`).join(' ')}
    PRIMARY KEY (${key.join(', ')})
  ) WITHOUT ROWID`;
}

const TALLY_TABLES: readonly string[] = [
  ...REQUEST_TALLIES.map((tally) => tallyTable(tally, [...REQUEST_SUMS, ...SEQ_BOUNDS], HISTOGRAMS)),
  ...MISS_TALLIES.map((tally) => tallyTable(tally, MISS_SUMS, [])),
  // What one caller did is asked for on its own.
  'CREATE INDEX tallyCallerByApiKey ON tallyCaller (apiKeyId, bucketMs, atMs)',
  'CREATE INDEX tallyCallerByUser ON tallyCaller (userId, bucketMs, atMs)',
  'CREATE INDEX tallyCallerRouteByApiKey ON tallyCallerRoute (apiKeyId, bucketMs, atMs)',
  'CREATE INDEX tallyCallerRouteByUser ON tallyCallerRoute (userId, bucketMs, atMs)',
];

// Nothing is summed here: an existing file opens at once, and its rows are folded in by and by.
const TALLIES: readonly string[] = [
  ...TALLY_TABLES,
  'CREATE TABLE tallyState (foldedSeq INTEGER NOT NULL, minutesFromMs INTEGER NOT NULL)',
  'INSERT INTO tallyState VALUES (0, 0)',
];

/** Sums that are told apart by more than before begin anew. */
const TALLIES_ANEW: readonly string[] = [
  ...[...REQUEST_TALLIES, ...MISS_TALLIES].map(({ table }) => `DROP TABLE IF EXISTS ${table}`),
  ...TALLY_TABLES,
  'UPDATE tallyState SET foldedSeq = 0',
];

// What a caller named its request. Not an index of `request`: it would have to be made of all the rows there are, and most
// requests are named by their id.
const REQUEST_NAMES: readonly string[] = [
  `CREATE TABLE requestName (
    requestId TEXT NOT NULL,
    id TEXT NOT NULL,
    PRIMARY KEY (requestId, id)
  ) WITHOUT ROWID`,
  `CREATE TRIGGER requestNameComesWithRequest AFTER INSERT ON request WHEN new.requestId <> new.id BEGIN
    INSERT OR IGNORE INTO requestName VALUES (new.requestId, new.id);
  END`,
  `CREATE TRIGGER requestNameGoesWithRequest AFTER DELETE ON request WHEN old.requestId <> old.id BEGIN
    DELETE FROM requestName WHERE requestId = old.requestId AND id = old.id;
  END`,
];

const SENT_BODIES: readonly string[] = [
  'ALTER TABLE requestBody ADD COLUMN upstreamRequest TEXT',
  'ALTER TABLE requestBody ADD COLUMN requestHeaders TEXT',
];

// What its requests refer to is in their tails: no column, no index.
const PRICE_SHEETS: readonly string[] = [
  `CREATE TABLE priceSheet (
    id TEXT PRIMARY KEY NOT NULL,
    sheet TEXT NOT NULL,
    lastDay INTEGER NOT NULL
  ) WITHOUT ROWID`,
];

export const LOG_SCHEMA: SqliteSchema<LogDatabase> = {
  steps: [
    [...REQUESTS, ...BODIES],
    KEEP_WARM,
    CACHE_MONEY,
    TALLIES,
    INTERVALS,
    [...TALLIES_ANEW, ...REQUEST_NAMES],
    SENT_BODIES,
    PRICE_SHEETS,
    ATTEMPTS,
  ],
  // Of pages of 4 KiB a quarter would stay empty: two rows fit, and a half.
  pageBytes: PAGE_BYTES,
  pragmas: [
    // Indexes change the same pages again and again: the less often they are copied into the file, the fewer of those
    // changes are. Doubles the rate of rows.
    `wal_autocheckpoint = ${CHECKPOINT_BYTES / PAGE_BYTES}`,
    'cache_size = -32000',
    // What a deleted body said must not be left in the file's free pages.
    'secure_delete = ON',
  ],
};

/** For the thread that only reads. */
export const LOG_READER_PRAGMAS: readonly string[] = ['query_only = ON', 'cache_size = -32000'];
