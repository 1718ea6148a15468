// Everything that can be checked without running the product. All checks run; the exit code tells whether all passed.

import { bun, installed, node, run } from './tools.mjs';

const CHECKS = [
  ['types of server and tests', node, [installed('typescript', 'bin', 'tsc'), '-p', '.']],
  [
    'types of the panel',
    node,
    [
      installed('svelte-check', 'bin', 'svelte-check'),
      '--tsconfig',
      'ui/tsconfig.json',
      '--fail-on-warnings',
      '--output',
      'machine',
    ],
  ],
  [
    'lint and format',
    node,
    [installed('@biomejs', 'biome', 'bin', 'biome'), 'ci', '--error-on-warnings', '.'],
  ],
  ['schema.graphql is fresh', bun, ['run', 'server/graphql/print.ts', '--check']],
  ['nothing unused', node, [installed('knip', 'bin', 'knip.js'), '--no-progress']],
  ['architecture', node, ['--test', '--test-reporter=dot', 'test/architecture.test.ts']],
];

/** Runs every check; returns the names of those that passed and those that failed. */
export function runChecks() {
  const passed = [];
  const failed = [];
  for (const [name, command, args] of CHECKS) {
    console.log(`— ${name}`);
    (run(command, args) ? passed : failed).push(name);
  }
  return { passed, failed };
}

if (process.argv[1] === import.meta.filename || process.argv[1]?.endsWith('check.mjs')) {
  const { failed } = runChecks();
  if (failed.length > 0) {
    console.error(`Failed: ${failed.join(', ')}`);
    process.exit(1);
  }
  console.log('All checks passed');
}
