// Codes and values of misses and lifetimes in rows of the log, and rows from before there were any.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { sql } from 'kysely';
import { MISS_DETAIL_CODES, missFacts } from '../../server/gateway/miss-facts.ts';
import type { RequestRow } from '../../server/gateway/ports.ts';
import type { CacheLeverRecord, Miss } from '../../server/gateway/route-record.ts';
import { LOG_SCHEMA } from '../../server/storage/log-schema.ts';
import { LOG_FILE_NAME, openStorage, type Storage } from '../../server/storage/open-storage.ts';
import { requestText } from '../../server/storage/request-records.ts';
import { openSqlite } from '../../server/storage/sqlite.ts';
import { ManualClock } from '../manual-clock.ts';
import { NOW_MS, requestRow, WORKER_ENTRY, withStorage, withTempDir } from './scratch.ts';

const LEVERS: CacheLeverRecord = {
  ttl: '1h',
  ttlReason: 'pauses pay',
  ttlSums: { isOwn: true, savedUsd: 0.115, extraUsd: 0.007_5 },
  breakpointsPlaced: 0,
  promptCacheKeySet: false,
};

function miss(part: Partial<Miss>): Miss {
  return { cause: 'ttl-expired', tokens: 4_000, costNanoUsd: 7, detail: 'words', facts: null, ...part };
}

function tailOf(part: Partial<RequestRow>): unknown[] {
  return JSON.parse(requestText(requestRow(part), null).tail ?? '[]');
}

test('requestText() keeps facts as a short list, and as many bytes as ever where there are none', () => {
  const misses = [
    miss({ facts: missFacts('unused-for', { ms: 412_000 }) }),
    miss({ facts: missFacts('messages', { count: 14, upTo: 20 }) }),
    miss({ facts: missFacts('warm-on', { name: 'team-b' }) }),
    miss({ facts: missFacts('tools') }),
    miss({}),
    miss({ detail: null }),
  ];
  assert.deepEqual(tailOf({ misses })[20], [
    ['ttl-expired', 4_000, 7, 'words', ['unused-for', 412_000]],
    ['ttl-expired', 4_000, 7, 'words', ['messages', null, 14, 20]],
    ['ttl-expired', 4_000, 7, 'words', ['warm-on', null, null, null, 'team-b']],
    ['ttl-expired', 4_000, 7, 'words', ['tools']],
    ['ttl-expired', 4_000, 7, 'words'],
    ['ttl-expired', 4_000, 7],
  ]);
  assert.deepEqual(tailOf({ cacheLevers: LEVERS })[22], [
    '1h',
    'pauses pay',
    0,
    0,
    [1, 115_000_000, 7_500_000],
  ]);
  assert.deepEqual(tailOf({ cacheLevers: { ...LEVERS, ttlSums: null } })[22], ['1h', 'pauses pay', 0, 0]);
});

test('RequestLog.get gives back every kind of facts', () =>
  withStorage(async ({ log }) => {
    for (const [index, code] of MISS_DETAIL_CODES.entries()) {
      const facts = missFacts(code, {
        ms: 5,
        count: 0,
        upTo: index,
        name: index % 2 === 0 ? 'Ünïcode "x"' : null,
      });
      const row = requestRow({ id: `r${index}`, misses: [miss({ facts })], cacheLevers: LEVERS });
      log.append(row);
      assert.deepEqual(await log.get(row.id), row);
    }
  }));

test('RequestLog reads rows from before there were facts', () =>
  withTempDir(async (dataDir) => {
    const storage = await open(dataDir);
    storage.log.append(requestRow());
    await storage.close();
    const file = await openSqlite({
      file: join(dataDir, LOG_FILE_NAME),
      entry: WORKER_ENTRY,
      schema: LOG_SCHEMA,
    });
    const misses = JSON.stringify([
      ['ttl-expired', 4_000, 7, 'words'],
      ['new-content', 300, null],
    ]);
    await sql`UPDATE request SET tail = json_set(tail, '$[20]', json(${misses}),
      '$[22]', json('["1h","pauses pay",0,0]'))`.execute(file.db);
    await file.close();
    const { log, close } = await open(dataDir);
    assert.deepEqual(
      await log.get('r1'),
      requestRow({
        misses: [miss({}), miss({ cause: 'new-content', tokens: 300, costNanoUsd: null, detail: null })],
        cacheLevers: { ...LEVERS, ttlSums: null },
      }),
    );
    assert.equal((await log.missTotals({})).length, 2);
    await close();
  }));

function open(dataDir: string): Promise<Storage> {
  return openStorage({ dataDir, entry: WORKER_ENTRY, clock: new ManualClock(NOW_MS) });
}
