// What requests did to prompt caches: the rows of whole sessions, drawn by their ids.

import { type Kysely, type RawBuilder, sql } from 'kysely';
import {
  chanceOf,
  drawLimits,
  MAX_SIZE_CLASS,
  type SizeClass,
  sizeClassOf,
} from '../analysis/session-sample.ts';
import type { CacheUse, IntervalFilter, SessionSample } from '../gateway/log-queries.ts';
import type { LogDatabase } from './database.ts';
import { inOneMoment } from './interval-queries.ts';
import { answered, isSmall, MAX_EXACT_ROWS, ofCaller } from './interval-rows.ts';

interface SessionSize {
  id: string;
  requests: number;
  draw: number;
}

export function cacheUses(
  db: Kysely<LogDatabase>,
  filter: IntervalFilter,
  limit: number,
  maxExactRows = MAX_EXACT_ROWS,
): Promise<{ uses: CacheUse[]; sample: SessionSample }> {
  return inOneMoment(db, async (tx) => {
    const sample = (await isSmall(tx, filter, maxExactRows))
      ? await drawFromRows(tx, filter, limit)
      : await drawFromSessions(tx, filter, limit);
    const ids = [...sample.drawn.keys()];
    return { uses: ids.length > 0 ? await usesOf(tx, filter, ids) : [], sample };
  });
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

async function drawFromRows(
  db: Kysely<LogDatabase>,
  filter: IntervalFilter,
  limit: number,
): Promise<SessionSample> {
  const { rows } = await sql<SessionSize>`
    select "sessionId" as id, count(*) as requests, draw_of("sessionId") as draw from "request"
    where "sessionId" is not null and ${answered(filter)} group by 1`.execute(db);
  const classes = rows.map(({ requests }) => ({ k: sizeClassOf(requests), sessions: 1, requests }));
  const limits = drawLimits(classes, limit);
  const drawn = rows.filter(({ requests, draw }) => draw < (limits[sizeClassOf(requests)] ?? 0));
  return sampleOf(classes, drawn.length > 0 ? drawn : firstDrawn(rows), limits);
}

/** Sessions whose last folded request is in the range; of those that reach out of it, all requests count as their size. */
async function drawFromSessions(
  db: Kysely<LogDatabase>,
  filter: IntervalFilter,
  limit: number,
): Promise<SessionSample> {
  const { fromMs, toMs } = filter;
  const counted = sql`"intervalSession" indexed by "intervalSessionByTime"
    where "lastStartMs" >= ${fromMs} and "lastStartMs" < (select "foldedToMs" from "intervalState")
    and "firstStartMs" < ${toMs}${ofCaller(filter)}`;
  const { rows: classes } = await sql<SizeClass>`
    select ${SIZE_CLASS} as k, count(*) as sessions, sum("intervals" + 1) as requests from ${counted} group by 1`.execute(
    db,
  );
  const limits = drawLimits(classes, limit);
  const size = sql`select "sessionId" as id, "intervals" + 1 as requests, "draw"`;
  const { rows: drawn } = await sql<SessionSize>`
    ${size} from ${counted} and "draw" < ${limitOfClass(limits)}`.execute(db);
  if (drawn.length > 0) return sampleOf(classes, drawn, limits);
  const { rows: first } = await sql<SessionSize>`
    ${size} from ${counted} order by "draw", "sessionId" limit 1`.execute(db);
  return sampleOf(classes, first, limits);
}

const CLASSES = Array.from({ length: MAX_SIZE_CLASS }, (_, k) => k);
/** The class of a session with so many intervals. */
const SIZE_CLASS = caseOf((k) => k);

function limitOfClass(limits: readonly number[]): RawBuilder<unknown> {
  return caseOf((k) => limits[k] ?? 0);
}

function caseOf(of: (k: number) => number): RawBuilder<unknown> {
  const cases = CLASSES.map(
    (k) => sql`when "intervals" < ${sql.lit(2 ** (k + 1) - 1)} then ${sql.lit(of(k))}`,
  );
  return sql`case ${sql.join(cases, sql` `)} else ${sql.lit(of(MAX_SIZE_CLASS))} end`;
}

/** Of few sessions with very many requests none may be drawn; one tells more than none. */
function firstDrawn(rows: readonly SessionSize[]): SessionSize[] {
  return rows.toSorted((a, b) => a.draw - b.draw || (a.id < b.id ? -1 : 1)).slice(0, 1);
}

function sampleOf(
  classes: readonly SizeClass[],
  drawn: readonly SessionSize[],
  limits: readonly number[],
): SessionSample {
  return {
    sessions: classes.reduce((sum, { sessions }) => sum + sessions, 0),
    requests: classes.reduce((sum, { requests }) => sum + requests, 0),
    drawn: new Map(drawn.map(({ id, requests }) => [id, { requests, chance: chanceOf(requests, limits) }])),
  };
}
