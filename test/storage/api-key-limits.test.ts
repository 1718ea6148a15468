// The limits of API keys as they are stored, and keys that were stored before there were any.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { sql } from 'kysely';
import { UNRESTRICTED } from '../../server/gateway/key-restrictions.ts';
import type { ApiKey } from '../../server/gateway/ports.ts';
import { CONFIG_SCHEMA } from '../../server/storage/config-schema.ts';
import { DATABASE_FILE_NAME, openStorage } from '../../server/storage/open-storage.ts';
import { openSqlite } from '../../server/storage/sqlite.ts';
import { ManualClock } from '../manual-clock.ts';
import { apiKey, NOW_MS, WORKER_ENTRY, withStorage, withTempDir } from './scratch.ts';

const LIMITED = apiKey({
  expiresAtMs: NOW_MS + 1,
  revokedAtMs: NOW_MS + 2,
  allowedModelIds: ['m1', 'm2'],
  allowedProviderIds: ['p1'],
  allowedSurfaces: ['anthropic-messages', 'gemini'],
  allowedIps: ['10.0.0.0/8', '2001:db8::/32'],
  requestsPerMinute: 1_000_000_000,
  tokensPerMinute: 5,
  maxConcurrent: 6,
  budgetUsdPerDay: 0.05,
  budgetUsdPerMonth: 123.45,
});
const NOTHING_ALLOWED = { allowedModelIds: [], allowedProviderIds: [], allowedSurfaces: [], allowedIps: [] };

const SAMPLES: Record<string, ApiKey> = {
  'every limit': LIMITED,
  'lists that allow nothing': apiKey(NOTHING_ALLOWED),
  'no limit': apiKey(),
};

for (const [name, row] of Object.entries(SAMPLES)) {
  test(`SqlCatalogStore gives an API key with ${name} back as it was`, () =>
    withStorage(async ({ catalog }) => {
      await catalog.apply([{ kind: 'put-api-key', row }]);
      assert.deepEqual((await catalog.load()).apiKeys, [row]);
    }));
}

test('SqlCatalogStore lifts limits that are put back to null', () =>
  withStorage(async ({ catalog }) => {
    await catalog.apply([{ kind: 'put-api-key', row: LIMITED }]);
    await catalog.apply([{ kind: 'put-api-key', row: { ...LIMITED, ...UNRESTRICTED } }]);
    assert.deepEqual((await catalog.load()).apiKeys, [apiKey()]);
  }));

test('openStorage opens API keys that were stored before they could be limited', () =>
  withTempDir(async (dataDir) => {
    const file = join(dataDir, DATABASE_FILE_NAME);
    const schema = { ...CONFIG_SCHEMA, steps: CONFIG_SCHEMA.steps.slice(0, 5) };
    const old = await openSqlite({ file, entry: WORKER_ENTRY, schema });
    await sql`INSERT INTO apiKey VALUES ('k1', 'ci', ${'aa'.repeat(32)}, 'wp_1…9999', NULL, 1, ${NOW_MS})`.execute(
      old.db,
    );
    await old.close();
    const storage = await openStorage({ dataDir, entry: WORKER_ENTRY, clock: new ManualClock(NOW_MS) });
    try {
      assert.deepEqual((await storage.catalog.load()).apiKeys, [apiKey()]);
    } finally {
      await storage.close();
    }
  }));
