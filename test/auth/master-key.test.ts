// Where the master key comes from, and what happens when it cannot be had.

import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadMasterKey, MASTER_KEY_FILE, MasterKeyError } from '../../server/auth/master-key.ts';

const CANARY = 'canary-master-key-1';

async function inFolder(check: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'warmpath master key '));
  try {
    await check(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('loadMasterKey makes a key at the first start and finds it at the next', () =>
  inFolder(async (folder) => {
    const dataDir = join(folder, 'new', 'data');
    const created = await loadMasterKey({ value: null, dataDir });
    const found = await loadMasterKey({ value: null, dataDir });
    assert.equal(created.source, 'created');
    assert.equal(found.source, 'file');
    assert.equal(found.warning, null);
    assert.deepEqual(found.bytes, created.bytes);
    assert.ok(created.bytes.length >= 32);
  }));

test('loadMasterKey keeps the key file to its owner', { skip: process.platform === 'win32' }, () =>
  inFolder(async (dataDir) => {
    await loadMasterKey({ value: null, dataDir });
    const file = join(dataDir, MASTER_KEY_FILE);
    assert.equal(statSync(file).mode & 0o777, 0o600);
    chmodSync(file, 0o644);
    const { warning } = await loadMasterKey({ value: null, dataDir });
    assert.match(warning ?? '', /can be read by other users/);
    assert.ok(!warning?.includes(readFileSync(file, 'utf8').trim()));
  }),
);

test('loadMasterKey prefers the given value and then touches no file', () =>
  inFolder(async (folder) => {
    const dataDir = join(folder, 'absent');
    const key = await loadMasterKey({ value: `${CANARY}\n`, dataDir });
    assert.equal(key.source, 'environment');
    assert.equal(new TextDecoder().decode(key.bytes), CANARY);
    assert.throws(() => statSync(dataDir));
  }));

test('loadMasterKey gives the same key for a text in the file and in the environment', () =>
  inFolder(async (dataDir) => {
    const created = await loadMasterKey({ value: null, dataDir });
    const value = readFileSync(join(dataDir, MASTER_KEY_FILE), 'utf8');
    assert.deepEqual((await loadMasterKey({ value, dataDir })).bytes, created.bytes);
  }));

test('loadMasterKey refuses a key that is too short, without quoting it', () =>
  inFolder(async (dataDir) => {
    writeFileSync(join(dataDir, MASTER_KEY_FILE), 'canary\n');
    for (const value of [null, 'canary']) {
      await assert.rejects(loadMasterKey({ value, dataDir }), (error: unknown) => {
        assert.ok(error instanceof MasterKeyError);
        assert.match(error.message, /shorter than 16 characters/);
        assert.ok(!error.message.includes('canary'));
        return true;
      });
    }
  }));

test('loadMasterKey says so when the data directory is not a directory', () =>
  inFolder(async (folder) => {
    const dataDir = join(folder, 'file');
    writeFileSync(dataDir, '');
    await assert.rejects(loadMasterKey({ value: null, dataDir }), /the data directory is not a directory/);
  }));
