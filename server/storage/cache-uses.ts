// What requests did to prompt caches: the rows of whole sessions, drawn evenly by session.

import { type Kysely, sql } from 'kysely';
import type { CacheUse, IntervalFilter } from '../gateway/log-queries.ts';
import type { LogDatabase } from './database.ts';
import { answered, isSmall, MAX_EXACT_ROWS, ofCaller } from './interval-rows.ts';

interface Drawn {
  /** In an order that is random but always the same. */
  ids: string[];
  sessions: number;
}

interface SessionSize {
  id: string;
  requests: number;
}

/** Drawn first; more only where sessions are short, and never more than the last. */
const DRAWN_SESSIONS = [200, 5_000] as const;
/** A range as long has so many of the sessions that looking for them in drawn order is faster than sorting them. */
const LONG_RANGE_MS = 4 * 86_400_000;

export async function cacheUses(
  db: Kysely<LogDatabase>,
  filter: IntervalFilter,
  limit: number,
  maxExactRows = MAX_EXACT_ROWS,
): Promise<{ uses: CacheUse[]; sessions: number; drawnSessions: number }> {
  const { ids, sessions } = (await isSmall(db, filter, maxExactRows))
    ? await drawFromRows(db, filter, limit)
    : await drawFromSessions(db, filter, limit);
  if (ids.length === 0) return { uses: [], sessions, drawnSessions: 0 };
  return { uses: await usesOf(db, filter, ids), sessions, drawnSessions: ids.length };
}

/** In order of session and start. */
export async function usesOf(
  db: Kysely<LogDatabase>,
  filter: IntervalFilter,
  sessionIds: readonly string[],
): Promise<CacheUse[]> {
  const { rows } = await sql<CacheUse>`
    select "sessionId", "userId", "apiKeyId", "modelId", "accountId", "startedAtMs",
      "startedAtMs" + "latencyMs" as "finishedAtMs", coalesce("inputTokens", 0) as "inputTokens",
      coalesce("cacheReadTokens", 0) as "cacheReadTokens", coalesce("cacheWriteTokens", 0) as "cacheWriteTokens"
    from "request" indexed by "requestBySession"
    where "sessionId" in (select value from json_each(${JSON.stringify(sessionIds)})) and ${answered(filter)}
    order by "sessionId", "startedAtMs", "id"`.execute(db);
  return rows;
}

async function drawFromRows(db: Kysely<LogDatabase>, filter: IntervalFilter, limit: number): Promise<Drawn> {
  const { rows } = await sql<SessionSize>`
    select "sessionId" as id, count(*) as requests from "request"
    where "sessionId" is not null and ${answered(filter)} group by 1 order by draw_of(id), id`.execute(db);
  return { ids: firstOf(rows.slice(0, DRAWN_SESSIONS[1]), limit), sessions: rows.length };
}

/** Sessions whose last folded request is in the range. */
async function drawFromSessions(
  db: Kysely<LogDatabase>,
  filter: IntervalFilter,
  limit: number,
): Promise<Drawn> {
  const { fromMs, toMs } = filter;
  const counted = sql`"lastStartMs" >= ${fromMs} and "lastStartMs" < (select "foldedToMs" from "intervalState")
    and "firstStartMs" < ${toMs}${ofCaller(filter)}`;
  const { rows: counts } = await sql<{ n: number }>`
    select count(*) as n from "intervalSession" indexed by "intervalSessionByTime" where ${counted}`.execute(
    db,
  );
  const index = toMs - fromMs >= LONG_RANGE_MS ? 'intervalSessionByDraw' : 'intervalSessionByTime';
  let ids: string[] = [];
  for (const sessions of DRAWN_SESSIONS) {
    const { rows } = await sql<SessionSize>`
      select "sessionId" as id, "intervals" + 1 as requests from "intervalSession" indexed by ${sql.ref(index)}
      where ${counted} order by "draw", "sessionId" limit ${sessions}`.execute(db);
    ids = firstOf(rows, limit);
    if (ids.length < sessions) break;
  }
  return { ids, sessions: counts[0]?.n ?? 0 };
}

/** As many as have about `limit` requests. */
function firstOf(sizes: readonly SessionSize[], limit: number): string[] {
  const ids: string[] = [];
  let requests = 0;
  for (const size of sizes) {
    if (requests >= limit) break;
    ids.push(size.id);
    requests += size.requests;
  }
  return ids;
}
