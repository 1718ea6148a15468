// Appends rows to an open log at a steady rate, as a busy gateway does.

import type { RequestLog } from '../../../server/gateway/log-queries.ts';
import type { Clock } from '../../../server/gateway/ports.ts';
import { Chance } from './chance.ts';
import { trafficOf } from './traffic.ts';
import type { World } from './world.ts';

export interface LiveRows {
  /** Ends it; tells how it went. */
  stop(): LiveRowsReport;
}

export interface LiveRowsReport {
  rowsPerSecond: number;
  droppedRows: number;
  mostQueuedRows: number;
  /** Longest time in which no timer of this thread could run. */
  longestPauseMs: number;
}

const TICK_MS = 10;
const SEED = 77;
/** More than any bench takes. */
const ROWS = 1_000_000_000;

export function startLiveRows(options: {
  log: Pick<RequestLog, 'append' | 'health'>;
  world: World;
  clock: Pick<Clock, 'nowMs'>;
  perSecond: number;
}): LiveRows {
  const { log, world, clock, perSecond } = options;
  const chance = new Chance(SEED);
  // Of a period with as many rows as a busy month has; only their times are moved.
  const rows = trafficOf(world, { seed: SEED, rows: ROWS, fromMs: 0, toMs: ROWS * 260 });
  const startedAtMs = performance.now();
  let appended = 0;
  let mostQueuedRows = 0;
  let lastTickMs = startedAtMs;
  let longestPauseMs = 0;
  const tick = () => {
    const atMs = performance.now();
    longestPauseMs = Math.max(longestPauseMs, atMs - lastTickMs - TICK_MS);
    lastTickMs = atMs;
    for (const due = ((atMs - startedAtMs) * perSecond) / 1000; appended < due; appended += 1) {
      const { value: row } = rows.next();
      if (!row) return;
      const finishedAtMs = clock.nowMs();
      const id = chance.id(finishedAtMs - row.latencyMs);
      log.append({ ...row, id, requestId: id, startedAtMs: finishedAtMs - row.latencyMs, finishedAtMs });
    }
    mostQueuedRows = Math.max(mostQueuedRows, log.health().queuedRows);
  };
  const droppedBefore = log.health().droppedRows;
  const timer = setInterval(tick, TICK_MS);
  return {
    stop() {
      clearInterval(timer);
      return {
        rowsPerSecond: (appended / (performance.now() - startedAtMs)) * 1000,
        droppedRows: log.health().droppedRows - droppedBefore,
        mostQueuedRows,
        longestPauseMs,
      };
    },
  };
}
