// The requests of the same session just before and after one of them. Needs the index by session: a few rows are read.

import { type Kysely, type SqlBool, sql } from 'kysely';
import type { SessionNeighbours } from '../gateway/log-queries.ts';
import type { RequestRow } from '../gateway/ports.ts';
import type { LogDatabase } from './database.ts';
import { requestOf, STORED_REQUEST } from './request-records.ts';

type Place = Pick<RequestRow, 'id' | 'startedAtMs' | 'sessionId' | 'apiKeyId'>;

export async function sessionNeighbours(
  db: Kysely<LogDatabase>,
  place: Place,
  limit: number,
): Promise<SessionNeighbours> {
  if (place.sessionId === null) return { before: [], after: [] };
  const [before, after] = await Promise.all([
    nearest(db, place, { limit, isAfter: false }),
    nearest(db, place, { limit, isAfter: true }),
  ]);
  return { before: before.toReversed(), after };
}

/** The nearest first. */
async function nearest(
  db: Kysely<LogDatabase>,
  { id, startedAtMs, sessionId, apiKeyId }: Place,
  { limit, isAfter }: { limit: number; isAfter: boolean },
): Promise<RequestRow[]> {
  const operator = sql.raw(isAfter ? '>' : '<');
  const order = isAfter ? 'asc' : 'desc';
  const records = await db
    .selectFrom('request')
    .select(STORED_REQUEST)
    // A session is a caller's own word: two API keys may use the same.
    .where(sql<SqlBool>`"sessionId" = ${sessionId} and "apiKeyId" is ${apiKeyId}`)
    .where(sql<SqlBool>`("startedAtMs", "id") ${operator} (${startedAtMs}, ${id})`)
    .orderBy('startedAtMs', order)
    .orderBy('id', order)
    .limit(limit)
    .execute();
  return records.map(requestOf);
}
