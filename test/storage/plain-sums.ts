// The sums of the request log as a plain computation over rows, to compare with.

import assert from 'node:assert/strict';
import type { RequestSums, RequestTotals } from '../../server/gateway/log-queries.ts';
import type { MissTotal, Percentiles, RequestRow } from '../../server/gateway/ports.ts';
import { nearestRanks } from '../../server/storage/percentiles.ts';

export function newestFirst(a: RequestRow, b: RequestRow): number {
  return b.startedAtMs - a.startedAtMs || (a.id < b.id ? 1 : -1);
}

function sumsOf(rows: readonly RequestRow[]): RequestSums {
  const sum = (value: (row: RequestRow) => number | null) =>
    rows.reduce((total, row) => total + (value(row) ?? 0), 0);
  const many = (matches: (row: RequestRow) => boolean) => rows.filter(matches).length;
  const isReported = ({ inputTokens, usageSource }: RequestRow) =>
    inputTokens !== null && (usageSource === 'upstream' || usageSource === 'partial');
  return {
    total: rows.length,
    succeeded: many(({ outcome }) => outcome === 'ok'),
    failed: many(({ outcome }) => outcome !== 'ok'),
    inputTokens: sum((row) => row.inputTokens),
    outputTokens: sum((row) => row.outputTokens),
    cacheReadTokens: sum((row) => row.cacheReadTokens),
    cacheWriteTokens: sum((row) => row.cacheWriteTokens),
    credits: sum((row) => row.credits),
    costNanoUsd: sum((row) => row.costNanoUsd),
    savedNanoUsd: sum((row) => row.savedNanoUsd),
    cacheReadNanoUsd: sum((row) => row.cacheReadNanoUsd),
    cacheWriteNanoUsd: sum((row) => row.cacheWriteNanoUsd),
    reportedRequests: many(isReported),
    requestsWithCacheRead: many((row) => isReported(row) && (row.cacheReadTokens ?? 0) > 0),
    unpricedRequests: many(
      (row) => row.costNanoUsd === null && (row.inputTokens !== null || row.outputTokens !== null),
    ),
  };
}

export function assertTotals(actual: RequestTotals, rows: readonly RequestRow[], label: string): void {
  const { latencyMs, timeToFirstTokenMs, isExact, ...sums } = actual;
  assert.deepEqual(sums, sumsOf(rows), label);
  const share = isExact ? 0 : 0.01;
  assertNear(latencyMs, exactOf(rows.map((row) => row.latencyMs)), share, label);
  assertNear(timeToFirstTokenMs, exactOf(rows.map((row) => row.timeToFirstTokenMs)), share, label);
}

function exactOf(values: readonly (number | null)[]): Percentiles {
  return nearestRanks(Float64Array.from(values.filter((value) => value !== null)));
}

function assertNear(actual: Percentiles, expected: Percentiles, share: number, label: string): void {
  for (const name of ['p50', 'p90', 'p95', 'p99'] as const) {
    const [a, b] = [actual[name], expected[name]];
    assert.equal(a === null, b === null, label);
    assert.ok(Math.abs((a ?? 0) - (b ?? 0)) <= (b ?? 0) * share, `${label}: ${a} instead of ${b}`);
  }
}

export function missesOf(rows: readonly RequestRow[]): MissTotal[] {
  const totals = new Map<string, MissTotal>();
  for (const { modelId, misses } of rows) {
    for (const { cause, tokens, costNanoUsd } of misses ?? []) {
      const none = { modelId, cause, requests: 0, tokens: 0, costNanoUsd: 0, unpricedTokens: 0 };
      const total = totals.get(`${modelId} ${cause}`) ?? none;
      total.requests += 1;
      total.tokens += tokens;
      total.costNanoUsd += costNanoUsd ?? 0;
      total.unpricedTokens += costNanoUsd === null ? tokens : 0;
      totals.set(`${modelId} ${cause}`, total);
    }
  }
  return sortedMisses([...totals.values()]);
}

export function sortedMisses(totals: readonly MissTotal[]): MissTotal[] {
  const keyOf = ({ modelId, cause }: MissTotal) => `${modelId} ${cause}`;
  return totals.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}
