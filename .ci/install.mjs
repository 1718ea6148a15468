// Installs the packages of the lock file unless they are installed already. Needs Node and npm only, no packages.

import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './tools.mjs';

const stamp = join(root, 'node_modules', '.warmpath-installed');
const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .update(`${process.platform} ${process.arch}`)
  .digest('hex');

if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) process.exit(0);

console.log('Installing packages (once) …');
// Not "npm ci": it refuses a lock file that does not list the optional packages of every other platform. Versions come
// from the lock file all the same, and --no-save leaves it alone. The shell finds npm on every platform; loglevel hides
// warnings about engines that only the tests' own Node runs.
const command = 'npm install --no-save --no-audit --no-fund --loglevel=error';
const done = spawnSync(command, { cwd: root, shell: true, stdio: 'inherit' });
if (done.status !== 0) {
  console.error(`Cannot install the packages: "${command}" failed, see above`);
  process.exit(1);
}
writeFileSync(stamp, wanted);
