// Moves the request log out of the file that also held the configuration, once. Interrupted, it simply starts again.

import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { LogDatabase, SqlEngine } from './database.ts';
import { REQUEST_COLUMNS } from './request-records.ts';

type RequestColumn = (typeof REQUEST_COLUMNS)[number];

/** Rows copied in one transaction. */
const STEP_ROWS = 20_000;

/** Copies every row that is not there yet, then drops the old table. Resolves to how many rows the old one had. */
export async function moveLog({
  config,
  configFile,
  logs,
}: {
  config: SqlEngine;
  configFile: string;
  logs: SqlEngine<LogDatabase>;
}): Promise<number> {
  const table = await sql`SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'request'`.execute(
    config.db,
  );
  if (table.rows.length === 0) return 0;
  const movedRows = await logs.db.connection().execute((db) => copyFrom(configFile, db));
  await sql`DROP TABLE request`.execute(config.db);
  await config.shrink();
  return movedRows;
}

async function copyFrom(configFile: string, db: Kysely<LogDatabase>): Promise<number> {
  await sql`ATTACH DATABASE ${configFile} AS old`.execute(db);
  try {
    const { rows } = await sql<{ last: number | null; total: number }>`
      SELECT max(seq) AS last, count(*) AS total FROM old.request`.execute(db);
    const { last, total } = rows[0] ?? { last: null, total: 0 };
    for (let from = 0; from < (last ?? 0); from += STEP_ROWS) await copyRange(db, from);
    return total;
  } finally {
    await sql`DETACH DATABASE old`.execute(db);
  }
}

/** The rows after `from`, as many as fit into a step. */
async function copyRange(db: Kysely<LogDatabase>, from: number): Promise<void> {
  const columns = sql.join(REQUEST_COLUMNS.map((column) => sql.ref(column)));
  const values = sql.join(
    REQUEST_COLUMNS.map((column) => (column === 'tail' ? sql.raw(TAIL) : (NEWER[column] ?? sql.ref(column)))),
  );
  await sql`INSERT INTO main.request (${columns})
    SELECT ${values} FROM old.request WHERE seq > ${from} AND seq <= ${from + STEP_ROWS} ORDER BY seq
    ON CONFLICT (id) DO NOTHING`.execute(db);
}

/** Columns that the old table does not have. */
const NEWER: { [Column in RequestColumn]?: RawBuilder<unknown> } = {
  isKeepWarm: sql`0`,
  cacheReadNanoUsd: sql`NULL`,
  cacheWriteNanoUsd: sql`NULL`,
};

/**
 * `Tail` of request-records.ts from the columns of old; what was not known then is null, no or nothing. The outer
 * `json`: some SQLite versions take the result of a subquery for a text.
 */
const TAIL = `json_array(
  finishedAtMs, path, upstreamModel, CASE WHEN endpointId IS NULL THEN NULL ELSE surface END, json('[]'),
  errorCode, endpointId, reasoningTokens, cacheWrite5mTokens, cacheWrite1hTokens, NULL, NULL,
  NULL, json('[]'), priceVersion, queueMs, affinityReason, expectedWarmTokens,
  json((SELECT json_group_array(json_array(
    value ->> 'accountId', value ->> 'accountName', value ->> 'providerName', value ->> 'status',
    value ->> 'outcome', NULL, value ->> 'reason', 0, NULL,
    value ->> 'startedAtMs', value ->> 'firstByteMs', value ->> 'durationMs'
  )) FROM json_each(attempts)))
)`;
