// What is asked of the request log beyond single rows: sums, series, groups and intervals. Types, and what no rows sum up to.

import type { AttemptFault } from './faults.ts';
import type {
  AttemptOutcome,
  MissTotal,
  Percentiles,
  RequestCursor,
  RequestFilter,
  RequestRow,
} from './ports.ts';

/** Sums over rows. Money is integer nano-USD, the account's rate multiplier included. */
export interface RequestSums {
  total: number;
  /** With outcome `ok`. */
  succeeded: number;
  /** Every other outcome. */
  failed: number;
  /** All input, cache reads and writes included, whatever the provider calls input. */
  inputTokens: number;
  outputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  credits: number;
  costNanoUsd: number;
  savedNanoUsd: number;
  /** What the cache reads and writes cost themselves; part of `costNanoUsd`. */
  cacheReadNanoUsd: number;
  cacheWriteNanoUsd: number;
  /** Rows whose provider reported input tokens, and those of them with cache reads. */
  reportedRequests: number;
  requestsWithCacheRead: number;
  /** Rows with usage and no price: they are in no sum of money. */
  unpricedRequests: number;
}

export const NO_SUMS: RequestSums = {
  total: 0,
  succeeded: 0,
  failed: 0,
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  credits: 0,
  costNanoUsd: 0,
  savedNanoUsd: 0,
  cacheReadNanoUsd: 0,
  cacheWriteNanoUsd: 0,
  reportedRequests: 0,
  requestsWithCacheRead: 0,
  unpricedRequests: 0,
};

/** Sums with percentiles. `isExact`: of every value; else of values rounded within 1 %. */
export interface RequestTotals extends RequestSums {
  latencyMs: Percentiles;
  timeToFirstTokenMs: Percentiles;
  isExact: boolean;
}

/** By what rows can be told apart. */
export type RequestDimension =
  | 'api-key'
  | 'user'
  | 'model'
  | 'account'
  | 'provider'
  | 'surface'
  | 'outcome'
  | 'affinity';

/** One group of rows. `id`: the row's value of the dimension; null = it has none. */
export interface RequestGroup extends RequestTotals {
  id: string | null;
}

/** Attempts at one account that ended alike. */
export interface AttemptCount {
  outcome: AttemptOutcome;
  /** Null = none: it went well, or the account is not to blame. */
  fault: AttemptFault | null;
  attempts: number;
}

/** Whose intervals belong together: the time from one request to the next of the same group. */
export type IntervalGrouping = 'user' | 'api-key' | 'session' | 'model';

export interface IntervalFilter extends Pick<RequestFilter, 'userId' | 'apiKeyId'> {
  /** Half-open `[fromMs, toMs)`, by start of the request. */
  fromMs: number;
  toMs: number;
}

/** Of a session there are points, though not among the groups of others. */
export type IntervalPointFilter = IntervalFilter & Pick<RequestFilter, 'sessionId'>;

/**
 * The intervals between the starts of consecutive successful requests of one group, both within the range. Times are
 * milliseconds; percentiles interpolate linearly between values.
 */
export interface IntervalGroup {
  /** Id of the user, API key or model, or the session. */
  id: string;
  intervals: number;
  /** Exclusive: at most 5 minutes, (5, 15], (15, 30], (30, 60], more than 60. */
  buckets: readonly [number, number, number, number, number];
  p50Ms: number;
  p75Ms: number;
  p90Ms: number;
  averageMs: number;
  leastMs: number;
  mostMs: number;
}

export interface IntervalGroups {
  /** Most intervals first; at most as many as asked for. */
  groups: IntervalGroup[];
  /** Groups with at least two intervals, and how many of them recommend 5, 15, 30 and 60 minutes. */
  groupCount: number;
  recommended: readonly [number, number, number, number];
  /** False when percentiles are of values rounded within 1 %. */
  isExact: boolean;
}

/** One request with the time since the one before it of the same user. */
export interface IntervalPoint {
  /** Start of the later request. */
  atMs: number;
  intervalMs: number;
  userId: string | null;
  modelId: string | null;
  cacheReadTokens: number | null;
}

export interface IntervalSample {
  /** In order of time; at most as many as asked for: evenly drawn, the newest and the extremes always among them. */
  points: IntervalPoint[];
  /** Points that there are. */
  total: number;
}

export interface DrawnSession {
  /** Counted as those of all sessions. */
  requests: number;
  /** That it was drawn: more than 0, at most 1. */
  chance: number;
}

/** Sessions of a range, and those of them that were drawn. */
export interface SessionSample {
  sessions: number;
  /** In all of the sessions. */
  requests: number;
  drawn: ReadonlyMap<string, DrawnSession>;
}

/** What one successful request did to a prompt cache. Counts that were not reported are 0. */
export interface CacheUse {
  sessionId: string;
  userId: string | null;
  apiKeyId: string | null;
  modelId: string | null;
  accountId: string | null;
  startedAtMs: number;
  finishedAtMs: number;
  inputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
}

/** What is wanted of totals. Percentiles cost several times what the sums do; without them they are null. */
export interface TotalsOptions {
  hasPercentiles: boolean;
}

/** Questions that the log answers from sums it keeps, so that they do not take longer the more rows there are. */
export interface LogQueries {
  totals(filter: RequestFilter, options?: TotalsOptions): Promise<RequestTotals>;
  /** The same between each two neighbours of `edgesMs` (ascending, at most 1,001): `[edge, next)`. */
  series(
    filter: RequestFilter,
    edgesMs: readonly number[],
    options?: TotalsOptions,
  ): Promise<RequestTotals[]>;
  /**
   * How the attempts at an account ended, whoever answered in the end: of the requests that started between each two
   * neighbours of `edgesMs`, as in `series`. In no order within.
   */
  attemptSeries(accountId: string, edgesMs: readonly number[]): Promise<AttemptCount[][]>;
  /** Most requests first. */
  groups(filter: RequestFilter, by: RequestDimension, options?: TotalsOptions): Promise<RequestGroup[]>;
  intervals(
    filter: IntervalFilter,
    options: { by: IntervalGrouping; limit: number },
  ): Promise<IntervalGroups>;
  /**
   * Intervals of one user each, up to `maxIntervalMs`. `perUser`: the limit is shared out among the users. Of one API key
   * or session, which may have more requests than can be looked at, those between its newest ones.
   */
  intervalSample(
    filter: IntervalPointFilter,
    options: { limit: number; maxIntervalMs: number; perUser: boolean },
  ): Promise<IntervalSample>;
  /**
   * Requests of whole sessions, in order of session and start: so many sessions that about `limit` requests are expected,
   * long ones with more chance, by a draw that depends on their ids alone. The same as long as nothing is added to the
   * sessions of the range.
   */
  cacheUses(filter: IntervalFilter, limit: number): Promise<{ uses: CacheUse[]; sample: SessionSample }>;
  /** The same rows of these sessions. */
  sessionUses(filter: IntervalFilter, sessionIds: readonly string[]): Promise<CacheUse[]>;
  /** Rows written after the row `id`, in the order they were written; null when there is no such row. */
  writtenAfter(id: string, limit: number): Promise<RequestRow[] | null>;
}

/** `reached`: where to go on, also when there are no rows; null = no further rows match. */
export interface RequestPage {
  rows: RequestRow[];
  reached: RequestCursor | null;
}

/** The request log. */
/** Requests of one session and API key around one of them, each list oldest first. */
export interface SessionNeighbours {
  before: RequestRow[];
  after: RequestRow[];
}

export interface RequestLog extends LogQueries {
  /** Queues a row; never waits and never throws. A full queue or failing disk drops rows and counts them. */
  append(row: RequestRow): void;
  health(): { queuedRows: number; droppedRows: number; lastError: string | null };
  /**
   * Newest first, at most `limit` rows after the cursor; fewer also when looking further would take too long: only a
   * bounded number of rows is looked at in one go. With `isOldestFirst` the other way: what is newer than the cursor, or
   * all there is from the oldest on. Includes rows still queued when the call was made.
   */
  page(
    filter: RequestFilter,
    options: { limit: number; after: RequestCursor | null; isOldestFirst?: boolean },
  ): Promise<RequestPage>;
  get(id: string): Promise<RequestRow | null>;
  /** At most `limit` on each side; none for a row without a session. */
  neighbours(
    row: Pick<RequestRow, 'id' | 'startedAtMs' | 'sessionId' | 'apiKeyId'>,
    limit: number,
  ): Promise<SessionNeighbours>;
  count(filter: RequestFilter): Promise<number>;
  /** When the first of its requests arrived; null = there are none. */
  oldestMs(): Promise<number | null>;
  /** In no order; rows whose provider reported no cache counts have none. */
  missTotals(filter: RequestFilter): Promise<MissTotal[]>;
  /** Deletes the matching rows in small steps; resolves to how many. */
  clear(filter: RequestFilter): Promise<number>;
}
