// Contract of AdminStore, on SQLite.

import assert from 'node:assert/strict';
import test from 'node:test';
import type { AdminSession } from '../../server/gateway/admin-store.ts';
import { NOW_MS, withStorage } from './scratch.ts';

function session(over: Partial<AdminSession> = {}): AdminSession {
  const times = { createdAtMs: NOW_MS, lastSeenAtMs: NOW_MS, expiresAtMs: NOW_MS + 1_000 };
  return { hash: 'h1', ...times, name: 'panel', role: 'admin', tokenId: null, ...over };
}

test('AdminStore.setSecret keeps, replaces and deletes each secret apart', () =>
  withStorage(async ({ admin }) => {
    assert.equal(await admin.getSecret('password-hash'), null);
    await admin.setSecret('password-hash', 'one');
    await admin.setSecret('setup-token-hash', 'token');
    await admin.setSecret('password-hash', 'two');
    assert.equal(await admin.getSecret('password-hash'), 'two');
    await admin.setSecret('setup-token-hash', null);
    assert.equal(await admin.getSecret('setup-token-hash'), null);
    assert.equal(await admin.getSecret('password-hash'), 'two');
  }));

test('AdminStore.putSession keeps a session and moves its times', () =>
  withStorage(async ({ admin }) => {
    await admin.putSession(session());
    assert.deepEqual(await admin.findSession('h1'), session());
    await admin.putSession(session({ lastSeenAtMs: NOW_MS + 5 }));
    assert.deepEqual(await admin.findSession('h1'), session({ lastSeenAtMs: NOW_MS + 5 }));
    assert.equal(await admin.findSession('unknown'), null);
  }));

test('AdminStore.putSession deletes the expired ones', () =>
  withStorage(async ({ admin }) => {
    await admin.putSession(session({ hash: 'old' }));
    await admin.putSession(session({ hash: 'live', expiresAtMs: NOW_MS + 9_000 }));
    const later = NOW_MS + 1_000;
    await admin.putSession(session({ hash: 'new', lastSeenAtMs: later, expiresAtMs: later + 1_000 }));
    assert.equal(await admin.findSession('old'), null);
    assert.notEqual(await admin.findSession('live'), null);
    assert.notEqual(await admin.findSession('new'), null);
  }));

test('AdminStore.deleteSession deletes one, or all', () =>
  withStorage(async ({ admin }) => {
    for (const hash of ['h1', 'h2', 'h3']) await admin.putSession(session({ hash }));
    await admin.deleteSession('h1');
    assert.equal(await admin.findSession('h1'), null);
    assert.notEqual(await admin.findSession('h2'), null);
    await admin.deleteSession(null);
    assert.equal(await admin.findSession('h2'), null);
    assert.equal(await admin.findSession('h3'), null);
  }));
