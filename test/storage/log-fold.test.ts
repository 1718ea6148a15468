// Folding rows of the request log into its sums: when, once, and after whatever came in between.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { sql } from 'kysely';
import type { LogDatabase, SqlEngine } from '../../server/storage/database.ts';
import { LOG_READER_PRAGMAS, LOG_SCHEMA } from '../../server/storage/log-schema.ts';
import { LOG_FILE_NAME, openStorage } from '../../server/storage/open-storage.ts';
import { SqlRequestLog } from '../../server/storage/request-log.ts';
import { requestTotals } from '../../server/storage/request-totals.ts';
import { openSqlite } from '../../server/storage/sqlite.ts';
import { ManualClock } from '../manual-clock.ts';
import { attemptRow, NOW_MS, requestRow, until, WORKER_ENTRY, withTempDir } from './scratch.ts';

const HOUR_MS = 3_600_000;
const FOLD = { maxRows: 1_000, nowMs: NOW_MS };
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
    const file = join(dir, LOG_FILE_NAME);
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

async function write(log: SqlRequestLog, ids: Iterable<string>): Promise<void> {
  for (const id of ids) log.append(requestRow({ id, costNanoUsd: 5 }));
  await log.flush();
}

/** What the sums alone say; null when they have no row. */
async function summed(
  { db }: Pick<SqlEngine<LogDatabase>, 'db'>,
  bucketMs = HOUR_MS,
): Promise<number | null> {
  const { rows } = await sql<{ total: number | null }>`
    SELECT sum(total) AS total FROM tallyPlain WHERE bucketMs = ${bucketMs}`.execute(db);
  return rows[0]?.total ?? null;
}

async function foldedSeq({ db }: SqlEngine<LogDatabase>): Promise<number> {
  return (await db.selectFrom('tallyState').select('foldedSeq').executeTakeFirstOrThrow()).foldedSeq;
}

test('RequestLog folds rows a second after they were written, in one go, and then rests', () =>
  withLog(async ({ engine, log, clock }) => {
    await write(log, 'abc');
    assert.equal(await summed(engine), null);
    await clock.advance(999);
    assert.equal(await foldedSeq(engine), 0);
    await clock.advance(1);
    while ((await foldedSeq(engine)) < 3) await clock.advance(0);
    assert.equal(await summed(engine), 3);
    assert.equal(await summed(engine, 60_000), 3);
    assert.equal(await summed(engine, 24 * HOUR_MS), 3);
    await clock.advance(60_000);
    assert.equal(clock.pendingTimers, 0);
  }));

test('RequestLog folds what an earlier process left, in steps', () =>
  withTempDir(async (dataDir) => {
    const clock = new ManualClock(NOW_MS);
    const first = await openStorage({ dataDir, entry: WORKER_ENTRY, clock });
    for (let number = 0; number < 5_000; number++) first.log.append(requestRow({ id: `r${number}` }));
    await first.close();
    assert.equal(clock.pendingTimers, 0, 'a closed log sets no timers');

    const second = await openStorage({ dataDir, entry: WORKER_ENTRY, clock });
    const file = join(dataDir, LOG_FILE_NAME);
    const schema = { ...LOG_SCHEMA, pragmas: LOG_READER_PRAGMAS };
    const looker = await openSqlite({ file, entry: WORKER_ENTRY, schema });
    assert.equal(await second.log.count({}), 5_000);
    await clock.advance(1_000);
    while ((await foldedSeq(looker)) < 5_000) await clock.advance(20);
    assert.equal(await summed(looker), 5_000);
    assert.equal(await second.log.count({}), 5_000);
    await assert.rejects(sql`DELETE FROM request`.execute(looker.db), { code: 'read-only' });
    await looker.close();
    await second.close();
  }));

test('SqlEngine.work folds a row once, however often it is asked and the row is written', () =>
  withLog(async ({ engine, log }) => {
    await write(log, 'abc');
    assert.deepEqual(await engine.work('fold', { ...FOLD, maxRows: 2 }), { foldedSeq: 2, lastSeq: 3 });
    assert.deepEqual(await engine.work('fold', FOLD), { foldedSeq: 3, lastSeq: 3 });
    assert.deepEqual(await engine.work('fold', FOLD), { foldedSeq: 3, lastSeq: 3 });
    await write(log, 'abcd');
    await engine.work('fold', FOLD);
    assert.equal(await summed(engine), 4);
    assert.equal((await requestTotals(engine.db, {}, { maxExactRows: NEVER_EXACT })).costNanoUsd, 20);
  }));

test('SqlEngine.work folds all of a step or nothing', () =>
  withLog(async ({ engine, log }) => {
    await write(log, 'abc');
    await sql`CREATE TRIGGER refuse BEFORE UPDATE ON tallyState BEGIN SELECT raise(ABORT, 'no'); END`.execute(
      engine.db,
    );
    await assert.rejects(engine.work('fold', FOLD));
    assert.equal(await summed(engine), null);
    assert.equal((await requestTotals(engine.db, {}, { maxExactRows: NEVER_EXACT })).total, 3);
    await sql`DROP TRIGGER refuse`.execute(engine.db);
    await engine.work('fold', FOLD);
    assert.equal(await summed(engine), 3);
    assert.equal((await requestTotals(engine.db, {}, { maxExactRows: NEVER_EXACT })).total, 3);
  }));

test('RequestLog tries to fold again when the thread refused', () =>
  withLog(async ({ engine, log, clock }) => {
    await write(log, 'a');
    await sql`CREATE TRIGGER refuse BEFORE UPDATE ON tallyState BEGIN SELECT raise(ABORT, 'no'); END`.execute(
      engine.db,
    );
    await clock.advance(1_000);
    await until(() => clock.pendingTimers > 0);
    await sql`DROP TRIGGER refuse`.execute(engine.db);
    await clock.advance(5_000);
    while ((await foldedSeq(engine)) < 1) await clock.advance(0);
    assert.equal(await summed(engine), 1);
  }));

test('RequestLog folds rows that take the numbers of deleted ones', () =>
  withLog(async ({ engine, log }) => {
    await write(log, 'abc');
    await engine.work('fold', FOLD);
    await log.clear({});
    assert.equal(await summed(engine), null, 'no empty rows are left');
    await write(log, 'defgh');
    await engine.work('fold', FOLD);
    assert.equal(await summed(engine), 5);
    assert.equal(await log.count({}), 5);
  }));

test('RequestLog keeps sums per minute for two days and an hour', () =>
  withLog(async ({ engine, log }) => {
    for (const [id, hours] of [
      ['old', 60],
      ['edge', 49],
      ['new', 0],
    ] as const)
      log.append(requestRow({ id, startedAtMs: NOW_MS - hours * HOUR_MS }));
    await log.flush();
    await engine.work('fold', FOLD);
    assert.equal(await summed(engine, 60_000), 2);
    await engine.work('fold', { ...FOLD, nowMs: NOW_MS + HOUR_MS });
    assert.equal(await summed(engine, 60_000), 1);
    assert.equal(await summed(engine), 3);
    const recent = { fromMs: NOW_MS - 49 * HOUR_MS, toMs: NOW_MS - 49 * HOUR_MS + 60_000 };
    assert.equal(await log.count(recent), 1);
  }));

test('RequestLog takes rows out of sums also when nobody had folded their neighbours yet', () =>
  withLog(async ({ engine, log }) => {
    await write(log, 'abc');
    await engine.work('fold', FOLD);
    await write(log, 'de');
    assert.equal(await log.sweep({ maxAgeDays: 9, maxRows: 1 }, NOW_MS), 4);
    assert.equal(await log.count({}), 1);
    await engine.work('fold', FOLD);
    assert.equal(await summed(engine), 1);
    assert.equal((await requestTotals(engine.db, {}, { maxExactRows: NEVER_EXACT })).costNanoUsd, 5);
  }));

test('openStorage brings a log from before sums were kept up to date, and answers at once', () =>
  withTempDir(async (dataDir) => {
    await (await openStorage({ dataDir, entry: WORKER_ENTRY, clock: new ManualClock(NOW_MS) })).close();
    const file = join(dataDir, LOG_FILE_NAME);
    rmSync(file);
    const schema = { ...LOG_SCHEMA, steps: LOG_SCHEMA.steps.slice(0, 2) };
    const old = await openSqlite({ file, entry: WORKER_ENTRY, schema });
    await sql`WITH RECURSIVE counter (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < 3000)
      INSERT INTO request (id, requestId, startedAtMs, latencyMs, surface, isStreamed, requestedModel, modelId, status, outcome,
        usageSource, inputTokens, affinity, tail)
      SELECT 'r' || n, 'req', ${NOW_MS} - n * 60000, n, 'gemini', 0, 'm', 'm' || (n % 3), 200, 'ok', 'upstream', 10, 'hit', '[]'
      FROM counter`.execute(old.db);
    await old.close();

    const clock = new ManualClock(NOW_MS);
    const storage = await openStorage({ dataDir, entry: WORKER_ENTRY, clock });
    const asked = async () => [
      await storage.log.count({ modelId: 'm1' }),
      (await storage.log.totals({})).inputTokens,
      (await storage.log.totals({})).cacheReadNanoUsd,
      (await storage.log.groups({}, 'model')).map(({ id, total }) => `${id} ${total}`).join(),
      await storage.log.missTotals({}),
    ];
    const expected = [1_000, 30_000, 0, 'm0 1000,m1 1000,m2 1000', []];
    assert.deepEqual(await asked(), expected);
    await clock.advance(1_000);
    const looker = await openSqlite({ file, entry: WORKER_ENTRY, schema: LOG_SCHEMA });
    while ((await foldedSeq(looker)) < 3_000) await clock.advance(20);
    assert.equal(await summed(looker), 3_000);
    assert.deepEqual(await asked(), expected);
    await looker.close();
    await storage.close();
  }));

test('openSqlite begins sums anew that are told apart by more than before', () =>
  withTempDir(async (dir) => {
    const file = join(dir, LOG_FILE_NAME);
    const old = { ...LOG_SCHEMA, steps: LOG_SCHEMA.steps.slice(0, 5) };
    const before = await openSqlite({ file, entry: WORKER_ENTRY, schema: old });
    await write(new SqlRequestLog(before, new ManualClock(NOW_MS)), ['a', 'b']);
    // As it was folded then.
    const sums = `${HOUR_MS}, 0, 0, 'ok', 2${', 0'.repeat(14)}, x'', x''`;
    await sql.raw(`INSERT INTO tallyPlain VALUES (${sums})`).execute(before.db);
    await sql`UPDATE tallyState SET foldedSeq = 2`.execute(before.db);
    assert.equal(await summed(before), 2);
    await before.close();
    const engine = await openSqlite({ file, entry: WORKER_ENTRY, schema: LOG_SCHEMA });
    assert.deepEqual([await foldedSeq(engine), await summed(engine)], [0, null]);
    await engine.work('fold', FOLD);
    assert.deepEqual([await foldedSeq(engine), await summed(engine)], [2, 2]);
    await engine.close();
  }));

test('SqlEngine.work counts the attempts of an older file by and by, and keeps its other sums', () =>
  withTempDir(async (dir) => {
    const file = join(dir, LOG_FILE_NAME);
    const old = { ...LOG_SCHEMA, steps: LOG_SCHEMA.steps.slice(0, 8) };
    const before = await openSqlite({ file, entry: WORKER_ENTRY, schema: old });
    const oldLog = new SqlRequestLog(before, new ManualClock(NOW_MS));
    for (const id of 'abc') oldLog.append(requestRow({ id, attempts: [attemptRow()] }));
    await oldLog.flush();
    await sql`UPDATE tallyState SET foldedSeq = 3`.execute(before.db);
    await before.close();

    const engine = await openSqlite({ file, entry: WORKER_ENTRY, schema: LOG_SCHEMA });
    const log = new SqlRequestLog(engine, new ManualClock(NOW_MS));
    const edgesMs = [NOW_MS - HOUR_MS, NOW_MS + HOUR_MS];
    const asked = () => log.attemptSeries('a2', edgesMs);
    const expected = [[{ outcome: 'retryable', fault: 'rate-limited', attempts: 3 }]];
    assert.deepEqual([await foldedSeq(engine), await counted(engine)], [3, null]);
    assert.deepEqual(await asked(), expected);
    assert.deepEqual(await engine.work('fold', { ...FOLD, maxRows: 2 }), { foldedSeq: 2, lastSeq: 3 });
    assert.deepEqual([await counted(engine), await asked()], [2, expected]);
    assert.deepEqual(await engine.work('fold', FOLD), { foldedSeq: 3, lastSeq: 3 });
    assert.deepEqual([await counted(engine), await asked()], [3, expected]);
    assert.equal(await summed(engine), null, 'nothing is summed twice');

    await log.clear({});
    assert.deepEqual([await counted(engine), await asked()], [null, [[]]]);
    log.append(requestRow({ id: 'd', attempts: [attemptRow(), attemptRow({ accountId: 'a3' })] }));
    await log.flush();
    await engine.work('fold', FOLD);
    assert.equal(await counted(engine), 2);
    await engine.close();
  }));

/** Attempts that are counted, of all accounts; null = there is no row. */
async function counted({ db }: SqlEngine<LogDatabase>): Promise<number | null> {
  const { rows } = await sql<{ total: number | null }>`
    SELECT sum(total) AS total FROM tallyAttempt WHERE bucketMs = ${HOUR_MS}`.execute(db);
  return rows[0]?.total ?? null;
}
