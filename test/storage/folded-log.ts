// A log of three days whose rows are all folded, for tests of what is kept of intervals and sessions.

import { join } from 'node:path';
import type { IntervalFilter } from '../../server/gateway/log-queries.ts';
import type { RequestRow } from '../../server/gateway/ports.ts';
import type { cacheUses } from '../../server/storage/cache-uses.ts';
import { LOG_SCHEMA } from '../../server/storage/log-schema.ts';
import { SqlRequestLog } from '../../server/storage/request-log.ts';
import { openSqlite } from '../../server/storage/sqlite.ts';
import { ManualClock } from '../manual-clock.ts';
import { NOW_MS, requestRow, WORKER_ENTRY, withTempDir } from './scratch.ts';

const HOUR_MS = 3_600_000;

/** Only what intervals are made of; a row ends when its latency is over. */
export function row(id: string, startedAtMs: number, over: Partial<RequestRow> = {}): RequestRow {
  const latencyMs = over.latencyMs ?? 900;
  return requestRow({ id, startedAtMs, finishedAtMs: startedAtMs + latencyMs, latencyMs, ...over });
}

/** A log whose rows are all folded but for the newest, and those rows. */
export async function withFolded(
  run: (bench: {
    db: Parameters<typeof cacheUses>[0];
    rows: RequestRow[];
    log: SqlRequestLog;
    fold(): Promise<void>;
  }) => Promise<void>,
  more: readonly RequestRow[] = [],
): Promise<void> {
  await withTempDir(async (dir) => {
    const engine = await openSqlite({ file: join(dir, 'logs.db'), entry: WORKER_ENTRY, schema: LOG_SCHEMA });
    const log = new SqlRequestLog(engine, new ManualClock(NOW_MS));
    const fold = async () => {
      while ((await engine.work('fold-intervals', { maxRows: 500, nowMs: NOW_MS })).isBehind);
    };
    try {
      const rows = [...traffic(), ...more];
      for (const one of rows) log.append(one);
      await log.flush();
      await fold();
      await run({ db: engine.db, rows, log, fold });
    } finally {
      await log.close();
      await engine.close();
    }
  });
}

/** Three days: four users with two keys each, sessions of about twenty requests, pauses from seconds to hours. */
function traffic(): RequestRow[] {
  let seed = 7;
  const random = () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const rows: RequestRow[] = [];
  for (let caller = 0; caller < 8; caller += 1) {
    let atMs = FROM_MS - HOUR_MS * random();
    for (let index = 0; atMs < NOW_MS; index += 1) {
      const over = {
        userId: `u${caller % 4}`,
        apiKeyId: `k${caller}`,
        sessionId: `s${caller}-${Math.floor(index / 20)}`,
        modelId: `m${index % 3}`,
        outcome: random() < 0.05 ? ('failed' as const) : ('ok' as const),
      };
      rows.push(row(`r${caller}-${index}`, Math.floor(atMs), over));
      atMs += random() ** 6 * 3 * HOUR_MS + 1_000 * random();
    }
  }
  return rows;
}
export const FROM_MS = Math.floor((NOW_MS - 72 * HOUR_MS) / HOUR_MS) * HOUR_MS;
export const RANGE: IntervalFilter = { fromMs: FROM_MS, toMs: NOW_MS };
