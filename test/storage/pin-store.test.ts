// Contract of PinStore, on SQLite.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { PinStore } from '../../server/gateway/pins.ts';
import { openStorage } from '../../server/storage/open-storage.ts';
import { ManualClock } from '../manual-clock.ts';
import { NOW_MS, WORKER_ENTRY, withStorage, withTempDir } from './scratch.ts';

const PIN = { hash: 'h1', accountId: 'a1', expiresAtMs: NOW_MS + 1_000 };

test('PinStore.save keeps pins over a restart', () =>
  withTempDir(async (dataDir) => {
    const options = { dataDir, entry: WORKER_ENTRY, clock: new ManualClock(NOW_MS) };
    const first = await openStorage(options);
    await first.pins.save({ put: [PIN], delete: [] });
    await first.close();
    const second = await openStorage(options);
    const store: PinStore = second.pins;
    assert.deepEqual(await store.load(NOW_MS), [PIN]);
    await second.close();
  }));

test('PinStore.save replaces by hash, and deletes', () =>
  withStorage(async ({ pins }) => {
    await pins.save({ put: [PIN, { ...PIN, hash: 'h2' }, { ...PIN, hash: 'h3' }], delete: [] });
    const moved = { ...PIN, accountId: 'a2', expiresAtMs: NOW_MS + 500 };
    await pins.save({ put: [moved], delete: ['h2', 'unknown'] });
    await pins.save({ put: [], delete: [] });
    assert.deepEqual(await pins.load(NOW_MS), [moved, { ...PIN, hash: 'h3' }]);
  }));

test('PinStore.load forgets what has expired', () =>
  withStorage(async ({ pins }) => {
    await pins.save({ put: [PIN, { ...PIN, hash: 'h2', expiresAtMs: NOW_MS }], delete: [] });
    assert.deepEqual(await pins.load(NOW_MS), [PIN]);
    assert.deepEqual(await pins.load(NOW_MS - 1), [PIN]);
  }));
