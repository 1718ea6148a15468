// When API keys were used last, as the request log has it from before the program started.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recallUses } from '../../server/boot/key-uses.ts';
import { buildCatalog } from '../../server/gateway/catalog.ts';
import { KeyUsage } from '../../server/gateway/key-usage.ts';
import { sampleRows } from '../graphql/sample-rows.ts';
import { ManualClock } from '../manual-clock.ts';
import { requestRow, withStorage } from '../storage/scratch.ts';

const NOW_MS = Date.UTC(2026, 10, 21, 22);

test('recallUses() finds the newest request of each key, but no ping, and keeps what is newer', () =>
  withStorage(async ({ log }) => {
    const rows = [
      { id: 'r1', apiKeyId: 'k1', startedAtMs: NOW_MS - 9_000 },
      { id: 'r2', apiKeyId: 'k1', startedAtMs: NOW_MS - 5_000 },
      { id: 'r3', apiKeyId: 'k1', startedAtMs: NOW_MS - 1_000, isKeepWarm: true },
      { id: 'r4', apiKeyId: 'k2', startedAtMs: NOW_MS - 8_000 },
    ];
    for (const row of rows) log.append(requestRow(row));
    const keyUsage = new KeyUsage(new ManualClock(NOW_MS));
    keyUsage.usedAt('k2', NOW_MS - 10);
    const catalog = buildCatalog(sampleRows(), new Map());
    await recallUses({ keyUsage, catalog: () => catalog }, log);
    const used = (id: string) => keyUsage.look(id).lastUsedAtMs;
    assert.deepEqual([used('k1'), used('k2'), used('k3')], [NOW_MS - 5_000, NOW_MS - 10, null]);
  }));

test('recallUses() lets a log pass that cannot be read', async () => {
  const keyUsage = new KeyUsage(new ManualClock(NOW_MS));
  const catalog = buildCatalog(sampleRows(), new Map());
  await recallUses(
    { keyUsage, catalog: () => catalog },
    { page: () => Promise.reject(new Error('disk I/O error')) },
  );
  assert.equal(keyUsage.look('k1').lastUsedAtMs, null);
});
