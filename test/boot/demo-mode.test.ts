// The demo stands in while there is no real account, and leaves nothing behind when there is one.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { openDemo } from '../../server/boot/demo-mode.ts';
import { applyConfig, openWorkspace, type Workspace } from '../../server/boot/workspace.ts';
import { ManualClock } from '../manual-clock.ts';

const ENTRY = new URL('../../server/storage/sqlite-worker.ts', import.meta.url);
const noNetwork = () => Promise.reject(new Error('no network here'));
const REAL = {
  providers: [
    {
      name: 'anthropic',
      endpoints: [
        { name: 'main', surface: 'anthropic-messages' as const, baseUrl: 'https://api.anthropic.com' },
      ],
      accounts: [{ name: 'team-a', credential: 'sk-ant-some-credential' }],
      models: [{ model: 'claude-sonnet-5' }],
    },
  ],
};

async function withWorkspace(work: (workspace: Workspace) => Promise<void>): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'warmpath demo '));
  const workspace = await openWorkspace({ dataDir, masterKey: null, entry: ENTRY, clock: new ManualClock() });
  try {
    await work(workspace);
  } finally {
    await workspace.storage.close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

test('openDemo() offers two providers with four accounts each while there is no real account', async () => {
  await withWorkspace(async (workspace) => {
    const demo = await openDemo(workspace, false, noNetwork);
    const { rows } = workspace.catalog.current;
    assert.equal(demo.isOn, true);
    assert.deepEqual([rows.providers.length, rows.accounts.length], [2, 8]);
    const again = await openDemo(workspace, false, noNetwork);
    assert.equal(again.apiKey, demo.apiKey);
    assert.equal(workspace.catalog.current.rows.accounts.length, 8);
  });
});

test('openDemo() leaves when a real account is there, and keeps what the real one uses', async () => {
  await withWorkspace(async (workspace) => {
    const demo = await openDemo(workspace, false, noNetwork);
    await demo.retireIfReal();
    assert.equal(demo.isOn, true);
    await applyConfig(REAL, workspace);
    await demo.retireIfReal();
    const { rows } = workspace.catalog.current;
    assert.equal(demo.isOn, false);
    assert.deepEqual(
      rows.accounts.map(({ name }) => name),
      ['team-a'],
    );
    assert.deepEqual(
      rows.models.map(({ name }) => name),
      ['claude-sonnet-5'],
    );
    assert.deepEqual([rows.providers.length, rows.apiKeys.length, rows.users.length], [1, 0, 0]);
  });
});

test('openDemo() stays beside real accounts when it is asked for', async () => {
  await withWorkspace(async (workspace) => {
    await applyConfig(REAL, workspace);
    const demo = await openDemo(workspace, true, noNetwork);
    await demo.retireIfReal();
    assert.deepEqual([demo.isOn, workspace.catalog.current.rows.accounts.length], [true, 9]);
    const without = await openDemo(workspace, false, noNetwork);
    assert.deepEqual([without.isOn, workspace.catalog.current.rows.accounts.length], [false, 1]);
  });
});

test('openDemo() has no failure switch for a renamed account, and does not fail on it', async () => {
  await withWorkspace(async (workspace) => {
    const demo = await openDemo(workspace, false, noNetwork);
    assert.equal(demo.switch.failure('anthropic-a'), 'none');
    const row = workspace.catalog.current.rows.accounts.find(({ name }) => name === 'anthropic-a');
    assert.ok(row);
    await workspace.catalog.apply([{ kind: 'put-account', row: { ...row, name: 'renamed' } }]);
    assert.equal(demo.switch.failure('renamed'), null);
    assert.equal(demo.switch.failure('anthropic-a'), null);
  });
});

test('openDemo() answers demo addresses itself and sends all others to the network', async () => {
  await withWorkspace(async (workspace) => {
    const demo = await openDemo(workspace, false, noNetwork);
    const request = (url: string) => ({
      method: 'POST' as const,
      url,
      headers: { 'x-api-key': 'nobody' },
      body: new TextEncoder().encode('{}'),
      signal: new AbortController().signal,
      allowPrivateNetwork: false,
      connectTimeoutMs: 1_000,
    });
    const reply = await demo.upstream(request('https://anthropic.demo.invalid/v1/messages'));
    assert.equal(reply.status, 401);
    await assert.rejects(demo.upstream(request('https://api.anthropic.com/v1/messages')), /no network here/);
  });
});
