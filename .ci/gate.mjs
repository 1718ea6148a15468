// The whole gate on a clean checkout: checks, build, tests on every runtime, the binary booted. Ends with the count.

import { runChecks } from './check.mjs';
import { runTests } from './test.mjs';

const checks = runChecks();
if (checks.failed.length > 0) console.error(`Failed checks: ${checks.failed.join(', ')}`);
const tests = await runTests({ isOnAllRuntimes: true });
const passed = checks.passed.length + tests.passed;
const failed = checks.failed.length + tests.failed;
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
