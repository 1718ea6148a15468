// The tables of the file that holds what is configured, and how they came to be.

import type { Kysely } from 'kysely';
import type { Database } from './database.ts';
import type { SqliteSchema } from './sqlite-migrations.ts';

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

// Where the request log was before it got a file of its own: see log-move.ts.
const OLD_REQUEST_LOG: readonly string[] = [
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

const ORIGINS_CREDITS_AND_PINS: readonly string[] = [
  'ALTER TABLE account ADD COLUMN usdPerCredit REAL',
  "ALTER TABLE account ADD COLUMN credentialOrigins TEXT NOT NULL DEFAULT '[]'",
  `CREATE TABLE pin (
    hash TEXT PRIMARY KEY NOT NULL,
    accountId TEXT NOT NULL,
    expiresAtMs INTEGER NOT NULL
  ) STRICT`,
];

/** Credentials stored before they were bound were given for the endpoints that are there now. */
async function bindCredentials(db: Kysely<Database>): Promise<void> {
  const endpoints = await db.selectFrom('endpoint').select(['providerId', 'baseUrl']).execute();
  const providerIds = new Set(endpoints.map(({ providerId }) => providerId));
  for (const providerId of providerIds) {
    const own = endpoints.filter((row) => row.providerId === providerId && URL.canParse(row.baseUrl));
    const origins = [...new Set(own.map(({ baseUrl }) => new URL(baseUrl).origin))].sort();
    await db
      .updateTable('account')
      .set({ credentialOrigins: JSON.stringify(origins) })
      .where('providerId', '=', providerId)
      .execute();
  }
}

const ROUTING_OF_MODELS: readonly string[] = [
  'ALTER TABLE model ADD COLUMN routePolicy TEXT',
  'ALTER TABLE model ADD COLUMN routeProfile TEXT',
];

const WARMTH: readonly string[] = [
  `CREATE TABLE warmth (
    scope TEXT NOT NULL,
    space TEXT NOT NULL,
    hash INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    ttlMs INTEGER NOT NULL,
    untilMs INTEGER NOT NULL,
    isEnd INTEGER NOT NULL,
    requestId TEXT NOT NULL,
    PRIMARY KEY (space, hash)
  ) STRICT, WITHOUT ROWID`,
  'CREATE INDEX warmthByEnd ON warmth (untilMs)',
];

const KEY_RESTRICTIONS: readonly string[] = [
  'ALTER TABLE apiKey ADD COLUMN expiresAtMs INTEGER',
  'ALTER TABLE apiKey ADD COLUMN revokedAtMs INTEGER',
  'ALTER TABLE apiKey ADD COLUMN allowedModelIds TEXT',
  'ALTER TABLE apiKey ADD COLUMN allowedProviderIds TEXT',
  'ALTER TABLE apiKey ADD COLUMN allowedSurfaces TEXT',
  'ALTER TABLE apiKey ADD COLUMN allowedIps TEXT',
  'ALTER TABLE apiKey ADD COLUMN requestsPerMinute INTEGER',
  'ALTER TABLE apiKey ADD COLUMN tokensPerMinute INTEGER',
  'ALTER TABLE apiKey ADD COLUMN maxConcurrent INTEGER',
  'ALTER TABLE apiKey ADD COLUMN budgetUsdPerDay REAL',
  'ALTER TABLE apiKey ADD COLUMN budgetUsdPerMonth REAL',
];

/** A session without a role was opened by the password. */
const AUDIT_AND_TOKENS: readonly string[] = [
  "ALTER TABLE session ADD COLUMN name TEXT NOT NULL DEFAULT 'panel'",
  "ALTER TABLE session ADD COLUMN role TEXT NOT NULL DEFAULT 'admin'",
  'ALTER TABLE session ADD COLUMN tokenId TEXT',
  `CREATE TABLE adminToken (
    id TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL UNIQUE,
    hash TEXT NOT NULL UNIQUE,
    masked TEXT NOT NULL,
    role TEXT NOT NULL,
    createdAtMs INTEGER NOT NULL,
    expiresAtMs INTEGER
  ) STRICT`,
  `CREATE TABLE audit (
    id TEXT PRIMARY KEY NOT NULL,
    atMs INTEGER NOT NULL,
    actor TEXT NOT NULL,
    role TEXT,
    action TEXT NOT NULL,
    arguments TEXT NOT NULL,
    outcome TEXT NOT NULL,
    errorCodes TEXT
  ) STRICT, WITHOUT ROWID`,
];

const PINNED_BINDINGS: readonly string[] = [
  'ALTER TABLE binding ADD COLUMN isPinned INTEGER NOT NULL DEFAULT 0',
];

const AUDIT_BY_TIME: readonly string[] = ['CREATE INDEX auditByTime ON audit (atMs)'];

export const CONFIG_SCHEMA: SqliteSchema<Database> = {
  steps: [
    [...CATALOG, ...OLD_REQUEST_LOG, ...BINDINGS_AND_LOGIN],
    ORIGINS_CREDITS_AND_PINS,
    bindCredentials,
    ROUTING_OF_MODELS,
    WARMTH,
    KEY_RESTRICTIONS,
    AUDIT_AND_TOKENS,
    PINNED_BINDINGS,
    AUDIT_BY_TIME,
  ],
  pragmas: [],
};
