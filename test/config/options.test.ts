// Start options: which source wins, and where data is kept by default.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultDataDir, type GivenOptions, resolveOptions } from '../../server/config/options.ts';

const NOTHING_GIVEN: GivenOptions = {
  port: null,
  host: null,
  dataDir: null,
  configFile: null,
  demo: false,
  adminToken: null,
  masterKey: null,
};

test('resolveOptions falls back to defaults', () => {
  const options = resolveOptions(NOTHING_GIVEN, { file: null, dataDir: '/default' });
  assert.deepEqual(options, { ...NOTHING_GIVEN, port: 8787, host: '127.0.0.1', dataDir: '/default' });
});

test('resolveOptions prefers the file to the default', () => {
  const file = { port: 1, host: '::1', dataDir: '/file' };
  const { port, host, dataDir } = resolveOptions(NOTHING_GIVEN, { file, dataDir: '/default' });
  assert.deepEqual({ port, host, dataDir }, file);
});

test('resolveOptions prefers what was given to the file, port 0 included', () => {
  const given = { ...NOTHING_GIVEN, port: 0, host: '0.0.0.0', dataDir: '/given' };
  const file = { port: 1, host: '::1', dataDir: '/file' };
  const { port, host, dataDir } = resolveOptions(given, { file, dataDir: '/default' });
  assert.deepEqual({ port, host, dataDir }, { port: 0, host: '0.0.0.0', dataDir: '/given' });
});

const DATA_DIRS = [
  { platform: 'linux', env: {}, dir: '/home/ada/.local/share/warmpath' },
  { platform: 'linux', env: { XDG_DATA_HOME: '/data' }, dir: '/data/warmpath' },
  { platform: 'linux', env: { XDG_DATA_HOME: '' }, dir: '/home/ada/.local/share/warmpath' },
  { platform: 'darwin', env: {}, dir: '/home/ada/Library/Application Support/warmpath' },
  { platform: 'win32', env: {}, dir: '/home/ada/AppData/Local/warmpath' },
  { platform: 'win32', env: { LOCALAPPDATA: '/local' }, dir: '/local/warmpath' },
];
for (const { platform, env, dir } of DATA_DIRS) {
  test(`defaultDataDir follows ${platform} with ${JSON.stringify(env)}`, () => {
    const found = defaultDataDir({ env, platform, homeDir: '/home/ada' });
    assert.equal(found.replaceAll('\\', '/'), dir);
  });
}
