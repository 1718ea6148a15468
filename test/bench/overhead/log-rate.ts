// How many rows a second the request log takes, and how long it keeps the program from anything else.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { uuidv7 } from 'uuidv7';
import { systemClock } from '../../../server/boot/clock.ts';
import { openStorage } from '../../../server/storage/open-storage.ts';
import { requestRow } from '../../storage/scratch.ts';

export interface LogRate {
  rowsPerSecond: number;
  /** Of all threads; what a switched-off log would save. */
  cpuUsPerRow: number;
  /** Longest time in which no timer could run, beyond the appending itself. */
  longestPauseMs: number;
  droppedRows: number;
}

const WORKER_ENTRY = new URL('../../../server/storage/sqlite-worker.ts', import.meta.url);
/** What one turn appends: requests come a few at a time. */
const ROWS_PER_TURN = 100;
const MAX_QUEUED_ROWS = 20_000;

/** Appends as fast as the queue empties; the rate counts what is in the database in the end. */
export async function measureLogRate(rows: number): Promise<LogRate> {
  const dataDir = mkdtempSync(join(tmpdir(), 'warmpath bench '));
  const { log, close } = await openStorage({ dataDir, entry: WORKER_ENTRY, clock: systemClock });
  try {
    const startedAtMs = performance.now();
    const cpuBefore = process.cpuUsage();
    let longestPauseMs = 0;
    for (let appended = 0; appended < rows; ) {
      for (let turn = 0; turn < ROWS_PER_TURN; turn += 1) {
        log.append(requestRow({ id: uuidv7(), requestId: `bench-${appended}`, startedAtMs: Date.now() }));
        appended += 1;
      }
      const leftAtMs = performance.now();
      await new Promise(setImmediate);
      longestPauseMs = Math.max(longestPauseMs, performance.now() - leftAtMs);
      while (log.health().queuedRows > MAX_QUEUED_ROWS) await sleep(1);
    }
    await log.flush();
    const elapsedMs = performance.now() - startedAtMs;
    const { droppedRows } = log.health();
    const { user, system } = process.cpuUsage(cpuBefore);
    return {
      rowsPerSecond: ((rows - droppedRows) / elapsedMs) * 1000,
      cpuUsPerRow: (user + system) / rows,
      longestPauseMs,
      droppedRows,
    };
  } finally {
    await close();
    rmSync(dataDir, { recursive: true, force: true });
  }
}
