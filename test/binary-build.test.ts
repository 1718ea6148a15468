// When the binary is built anew: the content of what goes into it decides, not times of files.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const REPOSITORY = join(import.meta.dirname, '..');
const SOURCES = [
  'server/main.ts',
  'ui/src/App.svelte',
  'package.json',
  'package-lock.json',
  'schema.graphql',
] as const;

/** Stand for the tools: each leaves a line, and the compiler leaves a binary. */
const STUBS = {
  'node_modules/vite/bin/vite.js': `require('node:fs').appendFileSync('steps.txt', 'panel ')`,
  'node_modules/bun/bin/bun.exe': [
    '#!/bin/sh',
    'printf "$1 " >> steps.txt',
    'mkdir -p dist',
    '[ "$1" = run ] || : > dist/warmpath',
  ].join('\n'),
};

function openRepository() {
  const root = mkdtempSync(join(tmpdir(), 'warmpath-build-'));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  for (const [path, text] of Object.entries(STUBS)) write(path, text);
  chmodSync(join(root, 'node_modules/bun/bin/bun.exe'), 0o755);
  for (const path of SOURCES) write(path, `first ${path}`);
  for (const file of ['build.mjs', 'tools.mjs'])
    cpSync(join(REPOSITORY, '.ci', file), join(root, '.ci', file));
  const steps = join(root, 'steps.txt');
  /** What was built. */
  const build = () => {
    rmSync(steps, { force: true });
    const { status, stderr } = spawnSync('node', ['.ci/build.mjs', '--if-stale'], { cwd: root });
    assert.equal(status, 0, stderr.toString());
    return existsSync(steps) ? readFileSync(steps, 'utf8').trim() : 'nothing';
  };
  return { root, write, build, close: () => rmSync(root, { recursive: true, force: true }) };
}

test('build --if-stale builds when the content of a source has changed, and only then', {
  skip: process.platform === 'win32',
}, () => {
  const { root, write, build, close } = openRepository();
  const everything = 'panel run build';
  try {
    assert.equal(build(), everything);
    assert.equal(build(), 'nothing');
    for (const path of [...SOURCES, 'server/new.ts']) {
      write(path, 'changed');
      assert.equal(build(), everything, path);
    }
    utimesSync(join(root, 'server/main.ts'), new Date(0), new Date(0));
    write('README.md', 'changed');
    write('server/panel/assets.js', 'made by a build');
    assert.equal(build(), 'nothing');
    rmSync(join(root, 'dist/warmpath'));
    assert.equal(build(), everything);
  } finally {
    close();
  }
});
