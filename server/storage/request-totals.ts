// Sums and percentiles over the rows of the request log that match a filter, computed where the rows are.

import { type Kysely, sql, type Transaction } from 'kysely';
import type { Percentiles, RequestFilter, RequestTotals } from '../gateway/ports.ts';
import type { LogDatabase } from './database.ts';
import { matches } from './request-filter.ts';

export async function requestTotals(db: Kysely<LogDatabase>, filter: RequestFilter): Promise<RequestTotals> {
  // One transaction, so that sums and percentiles see the same rows.
  return db
    .transaction()
    .setAccessMode('read only')
    .execute(async (tx) => ({
      ...(await sums(tx, filter)),
      latencyMs: await percentiles(tx, { column: 'latencyMs', filter }),
      timeToFirstTokenMs: await percentiles(tx, { column: 'timeToFirstTokenMs', filter }),
    }));
}

function sums(
  tx: Transaction<LogDatabase>,
  filter: RequestFilter,
): Promise<Omit<RequestTotals, 'latencyMs' | 'timeToFirstTokenMs'>> {
  // As floating point: an integer beyond 2^53 could not cross into JavaScript, and the whole query would fail.
  const sum = (column: string) => sql<number>`coalesce(sum(cast(${sql.ref(column)} as double precision)), 0)`;
  // An estimate of ours is not a report of the provider's.
  const isReported = sql`"inputTokens" is not null and "usageSource" in ('upstream', 'partial')`;
  return tx
    .selectFrom('request')
    .where(matches(filter))
    .select([
      sql<number>`count(*)`.as('total'),
      sql<number>`count(*) filter (where "outcome" = 'ok')`.as('succeeded'),
      sql<number>`count(*) filter (where "outcome" <> 'ok')`.as('failed'),
      sum('inputTokens').as('inputTokens'),
      sum('outputTokens').as('outputTokens'),
      sum('cacheReadTokens').as('cacheReadTokens'),
      sum('cacheWriteTokens').as('cacheWriteTokens'),
      sum('credits').as('credits'),
      sum('costNanoUsd').as('costNanoUsd'),
      sum('savedNanoUsd').as('savedNanoUsd'),
      sql<number>`count(*) filter (where ${isReported})`.as('reportedRequests'),
      sql<number>`count(*) filter (where ${isReported} and "cacheReadTokens" > 0)`.as(
        'requestsWithCacheRead',
      ),
    ])
    .executeTakeFirstOrThrow();
}

/**
 * Nearest rank: the p-th percentile of n values is the ceil(n·p/100)-th smallest, so always a value that occurred.
 * Equal values are counted first, and the ranks are summed over the distinct ones: whole milliseconds repeat, so this
 * sorts thousands of values where a plain ranking would sort every row. Nulls do not count.
 */
async function percentiles(
  tx: Transaction<LogDatabase>,
  { column, filter }: { column: 'latencyMs' | 'timeToFirstTokenMs'; filter: RequestFilter },
): Promise<Percentiles> {
  const atRank = (percent: number) =>
    sql<number | null>`min("value") filter (where "rank" * 100 >= "total" * ${sql.lit(percent)})`;
  return tx
    .with('counted', (db) =>
      db
        .selectFrom('request')
        .where(matches(filter))
        .where(column, 'is not', null)
        .groupBy(column)
        .select([`${column} as value`, sql<number>`count(*)`.as('n')]),
    )
    .with('ranked', (db) =>
      db
        .selectFrom('counted')
        .select([
          'value',
          sql<number>`sum("n") over (order by "value")`.as('rank'),
          sql<number>`sum("n") over ()`.as('total'),
        ]),
    )
    .selectFrom('ranked')
    .select([atRank(50).as('p50'), atRank(90).as('p90'), atRank(95).as('p95'), atRank(99).as('p99')])
    .executeTakeFirstOrThrow();
}
