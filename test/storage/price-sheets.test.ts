// The prices by which requests were billed: each is kept once, read with every row, and goes after the last row that names it.

import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import type { PriceSheet } from '../../server/gateway/price-sheet.ts';
import { costOf, costPartsOf } from '../../server/gateway/pricing.ts';
import { LOG_SCHEMA } from '../../server/storage/log-schema.ts';
import { LOG_FILE_NAME, openStorage, type Storage } from '../../server/storage/open-storage.ts';
import { openSqlite } from '../../server/storage/sqlite.ts';
import { NO_USAGE } from '../../server/wire/usage.ts';
import { ManualClock } from '../manual-clock.ts';
import { insertOldRow, NOW_MS, requestRow, WORKER_ENTRY, withStorage, withTempDir } from './scratch.ts';

const DAY_MS = 86_400_000;
const STEPS_BEFORE = 7;

const SHEET: PriceSheet = {
  input: 3,
  output: 15,
  cacheRead: 0.3,
  cacheWrite5m: 3.75,
  cacheWrite1h: 6,
  audioInput: 3,
  audioOutput: 15,
  aboveInputTokens: 200_000,
  rateMultiplier: 0.1,
  usdPerCredit: 0.04,
};
/** As another process would make it: equal, but not the same object, and in another order. */
function copyOf(sheet: PriceSheet): PriceSheet {
  const { input, ...rest } = sheet;
  return { ...rest, input };
}

function open(dataDir: string): Promise<Storage> {
  return openStorage({ dataDir, entry: WORKER_ENTRY, clock: new ManualClock(NOW_MS) });
}

function openFile(dataDir: string, steps = LOG_SCHEMA.steps.length) {
  const schema = { ...LOG_SCHEMA, steps: LOG_SCHEMA.steps.slice(0, steps) };
  return openSqlite({ file: join(dataDir, LOG_FILE_NAME), entry: WORKER_ENTRY, schema });
}

/** `rateMultiplier` and `lastDay` of what is kept, in the file of a storage that is open or not. */
async function keptIn(dataDir: string): Promise<[number, number][]> {
  const engine = await openFile(dataDir);
  const rows = await engine.db.selectFrom('priceSheet').selectAll().orderBy('lastDay').execute();
  await engine.close();
  return rows.map(({ sheet, lastDay }) => [JSON.parse(sheet).rateMultiplier, lastDay]);
}

test('RequestLog gives every row the prices by which it was billed, and keeps them once', () =>
  withTempDir(async (dataDir) => {
    const first = await open(dataDir);
    first.log.append(requestRow({ id: 'a', priceSheet: SHEET }));
    first.log.append(requestRow({ id: 'b', priceSheet: SHEET, startedAtMs: NOW_MS + 1 }));
    first.log.append(requestRow({ id: 'c', priceSheet: null, startedAtMs: NOW_MS + 2 }));
    await first.close();
    const storage = await open(dataDir);
    const { log } = storage;
    log.append(requestRow({ id: 'd', priceSheet: copyOf(SHEET), startedAtMs: NOW_MS + 3 }));
    log.append(requestRow({ id: 'e', priceSheet: { ...SHEET, rateMultiplier: 1 }, startedAtMs: NOW_MS + 4 }));
    const expected = { a: SHEET, b: SHEET, c: null, d: SHEET, e: { ...SHEET, rateMultiplier: 1 } };
    for (const [id, sheet] of Object.entries(expected))
      assert.deepEqual((await log.get(id))?.priceSheet, sheet, id);
    const { rows } = await log.page({}, { limit: 9, after: null });
    const { before, after } = await log.neighbours(requestRow({ id: 'c', startedAtMs: NOW_MS + 2 }), 9);
    const written = await log.writtenAfter('a', 9);
    for (const list of [
      rows.toReversed(),
      [...before, requestRow(), ...after],
      [rows.at(-1), ...(written ?? [])],
    ])
      assert.deepEqual(
        list.map((row) => row?.priceSheet),
        Object.values(expected),
      );
    await storage.close();
    const day = Math.floor(NOW_MS / DAY_MS);
    assert.deepEqual(
      (await keptIn(dataDir)).sort(([a], [b]) => a - b),
      [
        [0.1, day],
        [1, day],
      ],
    );
  }));

test('RequestLog keeps what the parts of a cost were, to the nano-dollar', () =>
  withStorage(async ({ log }) => {
    // 1,000 read at 0.3, 500 written at 3.75, 200,501 fresh at 3 and 7 out at 15, all times 0.1.
    const tiers = [{ aboveInputTokens: 200_000, ...own(3, 15) }];
    const usage = {
      ...NO_USAGE,
      inputTokens: 202_001,
      cacheReadTokens: 1_000,
      cacheWrite5mTokens: 500,
      outputTokens: 7,
    };
    const cost = costOf(usage, {
      model: { name: 'own', price: { ...own(1, 2), tiers } },
      upstreamModel: 'own',
      baseUrl: 'https://api.test',
      rateMultiplier: 0.1,
      usdPerCredit: null,
    });
    assert.equal(cost?.costNanoUsd, 60_378_300);
    log.append(requestRow({ ...usage, ...cost }));
    const row = await log.get('r1');
    assert.ok(row?.priceSheet);
    assert.deepEqual(
      costPartsOf(row, row.priceSheet).map(({ part, costNanoUsd }) => [part, costNanoUsd]),
      [
        ['input', 60_150_300],
        ['cache-read', 30_000],
        ['cache-write-5m', 187_500],
        ['output', 10_500],
      ],
    );
  }));

function own(input: number, output: number) {
  return {
    inputUsdPerMillion: input,
    outputUsdPerMillion: output,
    cacheReadUsdPerMillion: input / 10,
    cacheWrite5mUsdPerMillion: input * 1.25,
    cacheWrite1hUsdPerMillion: input * 2,
    tiers: [],
  };
}

test('RequestLog.sweep deletes prices when only rows of later days are left, and puts them down anew', () =>
  withTempDir(async (dataDir) => {
    const storage = await open(dataDir);
    const { log } = storage;
    const billed = (id: string, daysAgo: number, rateMultiplier: number) =>
      log.append(
        requestRow({
          id,
          startedAtMs: NOW_MS - daysAgo * DAY_MS,
          priceSheet: { ...SHEET, rateMultiplier },
        }),
      );
    billed('a', 9, 1);
    billed('b', 9, 2);
    billed('c', 2, 2);
    billed('d', 2, 3);
    const day = Math.floor(NOW_MS / DAY_MS);
    const sweep = (maxAgeDays: number) => log.sweep({ maxAgeDays, maxRows: 100 }, NOW_MS);
    assert.equal(await sweep(10), 0);
    assert.equal((await keptIn(dataDir)).length, 3);
    assert.equal(await sweep(5), 2);
    assert.deepEqual(
      (await keptIn(dataDir)).sort(([a], [b]) => a - b),
      [
        [2, day - 2],
        [3, day - 2],
      ],
    );
    billed('e', 0, 1);
    assert.equal(await sweep(1), 2);
    assert.deepEqual(await keptIn(dataDir), [[1, day]]);
    assert.equal((await log.get('e'))?.priceSheet?.rateMultiplier, 1);
    await storage.close();
  }));

test('openStorage brings a log from before prices were kept up to date', () =>
  withTempDir(async (dataDir) => {
    await (await open(dataDir)).close();
    rmSync(join(dataDir, LOG_FILE_NAME));
    const old = await openFile(dataDir, STEPS_BEFORE);
    const tail = JSON.stringify([
      ...[NOW_MS + 900, '/v1/messages', 'claude-sonnet-5', 'anthropic-messages', [], null, 'e1', null, null],
      ...[
        null,
        null,
        null,
        null,
        [],
        'override',
        0,
        'bound account',
        null,
        [],
        'bound-account',
        null,
        null,
        null,
      ],
      ...[null, null, null],
    ]);
    await insertOldRow(old.db, tail);
    await old.close();
    const storage = await open(dataDir);
    assert.deepEqual(await storage.log.get('r1'), requestRow({ priceVersion: 'override' }));
    storage.log.append(requestRow({ id: 'r2', priceSheet: SHEET }));
    assert.deepEqual((await storage.log.get('r2'))?.priceSheet, SHEET);
    await storage.close();
  }));
