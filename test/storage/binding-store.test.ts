// Contract of BindingStore, on SQLite.

import assert from 'node:assert/strict';
import test from 'node:test';
import { openStorage } from '../../server/storage/open-storage.ts';
import { ManualClock } from '../manual-clock.ts';
import { binding, NOW_MS, WORKER_ENTRY, withStorage, withTempDir } from './scratch.ts';

test('BindingStore.save keeps every field over a restart', () =>
  withTempDir(async (dataDir) => {
    const options = { dataDir, entry: WORKER_ENTRY, clock: new ManualClock(NOW_MS) };
    const anonymous = binding({ key: 'b2', apiKeyId: null, userId: 'u1', sessionId: null });
    const first = await openStorage(options);
    await first.bindings.save({ put: [binding(), anonymous], delete: [] });
    await first.close();
    const second = await openStorage(options);
    assert.deepEqual(await second.bindings.load(NOW_MS), [binding(), anonymous]);
    await second.close();
  }));

test('BindingStore.save replaces by key, and deletes', () =>
  withStorage(async ({ bindings }) => {
    await bindings.save({ put: [binding(), binding({ key: 'b2' }), binding({ key: 'b3' })], delete: [] });
    const moved = binding({ accountId: 'a2', requestCount: 4 });
    await bindings.save({ put: [moved], delete: ['b2', 'unknown'] });
    assert.deepEqual(await bindings.load(NOW_MS), [moved, binding({ key: 'b3' })]);
  }));

test('BindingStore.save of nothing changes nothing', () =>
  withStorage(async ({ bindings }) => {
    await bindings.save({ put: [binding()], delete: [] });
    await bindings.save({ put: [], delete: [] });
    assert.equal((await bindings.load(NOW_MS)).length, 1);
  }));

test('BindingStore.save writes all or none', () =>
  withStorage(async ({ bindings }) => {
    await bindings.save({ put: [binding()], delete: [] });
    const broken = binding({ key: 'b3', requestCount: Number.NaN });
    await assert.rejects(bindings.save({ put: [binding({ key: 'b2' }), broken], delete: ['b1'] }));
    assert.deepEqual(await bindings.load(NOW_MS), [binding()]);
  }));

test('BindingStore.load leaves out and forgets the expired ones', () =>
  withStorage(async ({ bindings }) => {
    const live = binding({ key: 'live', expiresAtMs: NOW_MS + 1 });
    await bindings.save({ put: [live, binding({ key: 'over', expiresAtMs: NOW_MS })], delete: [] });
    assert.deepEqual(await bindings.load(NOW_MS), [live]);
    assert.deepEqual(await bindings.load(0), [live]);
  }));

test('BindingStore.load keeps pinned ones beyond their lifetime', () =>
  withStorage(async ({ bindings }) => {
    const pinned = binding({ key: 'pinned', expiresAtMs: NOW_MS - 1, isPinned: true });
    await bindings.save({ put: [pinned, binding({ key: 'over', expiresAtMs: NOW_MS - 1 })], delete: [] });
    assert.deepEqual(await bindings.load(NOW_MS), [pinned]);
    const unpinned = { ...pinned, isPinned: false };
    await bindings.save({ put: [unpinned], delete: [] });
    assert.deepEqual(await bindings.load(NOW_MS - 10), [unpinned]);
    assert.deepEqual(await bindings.load(NOW_MS), []);
  }));

test('BindingStore.save takes thousands of bindings at once', () =>
  withStorage(async ({ bindings }) => {
    const put = Array.from({ length: 5_000 }, (_, index) => binding({ key: `b${index}` }));
    await bindings.save({ put, delete: [] });
    await bindings.save({ put: [], delete: put.slice(1).map(({ key }) => key) });
    assert.deepEqual(await bindings.load(NOW_MS), [binding({ key: 'b0' })]);
  }));
