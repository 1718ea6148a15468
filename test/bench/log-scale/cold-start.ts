// How long the program takes on a large log from its start to the first 200, and to the first answer for the panel.

import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOG_FILE_NAME } from '../../../server/storage/open-storage.ts';
import { type GatewayProgram, startGateway } from '../gateway-program.ts';
import type { LogFile } from './log-file.ts';

export interface StartTimes {
  readyMs: number;
  /** From the start too. */
  firstAnswerMs: number;
}

const POLL_MS = 2;

/** `isEvicted`: nothing of the log is in the system's cache of files. */
export async function measureColdStart(
  { folder, dataDir }: LogFile,
  options: { program: GatewayProgram; config: unknown; document: string; isEvicted: boolean },
): Promise<StartTimes> {
  const { program, config, document } = options;
  if (options.isEvicted) evict(dataDir);
  const startedAtMs = performance.now();
  const gateway = await startGateway({ program, config, folder, cpu: null });
  try {
    while ((await fetch(`http://127.0.0.1:${gateway.port}/readyz`)).status !== 200) await sleep(POLL_MS);
    const readyMs = performance.now() - startedAtMs;
    await gateway.query(document);
    return { readyMs, firstAnswerMs: performance.now() - startedAtMs };
  } finally {
    await gateway.stop();
  }
}

/** Whether this system can drop a file from its cache. */
export function canEvict(): boolean {
  return process.platform === 'linux' && spawnSync('dd', ['--version']).status === 0;
}

function evict(dataDir: string): void {
  for (const name of [LOG_FILE_NAME, `${LOG_FILE_NAME}-wal`]) {
    const file = join(dataDir, name);
    if (!existsSync(file)) continue;
    spawnSync('dd', [`if=${file}`, 'iflag=nocache', 'count=0', 'status=none']);
  }
}
