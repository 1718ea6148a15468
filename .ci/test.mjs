// Runs the tests: everything on Node, and with --all-runtimes what needs no processes of its own on Bun and Deno too.

import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bun, deno, node, root, run } from './tools.mjs';

/** Tests that start processes or a browser themselves: once is enough, they name the runtimes they start. */
const STARTS_PROCESSES =
  /^test\/(process|faults|security\/(canary-secrets|outbound|data-plane-paths|body-log)|sdk|cli\/process|runtimes|binary|ui\/.*\.browser)/;

/** What of a runtime's output tells why tests failed, at most. */
const SHOWN_LINES = 60;
const NODE_OUTPUT = {
  counts: [/^ℹ pass (\d+)$/m, /^ℹ fail (\d+)$/m],
  failures: /^✖ failing tests:[\s\S]*/m,
};
const RUNTIMES = {
  node: { command: node, args: ['--test', '--test-concurrency=2'], ...NODE_OUTPUT },
  // They wait for their browsers more than they work.
  'node with browsers': { command: node, args: ['--test', '--test-concurrency=3'], ...NODE_OUTPUT },
  bun: {
    command: bun,
    args: ['test', '--timeout', '30000'],
    counts: [/^\s*(\d+) pass$/m, /^\s*(\d+) fail$/m],
    failures: /(?:^.*\n){0,25}^\(fail\) .*$/gm,
  },
  deno: {
    command: deno,
    args: ['test', '-A', '--no-check', '--quiet'],
    counts: [/\| (\d+) passed/, /\| (?:\d+ passed (?:\(\d+ steps?\) )?\| )?(\d+) failed/],
    failures: /^ ERRORS $[\s\S]*/m,
  },
};

/** Runs the suite; resolves to how many tests passed and failed over all runtimes. */
export async function runTests({ isOnAllRuntimes }) {
  if (!run(node, ['.ci/build.mjs', '--if-stale'])) return { passed: 0, failed: 1 };
  const all = testFiles();
  const quiet = all.filter((file) => !STARTS_PROCESSES.test(file));
  const onNode = [
    { node: all.filter((file) => !file.endsWith('.browser.test.ts')) },
    { 'node with browsers': all.filter((file) => file.endsWith('.browser.test.ts')) },
  ];
  // Bun and Deno run their tests in one thread each: two cores hold both.
  const rounds = isOnAllRuntimes ? [...onNode, { bun: quiet, deno: quiet }] : onNode;
  const results = [];
  for (const round of rounds) {
    const runtimes = Object.entries(round);
    const isLive = runtimes.length === 1;
    results.push(...(await Promise.all(runtimes.map(([runtime, files]) => runOn(runtime, files, isLive)))));
  }
  // Once more at the end, where they are found among thousands of lines.
  for (const { runtime, excerpt } of results)
    if (excerpt) console.log(`— failures on ${runtime}\n${excerpt}`);
  for (const { runtime, passed, failed } of results)
    console.log(`${runtime}: ${passed} passed, ${failed} failed`);
  const sum = (count) => results.reduce((total, result) => total + result[count], 0);
  return { passed: sum('passed'), failed: sum('failed') };
}

function testFiles() {
  return readdirSync(join(root, 'test'), { recursive: true })
    .map((file) => `test/${String(file).replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.test.ts'))
    .sort();
}

async function runOn(runtime, files, isLive) {
  console.log(`— tests on ${runtime}`);
  const { command, args, counts, failures } = RUNTIMES[runtime];
  const { output, status } = await capture(command, [...args, ...files.map((file) => `./${file}`)], isLive);
  if (!isLive) console.log(`— what ${runtime} said\n${output}`);
  const [passed, failed] = counts.map((pattern) => Number(pattern.exec(output)?.[1] ?? Number.NaN));
  const lines = (output.match(failures) ?? []).join('\n').split('\n');
  // A runner that died before its last line has failed, whatever it counted.
  if (Number.isNaN(passed)) {
    return { runtime, passed: 0, failed: 1, excerpt: output.split('\n').slice(-SHOWN_LINES).join('\n') };
  }
  const told = Number.isNaN(failed) ? 0 : failed;
  const excerpt = lines.slice(0, SHOWN_LINES).join('\n');
  return { runtime, passed, failed: status === 0 ? told : Math.max(1, told), excerpt };
}

/** Keeps the output, and shows it as it comes where nothing else runs. */
function capture(command, args, isLive) {
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
        if (isLive) process.stdout.write(text);
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
