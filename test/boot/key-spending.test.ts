// What API keys have spent before the program started, as the request log has it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countSpending } from '../../server/boot/gateway.ts';
import { KeyUsage } from '../../server/gateway/key-usage.ts';
import type { RequestGroup } from '../../server/gateway/log-queries.ts';
import type { RequestFilter } from '../../server/gateway/ports.ts';
import { ManualClock } from '../manual-clock.ts';
import { requestRow, withStorage } from '../storage/scratch.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 22);
const NO_PERCENTILES = { p50: null, p90: null, p95: null, p99: null };

function group(id: string | null, costNanoUsd: number, unpricedRequests: number): RequestGroup {
  return {
    id,
    total: 1,
    succeeded: 1,
    failed: 0,
    inputTokens: 0,
    outputTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    credits: 0,
    costNanoUsd,
    savedNanoUsd: 0,
    cacheReadNanoUsd: 0,
    cacheWriteNanoUsd: 0,
    reportedRequests: 0,
    requestsWithCacheRead: 0,
    unpricedRequests,
    latencyMs: NO_PERCENTILES,
    timeToFirstTokenMs: NO_PERCENTILES,
    isExact: true,
  };
}

test('countSpending() tells what keys have spent this day and month, up to now', async () => {
  const clock = new ManualClock(NOW_MS);
  const keyUsage = new KeyUsage(clock);
  const asked: [RequestFilter, string][] = [];
  const log = {
    groups(filter: RequestFilter, by: string) {
      asked.push([filter, by]);
      const isDay = filter.fromMs === Date.UTC(2026, 10, 21);
      return Promise.resolve(
        isDay ? [group('k1', 5, 0)] : [group('k1', 70, 1), group(null, 9, 0), group('k2', 3, 0)],
      );
    },
  };
  await countSpending({ keyUsage, clock }, log);
  assert.deepEqual(asked, [
    [{ fromMs: Date.UTC(2026, 10, 1), toMs: NOW_MS }, 'api-key'],
    [{ fromMs: Date.UTC(2026, 10, 21), toMs: NOW_MS }, 'api-key'],
  ]);
  const { today, thisMonth } = keyUsage.look('k1');
  assert.deepEqual([today.costNanoUsd, thisMonth.costNanoUsd, thisMonth.unpricedRequests], [5, 70, 1]);
  assert.deepEqual(
    [keyUsage.look('k2').today.costNanoUsd, keyUsage.look('k2').thisMonth.costNanoUsd, keyUsage.size],
    [0, 3, 2],
  );
});

test('countSpending() reads the sums of the request log itself', () =>
  withStorage(async ({ log }) => {
    const clock = new ManualClock(NOW_MS);
    const rows = [
      { id: 'r1', startedAtMs: Date.UTC(2026, 10, 21, 0, 0, 1), costNanoUsd: 5 },
      { id: 'r2', startedAtMs: Date.UTC(2026, 10, 20, 23), costNanoUsd: 70 },
      { id: 'r3', startedAtMs: Date.UTC(2026, 9, 31, 23), costNanoUsd: 600 },
      { id: 'r4', startedAtMs: NOW_MS - 1, costNanoUsd: null, inputTokens: 10, outputTokens: 2 },
      { id: 'r5', startedAtMs: NOW_MS, costNanoUsd: 8_000 },
      { id: 'r6', startedAtMs: NOW_MS - 1, costNanoUsd: 90_000, apiKeyId: null },
    ];
    for (const row of rows) log.append(requestRow({ apiKeyId: 'k1', ...row }));
    const keyUsage = new KeyUsage(clock);
    await countSpending({ keyUsage, clock }, log);
    const { today, thisMonth } = keyUsage.look('k1');
    assert.deepEqual(today, { costNanoUsd: 5, unpricedRequests: 1 });
    assert.deepEqual(thisMonth, { costNanoUsd: 75, unpricedRequests: 1 });
  }));

test('countSpending() counts from nothing when the log cannot be read', async () => {
  const clock = new ManualClock(NOW_MS);
  const keyUsage = new KeyUsage(clock);
  await countSpending({ keyUsage, clock }, { groups: () => Promise.reject(new Error('disk I/O error')) });
  assert.equal(keyUsage.size, 0);
});
