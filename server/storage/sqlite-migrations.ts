// The SQLite schema, as a numbered list of steps; the file's `user_version` counts the steps taken. Never edit a step
// that has been released: add one.

import { type Kysely, sql } from 'kysely';
import type { Database } from './database.ts';
import { StorageError } from './storage-error.ts';

/** Brings the schema up to date, all steps or none. Refuses a file from a newer version than this code knows. */
export async function migrate(db: Kysely<Database>): Promise<void> {
  await db.transaction().execute(async (tx) => {
    const version = await readVersion(tx);
    if (version > STEPS.length) {
      throw new StorageError(
        'newer-schema',
        `it was written by a newer Warmpath (schema ${version}; this one knows ${STEPS.length})`,
      );
    }
    for (const statement of STEPS.slice(version).flat()) await sql.raw(statement).execute(tx);
    // A pragma takes no parameters.
    if (version < STEPS.length) await sql.raw(`PRAGMA user_version = ${STEPS.length}`).execute(tx);
  });
}

async function readVersion(db: Kysely<Database>): Promise<number> {
  const { rows } = await sql<{ user_version: number }>`PRAGMA user_version`.execute(db);
  return rows[0]?.user_version ?? 0;
}

const CATALOG: readonly string[] = [
  `CREATE TABLE provider (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    allowPrivateNetwork INTEGER NOT NULL
  ) STRICT`,
  `CREATE TABLE endpoint (
    id TEXT PRIMARY KEY NOT NULL,
    providerId TEXT NOT NULL REFERENCES provider (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    surface TEXT NOT NULL,
    baseUrl TEXT NOT NULL,
    UNIQUE (providerId, name)
  ) STRICT`,
  `CREATE TABLE account (
    id TEXT PRIMARY KEY NOT NULL,
    providerId TEXT NOT NULL REFERENCES provider (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    weight REAL NOT NULL,
    maxConcurrent INTEGER,
    cacheTtlMinutes REAL,
    rateMultiplier REAL NOT NULL,
    cacheDomain TEXT,
    isPaused INTEGER NOT NULL,
    disabledReason TEXT,
    credentialLast4 TEXT NOT NULL,
    credentialFingerprint TEXT NOT NULL,
    sealedCredential TEXT NOT NULL,
    UNIQUE (providerId, name)
  ) STRICT`,
  `CREATE TABLE model (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    displayName TEXT,
    price TEXT
  ) STRICT`,
  `CREATE TABLE mapping (
    id TEXT PRIMARY KEY NOT NULL,
    providerId TEXT NOT NULL REFERENCES provider (id) ON DELETE CASCADE,
    modelId TEXT NOT NULL REFERENCES model (id) ON DELETE CASCADE,
    upstreamModel TEXT NOT NULL,
    aliases TEXT NOT NULL
  ) STRICT`,
  'CREATE INDEX mappingByProvider ON mapping (providerId)',
  'CREATE INDEX mappingByModel ON mapping (modelId)',
  `CREATE TABLE user (
    id TEXT PRIMARY KEY NOT NULL,
    username TEXT NOT NULL UNIQUE,
    email TEXT
  ) STRICT`,
  `CREATE TABLE apiKey (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    hash TEXT NOT NULL UNIQUE,
    masked TEXT NOT NULL,
    userId TEXT REFERENCES user (id) ON DELETE SET NULL,
    isEnabled INTEGER NOT NULL,
    createdAtMs INTEGER NOT NULL
  ) STRICT`,
  'CREATE INDEX apiKeyByUser ON apiKey (userId)',
  `CREATE TABLE setting (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    value TEXT NOT NULL
  ) STRICT`,
];

// Not STRICT, so that a duration with a fraction is kept as it is. No foreign keys: history outlives what it names.
// The long texts come last: reading the columns before them does not touch a row's overflow pages.
const REQUEST_LOG: readonly string[] = [
  `CREATE TABLE request (
    seq INTEGER PRIMARY KEY NOT NULL,
    id TEXT NOT NULL UNIQUE,
    requestId TEXT NOT NULL,
    startedAtMs INTEGER NOT NULL,
    finishedAtMs INTEGER NOT NULL,
    path TEXT NOT NULL,
    surface TEXT NOT NULL,
    isStreamed INTEGER NOT NULL,
    requestedModel TEXT NOT NULL,
    modelId TEXT,
    upstreamModel TEXT,
    status INTEGER NOT NULL,
    outcome TEXT NOT NULL,
    errorCode TEXT,
    apiKeyId TEXT,
    apiKeyName TEXT,
    userId TEXT,
    sessionId TEXT,
    providerId TEXT,
    endpointId TEXT,
    accountId TEXT,
    inputTokens INTEGER,
    outputTokens INTEGER,
    reasoningTokens INTEGER,
    cacheReadTokens INTEGER,
    cacheWriteTokens INTEGER,
    cacheWrite5mTokens INTEGER,
    cacheWrite1hTokens INTEGER,
    usageSource TEXT NOT NULL,
    costNanoUsd INTEGER,
    savedNanoUsd INTEGER,
    credits REAL,
    priceVersion TEXT,
    queueMs INTEGER NOT NULL,
    timeToFirstTokenMs INTEGER,
    latencyMs INTEGER NOT NULL,
    affinity TEXT NOT NULL,
    affinityReason TEXT NOT NULL,
    expectedWarmTokens INTEGER,
    missCause TEXT,
    errorMessage TEXT,
    attempts TEXT NOT NULL
  )`,
  'CREATE INDEX requestByTime ON request (startedAtMs, id)',
  // Partial: refused requests have no account, anonymous ones no key. `column = ?` implies the condition.
  'CREATE INDEX requestByApiKey ON request (apiKeyId, startedAtMs) WHERE apiKeyId IS NOT NULL',
  'CREATE INDEX requestByAccount ON request (accountId, startedAtMs) WHERE accountId IS NOT NULL',
  'CREATE INDEX requestByModel ON request (modelId, startedAtMs) WHERE modelId IS NOT NULL',
  'CREATE INDEX requestBySession ON request (sessionId, startedAtMs) WHERE sessionId IS NOT NULL',
];

const BINDINGS_AND_LOGIN: readonly string[] = [
  `CREATE TABLE binding (
    key TEXT PRIMARY KEY NOT NULL,
    apiKeyId TEXT,
    userId TEXT,
    sessionId TEXT,
    modelId TEXT NOT NULL,
    surface TEXT NOT NULL,
    providerId TEXT NOT NULL,
    endpointId TEXT NOT NULL,
    accountId TEXT NOT NULL,
    createdAtMs INTEGER NOT NULL,
    expiresAtMs INTEGER NOT NULL,
    lastHitAtMs INTEGER NOT NULL,
    requestCount INTEGER NOT NULL,
    warmTokens INTEGER NOT NULL,
    cacheReadTokens INTEGER NOT NULL
  )`,
  `CREATE TABLE secret (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
  ) STRICT`,
  `CREATE TABLE session (
    hash TEXT PRIMARY KEY NOT NULL,
    createdAtMs INTEGER NOT NULL,
    lastSeenAtMs INTEGER NOT NULL,
    expiresAtMs INTEGER NOT NULL
  ) STRICT`,
];

const STEPS: readonly (readonly string[])[] = [[...CATALOG, ...REQUEST_LOG, ...BINDINGS_AND_LOGIN]];
