// Runs the tests: everything on Node, and with --all-runtimes what needs no processes of its own on Bun and Deno too.

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bun, deno, node, root, run } from './tools.mjs';

/** Tests that start processes or a browser themselves: once is enough, they name the runtimes they start. */
const STARTS_PROCESSES =
  /^test\/(process|faults|security\/(canary-secrets|outbound|data-plane-paths|body-log)|sdk|cli\/process|runtimes|binary|ui\/.*\.browser)/;

const NODE_COUNTS = [/^ℹ pass (\d+)$/m, /^ℹ fail (\d+)$/m];
const RUNTIMES = {
  node: { command: node, args: ['--test', '--test-concurrency=2'], counts: NODE_COUNTS },
  // They wait for their browsers more than they work.
  'node with browsers': { command: node, args: ['--test', '--test-concurrency=3'], counts: NODE_COUNTS },
  bun: {
    command: bun,
    args: ['test', '--timeout', '30000'],
    counts: [/^\s*(\d+) pass$/m, /^\s*(\d+) fail$/m],
  },
  deno: {
    command: deno,
    args: ['test', '-A', '--no-check', '--quiet'],
    counts: [/\| (\d+) passed/, /\| (?:\d+ passed (?:\(\d+ steps?\) )?\| )?(\d+) failed/],
  },
};

/** Runs the suite; resolves to how many tests passed and failed over all runtimes. */
export async function runTests({ isOnAllRuntimes }) {
  if (!run(node, ['.ci/build.mjs', '--if-stale'])) return { passed: 0, failed: 1 };
  const all = testFiles();
  const quiet = all.filter((file) => !STARTS_PROCESSES.test(file));
  const onNode = [
    ['node', all.filter((file) => !file.endsWith('.browser.test.ts'))],
    ['node with browsers', all.filter((file) => file.endsWith('.browser.test.ts'))],
  ];
  const rounds = isOnAllRuntimes ? [...onNode, ['bun', quiet], ['deno', quiet]] : onNode;
  const total = { passed: 0, failed: 0 };
  for (const [runtime, files] of rounds) {
    console.log(`— tests on ${runtime}`);
    const { passed, failed } = await runOn(RUNTIMES[runtime], files);
    console.log(`${runtime}: ${passed} passed, ${failed} failed`);
    total.passed += passed;
    total.failed += failed;
  }
  return total;
}

function testFiles() {
  return readdirSync(join(root, 'test'), { recursive: true })
    .map((file) => `test/${String(file).replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.test.ts'))
    .sort();
}

async function runOn({ command, args, counts }, files) {
  const { output, status } = await capture(command, [...args, ...files.map((file) => `./${file}`)]);
  const [passed, failed] = counts.map((pattern) => Number(pattern.exec(output)?.[1] ?? Number.NaN));
  // A runner that died before its last line has failed, whatever it counted.
  if (Number.isNaN(passed)) return { passed: 0, failed: 1 };
  const failures = Number.isNaN(failed) ? 0 : failed;
  return { passed, failed: status === 0 ? failures : Math.max(1, failures) };
}

/** Shows the output as it comes and keeps it. */
function capture(command, args) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (text) => {
        output += text;
        process.stdout.write(text);
      });
    }
    child.on('error', (error) => resolve({ output: String(error), status: 1 }));
    child.on('close', (status) => resolve({ output, status }));
  });
}

if (process.argv[1]?.endsWith('test.mjs')) {
  const { passed, failed } = await runTests({ isOnAllRuntimes: process.argv.includes('--all-runtimes') });
  console.log(`${passed} passed, ${failed} failed`);
  process.exit(failed === 0 ? 0 : 1);
}
