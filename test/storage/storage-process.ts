// A process of its own for the storage tests: `idle` opens, reads and leaves; `write` writes until it is killed.

import process from 'node:process';
import { openStorage } from '../../server/storage/open-storage.ts';
import { NOW_MS, provider, requestRow, WORKER_ENTRY } from './scratch.ts';

const clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (fire: () => void, delayMs: number) => {
    const timer = setTimeout(fire, delayMs);
    return () => clearTimeout(timer);
  },
};

const [mode, dataDir = ''] = process.argv.slice(2);
const { catalog, log } = await openStorage({ dataDir, entry: WORKER_ENTRY, clock });

if (mode === 'write') {
  await catalog.apply([{ kind: 'put-provider', row: provider() }]);
  await appendAndFlush(0);
}
await catalog.load();
process.stdout.write('ready\n');
for (let round = 1; mode === 'write'; round++) await appendAndFlush(round);

async function appendAndFlush(round: number): Promise<void> {
  for (let number = 0; number < 500; number++) {
    log.append(requestRow({ id: `r${round}-${number}`, startedAtMs: NOW_MS + round }));
  }
  await log.flush();
}
