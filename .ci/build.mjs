// Builds the panel, embeds it and compiles the binary. With --if-stale only when a source has changed since.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { binary, bun, installed, node, root, run } from './tools.mjs';

const stamp = join(root, 'dist', '.built-from');
const sources = sourceHash();

if (process.argv.includes('--if-stale') && isFresh()) process.exit(0);

console.log('Building panel and server …');
const commit = spawnSync('git', ['rev-parse', '--short', 'HEAD'], { cwd: root, encoding: 'utf8' });
const steps = [
  [
    node,
    [
      installed('vite', 'bin', 'vite.js'),
      'build',
      'ui',
      '--config',
      'ui/vite.config.ts',
      '--logLevel',
      'warn',
    ],
  ],
  [bun, ['run', 'server/panel/embed.ts']],
  [
    bun,
    [
      'build',
      '--compile',
      '--minify',
      // Parts of the program are read when they are needed, and need no parsing then: a start in a third of the time.
      '--splitting',
      '--bytecode',
      '--format=esm',
      '--no-compile-autoload-dotenv',
      '--no-compile-autoload-bunfig',
      `--define=WARMPATH_COMMIT=${JSON.stringify(commit.status === 0 ? commit.stdout.trim() : '')}`,
      'server/main.ts',
      '--outfile',
      binary,
    ],
  ],
];
for (const [command, args] of steps) if (!run(command, args)) process.exit(1);
mkdirSync(join(root, 'dist'), { recursive: true });
writeFileSync(stamp, sources);

function isFresh() {
  return existsSync(binary) && existsSync(stamp) && readFileSync(stamp, 'utf8') === sources;
}

/** Over everything that goes into the binary. */
function sourceHash() {
  const hash = createHash('sha256');
  for (const place of ['server', 'ui']) {
    const files = readdirSync(join(root, place), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
      .filter((path) => !path.includes(join('ui', 'dist')) && !path.endsWith(join('panel', 'assets.js')))
      .sort();
    for (const file of files) hash.update(file.slice(root.length)).update(readFileSync(file));
  }
  for (const file of ['package.json', 'package-lock.json', 'schema.graphql', '.ci/build.mjs']) {
    hash.update(readFileSync(join(root, file)));
  }
  return hash.digest('hex');
}
