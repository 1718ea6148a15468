// The SQLite thread and its file: opening, refusing, transactions, a full disk, a killed process.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { sql } from 'kysely';
import type { SqlEngine } from '../../server/storage/database.ts';
import { DATABASE_FILE_NAME, openStorage } from '../../server/storage/open-storage.ts';
import { SqlRequestLog } from '../../server/storage/request-log.ts';
import { openSqlite } from '../../server/storage/sqlite.ts';
import { ManualClock } from '../manual-clock.ts';
import { NOW_MS, provider, requestRow, until, WORKER_ENTRY, withTempDir } from './scratch.ts';

function withSqlite(run: (engine: SqlEngine, file: string) => Promise<void>): Promise<void> {
  return withTempDir(async (dir) => {
    const file = join(dir, 'test.db');
    const engine = await openSqlite({ file, entry: WORKER_ENTRY });
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
      for (const suffix of ['', '-wal', '-shm'])
        assert.equal(modeOf(join(dataDir, DATABASE_FILE_NAME + suffix)), 0o600);
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
    await assert.rejects(openSqlite({ file, entry: WORKER_ENTRY }), {
      code: 'newer-schema',
      message: `Cannot open database "${file}": it was written by a newer Warmpath (schema 999; this one knows ${version})`,
    });
    await sql.raw(`PRAGMA user_version = ${version}`).execute(engine.db);
    await (await openSqlite({ file, entry: WORKER_ENTRY })).close();
  }));

test('openSqlite sets the pragmas that durability and cascades rest on', () =>
  withSqlite(async (engine) => {
    const names = ['journal_mode', 'synchronous', 'foreign_keys', 'auto_vacuum'];
    const values = [];
    for (const name of names) values.push(await pragma(engine, name));
    assert.deepEqual(values, ['wal', 1, 1, 2]);
  }));

test('openSqlite reports another process that holds the file', () =>
  withSqlite(async (engine, file) => {
    await engine.db.transaction().execute(async () => {
      await assert.rejects(openSqlite({ file, entry: WORKER_ENTRY }), {
        code: 'locked',
        message: `Cannot open database "${file}": another process is writing to it`,
      });
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
    const again = await openSqlite({ file, entry: WORKER_ENTRY });
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

test('RequestLog drops and counts rows on a full disk, serves reads, and recovers alone', () =>
  withSqlite(async (engine) => {
    const clock = new ManualClock(NOW_MS);
    const log = new SqlRequestLog(engine, clock);
    log.append(requestRow({ id: 'early' }));
    await log.flush();
    await fillDisk(engine);

    for (let number = 0; number < 100; number++) log.append(bigRow(`lost${number}`));
    await log.flush();
    assert.match(log.health().lastError ?? '', /full/);
    assert.deepEqual(
      (await log.page({}, { limit: 10, after: null })).map(({ id }) => id),
      ['early'],
    );
    while (log.health().queuedRows > 0) {
      await clock.advance(2_000);
      await log.count({});
    }
    assert.equal(log.health().droppedRows, 100);

    await freeDisk(engine);
    log.append(bigRow('late'));
    await clock.advance(2_000);
    await until(() => log.health().queuedRows === 0);
    assert.deepEqual(log.health(), { queuedRows: 0, droppedRows: 100, lastError: null });
    assert.equal(await log.count({}), 2);
  }));

test('RequestLog.sweep gives the space of deleted rows back', () =>
  withSqlite(async (engine) => {
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
    const engine = await openSqlite({ file: join(dataDir, DATABASE_FILE_NAME), entry: WORKER_ENTRY });
    assert.equal(await pragma(engine, 'integrity_check'), 'ok');
    await engine.close();
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
async function fillDisk(engine: SqlEngine): Promise<void> {
  const pages = await pragma(engine, 'page_count');
  await sql.raw(`PRAGMA max_page_count = ${pages}`).execute(engine.db);
}

async function freeDisk(engine: SqlEngine): Promise<void> {
  await sql.raw('PRAGMA max_page_count = 1000000').execute(engine.db);
}

async function pragma(engine: SqlEngine, name: string): Promise<unknown> {
  const { rows } = await sql<Record<string, unknown>>`${sql.raw(`PRAGMA ${name}`)}`.execute(engine.db);
  return rows[0]?.[name];
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}
