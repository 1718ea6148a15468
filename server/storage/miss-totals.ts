// Sums of cold tokens by cause and model over the rows of the request log that match a filter, computed where the rows are.

import { type Kysely, sql } from 'kysely';
import type { MissTotal, RequestFilter } from '../gateway/ports.ts';
import type { LogDatabase } from './database.ts';
import { matches } from './request-filter.ts';
import { MISSES_PATH } from './request-records.ts';

export async function missTotals(db: Kysely<LogDatabase>, filter: RequestFilter): Promise<MissTotal[]> {
  // The columns of json_each have the names of columns of the log: the condition is kept apart from them.
  const rows = db.selectFrom('request').select(['modelId', 'tail']).where(matches(filter));
  const part = (index: number) => sql`"miss"."value" ->> ${sql.lit(index)}`;
  // As floating point: an integer beyond 2^53 could not cross into JavaScript, and the whole query would fail.
  const sum = (value: ReturnType<typeof part>) =>
    sql<number>`coalesce(sum(cast(${value} as double precision)), 0)`;
  const { rows: totals } = await sql<MissTotal>`
    select "found"."modelId" as "modelId", ${part(0)} as "cause", count(*) as "requests",
      ${sum(part(1))} as "tokens", ${sum(part(2))} as "costNanoUsd",
      ${sum(sql`case when ${part(2)} is null then ${part(1)} end`)} as "unpricedTokens"
    from (${rows}) as "found", json_each("found"."tail", ${sql.lit(MISSES_PATH)}) as "miss"
    where "miss"."type" = 'array'
    group by 1, 2`.execute(db);
  return totals;
}
