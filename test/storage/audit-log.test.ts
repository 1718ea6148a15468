// Contract of AuditLog, on SQLite: order, pages, every filter at its edges, and that times are found by index.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { sql } from 'kysely';
import type { AuditEntry, AuditFilter } from '../../server/gateway/admin-store.ts';
import { SqlAuditLog } from '../../server/storage/audit-log.ts';
import { CONFIG_SCHEMA } from '../../server/storage/config-schema.ts';
import type { SqlEngine } from '../../server/storage/database.ts';
import { openSqlite } from '../../server/storage/sqlite.ts';
import { NOW_MS, WORKER_ENTRY, withTempDir } from './scratch.ts';

function entry(id: string, over: Partial<AuditEntry>): AuditEntry {
  return {
    id,
    atMs: NOW_MS,
    actor: 'panel',
    role: 'admin',
    action: 'updateUser',
    arguments: '{}',
    outcome: 'ok',
    errorCodes: null,
    ...over,
  };
}

const ENTRIES: readonly AuditEntry[] = [
  entry('a', { actor: 'nobody', role: null, action: 'login', outcome: 'denied' }),
  entry('b', { atMs: NOW_MS + 1, arguments: '{"name":"50% of_it"}' }),
  entry('c', { atMs: NOW_MS + 2, actor: 'admin-token', outcome: 'refused', errorCodes: 'name-taken' }),
  entry('d', { atMs: NOW_MS + 2, action: 'deleteUser' }),
];

const FILTERS: readonly [AuditFilter, string][] = [
  [{}, 'dcba'],
  [{ fromMs: NOW_MS }, 'dcba'],
  [{ fromMs: NOW_MS + 1 }, 'dcb'],
  [{ fromMs: NOW_MS + 3 }, ''],
  [{ toMs: NOW_MS }, ''],
  [{ toMs: NOW_MS + 1 }, 'a'],
  [{ toMs: NOW_MS + 2 }, 'ba'],
  [{ fromMs: NOW_MS + 1, toMs: NOW_MS + 2 }, 'b'],
  [{ fromMs: NOW_MS + 1, toMs: NOW_MS + 1 }, ''],
  [{ fromMs: NOW_MS + 2, outcome: 'refused' }, 'c'],
  [{ actor: 'panel' }, 'db'],
  [{ actor: 'Panel' }, ''],
  [{ action: 'login' }, 'a'],
  [{ search: 'DELETE' }, 'd'],
  [{ search: '50% OF_' }, 'b'],
  [{ search: '5_%' }, ''],
];

function withAuditLog(run: (log: SqlAuditLog, engine: SqlEngine) => Promise<void>): Promise<void> {
  return withTempDir(async (dir) => {
    const engine = await openSqlite({
      file: join(dir, 'test.db'),
      entry: WORKER_ENTRY,
      schema: CONFIG_SCHEMA,
    });
    try {
      const log = new SqlAuditLog(engine);
      for (const one of ENTRIES) await log.append(one);
      await run(log, engine);
    } finally {
      await engine.close();
    }
  });
}

test('AuditLog.page and AuditLog.count find what matches every given field, newest first', () =>
  withAuditLog(async (log) => {
    for (const [filter, ids] of FILTERS) {
      const found = await log.page(filter, { limit: 10, afterId: null });
      assert.equal(found.map(({ id }) => id).join(''), ids, JSON.stringify(filter));
      assert.equal(await log.count(filter), ids.length, JSON.stringify(filter));
    }
  }));

test('AuditLog.page goes on after an entry, within the times', () =>
  withAuditLog(async (log) => {
    const page = async (filter: AuditFilter, afterId: string | null) =>
      (await log.page(filter, { limit: 2, afterId })).map(({ id }) => id).join('');
    assert.deepEqual([await page({}, null), await page({}, 'c'), await page({}, 'a')], ['dc', 'ba', '']);
    assert.equal(await page({ fromMs: NOW_MS + 1 }, 'c'), 'b');
    assert.deepEqual(await log.page({ actor: 'nobody' }, { limit: 1, afterId: null }), [ENTRIES[0]]);
  }));

test('AuditLog finds times by an index', () =>
  withAuditLog(async (_log, { db }) => {
    const { rows } = await sql<{ detail: string }>`
      explain query plan select count(*) from audit where atMs >= ${NOW_MS} and atMs < ${NOW_MS + 1}`.execute(
      db,
    );
    assert.match(rows.map(({ detail }) => detail).join(), /USING (COVERING )?INDEX auditByTime/);
  }));
