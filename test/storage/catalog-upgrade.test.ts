// What an earlier version stored: it lacks what came later, which then has its defaults.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { sql } from 'kysely';
import { DEFAULT_SETTINGS } from '../../server/gateway/ports.ts';
import { settingsOf } from '../../server/storage/catalog-records.ts';
import { CONFIG_SCHEMA } from '../../server/storage/config-schema.ts';
import { DATABASE_FILE_NAME, openStorage } from '../../server/storage/open-storage.ts';
import { openSqlite } from '../../server/storage/sqlite.ts';
import { ManualClock } from '../manual-clock.ts';
import { NOW_MS, WORKER_ENTRY, withTempDir } from './scratch.ts';

test('settingsOf gives the defaults where nothing is stored', () => {
  assert.deepEqual(settingsOf(undefined), DEFAULT_SETTINGS);
  assert.deepEqual(settingsOf('{}'), DEFAULT_SETTINGS);
});

test('settingsOf fills what the stored settings lack, inside their blocks as well', () => {
  const stored = {
    requireApiKey: false,
    routing: { policy: 'session' },
    reservation: { stableMaxReservation: 0.5 },
    cacheLevers: { chooseTtl: true, keepWarm: { maxPings: 7 } },
  };
  assert.deepEqual(settingsOf(JSON.stringify(stored)), {
    ...DEFAULT_SETTINGS,
    requireApiKey: false,
    routing: { ...DEFAULT_SETTINGS.routing, policy: 'session' },
    reservation: { ...DEFAULT_SETTINGS.reservation, stableMaxReservation: 0.5 },
    cacheLevers: {
      ...DEFAULT_SETTINGS.cacheLevers,
      chooseTtl: true,
      keepWarm: { ...DEFAULT_SETTINGS.cacheLevers.keepWarm, maxPings: 7 },
    },
  });
});

test('openStorage opens models that were stored before they could state a policy', () =>
  withTempDir(async (dataDir) => {
    const file = join(dataDir, DATABASE_FILE_NAME);
    const schema = { ...CONFIG_SCHEMA, steps: CONFIG_SCHEMA.steps.slice(0, 3) };
    const old = await openSqlite({ file, entry: WORKER_ENTRY, schema });
    await sql`INSERT INTO model VALUES ('m1', 'sonnet', NULL, NULL)`.execute(old.db);
    await old.close();
    const storage = await openStorage({ dataDir, entry: WORKER_ENTRY, clock: new ManualClock(NOW_MS) });
    try {
      const { models } = await storage.catalog.load();
      const unstated = { displayName: null, price: null, routePolicy: null, routeProfile: null };
      assert.deepEqual(models, [{ id: 'm1', name: 'sonnet', ...unstated }]);
    } finally {
      await storage.close();
    }
  }));

test('openStorage opens bindings that were stored before they could be pinned', () =>
  withTempDir(async (dataDir) => {
    const file = join(dataDir, DATABASE_FILE_NAME);
    const schema = { ...CONFIG_SCHEMA, steps: CONFIG_SCHEMA.steps.slice(0, 3) };
    const old = await openSqlite({ file, entry: WORKER_ENTRY, schema });
    await sql`INSERT INTO binding VALUES ('b1', 'k1', NULL, 's1', 'm1', 'gemini', 'p1', 'e1', 'a1', 1, ${NOW_MS + 1}, 2, 3, 4, 5)`.execute(
      old.db,
    );
    await old.close();
    const storage = await openStorage({ dataDir, entry: WORKER_ENTRY, clock: new ManualClock(NOW_MS) });
    try {
      const [binding] = await storage.bindings.load(NOW_MS);
      assert.deepEqual([binding?.key, binding?.cacheReadTokens, binding?.isPinned], ['b1', 5, false]);
    } finally {
      await storage.close();
    }
  }));
