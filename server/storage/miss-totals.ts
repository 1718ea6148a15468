// Sums of cold tokens by cause and model over the requests that match a filter, computed where the rows are.

import { type Kysely, sql } from 'kysely';
import type { MissTotal, RequestFilter } from '../gateway/ports.ts';
import type { LogDatabase } from './database.ts';
import { inLog, type LogView, rangeOf, type Source, sourcesOf, viewLog } from './log-view.ts';
import { sumOf } from './request-sums.ts';
import { MISS_TALLIES, MISSES_PATH } from './tally-kinds.ts';

export function missTotals(db: Kysely<LogDatabase>, filter: RequestFilter): Promise<MissTotal[]> {
  return viewLog(db, async (view) => {
    if (!view) return [];
    const ranges = [rangeOf(view, filter)];
    const dimensions = ['cause', 'modelId'] as const;
    const sources = sourcesOf(view, { filter, ranges, tallies: MISS_TALLIES, dimensions });
    const totals = new Map<string, MissTotal>();
    for (const source of sources ?? [inLog(filter, ranges)]) {
      const found = source.kind === 'tally' ? await ofTally(view, source) : await ofLog(view, source);
      for (const part of found) addTo(totals, { ...part, modelId: part.modelId || null });
    }
    return [...totals.values()];
  });
}

async function ofTally({ tx }: LogView, { head, body }: Source): Promise<MissTotal[]> {
  const { rows } = await sql<MissTotal>`${head}
    select "modelId", "cause", sum("total") as "requests", ${sumOf(sql`"tokens"`)} as "tokens",
      ${sumOf(sql`"costNanoUsd"`)} as "costNanoUsd", ${sumOf(sql`"unpricedTokens"`)} as "unpricedTokens"
    from ${body} group by 1, 2`.execute(tx);
  return rows;
}

async function ofLog({ tx }: LogView, { head, body }: Source): Promise<MissTotal[]> {
  const part = (index: number) => sql`"miss"."value" ->> ${sql.lit(index)}`;
  // The columns of json_each have the names of columns of the log: the condition is kept apart from them.
  const { rows } = await sql<MissTotal>`${head}
    select "found"."modelId" as "modelId", ${part(0)} as "cause", count(*) as "requests",
      ${sumOf(part(1))} as "tokens", ${sumOf(part(2))} as "costNanoUsd",
      ${sumOf(sql`case when ${part(2)} is null then ${part(1)} end`)} as "unpricedTokens"
    from (select "modelId", "tail" from ${body}) as "found",
      json_each("found"."tail", ${sql.lit(MISSES_PATH)}) as "miss"
    where "miss"."type" = 'array'
    group by 1, 2`.execute(tx);
  return rows;
}

function addTo(totals: Map<string, MissTotal>, part: MissTotal): void {
  const key = `${part.cause} ${part.modelId}`;
  const sum = totals.get(key);
  if (!sum) {
    totals.set(key, part);
    return;
  }
  for (const name of ['requests', 'tokens', 'costNanoUsd', 'unpricedTokens'] as const)
    sum[name] += part[name];
}
