// The past that the demo's log is filled with: whose it is, when it was, and that nothing the panel shows is missing.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { MISS_CAUSES } from '../../server/gateway/route-record.ts';
import { openLogWorkspace } from '../bench/log-scale/log-file.ts';
import { UNPRICED_MODEL } from './history/world.ts';
import { pastOf, seedHistory } from './seed-history.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const NOW_MS = Date.UTC(2026, 10, 22, 10);
const ROWS = 20_000;

const dataDir = mkdtempSync(join(tmpdir(), 'warmpath past '));
after(() => rmSync(dataDir, { recursive: true, force: true }));
await seedHistory(dataDir, { rows: 500, days: 3 });
const workspace = await openLogWorkspace(dataDir);
const { current: catalog } = workspace.catalog;
const logged = await workspace.storage.log.count({});
await workspace.storage.close();
const past = [...pastOf(catalog, { rows: ROWS, days: 14, nowMs: NOW_MS })];

test('seedHistory() makes the demo where there is none, and fills its log', () => {
  assert.equal(logged, 500);
  assert.equal(catalog.rows.accounts.length, 8);
});

test('pastOf() ends a few minutes ago, begins so many days before, and is densest at its end', () => {
  assert.equal(past.length, ROWS);
  const ended = past.map(({ finishedAtMs }) => finishedAtMs);
  assert.equal(Math.max(...ended), NOW_MS - 180_000);
  const firstMs = Math.min(...ended);
  assert.ok(
    firstMs > NOW_MS - 15 * DAY_MS && firstMs < NOW_MS - 12 * DAY_MS,
    new Date(firstMs).toISOString(),
  );
  const recent = ended.filter((endMs) => endMs > NOW_MS - 3 * HOUR_MS).length;
  assert.ok(recent > ROWS * 0.045 && recent < ROWS * 0.07, `${recent}`);
});

test('pastOf() is of the accounts, keys, users and models of the demo', () => {
  for (const { accountId, apiKeyId, userId, modelId } of past) {
    assert.ok(accountId === null || catalog.accounts.has(accountId));
    assert.ok(apiKeyId === null || catalog.apiKeys.has(apiKeyId));
    assert.ok(userId === null || catalog.users.has(userId));
    assert.ok(modelId === null || catalog.models.has(modelId));
  }
  assert.equal(new Set(past.map(({ accountId }) => accountId)).size, 8 + 1);
  assert.equal(new Set(past.map(({ apiKeyName }) => apiKeyName)).size, 5 + 1);
});

test('pastOf() has every cause of a miss, streams and whole replies, refusals and a second try', () => {
  const causes = new Set(past.flatMap(({ misses }) => misses?.map(({ cause }) => cause) ?? []));
  assert.deepEqual([...causes].toSorted(), [...MISS_CAUSES].toSorted());
  const statuses = new Set(past.map(({ status }) => status));
  for (const status of [200, 400, 401, 404, 429, 499, 500, 502, 504, 529]) assert.ok(statuses.has(status));
  assert.ok(past.some(({ isStreamed }) => isStreamed) && past.some(({ isStreamed }) => !isStreamed));
  assert.ok(past.some(({ status, attempts }) => status === 200 && attempts.length === 2));
});

test('pastOf() counts costs with the price table, and none where no price is known', () => {
  const good = past.filter(({ outcome }) => outcome === 'ok');
  const unpriced = good.filter(({ costNanoUsd }) => costNanoUsd === null);
  assert.ok(unpriced.length > 20);
  assert.deepEqual([...new Set(unpriced.map(({ requestedModel }) => requestedModel))], [UNPRICED_MODEL]);
  assert.ok(unpriced.every(({ misses }) => misses?.every(({ costNanoUsd }) => costNanoUsd === null)));
  assert.ok(good.every((row) => row.costNanoUsd === null || row.priceVersion?.startsWith('genai-prices@')));
});
