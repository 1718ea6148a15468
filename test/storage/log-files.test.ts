// The request log's own file: moved out of the file that held everything, set aside when it is damaged.

import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { sql } from 'kysely';
import { CONFIG_SCHEMA } from '../../server/storage/config-schema.ts';
import { LOG_SCHEMA } from '../../server/storage/log-schema.ts';
import {
  DATABASE_FILE_NAME,
  LOG_FILE_NAME,
  openStorage,
  type Storage,
} from '../../server/storage/open-storage.ts';
import { openSqlite } from '../../server/storage/sqlite.ts';
import { ManualClock } from '../manual-clock.ts';
import {
  account,
  attemptRow,
  endpoint,
  insertOldRow,
  NOW_MS,
  provider,
  requestRow,
  WORKER_ENTRY,
  withTempDir,
} from './scratch.ts';

const NOT_A_DATABASE = 'These are the times that try a parser. '.repeat(200);

function open(dataDir: string): Promise<Storage> {
  return openStorage({ dataDir, entry: WORKER_ENTRY, clock: new ManualClock(NOW_MS) });
}

/** A file as the first version left it: one for everything, credentials not bound, log rows with one column a field. */
async function writeOldFile(dataDir: string, rowCount: number): Promise<void> {
  const file = join(dataDir, DATABASE_FILE_NAME);
  const schema = { ...CONFIG_SCHEMA, steps: CONFIG_SCHEMA.steps.slice(0, 1) };
  const { db, close } = await openOld(file, schema);
  await sql`INSERT INTO provider VALUES ('p1', 'Anthropic', 0), ('p2', 'empty', 0)`.execute(db);
  await sql`INSERT INTO endpoint VALUES ('e1', 'p1', 'a', 'anthropic-messages', 'https://a.test:8443/x'),
    ('e2', 'p1', 'b', 'openai-chat', 'https://b.test'), ('e3', 'p1', 'c', 'gemini', 'https://b.test/y')`.execute(
    db,
  );
  for (const [id, providerId] of [
    ['a1', 'p1'],
    ['a2', 'p2'],
  ])
    await sql`INSERT INTO account (id, providerId, name, weight, rateMultiplier, isPaused, credentialLast4,
      credentialFingerprint, sealedCredential) VALUES (${id}, ${providerId}, 'work', 1, 1, 0, 'wxyz', 'f00d', 'v1')`.execute(
      db,
    );
  await sql`WITH RECURSIVE counter (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counter WHERE n < ${rowCount})
    INSERT INTO request (id, requestId, startedAtMs, finishedAtMs, path, surface, isStreamed, requestedModel, modelId,
      upstreamModel, status, outcome, errorCode, apiKeyId, apiKeyName, userId, sessionId, providerId, endpointId, accountId,
      inputTokens, cacheWrite5mTokens, usageSource, costNanoUsd, credits, priceVersion, queueMs, latencyMs, affinity,
      affinityReason, expectedWarmTokens, errorMessage, attempts)
    SELECT 'r' || n, 'req-' || n, ${NOW_MS} + n, ${NOW_MS} + n + 900, '/v1/messages', 'anthropic-messages', 1, 'claude-sonnet',
      'm1', 'claude-sonnet-5', 200, 'ok', NULL, 'k1', 'ci', 'u1', 's1', 'p1', 'e1', 'a1', 10, 4, 'upstream', 12345678901, 0.25,
      'table', 1, 900.5, 'hit', 'bound account', 7, 'Überlastet', ${OLD_ATTEMPTS} FROM counter`.execute(db);
  await close();
}

async function openOld(file: string, schema: typeof CONFIG_SCHEMA) {
  const engine = await openSqlite({ file, entry: WORKER_ENTRY, schema });
  return { db: engine.db, close: () => engine.close() };
}

const { fault, isPossibleDuplicate, connectMs, ...OLD_ATTEMPT } = attemptRow({ firstByteMs: 40.5 });
const OLD_ATTEMPTS = JSON.stringify([OLD_ATTEMPT, { ...OLD_ATTEMPT, accountId: 'a1', status: null }]);

function movedRow(number: number) {
  return requestRow({
    id: `r${number}`,
    requestId: `req-${number}`,
    startedAtMs: NOW_MS + number,
    finishedAtMs: NOW_MS + number + 900,
    inputTokens: 10,
    cacheWrite5mTokens: 4,
    costNanoUsd: 12_345_678_901,
    credits: 0.25,
    priceVersion: 'table',
    queueMs: 1,
    latencyMs: 900.5,
    timeToFirstTokenMs: null,
    expectedWarmTokens: 7,
    errorMessage: 'Überlastet',
    attempts: [
      attemptRow({ firstByteMs: 40.5, fault: null }),
      attemptRow({ firstByteMs: 40.5, fault: null, accountId: 'a1', status: null }),
    ],
  });
}

test('openStorage moves the rows of an old file into a log of their own, once, and loses none', () =>
  withTempDir(async (dataDir) => {
    await writeOldFile(dataDir, 25_001);
    const first = await open(dataDir);
    assert.deepEqual(first.notices, [
      { event: 'logs-moved', message: 'Moved 25001 rows of the request log to "logs.db"' },
    ]);
    assert.equal(await first.log.count({}), 25_001);
    assert.deepEqual(await first.log.get('r1'), movedRow(1));
    assert.deepEqual((await first.log.page({}, { limit: 1, after: null })).rows, [movedRow(25_001)]);
    await first.close();
    const second = await open(dataDir);
    assert.deepEqual(second.notices, []);
    assert.equal(await second.log.count({}), 25_001);
    await second.close();
  }));

test('openStorage finishes a move that was interrupted, without doubles', () =>
  withTempDir(async (dataDir) => {
    await writeOldFile(dataDir, 10);
    const old = readFileSync(join(dataDir, DATABASE_FILE_NAME));
    await (await open(dataDir)).close();
    writeFileSync(join(dataDir, DATABASE_FILE_NAME), old);
    const storage = await open(dataDir);
    assert.equal(await storage.log.count({}), 10);
    await storage.close();
  }));

test('openStorage reads rows of a log from before their routing was kept', () =>
  withTempDir(async (dataDir) => {
    await (await open(dataDir)).close();
    const file = join(dataDir, LOG_FILE_NAME);
    rmSync(file);
    const schema = { ...LOG_SCHEMA, steps: LOG_SCHEMA.steps.slice(0, 1) };
    const old = await openSqlite({ file, entry: WORKER_ENTRY, schema });
    const tail = JSON.stringify([
      ...[NOW_MS + 900, '/v1/messages', 'claude-sonnet-5', 'anthropic-messages', [], null, 'e1', null, null],
      ...[null, null, null, null, [], null, 0, 'bound account', null, []],
    ]);
    await insertOldRow(old.db, tail);
    await old.close();
    const storage = await open(dataDir);
    assert.deepEqual((await storage.log.page({ isKeepWarm: false }, { limit: 9, after: null })).rows, [
      requestRow(),
    ]);
    assert.deepEqual(await storage.log.missTotals({}), []);
    await storage.close();
  }));

test('openStorage binds credentials of an old file to the origins their provider has', () =>
  withTempDir(async (dataDir) => {
    await writeOldFile(dataDir, 1);
    const storage = await open(dataDir);
    const { accounts } = await storage.catalog.load();
    assert.deepEqual(
      accounts.map(({ id, credentialOrigins, usdPerCredit }) => ({ id, credentialOrigins, usdPerCredit })),
      [
        { id: 'a1', credentialOrigins: ['https://a.test:8443', 'https://b.test'], usdPerCredit: null },
        { id: 'a2', credentialOrigins: [], usdPerCredit: null },
      ],
    );
    await storage.close();
  }));

/** Overwrites the middle of a file of some pages, its header left whole. */
function damage(file: string): void {
  const bytes = readFileSync(file);
  bytes.fill(0xa5, 4_096 * 2, bytes.length);
  writeFileSync(file, bytes);
}

const UNUSABLE: readonly { name: string; spoil: (file: string) => void }[] = [
  { name: 'no database', spoil: (file) => writeFileSync(file, NOT_A_DATABASE) },
  { name: 'damaged', spoil: damage },
];
for (const { name, spoil } of UNUSABLE) {
  test(`openStorage sets a log aside that is ${name}, says so, and keeps the configuration`, () =>
    withTempDir(async (dataDir) => {
      const file = join(dataDir, LOG_FILE_NAME);
      await writeSome(dataDir);
      spoil(file);
      const spoilt = readFileSync(file);

      const storage = await open(dataDir);
      const keptAs = `${file}.corrupt-20270115T080000Z`;
      assert.deepEqual(storage.notices, [
        {
          event: 'logs-set-aside',
          message: `Cannot use "${file}", which is damaged or not a database: it was kept as "${keptAs}" and a new one begun`,
        },
      ]);
      assert.deepEqual((await storage.catalog.load()).providers, [provider()]);
      storage.log.append(requestRow({ id: 'new' }));
      assert.equal(await storage.log.count({}), 1);
      await storage.close();
      assert.deepEqual(readFileSync(keptAs), spoilt);
      assert.deepEqual((await reopened(dataDir)).notices, []);
    }));

  test(`openStorage refuses a configuration that is ${name}, and leaves it as it is`, () =>
    withTempDir(async (dataDir) => {
      const file = join(dataDir, DATABASE_FILE_NAME);
      await writeSome(dataDir);
      spoil(file);
      const spoilt = readFileSync(file);
      await assert.rejects(open(dataDir), {
        name: 'StorageError',
        message: /^Cannot open database ".*warmpath.db": the file is (not a SQLite database|damaged)/,
      });
      assert.deepEqual(readFileSync(file), spoilt);
      assert.ok(!readdirSync(dataDir).some((one) => one.includes('corrupt')));
    }));
}

test('openStorage sets the side files of a log aside together with it', () =>
  withTempDir(async (dataDir) => {
    await writeSome(dataDir);
    const file = join(dataDir, LOG_FILE_NAME);
    damage(file);
    copyFileSync(file, `${file}-wal`);
    await (await open(dataDir)).close();
    const kept = readdirSync(dataDir).filter((one) => one.includes('corrupt'));
    assert.ok(kept.some((one) => one.endsWith('Z')) && kept.length >= 1, kept.join());
  }));

/** Rows enough for a file of many pages in either database. */
async function writeSome(dataDir: string): Promise<void> {
  const storage = await open(dataDir);
  await storage.catalog.apply([{ kind: 'put-provider', row: provider() }]);
  await storage.catalog.apply([{ kind: 'put-endpoint', row: endpoint() }]);
  for (let number = 0; number < 100; number++) {
    const row = account({ id: `a${number}`, name: `n${number}`, sealedCredential: 'x'.repeat(2_000) });
    await storage.catalog.apply([{ kind: 'put-account', row }]);
    storage.log.append(requestRow({ id: `r${number}`, errorMessage: 'x'.repeat(2_000) }));
  }
  await storage.close();
}

async function reopened(dataDir: string): Promise<Storage> {
  const storage = await open(dataDir);
  await storage.close();
  return storage;
}
