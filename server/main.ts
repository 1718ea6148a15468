// The program: its arguments, its exit code. Exit 0 = done, 1 = failed, 2 = wrong usage.

import { runStorageWorkerIfAsked } from './storage/sqlite-worker.ts';

// The database's thread starts with this very module; everything else is loaded only when it is not that thread.
if (!runStorageWorkerIfAsked()) {
  const { runProgram } = await import('./boot/program.ts');
  await runProgram(new URL(import.meta.url));
}
