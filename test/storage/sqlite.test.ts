// The SQLite thread and its file: opening, refusing, transactions, a full disk, a killed process.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import { CONFIG_SCHEMA } from '../../server/storage/config-schema.ts';
import type { LogDatabase, SqlEngine } from '../../server/storage/database.ts';
import { LOG_SCHEMA } from '../../server/storage/log-schema.ts';
import { DATABASE_FILE_NAME, LOG_FILE_NAME, openStorage } from '../../server/storage/open-storage.ts';
import { SqlRequestLog } from '../../server/storage/request-log.ts';
import { openSqlite } from '../../server/storage/sqlite.ts';
import type { SqliteSchema } from '../../server/storage/sqlite-migrations.ts';
import { ManualClock } from '../manual-clock.ts';
import { NOW_MS, provider, requestRow, until, WORKER_ENTRY, withTempDir } from './scratch.ts';

const CONFIG = { entry: WORKER_ENTRY, schema: CONFIG_SCHEMA };

function withSqlite(run: (engine: SqlEngine, file: string) => Promise<void>): Promise<void> {
  return withEngine(CONFIG_SCHEMA, run);
}

function withLogs(run: (engine: SqlEngine<LogDatabase>, file: string) => Promise<void>): Promise<void> {
  return withEngine(LOG_SCHEMA, run);
}

function withEngine<Tables>(
  schema: SqliteSchema<Tables>,
  run: (engine: SqlEngine<Tables>, file: string) => Promise<void>,
): Promise<void> {
  return withTempDir(async (dir) => {
    const file = join(dir, 'test.db');
    const engine = await openSqlite({ file, entry: WORKER_ENTRY, schema });
    try {
      await run(engine, file);
    } finally {
      await engine.close();
    }
  });
}

function options(dataDir: string) {
  return { dataDir, entry: WORKER_ENTRY, clock: new ManualClock(NOW_MS) };
}

test(
  'openStorage makes a directory and files that only their owner can read',
  { skip: process.platform === 'win32' },
  () =>
    withTempDir(async (dir) => {
      const dataDir = join(dir, 'new', 'data');
      const storage = await openStorage(options(dataDir));
      await storage.catalog.apply([{ kind: 'put-provider', row: provider() }]);
      assert.equal(storage.storageType, 'sqlite');
      assert.equal(modeOf(dataDir), 0o700);
      for (const name of [DATABASE_FILE_NAME, LOG_FILE_NAME])
        for (const suffix of ['', '-wal', '-shm']) assert.equal(modeOf(join(dataDir, name + suffix)), 0o600);
      await storage.close();
    }),
);

test(
  'openStorage leaves the mode of an existing directory alone',
  { skip: process.platform === 'win32' },
  () =>
    withTempDir(async (dir) => {
      chmodSync(dir, 0o750);
      await (await openStorage(options(dir))).close();
      assert.equal(modeOf(dir), 0o750);
    }),
);

test('openStorage refuses a data directory that is a file', () =>
  withTempDir(async (dir) => {
    const dataDir = join(dir, 'file');
    writeFileSync(dataDir, '');
    await assert.rejects(openStorage(options(dataDir)), {
      code: 'cannot-open',
      message: `Cannot open database "${join(dataDir, DATABASE_FILE_NAME)}": "${dataDir}" is not a directory`,
    });
  }));

test('openStorage refuses a database file that is a directory', () =>
  withTempDir(async (dataDir) => {
    const file = join(dataDir, DATABASE_FILE_NAME);
    mkdirSync(file);
    await assert.rejects(openStorage(options(dataDir)), {
      code: 'cannot-open',
      message: `Cannot open database "${file}": it is a directory`,
    });
  }));

test('openStorage refuses a directory without permission', { skip: process.getuid?.() === 0 }, () =>
  withTempDir(async (dataDir) => {
    chmodSync(dataDir, 0o500);
    await assert.rejects(openStorage(options(dataDir)), { code: 'cannot-open', message: /no permission/ });
    chmodSync(dataDir, 0o700);
  }),
);

test('openStorage refuses a file that is no database, and leaves it as it is', () =>
  withTempDir(async (dataDir) => {
    const file = join(dataDir, DATABASE_FILE_NAME);
    const text = 'These are the times that try a parser. '.repeat(200);
    writeFileSync(file, text);
    await assert.rejects(openStorage(options(dataDir)), {
      code: 'not-a-database',
      message: `Cannot open database "${file}": the file is not a SQLite database`,
    });
    assert.equal(statSync(file).size, text.length);
  }));

test('openSqlite refuses a file of a newer schema, and opens it again when it fits', () =>
  withSqlite(async (engine, file) => {
    const version = await pragma(engine, 'user_version');
    await sql.raw('PRAGMA user_version = 999').execute(engine.db);
    await assert.rejects(openSqlite({ file, ...CONFIG }), {
      code: 'newer-schema',
      message: `Cannot open database "${file}": it was written by a newer Warmpath (schema 999; this one knows ${version})`,
    });
    await sql.raw(`PRAGMA user_version = ${version}`).execute(engine.db);
    await (await openSqlite({ file, ...CONFIG })).close();
  }));

test('openSqlite sets the pragmas that durability and cascades rest on', () =>
  withSqlite(async (engine) => {
    const names = ['journal_mode', 'synchronous', 'foreign_keys', 'auto_vacuum'];
    const values = [];
    for (const name of names) values.push(await pragma(engine, name));
    assert.deepEqual(values, ['wal', 1, 1, 2]);
  }));

test('openSqlite reports another process that holds a file whose schema must change', () =>
  withSqlite(async (engine, file) => {
    await sql.raw('PRAGMA user_version = 1').execute(engine.db);
    await engine.db.transaction().execute(async () => {
      await assert.rejects(openSqlite({ file, ...CONFIG }), {
        code: 'locked',
        message: `Cannot open database "${file}": another process is writing to it`,
      });
    });
  }));

test('openSqlite opens a file of the present schema though another process writes to it', () =>
  withSqlite(async (engine, file) => {
    await engine.db.transaction().execute(async () => {
      await (await openSqlite({ file, ...CONFIG })).close();
    });
  }));

test('SqlEngine queries leave the main thread free', () =>
  withSqlite(async ({ db }) => {
    let ticks = 0;
    const ticker = setInterval(() => {
      ticks += 1;
    }, 1);
    const counting = sql<{ n: number }>`
      WITH RECURSIVE counter (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < 1500000)
      SELECT max(n) AS n FROM counter`.execute(db);
    const { rows } = await counting;
    clearInterval(ticker);
    assert.deepEqual(rows, [{ n: 1_500_000 }]);
    assert.ok(ticks > 0);
  }));

test('SqlEngine transactions are exclusive and roll back', () =>
  withSqlite(async ({ db }) => {
    const failing = db.transaction().execute(async (tx) => {
      await tx.insertInto('secret').values({ name: 'a', value: '1' }).execute();
      await new Promise((resolve) => setImmediate(resolve));
      throw new Error('changed my mind');
    });
    const outside = db.insertInto('secret').values({ name: 'b', value: '2' }).execute();
    await assert.rejects(failing, { message: 'changed my mind' });
    await outside;
    assert.deepEqual(await db.selectFrom('secret').selectAll().execute(), [{ name: 'b', value: '2' }]);
  }));

test('SqlEngine.close waits for a transaction under way, then refuses', () =>
  withSqlite(async (engine, file) => {
    const saving = engine.db.transaction().execute(async (tx) => {
      await tx.insertInto('secret').values({ name: 'a', value: '1' }).execute();
      await new Promise((resolve) => setImmediate(resolve));
      await tx.insertInto('secret').values({ name: 'b', value: '2' }).execute();
    });
    await Promise.all([saving, engine.close()]);
    await engine.close();
    await assert.rejects(engine.db.selectFrom('secret').selectAll().execute(), { code: 'closed' });
    const again = await openSqlite({ file, ...CONFIG });
    assert.equal((await again.db.selectFrom('secret').selectAll().execute()).length, 2);
    await again.close();
  }));

test('SqlEngine reports a full disk, rolls back and goes on', () =>
  withSqlite(async (engine) => {
    await fillDisk(engine);
    const value = 'x'.repeat(100_000);
    const saving = engine.db
      .transaction()
      .execute((tx) => tx.insertInto('secret').values({ name: 'big', value }).execute());
    await assert.rejects(saving, { code: 'disk-full' });
    await freeDisk(engine);
    assert.deepEqual(await engine.db.selectFrom('secret').selectAll().execute(), []);
  }));

test('RequestLog keeps rows on a full disk, serves reads, and writes them once there is room', () =>
  withLogs(async (engine) => {
    const clock = new ManualClock(NOW_MS);
    const log = new SqlRequestLog(engine, clock);
    log.append(requestRow({ id: 'early' }));
    await log.flush();
    await fillDisk(engine);

    for (let number = 0; number < 100; number++) log.append(bigRow(`kept${number}`));
    await log.flush();
    assert.match(log.health().lastError ?? '', /full/);
    assert.equal(log.health().queuedRows, 100);
    assert.deepEqual(
      (await log.page({}, { limit: 10, after: null })).rows.map(({ id }) => id),
      ['early'],
    );
    await clock.advance(2_000);
    await log.count({});
    assert.equal(log.health().queuedRows, 100);

    await freeDisk(engine);
    await clock.advance(10_000);
    await until(() => log.health().queuedRows === 0);
    assert.deepEqual(log.health(), { queuedRows: 0, droppedRows: 0, lastError: null });
    assert.equal(await log.count({}), 101);
  }));

test('RequestLog drops and counts rows beyond its queue on a full disk', () =>
  withLogs(async (engine) => {
    const clock = new ManualClock(NOW_MS);
    const log = new SqlRequestLog(engine, clock);
    await fillDisk(engine);
    for (let number = 0; number < 12_000; number++) log.append(bigRow(`r${number}`));
    const { queuedRows, droppedRows } = log.health();
    assert.ok(queuedRows < 12_000 && queuedRows > 5_000, `${queuedRows} queued`);
    assert.equal(queuedRows + droppedRows, 12_000);
    await freeDisk(engine);
    await until(() => clock.pendingTimers > 0);
    await clock.advance(1_000);
    await until(() => log.health().queuedRows === 0);
    assert.equal(await log.count({}), queuedRows);
  }));

test('RequestLog waits for another process that holds its file, and writes every row afterwards', () =>
  withLogs(async (engine, file) => {
    const clock = new ManualClock(NOW_MS);
    const log = new SqlRequestLog(engine, clock);
    const other = await openSqlite({ file, entry: WORKER_ENTRY, schema: LOG_SCHEMA });
    await other.db.transaction().execute(async () => {
      for (let number = 0; number < 300; number++) log.append(requestRow({ id: `r${number}` }));
      await log.flush();
      assert.match(log.health().lastError ?? '', /locked/);
      assert.equal(log.health().queuedRows, 300);
    });
    await clock.advance(10_000);
    await until(() => log.health().queuedRows === 0);
    assert.deepEqual(log.health(), { queuedRows: 0, droppedRows: 0, lastError: null });
    assert.equal(await log.count({}), 300);
    await other.close();
  }));

test('RequestLog leaves out a row that cannot be stored, and keeps its neighbours', () =>
  withLogs(async (engine) => {
    const log = new SqlRequestLog(engine, new ManualClock(NOW_MS));
    const bad = requestRow({ id: 'bad' });
    Object.assign(bad, { path: undefined, status: null });
    for (const row of [requestRow({ id: 'a' }), bad, requestRow({ id: 'b' })]) log.append(row);
    await log.flush();
    assert.equal(log.health().droppedRows, 1);
    assert.equal(await log.count({}), 2);
  }));

test('RequestLog writes many rows in one turn of the thread, all of them and in order', () =>
  withLogs(async (engine) => {
    const log = new SqlRequestLog(engine, new ManualClock(NOW_MS));
    for (let number = 0; number < 9_000; number++)
      log.append(requestRow({ id: `r${number}`, startedAtMs: NOW_MS + number }));
    const [newest] = (await log.page({}, { limit: 1, after: null })).rows;
    assert.deepEqual(newest, requestRow({ id: 'r8999', startedAtMs: NOW_MS + 8_999 }));
    assert.equal(await log.count({}), 9_000);
  }));

test('RequestLog.sweep gives the space of deleted rows back', () =>
  withLogs(async (engine) => {
    const log = new SqlRequestLog(engine, new ManualClock(NOW_MS));
    for (let number = 0; number < 1_500; number++) log.append(bigRow(`r${number}`));
    await log.flush();
    const before = Number(await pragma(engine, 'page_count'));
    await log.sweep({ maxAgeDays: 1, maxRows: 10 }, NOW_MS);
    const after = Number(await pragma(engine, 'page_count'));
    assert.ok(after < before / 4, `${before} pages became ${after}`);
    assert.equal(await pragma(engine, 'freelist_count'), 0);
  }));

test('Storage survives a kill: what was acknowledged is there, and the file is whole', () =>
  withTempDir(async (dataDir) => {
    await killWhileWriting(dataDir);
    const storage = await openStorage(options(dataDir));
    assert.deepEqual((await storage.catalog.load()).providers, [provider()]);
    assert.ok((await storage.log.count({})) >= 500);
    await storage.close();
    const config = await openSqlite({ file: join(dataDir, DATABASE_FILE_NAME), ...CONFIG });
    assert.equal(await pragma(config, 'integrity_check'), 'ok');
    await config.close();
    const file = join(dataDir, LOG_FILE_NAME);
    const logs = await openSqlite({ file, entry: WORKER_ENTRY, schema: LOG_SCHEMA });
    assert.equal(await pragma(logs, 'integrity_check'), 'ok');
    await logs.close();
  }));

test('Storage does not keep a process alive, and answers while nothing else does', async () => {
  await withTempDir(async (dataDir) => {
    const child = startProcess(['idle', dataDir]);
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    assert.deepEqual({ output: output.trim(), code }, { output: 'ready', code: 0 });
  });
});

async function killWhileWriting(dataDir: string): Promise<void> {
  const child = startProcess(['write', dataDir]);
  const ended = new Promise((resolve) => child.on('close', resolve));
  await new Promise((resolve) => child.stdout.once('data', resolve));
  child.kill('SIGKILL');
  await ended;
}

function startProcess(args: readonly string[]) {
  const script = fileURLToPath(new URL('./storage-process.ts', import.meta.url));
  const runtimeArgs = 'deno' in process.versions ? ['run', '-A', '--no-check'] : [];
  return spawn(process.execPath, [...runtimeArgs, script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
}

function bigRow(id: string) {
  return requestRow({ id, errorMessage: 'x'.repeat(5_000) });
}

/** No page more than there are: every write that needs one finds the disk full. */
async function fillDisk<Tables>(engine: SqlEngine<Tables>): Promise<void> {
  const pages = await pragma(engine, 'page_count');
  await sql.raw(`PRAGMA max_page_count = ${pages}`).execute(engine.db);
}

async function freeDisk<Tables>(engine: SqlEngine<Tables>): Promise<void> {
  await sql.raw('PRAGMA max_page_count = 1000000').execute(engine.db);
}

async function pragma<Tables>(engine: SqlEngine<Tables>, name: string): Promise<unknown> {
  const { rows } = await sql<Record<string, unknown>>`${sql.raw(`PRAGMA ${name}`)}`.execute(engine.db);
  return rows[0]?.[name];
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}
