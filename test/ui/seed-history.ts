// Fills the request log of a demo data dir with a believable past, through the storage. The same every time, but for the time.
// Run: bun test/ui/seed-history.ts <data-dir> [rows] [days]   (while no gateway runs on it)

import { systemClock } from '../../server/boot/clock.ts';
import { openDemo } from '../../server/boot/demo-mode.ts';
import type { Workspace } from '../../server/boot/workspace.ts';
import type { Catalog } from '../../server/gateway/catalog.ts';
import type { RequestRow } from '../../server/gateway/ports.ts';
import { Chance } from '../bench/log-scale/chance.ts';
import { openLogWorkspace, writeRows } from '../bench/log-scale/log-file.ts';
import { type Period, trafficOf } from '../bench/log-scale/traffic.ts';
import type { World } from '../bench/log-scale/world.ts';
import { demoRow } from './history/rows.ts';
import { demoWorld, unpricedModel } from './history/world.ts';

export interface History {
  rows: number;
  /** That the rows are spread over, up to now. */
  days: number;
}

const DEFAULT_HISTORY: History = { rows: 20_000, days: 14 };
const SEED = 20_261_122;
const DAY_MS = 86_400_000;
/** The last request of the past is over by now. */
const LAST_MINUTES_MS = 180_000;
/** A busy end: what the panel shows first is the last hour. */
const RECENT_MS = 3 * 3_600_000;
const RECENT_SHARE = 0.05;

/** Makes the demo's catalogue where there is none. */
export async function seedHistory(dataDir: string, history: History = DEFAULT_HISTORY): Promise<void> {
  const workspace = await openLogWorkspace(dataDir);
  try {
    const catalog = await demoCatalog(workspace);
    const nowMs = systemClock.nowMs();
    const rows = pastOf(catalog, { ...history, nowMs });
    await writeRows(rows, { dataDir, log: workspace.storage.log });
  } finally {
    await workspace.storage.close();
  }
}

async function demoCatalog(workspace: Workspace): Promise<Catalog> {
  await openDemo(workspace, true, () => {
    throw new Error('Cannot call an upstream: only a past is made');
  });
  await workspace.catalog.apply(unpricedModel(workspace.catalog.current));
  return workspace.catalog.current;
}

/** In the order in which they were logged; the last one ended a few minutes ago. */
export function* pastOf(
  catalog: Catalog,
  { rows, days, nowMs }: History & { nowMs: number },
): Generator<RequestRow> {
  const world = demoWorld(catalog);
  const toMs = nowMs - LAST_MINUTES_MS;
  const recentMs = Math.min(RECENT_MS, (days * DAY_MS) / 4);
  const recentRows = Math.ceil(rows * RECENT_SHARE);
  const earlier = {
    seed: SEED,
    rows: rows - recentRows,
    fromMs: toMs - days * DAY_MS,
    toMs: toMs - recentMs,
  };
  const recent = { seed: SEED + 1, rows: recentRows, fromMs: toMs - recentMs, toMs };
  const chance = new Chance(SEED + 2);
  for (const period of [earlier, recent]) {
    for (const row of trafficUntil(world, period)) yield demoRow(row, { catalog, chance });
  }
}

/** The last request ends with the period: conversations run ahead of the time of day, or end late. */
function trafficUntil(world: World, period: Period): Generator<RequestRow> {
  let lastMs = period.fromMs;
  for (const { finishedAtMs } of trafficOf(world, period)) lastMs = finishedAtMs;
  const moveMs = period.toMs - lastMs;
  return trafficOf(world, { ...period, fromMs: period.fromMs + moveMs, toMs: period.toMs + moveMs });
}

if (import.meta.main) {
  const [dataDir, rows, days] = process.argv.slice(2);
  if (dataDir === undefined) {
    process.stderr.write('Usage: bun test/ui/seed-history.ts <data-dir> [rows] [days]\n');
    process.exit(2);
  }
  const history = {
    rows: Number(rows ?? DEFAULT_HISTORY.rows),
    days: Number(days ?? DEFAULT_HISTORY.days),
  };
  await seedHistory(dataDir, history);
  process.stdout.write(`${history.rows} requests of ${history.days} days\n`);
}
