// The sums kept of the request log against a plain computation over the rows that are left, whatever was done before.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import fc from 'fast-check';
import { matchesFilter } from '../../server/analysis/request-filter.ts';
import type { AttemptCount, RequestDimension, RequestPage } from '../../server/gateway/log-queries.ts';
import type { RequestCursor, RequestFilter, RequestRow } from '../../server/gateway/ports.ts';
import { attemptSeries } from '../../server/storage/attempt-series.ts';
import type { LogDatabase, SqlEngine } from '../../server/storage/database.ts';
import { LOG_SCHEMA } from '../../server/storage/log-schema.ts';
import { missTotals } from '../../server/storage/miss-totals.ts';
import { SqlRequestLog } from '../../server/storage/request-log.ts';
import { requestPage } from '../../server/storage/request-pages.ts';
import {
  requestCount,
  requestGroups,
  requestSeries,
  requestTotals,
} from '../../server/storage/request-totals.ts';
import { openSqlite } from '../../server/storage/sqlite.ts';
import { DIMENSION_COLUMNS } from '../../server/storage/tally-kinds.ts';
import { attemptSeriesOf } from '../graphql/memory-queries.ts';
import { ManualClock } from '../manual-clock.ts';
import { assertTotals, missesOf, newestFirst, sortedMisses } from './plain-sums.ts';
import { attemptRow, NOW_MS, requestRow, WORKER_ENTRY, withTempDir } from './scratch.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** Asks the sums, however few rows there are. */
const NEVER_EXACT = -1;

interface Bench {
  engine: SqlEngine<LogDatabase>;
  log: SqlRequestLog;
  clock: ManualClock;
  file: string;
}

function withLog(run: (bench: Bench) => Promise<void>): Promise<void> {
  return withTempDir(async (dir) => {
    const file = join(dir, 'logs.db');
    const engine = await openSqlite({ file, entry: WORKER_ENTRY, schema: LOG_SCHEMA });
    const clock = new ManualClock(NOW_MS);
    const log = new SqlRequestLog(engine, clock);
    try {
      await run({ engine, log, clock, file });
    } finally {
      await log.close();
      await engine.close();
    }
  });
}

function fold({ engine }: Bench, maxRows = 1_000_000) {
  return engine.work('fold', { maxRows, nowMs: NOW_MS });
}

// ---- what may happen ---------------------------------------------------------------------------------

const count = fc.option(fc.integer({ min: 0, max: 1_000_000 }));
/** Edges of buckets, and moments beside them, over six days of which only two have minutes. */
const moment = fc
  .tuple(fc.integer({ min: -5 * 24, max: 24 }), fc.constantFrom(0, 0, 1, -1, MINUTE_MS, 90_000, 1_800_000))
  .map(([hours, offMs]) => NOW_MS + hours * HOUR_MS + offMs);
const anyMiss = fc.record({
  cause: fc.constantFrom('ttl-expired', 'new-content', 'cold-start'),
  tokens: fc.integer({ min: 1, max: 1_000_000 }),
  costNanoUsd: fc.option(fc.integer({ min: 0, max: 10_000_000_000 })),
  detail: fc.constant(null),
  facts: fc.constant(null),
});
const anyAttempt = fc.constantFrom(
  attemptRow({ accountId: 'a1', outcome: 'ok', fault: null }),
  attemptRow({ accountId: 'a1' }),
  attemptRow({ accountId: 'a1', outcome: 'interrupted', fault: 'stalled' }),
  attemptRow({ accountId: 'a2', fault: 'server-error' }),
);
const anyRow = fc.record({
  attempts: fc.array(anyAttempt, { maxLength: 4 }),
  startedAtMs: moment,
  modelId: fc.constantFrom('m1', 'm2', null),
  accountId: fc.constantFrom('a1', 'a2', 'a3', null),
  providerId: fc.constantFrom('p1', null),
  apiKeyId: fc.constantFrom('k1', 'k2', null),
  apiKeyName: fc.constantFrom('ci', 'Two_ci', null),
  requestedModel: fc.constantFrom('sonnet', 'sonnet-latest'),
  userId: fc.constantFrom('u1', null),
  sessionId: fc.constantFrom('s1', 's2', null),
  surface: fc.constantFrom('anthropic-messages', 'openai-chat'),
  isStreamed: fc.boolean(),
  status: fc.constantFrom(200, 429, 500),
  outcome: fc.constantFrom('ok', 'rejected', 'failed', 'client-gone'),
  affinity: fc.constantFrom('hit', 'moved', 'none'),
  missCause: fc.constantFrom('ttl-expired', 'cold-start', null),
  isKeepWarm: fc.boolean(),
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
  latencyMs: fc.integer({ min: 0, max: 700_000 }),
  timeToFirstTokenMs: fc.option(fc.integer({ min: 0, max: 2_000 })),
  misses: fc.option(fc.uniqueArray(anyMiss, { selector: ({ cause }) => cause, maxLength: 3 })),
});

const dimensions = {
  modelId: fc.constantFrom('m1', 'm2'),
  accountId: fc.constantFrom('a1', 'a3'),
  apiKeyId: fc.constantFrom('k1', 'k2', 'unknown'),
  apiKeyName: fc.constantFrom('', 'CI', 'two', '_', 'unknown'),
  requestedModel: fc.constantFrom('', 'LATEST', 'sonnet', 'unknown'),
  userId: fc.constant('u1'),
  providerId: fc.constant('p1'),
  surface: fc.constantFrom('anthropic-messages', 'openai-chat'),
  isStreamed: fc.boolean(),
  outcome: fc.constantFrom('ok', 'failed'),
  affinity: fc.constantFrom('hit', 'moved'),
  missCause: fc.constant('ttl-expired'),
  isKeepWarm: fc.boolean(),
  status: fc.constantFrom(200, 429),
  minStatus: fc.constantFrom(200, 429),
  maxStatus: fc.constantFrom(200, 429),
  sessionId: fc.constant('s1'),
  minLatencyMs: fc.constant(300_000),
  minTimeToFirstTokenMs: fc.constant(1_000),
  minInputTokens: fc.constant(1),
  minCostNanoUsd: fc.constant(1),
  search: fc.constantFrom('', 'REQ', 'nothing'),
} as const;
const names = Object.keys(dimensions) as (keyof typeof dimensions)[];
const anyFilter: fc.Arbitrary<RequestFilter> = fc
  .tuple(
    fc.record(dimensions),
    fc.subarray(names, { maxLength: 2 }),
    fc.record({ fromMs: moment, toMs: moment }, { requiredKeys: [] }),
  )
  .map(([values, chosen, range]) => ({
    ...Object.fromEntries(chosen.map((name) => [name, values[name]])),
    ...range,
  }));

type Step =
  | { kind: 'write'; rows: readonly Partial<RequestRow>[] }
  | { kind: 'fold'; maxRows: number }
  | { kind: 'clear'; filter: RequestFilter }
  | { kind: 'sweep'; maxAgeDays: number; maxRows: number };
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('write' as const), rows: fc.array(anyRow, { maxLength: 25 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('fold' as const), maxRows: fc.integer({ min: 1, max: 40 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clear' as const), filter: anyFilter }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('sweep' as const),
      maxAgeDays: fc.integer({ min: 2, max: 9 }),
      maxRows: fc.integer({ min: 10, max: 100 }),
    }),
  },
);

// ---- the same on a plain list ------------------------------------------------------------------------

class PlainLog {
  rows: RequestRow[] = [];
  #written = 0;

  async take(step: Step, bench: Bench): Promise<void> {
    switch (step.kind) {
      case 'write':
        for (const over of step.rows) {
          const row = requestRow({ ...over, id: `r${this.#written++}` });
          this.rows.push(row);
          bench.log.append(row);
        }
        return;
      case 'fold':
        await bench.log.flush();
        await fold(bench, step.maxRows);
        return;
      case 'clear': {
        const kept = this.rows.filter((row) => !matchesFilter(row, step.filter));
        assert.equal(await bench.log.clear(step.filter), this.rows.length - kept.length);
        this.rows = kept;
        return;
      }
      case 'sweep': {
        const kept = this.rows
          .filter(({ startedAtMs }) => startedAtMs >= NOW_MS - step.maxAgeDays * DAY_MS)
          .sort(newestFirst)
          .slice(0, step.maxRows);
        assert.equal(await bench.log.sweep(step, NOW_MS), this.rows.length - kept.length);
        this.rows = kept;
      }
    }
  }
}

// ---- the comparison ----------------------------------------------------------------------------------

async function compare(
  { engine: { db }, log }: Bench,
  rows: readonly RequestRow[],
  { filter, by, edgesMs }: { filter: RequestFilter; by: RequestDimension; edgesMs: readonly number[] },
): Promise<void> {
  await log.flush();
  const label = JSON.stringify({ filter, by, edgesMs });
  const matching = rows.filter((row) => matchesFilter(row, filter));
  assert.equal(await requestCount(db, filter), matching.length, label);
  assertTotals(await requestTotals(db, filter, { maxExactRows: NEVER_EXACT }), matching, label);
  assertTotals(await requestTotals(db, filter), matching, label);
  for (const maxExactRows of [NEVER_EXACT, 30_000]) {
    const { latencyMs, timeToFirstTokenMs } = await requestTotals(db, filter, {});
    const sums = await requestTotals(db, filter, { maxExactRows, hasPercentiles: false });
    assert.equal(sums.latencyMs.p50, null, label);
    assertTotals({ ...sums, latencyMs, timeToFirstTokenMs }, matching, label);
  }
  assert.deepEqual(sortedMisses(await missTotals(db, filter)), missesOf(matching), label);
  for (const limit of [NEVER_EXACT, 1_000]) {
    const series = await requestSeries(db, filter, edgesMs, { maxExactRows: limit });
    assert.equal(series.length, edgesMs.length - 1);
    for (const [slot, totals] of series.entries()) {
      const [fromMs = 0, toMs = 0] = edgesMs.slice(slot, slot + 2);
      assertTotals(
        totals,
        matching.filter(({ startedAtMs }) => startedAtMs >= fromMs && startedAtMs < toMs),
        `${label} ${slot}`,
      );
    }
    const groups = await requestGroups(db, filter, by, { maxExactRows: limit });
    const column = DIMENSION_COLUMNS[by] as 'modelId';
    assert.equal(groups.length, new Set(matching.map((row) => row[column])).size, label);
    assert.ok(groups.every((group, index) => group.total <= (groups[index - 1]?.total ?? group.total)));
    for (const { id, ...totals } of groups)
      assertTotals(
        totals,
        matching.filter((row) => row[column] === id),
        `${label} ${id}`,
      );
  }
  for (const accountId of ['a1', 'a2'])
    assert.deepEqual(
      (await attemptSeries(db, accountId, edgesMs)).map(sortedCounts),
      attemptSeriesOf(rows, accountId, edgesMs).map(sortedCounts),
      `${label} ${accountId}`,
    );
  await comparePages({ db, matching: matching.toSorted(newestFirst), filter });
}

/** Each outcome and fault once, in order. */
function sortedCounts(counts: readonly AttemptCount[]): (readonly [string, number])[] {
  const byEnd = Map.groupBy(counts, ({ outcome, fault }) => `${outcome} ${fault}`);
  return [...byEnd]
    .map(([end, same]) => [end, same.reduce((sum, { attempts }) => sum + attempts, 0)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

async function comparePages({
  db,
  matching,
  filter,
}: {
  db: SqlEngine<LogDatabase>['db'];
  matching: readonly RequestRow[];
  filter: RequestFilter;
}): Promise<void> {
  for (const isOldestFirst of [false, true]) {
    const inOrder = isOldestFirst ? matching.toReversed() : matching;
    for (let at = 0; at <= inOrder.length; at += 7) {
      const after = inOrder[at - 1] ?? null;
      const page = await requestPage(db, filter, { limit: 7, after, isOldestFirst, minRows: 0 });
      assert.deepEqual(
        page.rows.map(({ id }) => id),
        inOrder.slice(at, at + 7).map(({ id }) => id),
        JSON.stringify({ filter, isOldestFirst, after: after?.id }),
      );
    }
    await compareSteps({ db, inOrder, filter, isOldestFirst });
  }
}

/** Looking at few rows in one go only makes more pages. */
async function compareSteps({
  db,
  inOrder,
  filter,
  isOldestFirst,
}: {
  db: SqlEngine<LogDatabase>['db'];
  inOrder: readonly RequestRow[];
  filter: RequestFilter;
  isOldestFirst: boolean;
}): Promise<void> {
  const seen: string[] = [];
  let after: RequestCursor | null = null;
  do {
    const way = { after, isOldestFirst };
    const page: RequestPage = await requestPage(db, filter, { ...way, limit: 7, minRows: 0, maxSeenRows: 5 });
    seen.push(...page.rows.map(({ id }) => id));
    after = page.reached;
  } while (after);
  assert.deepEqual(
    seen,
    inOrder.map(({ id }) => id),
    JSON.stringify({ filter, isOldestFirst }),
  );
}

const anyQuestion = fc.record({
  filter: anyFilter,
  by: fc.constantFrom(...(Object.keys(DIMENSION_COLUMNS) as RequestDimension[])),
  edgesMs: fc
    .uniqueArray(moment, { minLength: 2, maxLength: 6 })
    .map((edges) => edges.toSorted((a, b) => a - b)),
});

test('RequestLog answers from its sums what its rows say, whatever was written, folded and deleted', () =>
  withLog(async (bench) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anyStep, { minLength: 1, maxLength: 12 }),
        fc.array(anyQuestion, { minLength: 1, maxLength: 4 }),
        async (steps, questions) => {
          await bench.log.clear({});
          const plain = new PlainLog();
          for (const step of steps) await plain.take(step, bench);
          for (const question of questions) await compare(bench, plain.rows, question);
        },
      ),
      { numRuns: 40 },
    );
  }));
