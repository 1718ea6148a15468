// The program: its arguments, its exit code. Exit 0 = done, 1 = failed, 2 = wrong usage.

import { runStorageWorkerIfAsked } from './storage/sqlite-worker.ts';

// The database's thread starts with this very module; everything else is loaded only when it is not that thread.
if (!runStorageWorkerIfAsked()) {
  liftRequestCap();
  const { runProgram } = await import('./boot/program.ts');
  await runProgram(new URL(import.meta.url));
}

/**
 * Bun sends at most 256 requests at once, the 257th stream would wait for another to end, and reads the setting for it
 * only when it starts: so the program replaces itself, once, by itself with the setting. Costs a few milliseconds.
 */
function liftRequestCap(): void {
  const setting = 'BUN_CONFIG_MAX_HTTP_REQUESTS';
  if (!('Bun' in globalThis) || process.env[setting] || !process.execve) return;
  const [, script = '', ...args] = process.argv;
  // The compiled program has itself as its script, under a path that exists only inside it.
  const isCompiled = script.startsWith('/$bunfs/');
  const start = isCompiled ? [] : [...process.execArgv, script];
  process.execve(process.execPath, [process.execPath, ...start, ...args], {
    ...process.env,
    [setting]: '65535',
  });
}
