// The sums over requests as SQL, of the log's rows and of the sums kept of them; and how parts of an answer are put together.

import { type RawBuilder, sql } from 'kysely';
import { NO_SUMS, type RequestSums, type RequestTotals } from '../gateway/log-queries.ts';
import type { Percentiles } from '../gateway/ports.ts';
import { addEncoded, BIN_COUNT, type DenseHistogram, percentilesOf } from './histogram.ts';

const SUMMED = [
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'credits',
  'costNanoUsd',
  'savedNanoUsd',
  'cacheReadNanoUsd',
  'cacheWriteNanoUsd',
] as const;
const COUNTED = ['reportedRequests', 'requestsWithCacheRead', 'unpricedRequests'] as const;

/** As floating point: an integer beyond 2^53 could not cross into JavaScript, and the whole query would fail. */
export function sumOf(value: RawBuilder<unknown>): RawBuilder<number> {
  return sql<number>`coalesce(sum(cast(${value} as double precision)), 0)`;
}

function listed(columns: readonly RawBuilder<unknown>[]): RawBuilder<unknown> {
  return sql.join(columns);
}

/** An estimate of ours is not a report of the provider's. */
const IS_REPORTED = sql`"inputTokens" is not null and "usageSource" in ('upstream', 'partial')`;

/** Select list over rows of the log. */
export const SUMS_OF_LOG = listed([
  sql`count(*) as "total"`,
  sql`count(*) filter (where "outcome" = 'ok') as "succeeded"`,
  ...SUMMED.map((name) => sql`${sumOf(sql.ref(name))} as ${sql.ref(name)}`),
  sql`count(*) filter (where ${IS_REPORTED}) as "reportedRequests"`,
  sql`count(*) filter (where ${IS_REPORTED} and "cacheReadTokens" > 0) as "requestsWithCacheRead"`,
  sql`count(*) filter (where "costNanoUsd" is null and ("inputTokens" is not null or "outputTokens" is not null))
    as "unpricedRequests"`,
]);

/** Select list over rows of a table of sums. */
export const SUMS_OF_TALLY = listed([
  sql`sum("total") as "total"`,
  sql`coalesce(sum("total") filter (where "outcome" = 'ok'), 0) as "succeeded"`,
  ...[...SUMMED, ...COUNTED].map((name) => sql`${sumOf(sql.ref(name))} as ${sql.ref(name)}`),
]);

type Sums = Omit<RequestSums, 'failed'>;

export interface ExactRow extends Sums {
  /** JSON of Percentiles. */
  latencyMs: string;
  timeToFirstTokenMs: string;
}

export interface BinnedRow extends Sums {
  latencyMs: Uint8Array;
  timeToFirstTokenMs: Uint8Array;
}

export function exactTotals({ latencyMs, timeToFirstTokenMs, ...sums }: ExactRow): RequestTotals {
  return {
    ...withFailed(sums),
    latencyMs: percentilesFrom(latencyMs),
    timeToFirstTokenMs: percentilesFrom(timeToFirstTokenMs),
    isExact: true,
  };
}

/** Written by `nearest_ranks`. */
function percentilesFrom(json: string): Percentiles {
  return JSON.parse(json);
}

function withFailed(sums: Sums): RequestSums {
  return { ...sums, failed: sums.total - sums.succeeded };
}

export const NO_PERCENTILES: Percentiles = { p50: null, p90: null, p95: null, p99: null };

export function noTotals(): RequestTotals {
  return {
    ...NO_SUMS,
    latencyMs: NO_PERCENTILES,
    timeToFirstTokenMs: NO_PERCENTILES,
    isExact: true,
  };
}

/** Adds up what several queries found of the same rows' parts. */
export class SumsOfParts {
  readonly #sums: Sums = { ...NO_SUMS };
  readonly #latencyMs: DenseHistogram = new Float64Array(BIN_COUNT);
  readonly #timeToFirstTokenMs: DenseHistogram = new Float64Array(BIN_COUNT);

  add(row: BinnedRow): void {
    for (const name of ['total', 'succeeded', ...SUMMED, ...COUNTED] as const) this.#sums[name] += row[name];
    addEncoded(this.#latencyMs, row.latencyMs);
    addEncoded(this.#timeToFirstTokenMs, row.timeToFirstTokenMs);
  }

  totals(): RequestTotals {
    return {
      ...withFailed(this.#sums),
      latencyMs: percentilesOf(this.#latencyMs),
      timeToFirstTokenMs: percentilesOf(this.#timeToFirstTokenMs),
      isExact: false,
    };
  }
}
