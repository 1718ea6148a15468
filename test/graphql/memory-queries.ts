// The questions of LogQueries answered plainly over an array of rows: what every store must agree with.

import { drawEvenly, drawPerUser } from '../../server/analysis/interval-sample.ts';
import { intervalGroups } from '../../server/analysis/intervals.ts';
import { matchesFilter } from '../../server/analysis/request-filter.ts';
import type {
  AttemptCount,
  CacheUse,
  DrawnSession,
  IntervalFilter,
  IntervalGrouping,
  IntervalPoint,
  IntervalPointFilter,
  LogQueries,
  RequestDimension,
  RequestTotals,
} from '../../server/gateway/log-queries.ts';
import type { Percentiles, RequestRow } from '../../server/gateway/ports.ts';

type Rows = readonly RequestRow[];

export function totalsOf(rows: Rows): RequestTotals {
  const sum = (read: (row: RequestRow) => number | null) =>
    rows.reduce((total, row) => total + (read(row) ?? 0), 0);
  const count = (isCounted: (row: RequestRow) => boolean) => rows.filter(isCounted).length;
  const isReported = ({ inputTokens, usageSource }: RequestRow) =>
    inputTokens !== null && (usageSource === 'upstream' || usageSource === 'partial');
  return {
    total: rows.length,
    succeeded: count(({ outcome }) => outcome === 'ok'),
    failed: count(({ outcome }) => outcome !== 'ok'),
    inputTokens: sum(({ inputTokens }) => inputTokens),
    outputTokens: sum(({ outputTokens }) => outputTokens),
    cacheReadTokens: sum(({ cacheReadTokens }) => cacheReadTokens),
    cacheWriteTokens: sum(({ cacheWriteTokens }) => cacheWriteTokens),
    credits: sum(({ credits }) => credits),
    costNanoUsd: sum(({ costNanoUsd }) => costNanoUsd),
    savedNanoUsd: sum(({ savedNanoUsd }) => savedNanoUsd),
    cacheReadNanoUsd: sum(({ cacheReadNanoUsd }) => cacheReadNanoUsd),
    cacheWriteNanoUsd: sum(({ cacheWriteNanoUsd }) => cacheWriteNanoUsd),
    reportedRequests: count(isReported),
    requestsWithCacheRead: count((row) => isReported(row) && (row.cacheReadTokens ?? 0) > 0),
    unpricedRequests: count(
      ({ costNanoUsd, inputTokens, outputTokens }) =>
        costNanoUsd === null && (inputTokens !== null || outputTokens !== null),
    ),
    latencyMs: nearestRanks(rows.map(({ latencyMs }) => latencyMs)),
    timeToFirstTokenMs: nearestRanks(rows.flatMap(({ timeToFirstTokenMs }) => timeToFirstTokenMs ?? [])),
    isExact: true,
  };
}

function nearestRanks(values: readonly number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (percent: number) => sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? null;
  return { p50: at(50), p90: at(90), p95: at(95), p99: at(99) };
}

export function seriesOf(rows: Rows, edgesMs: readonly number[]): RequestTotals[] {
  return edgesMs
    .slice(1)
    .map((toMs, index) =>
      totalsOf(rows.filter(({ startedAtMs }) => startedAtMs >= (edgesMs[index] ?? 0) && startedAtMs < toMs)),
    );
}

/** Each attempt by itself, as a count of one, in the bucket of its request. */
export function attemptSeriesOf(rows: Rows, accountId: string, edgesMs: readonly number[]): AttemptCount[][] {
  return edgesMs.slice(1).map((toMs, index) =>
    rows
      .filter(({ startedAtMs }) => startedAtMs >= (edgesMs[index] ?? 0) && startedAtMs < toMs)
      .flatMap(({ attempts }) => attempts.filter((attempt) => attempt.accountId === accountId))
      .map(({ outcome, fault }) => ({ outcome, fault, attempts: 1 })),
  );
}

const DIMENSIONS: Record<RequestDimension, (row: RequestRow) => string | null> = {
  'api-key': ({ apiKeyId }) => apiKeyId,
  user: ({ userId }) => userId,
  model: ({ modelId }) => modelId,
  account: ({ accountId }) => accountId,
  provider: ({ providerId }) => providerId,
  surface: ({ surface }) => surface,
  outcome: ({ outcome }) => outcome,
  affinity: ({ affinity }) => affinity,
};

export function groupsOf(rows: Rows, by: RequestDimension) {
  return [...Map.groupBy(rows, DIMENSIONS[by])]
    .map(([id, own]) => ({ id, ...totalsOf(own) }))
    .toSorted((a, b) => b.total - a.total);
}

/** Answered requests of callers within the range, in order of start. */
function answered(rows: Rows, filter: IntervalPointFilter): RequestRow[] {
  return rows
    .filter((row) => row.outcome === 'ok' && !row.isKeepWarm && row.usageSource !== 'none')
    .filter((row) => matchesFilter(row, filter))
    .toSorted((a, b) => a.startedAtMs - b.startedAtMs || (a.id < b.id ? -1 : 1));
}

const GROUPINGS: Record<IntervalGrouping, (row: RequestRow) => string | null> = {
  user: ({ userId }) => userId,
  'api-key': ({ apiKeyId }) => apiKeyId,
  session: ({ sessionId }) => sessionId,
  model: ({ modelId }) => modelId,
};

export function intervals(
  rows: Rows,
  filter: IntervalFilter,
  { by, limit }: Parameters<LogQueries['intervals']>[1],
) {
  const starts = new Map<string, number[]>();
  for (const row of answered(rows, filter)) {
    const id = GROUPINGS[by](row);
    if (id !== null) starts.set(id, [...(starts.get(id) ?? []), row.startedAtMs]);
  }
  return intervalGroups(starts, limit);
}

export function intervalPoints(
  rows: Rows,
  filter: IntervalPointFilter,
  maxIntervalMs: number,
): IntervalPoint[] {
  const lastStarts = new Map<string, number>();
  return answered(rows, filter).flatMap((row) => {
    const caller = filter.sessionId ?? row.userId ?? row.apiKeyId ?? '';
    const beforeMs = lastStarts.get(caller);
    lastStarts.set(caller, row.startedAtMs);
    if (beforeMs === undefined || row.startedAtMs - beforeMs > maxIntervalMs) return [];
    const { startedAtMs: atMs, userId, modelId, cacheReadTokens } = row;
    return [{ atMs, intervalMs: atMs - beforeMs, userId, modelId, cacheReadTokens }];
  });
}

export function intervalSample(
  rows: Rows,
  filter: IntervalPointFilter,
  { limit, maxIntervalMs, perUser }: Parameters<LogQueries['intervalSample']>[1],
) {
  const points = intervalPoints(rows, filter, maxIntervalMs);
  return {
    points: perUser ? drawPerUser(points, limit) : drawEvenly(points, limit),
    total: points.length,
  };
}

/** All sessions: there are never many. */
export function cacheUses(rows: Rows, filter: IntervalFilter) {
  const drawn = new Map<string, DrawnSession>();
  const own = answered(rows, filter).flatMap(({ sessionId }) => sessionId ?? []);
  for (const id of own) drawn.set(id, { requests: (drawn.get(id)?.requests ?? 0) + 1, chance: 1 });
  const sample = { sessions: drawn.size, requests: own.length, drawn };
  return { uses: sessionUses(rows, filter, [...drawn.keys()]), sample };
}

export function sessionUses(rows: Rows, filter: IntervalFilter, sessionIds: readonly string[]): CacheUse[] {
  return sessionIds.toSorted().flatMap((sessionId) =>
    answered(rows, filter)
      .filter((row) => row.sessionId === sessionId)
      .map((row) => cacheUseOf(row, sessionId)),
  );
}

function cacheUseOf(row: RequestRow, sessionId: string): CacheUse {
  const { userId, apiKeyId, modelId, accountId, startedAtMs, finishedAtMs } = row;
  return {
    sessionId,
    userId,
    apiKeyId,
    modelId,
    accountId,
    startedAtMs,
    finishedAtMs,
    inputTokens: row.inputTokens ?? 0,
    cacheReadTokens: row.cacheReadTokens ?? 0,
    cacheWriteTokens: row.cacheWriteTokens ?? 0,
  };
}
