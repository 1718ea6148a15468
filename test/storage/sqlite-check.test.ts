// Whether a file is whole, and how a new one is laid out.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { sql } from 'kysely';
import type { SqlEngine } from '../../server/storage/database.ts';
import { LOG_SCHEMA } from '../../server/storage/log-schema.ts';
import { SqlRequestLog } from '../../server/storage/request-log.ts';
import { openSqlite } from '../../server/storage/sqlite.ts';
import { checkWhole } from '../../server/storage/sqlite-check.ts';
import { ManualClock } from '../manual-clock.ts';
import { NOW_MS, requestRow, WORKER_ENTRY, withTempDir } from './scratch.ts';

test('checkWhole looks at the ends of a large file only, also of tables without row numbers', () =>
  withTempDir(async (dir) => {
    const file = join(dir, 'test.db');
    const engine = await openSqlite({ file, entry: WORKER_ENTRY, schema: LOG_SCHEMA });
    const log = new SqlRequestLog(engine, new ManualClock(NOW_MS));
    for (let number = 0; number < 20; number++) log.append(bigRow(`r${number}`));
    await log.flush();
    await engine.work('fold', { maxRows: 100, nowMs: NOW_MS });
    const { rows } = await sql<{ tables: number }>`
      SELECT count(*) AS tables FROM pragma_table_list WHERE wr = 1`.execute(engine.db);
    assert.ok(Number(rows[0]?.tables) > 0);
    await checkWhole(engine.db, file, 0);
    await engine.close();
  }));

test('checkWhole finds a damaged edge of a large file', () =>
  withTempDir(async (dir) => {
    const file = join(dir, 'test.db');
    const engine = await openSqlite({ file, entry: WORKER_ENTRY, schema: LOG_SCHEMA });
    const log = new SqlRequestLog(engine, new ManualClock(NOW_MS));
    for (let number = 0; number < 200; number++) log.append(bigRow(`r${number}`));
    await log.flush();
    const { rows } = await sql<{ pageBytes: number; rootPage: number }>`
      SELECT page_size AS pageBytes, rootpage AS rootPage FROM pragma_page_size, sqlite_schema WHERE name = 'request'`.execute(
      engine.db,
    );
    const { pageBytes = 0, rootPage = 0 } = rows[0] ?? {};
    await engine.close();
    const bytes = readFileSync(file);
    bytes.fill(0xff, (rootPage - 1) * pageBytes, rootPage * pageBytes);
    writeFileSync(file, bytes);
    const damaged = await openSqlite({ file, entry: WORKER_ENTRY, schema: LOG_SCHEMA });
    await assert.rejects(checkWhole(damaged.db, file, 0), { code: 'corrupt' });
    await damaged.close();
  }));

test('openSqlite makes a log of large pages, and leaves those of a file that is there', () =>
  withTempDir(async (dir) => {
    const file = join(dir, 'test.db');
    const { pageBytes: _, ...small } = LOG_SCHEMA;
    const sizes: unknown[] = [];
    for (const [name, schema] of [
      [file, small],
      [file, LOG_SCHEMA],
      [join(dir, 'new.db'), LOG_SCHEMA],
    ] as const) {
      const engine = await openSqlite({ file: name, entry: WORKER_ENTRY, schema });
      sizes.push(await pragma(engine, 'page_size'), await pragma(engine, 'auto_vacuum'));
      await engine.close();
    }
    assert.deepEqual(sizes, [4_096, 2, 4_096, 2, 16_384, 2]);
  }));

function bigRow(id: string) {
  return requestRow({ id, errorMessage: 'x'.repeat(5_000) });
}

async function pragma<Tables>(engine: SqlEngine<Tables>, name: string): Promise<unknown> {
  const { rows } = await sql<Record<string, unknown>>`${sql.raw(`PRAGMA ${name}`)}`.execute(engine.db);
  return rows[0]?.[name];
}
