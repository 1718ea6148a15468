// Contract of RequestLog's reading and deleting, on SQLite.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { RequestLog, RequestPage } from '../../server/gateway/log-queries.ts';
import { missFacts } from '../../server/gateway/miss-facts.ts';
import type { RequestCursor, RequestFilter } from '../../server/gateway/ports.ts';
import type { Miss, RouteRecord } from '../../server/gateway/route-record.ts';
import { attemptRow, NOW_MS, requestRow, withStorage } from './scratch.ts';

const DAY_MS = 86_400_000;
const ALL = { limit: 1_000, after: null };

const MISSES: readonly Miss[] = [
  {
    cause: 'ttl-expired',
    tokens: 4_000,
    costNanoUsd: 1_234_567,
    detail: 'unused for 412 s',
    facts: missFacts('unused-for', { ms: 412_000 }),
  },
  { cause: 'new-content', tokens: 300, costNanoUsd: null, detail: null, facts: null },
];
const ROUTE: RouteRecord = {
  policy: 'warm-cost',
  profile: 'latency-first',
  promptTokens: 4_321,
  isUnpriced: true,
  waitedMs: 250.5,
  considered: [
    {
      accountId: 'a1',
      accountName: 'work',
      state: 'half-open',
      warmTokens: 4_000,
      waitMs: 1_200,
      cost: {
        missUsd: 0.000_401_25,
        readUsd: 0.002,
        waitUsd: 0.000_1,
        loadUsd: 0,
        failureUsd: 0.000_000_001,
        headroomUsd: 0.000_5,
        othersUsd: -0.001,
        totalUsd: 0.002_001_251,
      },
    },
    { accountId: 'a2', accountName: 'spare', state: 'paused', warmTokens: 0, waitMs: null, cost: null },
  ],
};

test('RequestLog.get gives back every field, queued or written', () =>
  withStorage(async ({ log }) => {
    const full = requestRow({
      attempts: [
        attemptRow(),
        attemptRow({ fault: 'broken', isPossibleDuplicate: true, connectMs: 3, status: null }),
        attemptRow({ accountId: 'a1', outcome: 'ok', fault: null, status: 200, firstByteMs: 40.5 }),
      ],
      endpointSurface: 'gemini',
      losses: ['thinking-signature', 'top-k'],
      rawUsage: '{"input_tokens": 10,\n"é":"\\n"}',
      usageFlags: ['total-mismatch'],
      audioInputTokens: 4,
      audioOutputTokens: 0,
      errorMessage: 'Überlastet 🚦',
      inputTokens: 10,
      outputTokens: 0,
      reasoningTokens: 3,
      cacheReadTokens: 7,
      cacheWriteTokens: 2,
      cacheWrite5mTokens: 1,
      cacheWrite1hTokens: 1,
      costNanoUsd: 12_345_678_901,
      savedNanoUsd: -5,
      cacheReadNanoUsd: 7,
      cacheWriteNanoUsd: 0,
      credits: 0.25,
      latencyMs: 900.5,
      missCause: 'ttl-expired',
      affinityCode: 'account-paused',
      misses: MISSES,
      route: ROUTE,
      cacheLevers: {
        ttl: '1h',
        ttlReason: 'pauses pay',
        ttlSums: { isOwn: false, savedUsd: 0.115, extraUsd: 0.007_5 },
        breakpointsPlaced: 2,
        promptCacheKeySet: true,
      },
      isKeepWarm: true,
      prefixParentId: 'r0',
      prefixSharedTokens: 4_000,
      traceId: '0af7651916cd43dd8448eb211c80319c',
    });
    const bare = requestRow({
      id: 'r2',
      modelId: null,
      apiKeyId: null,
      isStreamed: false,
      timeToFirstTokenMs: null,
    });
    log.append(full);
    log.append(bare);
    assert.deepEqual(await log.get('r1'), full);
    assert.deepEqual(await log.get('r2'), bare);
    assert.equal(await log.get('unknown'), null);
  }));

test('RequestLog keeps a bounded part of what a row tells of its routing', () =>
  withStorage(async ({ log }) => {
    const [miss] = MISSES;
    const [considered] = ROUTE.considered;
    assert.ok(miss && considered?.cost);
    const cost = { ...considered.cost, missUsd: 0.000_000_123_456 };
    log.append(
      requestRow({
        misses: Array.from({ length: 40 }, () => ({ ...miss, detail: 'x'.repeat(5_000) })),
        route: { ...ROUTE, considered: Array.from({ length: 100 }, () => ({ ...considered, cost })) },
      }),
    );
    const row = await log.get('r1');
    assert.equal(row?.misses?.length, 12);
    assert.equal(row.misses[0]?.detail?.length, 300);
    assert.equal(row.route?.considered.length, 16);
    assert.equal(row.route.considered[0]?.cost?.missUsd, 0.000_000_123, 'rounded to a billionth');
  }));

test('RequestLog.page includes rows still queued when it is called', () =>
  withStorage(async ({ log }) => {
    log.append(requestRow());
    assert.equal(log.health().queuedRows, 1);
    assert.deepEqual((await log.page({}, ALL)).rows, [requestRow()]);
    assert.deepEqual(log.health(), { queuedRows: 0, droppedRows: 0, lastError: null });
  }));

test('RequestLog.oldestMs() tells when the first row began, queued or written', () =>
  withStorage(async ({ log }) => {
    assert.equal(await log.oldestMs(), null);
    log.append(requestRow({ id: 'b', startedAtMs: NOW_MS }));
    log.append(requestRow({ id: 'a', startedAtMs: NOW_MS - 5 }));
    assert.equal(await log.oldestMs(), NOW_MS - 5);
  }));

test('RequestLog.clear ends and spares what arrives while it is at work', () =>
  withStorage(async ({ log }) => {
    appendMany(log, { from: 0, count: 3_000 });
    await log.flush();
    let clearedRows = -1;
    const clearing = log.clear({}).then((rows) => {
      clearedRows = rows;
    });
    let appendedRows = 3_000;
    for (; clearedRows < 0; appendedRows += 10) {
      appendMany(log, { from: appendedRows, count: 10 });
      await log.flush();
    }
    await clearing;
    const left = await log.count({});
    assert.equal(clearedRows + left, appendedRows);
    assert.ok(left > 0);
  }));

test('RequestLog.page walks every row once, also over equal times and while rows arrive', () =>
  withStorage(async ({ log }) => {
    // Three rows for each millisecond, appended in an order that is neither that of ids nor of times.
    for (let index = 0; index < 60; index++) {
      const number = (index * 37) % 60;
      log.append(requestRow({ id: `r${pad(number)}`, startedAtMs: NOW_MS + Math.floor(number / 3) }));
    }
    const seen: string[] = [];
    let after: RequestCursor | null = null;
    do {
      const { rows, reached }: RequestPage = await log.page({}, { limit: 7, after });
      seen.push(...rows.map(({ id }) => id));
      after = reached;
      log.append(requestRow({ id: `new${seen.length}`, startedAtMs: NOW_MS + 10_000 }));
    } while (after);
    assert.deepEqual(
      seen,
      Array.from({ length: 60 }, (_, index) => `r${pad(59 - index)}`),
    );
  }));

test('RequestLog.page walks from the oldest on too, over equal times, and meets the rows that came meanwhile', () =>
  withStorage(async ({ log }) => {
    appendMany(log, { from: 0, count: 60 });
    const seen: string[] = [];
    let after: RequestCursor | null = null;
    do {
      const page: RequestPage = await log.page({}, { limit: 7, after, isOldestFirst: true });
      seen.push(...page.rows.map(({ id }) => id));
      after = page.reached;
      if (seen.length === 7) appendMany(log, { from: 60, count: 3 });
    } while (after);
    assert.deepEqual(
      seen,
      Array.from({ length: 63 }, (_, index) => `r${pad(index)}`),
    );
    const middle = { startedAtMs: NOW_MS + 1, id: 'r00014' };
    const around = async (isOldestFirst: boolean) =>
      (await log.page({}, { limit: 2, after: middle, isOldestFirst })).rows.map(({ id }) => id);
    assert.deepEqual(
      [await around(false), await around(true)],
      [
        ['r00013', 'r00012'],
        ['r00015', 'r00016'],
      ],
    );
  }));

test('RequestLog.append ignores a row whose id is known', () =>
  withStorage(async ({ log }) => {
    log.append(requestRow());
    await log.flush();
    log.append(requestRow({ status: 500 }));
    assert.equal((await log.get('r1'))?.status, 200);
    assert.equal(log.health().droppedRows, 0);
  }));

test('RequestLog.writtenAfter tells what was written later, in that order, and null of an unknown row', () =>
  withStorage(async ({ log }) => {
    for (const [index, id] of ['c', 'a', 'd', 'b'].entries())
      log.append(requestRow({ id, startedAtMs: NOW_MS - index }));
    assert.deepEqual(
      (await log.writtenAfter('a', 10))?.map(({ id }) => id),
      ['d', 'b'],
    );
    assert.deepEqual(
      (await log.writtenAfter('c', 2))?.map(({ id }) => id),
      ['a', 'd'],
    );
    assert.deepEqual(await log.writtenAfter('b', 10), []);
    assert.equal(await log.writtenAfter('unknown', 10), null);
  }));

test('RequestLog.append drops and counts a row that cannot be stored, not its neighbours', () =>
  withStorage(async ({ log }) => {
    log.append(requestRow({ id: 'before' }));
    log.append(requestRow({ id: 'bad', latencyMs: Number.NaN }));
    log.append(requestRow({ id: 'after' }));
    assert.equal(await log.count({}), 2);
    const { droppedRows, lastError } = log.health();
    assert.equal(droppedRows, 1);
    assert.match(lastError ?? '', /request\.latencyMs/);
  }));

test('RequestLog.append takes ten thousand rows at once and writes them all', () =>
  withStorage(async ({ log }) => {
    appendMany(log, { from: 0, count: 10_000 });
    assert.equal(log.health().droppedRows, 0);
    assert.equal(await log.count({}), 10_000);
    assert.deepEqual(log.health(), { queuedRows: 0, droppedRows: 0, lastError: null });
  }));

test('RequestLog.sweep deletes what is too old', () =>
  withStorage(async ({ log }) => {
    log.append(requestRow({ id: 'old', startedAtMs: NOW_MS - 2 * DAY_MS - 1 }));
    log.append(requestRow({ id: 'edge', startedAtMs: NOW_MS - 2 * DAY_MS }));
    log.append(requestRow({ id: 'new' }));
    assert.equal(await log.sweep({ maxAgeDays: 2, maxRows: 100 }, NOW_MS), 1);
    assert.deepEqual(
      (await log.page({}, ALL)).rows.map(({ id }) => id),
      ['new', 'edge'],
    );
    assert.equal(await log.sweep({ maxAgeDays: 2, maxRows: 100 }, NOW_MS), 0);
  }));

test('RequestLog.sweep keeps the newest rows, also among equal times', () =>
  withStorage(async ({ log }) => {
    appendMany(log, { from: 0, count: 1_700 });
    assert.equal(await log.sweep({ maxAgeDays: 30, maxRows: 4 }, NOW_MS), 1_696);
    assert.deepEqual(
      (await log.page({}, ALL)).rows.map(({ id }) => id),
      ['r01699', 'r01698', 'r01697', 'r01696'],
    );
    assert.equal(await log.sweep({ maxAgeDays: 30, maxRows: 0 }, NOW_MS), 4);
  }));

function appendMany(log: RequestLog, { from, count }: { from: number; count: number }): void {
  for (let number = from; number < from + count; number++) {
    log.append(requestRow({ id: `r${pad(number)}`, startedAtMs: NOW_MS + Math.floor(number / 10) }));
  }
}

function pad(number: number): string {
  return String(number).padStart(5, '0');
}

test('RequestLog.page finds a whole id at once, whatever the rest of the log is', () =>
  withStorage(async ({ log }) => {
    appendMany(log, { from: 0, count: 20 });
    log.append(
      requestRow({ id: 'id-of-the-first-0001', requestId: 'named-by-the-caller', startedAtMs: NOW_MS + 1 }),
    );
    log.append(
      requestRow({ id: 'id-of-the-other-0002', requestId: 'named-by-the-caller', startedAtMs: NOW_MS + 2 }),
    );
    const find = async (filter: RequestFilter, after: RequestCursor | null = null) =>
      (await log.page(filter, { limit: 5, after })).rows.map(({ id }) => id);
    assert.deepEqual(await find({ search: 'named-by-the-caller' }), [
      'id-of-the-other-0002',
      'id-of-the-first-0001',
    ]);
    assert.deepEqual(await find({ search: 'id-of-the-first-0001' }), ['id-of-the-first-0001']);
    assert.deepEqual(await find({ search: 'named-by-the-caller', status: 500 }), []);
    const after = { startedAtMs: NOW_MS + 2, id: 'id-of-the-other-0002' };
    assert.deepEqual(await find({ search: 'named-by-the-caller' }, after), ['id-of-the-first-0001']);
    await log.clear({ search: 'named-by-the-caller' });
    assert.deepEqual(await find({ search: 'named-by-the-caller' }), []);
  }));
