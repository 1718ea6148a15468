// The tables of the request log's file, and how they came to be.

import type { LogDatabase } from './database.ts';
import type { SqliteSchema } from './sqlite-migrations.ts';

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

export const LOG_SCHEMA: SqliteSchema<LogDatabase> = {
  steps: [[...REQUESTS, ...BODIES], KEEP_WARM],
  pragmas: [
    // Pages of 4 KiB. Indexes change the same pages again and again: the less often they are copied into the file, the
    // fewer of those changes are. Doubles the rate of rows.
    'wal_autocheckpoint = 16000',
    'cache_size = -32000',
    // What a deleted body said must not be left in the file's free pages.
    'secure_delete = ON',
  ],
};
