// Contract of WarmthStore, on SQLite.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { WarmthChanges, WarmthRow } from '../../server/routing/warmth-store.ts';
import { openStorage } from '../../server/storage/open-storage.ts';
import { ManualClock } from '../manual-clock.ts';
import { NOW_MS, WORKER_ENTRY, withStorage, withTempDir } from './scratch.ts';

const ROW: WarmthRow = {
  scope: 'key-1',
  space: 'a1|p1|anthropic-messages|claude-sonnet-5|0||key-1',
  hash: Number.MAX_SAFE_INTEGER,
  bytes: 40_000,
  tokens: 10_123,
  ttlMs: 300_000,
  untilMs: NOW_MS + 300_000,
  isEnd: true,
  requestId: 'r1',
};

function changes(over: Partial<WarmthChanges>): WarmthChanges {
  return { put: [], delete: [], deleteSpaces: [], expiredBeforeMs: 0, ...over };
}

test('WarmthStore.save keeps rows over a restart, to the last bit of the hash', () =>
  withTempDir(async (dataDir) => {
    const options = { dataDir, entry: WORKER_ENTRY, clock: new ManualClock(NOW_MS) };
    const first = await openStorage(options);
    await first.warmth.save(changes({ put: [ROW, { ...ROW, hash: 0, isEnd: false }] }));
    await first.close();
    const second = await openStorage(options);
    assert.deepEqual(await second.warmth.load(NOW_MS), [{ ...ROW, hash: 0, isEnd: false }, ROW]);
    await second.close();
  }));

test('WarmthStore.save replaces by space and hash', () =>
  withStorage(async ({ warmth }) => {
    await warmth.save(changes({ put: [ROW, { ...ROW, space: 'other' }] }));
    const later = { ...ROW, untilMs: ROW.untilMs + 1, tokens: 5, requestId: 'r2' };
    await warmth.save(changes({ put: [later] }));
    assert.deepEqual(await warmth.load(NOW_MS), [later, { ...ROW, space: 'other' }]);
  }));

test('WarmthStore.save deletes single rows, whole spaces and what has ended, before it puts', () =>
  withStorage(async ({ warmth }) => {
    const rows = [1, 2, 3].map((hash) => ({ ...ROW, hash }));
    const others = [1, 2].map((hash) => ({ ...ROW, hash, space: 'other' }));
    const ended = { ...ROW, hash: 9, untilMs: NOW_MS };
    await warmth.save(changes({ put: [...rows, ...others, ended] }));
    await warmth.save(
      changes({
        delete: [
          { space: ROW.space, hash: 1 },
          { space: ROW.space, hash: 2 },
          { space: 'unknown', hash: 3 },
        ],
        deleteSpaces: ['other', 'unknown'],
        expiredBeforeMs: NOW_MS,
        put: [
          { ...ROW, hash: 2, bytes: 7 },
          { ...ROW, hash: 2, space: 'other' },
        ],
      }),
    );
    assert.deepEqual(await warmth.load(0), [
      { ...ROW, hash: 2, bytes: 7 },
      { ...ROW, hash: 3 },
      { ...ROW, hash: 2, space: 'other' },
    ]);
  }));

test('WarmthStore.load forgets what has ended, and gives the rows that end last', () =>
  withStorage(async ({ warmth }) => {
    const rows = [0, 1, 2, 3].map((index) => ({ ...ROW, hash: index, untilMs: NOW_MS + index }));
    await warmth.save(changes({ put: rows }));
    const hashes = async (nowMs: number, limit?: number) =>
      (await warmth.load(nowMs, limit)).map(({ hash }) => hash);
    assert.deepEqual(await hashes(NOW_MS), [3, 2, 1]);
    assert.deepEqual(await hashes(NOW_MS, 2), [3, 2]);
    assert.deepEqual(await hashes(0), [3, 2, 1]);
  }));
