// Deletes the oldest rows while others read and write, and tells how long those were kept waiting.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Workspace } from '../../../server/boot/workspace.ts';
import type { Desk } from './ask.ts';
import { startLiveRows } from './live-rows.ts';
import type { Question } from './questions.ts';
import type { World } from './world.ts';

export interface RetentionReport {
  deletedRows: number;
  rowsPerSecond: number;
  /** Of the questions asked meanwhile. */
  longestQueryMs: number;
  /** From appending a row to its being written. */
  longestWriteMs: number;
  longestPauseMs: number;
  droppedRows: number;
}

const PROBE_MS = 25;

/** Leaves `keepRows` of the rows that there are now. */
export async function measureRetention(
  workspace: Workspace,
  parts: { desk: Desk; question: Question; world: World; perSecond: number; keepRows: number },
): Promise<RetentionReport> {
  const { desk, question, keepRows } = parts;
  const { log } = workspace.storage;
  const live = startLiveRows({ ...parts, log, clock: workspace.clock });
  let isOver = false;
  const longest = async (once: () => Promise<unknown>) => {
    let longestMs = 0;
    while (!isOver) {
      const startedAtMs = performance.now();
      await once();
      longestMs = Math.max(longestMs, performance.now() - startedAtMs);
      await sleep(PROBE_MS);
    }
    return longestMs;
  };
  const query = longest(() => desk.askOnce(question));
  const write = longest(() => log.flush());
  const startedAtMs = performance.now();
  try {
    const retention = { maxAgeDays: 36_500, maxRows: keepRows };
    const deletedRows = await log.sweep(retention, workspace.clock.nowMs());
    const seconds = (performance.now() - startedAtMs) / 1000;
    isOver = true;
    const { longestPauseMs, droppedRows } = live.stop();
    return {
      deletedRows,
      rowsPerSecond: deletedRows / seconds,
      longestQueryMs: await query,
      longestWriteMs: await write,
      longestPauseMs,
      droppedRows,
    };
  } finally {
    isOver = true;
    live.stop();
  }
}
