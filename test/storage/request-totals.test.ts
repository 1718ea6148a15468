// RequestLog.totals against a plain computation over the same rows.

import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { RequestTotals } from '../../server/gateway/log-queries.ts';
import type { Percentiles, RequestRow } from '../../server/gateway/ports.ts';
import { requestRow, withStorage } from './scratch.ts';

test('RequestLog.totals of no rows is zeros and unknown percentiles', () =>
  withStorage(async ({ log }) => {
    assert.deepEqual(await log.totals({}), naiveTotals([]));
  }));

test('RequestLog.totals counts as reported only what a provider reported', () =>
  withStorage(async ({ log }) => {
    const rows = [
      requestRow({ id: '1', usageSource: 'upstream', inputTokens: 5, cacheReadTokens: 5 }),
      requestRow({ id: '2', usageSource: 'partial', inputTokens: 5, cacheReadTokens: 0 }),
      requestRow({ id: '3', usageSource: 'estimated', inputTokens: 5, cacheReadTokens: 5 }),
      requestRow({ id: '4', usageSource: 'none', inputTokens: null }),
    ];
    for (const row of rows) log.append(row);
    const { reportedRequests, requestsWithCacheRead } = await log.totals({});
    assert.deepEqual(
      { reportedRequests, requestsWithCacheRead },
      { reportedRequests: 2, requestsWithCacheRead: 1 },
    );
  }));

test('RequestLog.totals takes percentiles by nearest rank', () =>
  withStorage(async ({ log }) => {
    for (let ms = 1; ms <= 200; ms++)
      log.append(requestRow({ id: `r${ms}`, latencyMs: ms, timeToFirstTokenMs: null }));
    log.append(requestRow({ id: 'elsewhere', latencyMs: 9_999, surface: 'openai-chat' }));
    const totals = await log.totals({ surface: 'anthropic-messages' });
    assert.deepEqual(totals.latencyMs, { p50: 100, p90: 180, p95: 190, p99: 198 });
    assert.deepEqual(totals.timeToFirstTokenMs, { p50: null, p90: null, p95: null, p99: null });
  }));

test('RequestLog.totals adds up beyond what an integer can hold exactly', () =>
  withStorage(async ({ log }) => {
    const costNanoUsd = Number.MAX_SAFE_INTEGER;
    for (const id of ['1', '2', '3']) log.append(requestRow({ id, costNanoUsd }));
    assert.equal((await log.totals({})).costNanoUsd, 3 * costNanoUsd);
  }));

const count = fc.option(fc.integer({ min: 0, max: 1_000_000 }));
const anyRow = fc.record({
  outcome: fc.constantFrom('ok', 'rejected', 'failed', 'client-gone'),
  usageSource: fc.constantFrom('upstream', 'partial', 'estimated', 'none'),
  inputTokens: count,
  outputTokens: count,
  cacheReadTokens: count,
  cacheWriteTokens: count,
  costNanoUsd: fc.option(fc.integer({ min: 0, max: 10_000_000_000 })),
  savedNanoUsd: fc.option(fc.integer({ min: -1_000_000_000, max: 10_000_000_000 })),
  cacheReadNanoUsd: count,
  cacheWriteNanoUsd: count,
  // Quarters add up exactly in any order.
  credits: fc.option(fc.integer({ min: 0, max: 40 }).map((quarters) => quarters / 4)),
  latencyMs: fc.integer({ min: 0, max: 30 }),
  timeToFirstTokenMs: fc.option(fc.integer({ min: 0, max: 100_000 })),
});

test('RequestLog.totals equals the plain computation', () =>
  withStorage(async ({ log }) => {
    const rowsToTry = fc.array(anyRow, { maxLength: 150 });
    await fc.assert(
      fc.asyncProperty(rowsToTry, async (given) => {
        const rows = given.map((over, index) => requestRow({ id: `r${index}`, ...over }));
        await log.clear({});
        for (const row of rows) log.append(row);
        assert.deepEqual(await log.totals({}), naiveTotals(rows));
        const succeeded = rows.filter((row) => row.outcome === 'ok');
        assert.deepEqual(await log.totals({ outcome: 'ok' }), naiveTotals(succeeded));
      }),
      { numRuns: 40 },
    );
  }));

function naiveTotals(rows: readonly RequestRow[]): RequestTotals {
  const sum = (value: (row: RequestRow) => number | null) =>
    rows.reduce((total, row) => total + (value(row) ?? 0), 0);
  const succeeded = rows.filter((row) => row.outcome === 'ok').length;
  const reported = rows.filter(
    ({ inputTokens, usageSource }) =>
      inputTokens !== null && (usageSource === 'upstream' || usageSource === 'partial'),
  );
  return {
    total: rows.length,
    succeeded,
    failed: rows.length - succeeded,
    inputTokens: sum((row) => row.inputTokens),
    outputTokens: sum((row) => row.outputTokens),
    cacheReadTokens: sum((row) => row.cacheReadTokens),
    cacheWriteTokens: sum((row) => row.cacheWriteTokens),
    credits: sum((row) => row.credits),
    costNanoUsd: sum((row) => row.costNanoUsd),
    savedNanoUsd: sum((row) => row.savedNanoUsd),
    cacheReadNanoUsd: sum((row) => row.cacheReadNanoUsd),
    cacheWriteNanoUsd: sum((row) => row.cacheWriteNanoUsd),
    reportedRequests: reported.length,
    requestsWithCacheRead: reported.filter((row) => (row.cacheReadTokens ?? 0) > 0).length,
    unpricedRequests: rows.filter(
      (row) => row.costNanoUsd === null && (row.inputTokens !== null || row.outputTokens !== null),
    ).length,
    latencyMs: naivePercentiles(rows.map((row) => row.latencyMs)),
    timeToFirstTokenMs: naivePercentiles(rows.map((row) => row.timeToFirstTokenMs)),
    isExact: true,
  };
}

function naivePercentiles(values: readonly (number | null)[]): Percentiles {
  const sorted = values.filter((value) => value !== null).toSorted((a, b) => a - b);
  const at = (percent: number) => sorted[Math.ceil((sorted.length * percent) / 100) - 1] ?? null;
  return { p50: at(50), p90: at(90), p95: at(95), p99: at(99) };
}
