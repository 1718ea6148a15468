// Runs the tests: everything on Node, and with --all-runtimes what needs no processes of its own on Bun and Deno too.

import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bun, deno, node, root, run } from './tools.mjs';

/** Tests that start processes or a browser themselves: once is enough, they name the runtimes they start. */
const STARTS_PROCESSES =
  /^test\/(process|faults|security\/(canary-secrets|outbound|data-plane-paths|body-log)|sdk|cli\/process|runtimes|binary|ui\/.*\.browser)/;

/** As many files of browser tests may fail and be run once more. If more do, it is not for their timing. */
const MOST_TRIED_AGAIN = 3;

/** What of a runtime's output tells why tests failed, at most. */
const SHOWN_LINES = 60;
const NODE_OUTPUT = {
  counts: [/^ℹ pass (\d+)$/m, /^ℹ fail (\d+)$/m],
  failures: /^✖ failing tests:[\s\S]*/m,
};
const RUNTIMES = {
  node: { command: node, args: ['--test', '--test-concurrency=2'], ...NODE_OUTPUT },
  'node with browsers': { command: node, args: ['--test'], ...NODE_OUTPUT },
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
  const isInBrowser = (file) => file.endsWith('.browser.test.ts');
  const quiet = all.filter((file) => !STARTS_PROCESSES.test(file));
  const results = [
    await runOn(
      'node',
      all.filter((file) => !isInBrowser(file)),
      { isLive: true },
    ),
    await runInBrowsers(all.filter(isInBrowser)),
  ];
  // They run their tests in one thread each: two cores hold both.
  const others = isOnAllRuntimes ? ['bun', 'deno'] : [];
  results.push(...(await Promise.all(others.map((runtime) => runOn(runtime, quiet, { isLive: false })))));
  // Once more at the end, where they are found among thousands of lines.
  for (const { runtime, excerpt } of results)
    if (excerpt) console.log(`— failures on ${runtime}\n${excerpt}`);
  for (const { runtime, passed, failed, unsteady = [] } of results) {
    console.log(`${runtime}: ${passed} passed, ${failed} failed`);
    for (const file of unsteady)
      console.log(`UNSTEADY: ${file} failed first and passed when it was run once more`);
  }
  const sum = (count) => results.reduce((total, result) => total + result[count], 0);
  return { passed: sum('passed'), failed: sum('failed') };
}

function testFiles() {
  return readdirSync(join(root, 'test'), { recursive: true })
    .map((file) => `test/${String(file).replaceAll('\\', '/')}`)
    .filter((file) => file.endsWith('.test.ts'))
    .sort();
}

/**
 * A browser may be late for once on a machine that does something else: where few files fail, each is run once more, by
 * itself. What fails twice has failed, and what passes only then is told.
 */
async function runInBrowsers(files) {
  // They wait for their browsers more than they work.
  const { whole, byFile } = await runByFile(files, { atOnce: 3 });
  const failing = byFile.filter(({ hasPassed }) => !hasPassed).map(({ file }) => relative(root, file));
  const isTriedAgain = byFile.length === files.length && failing.length <= MOST_TRIED_AGAIN;
  if (failing.length === 0 || !isTriedAgain) return whole;
  console.log(`— once more: ${failing.join(', ')}`);
  const again = await runByFile(failing, { atOnce: 1 });
  const steady = byFile.filter(({ hasPassed }) => hasPassed).reduce((sum, { passed }) => sum + passed, 0);
  const unsteady = again.byFile.filter(({ hasPassed }) => hasPassed).map(({ file }) => relative(root, file));
  const excerpt = `${whole.excerpt}\n${again.whole.excerpt}`;
  return { ...again.whole, passed: steady + again.whole.passed, excerpt, unsteady };
}

async function runByFile(files, { atOnce }) {
  const folder = mkdtempSync(join(tmpdir(), 'warmpath-tests-'));
  const results = join(folder, 'results');
  const options = [
    `--test-concurrency=${atOnce}`,
    '--test-reporter=spec',
    '--test-reporter-destination=stdout',
    `--test-reporter=${pathToFileURL(join(root, '.ci', 'file-results.mjs'))}`,
    `--test-reporter-destination=${results}`,
  ];
  const whole = await runOn('node with browsers', files, { isLive: true, options });
  const lines = existsSync(results) ? readFileSync(results, 'utf8').split('\n').filter(Boolean) : [];
  rmSync(folder, { recursive: true });
  return { whole, byFile: lines.map((line) => JSON.parse(line)) };
}

async function runOn(runtime, files, { isLive, options = [] }) {
  console.log(`— tests on ${runtime}`);
  const { command, args, counts, failures } = RUNTIMES[runtime];
  const given = [...args, ...options, ...files.map((file) => `./${file}`)];
  const { output, status } = await capture(command, given, isLive);
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
