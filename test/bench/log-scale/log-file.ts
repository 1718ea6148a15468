// Makes the data directory of the log bench through the real storage, or takes the one that was made before.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../../server/boot/clock.ts';
import { openWorkspace, type Workspace } from '../../../server/boot/workspace.ts';
import type { RequestRow } from '../../../server/gateway/ports.ts';
import { LOG_SCHEMA } from '../../../server/storage/log-schema.ts';
import { LOG_FILE_NAME } from '../../../server/storage/open-storage.ts';
import { putWorld } from './catalogue.ts';
import { trafficOf } from './traffic.ts';
import { createWorld, type World } from './world.ts';

export interface LogFile {
  /** For the configuration of a gateway; the data is in its folder `data`. */
  folder: string;
  dataDir: string;
  world: World;
  about: Manifest;
}

export interface Manifest {
  /** Of what is told here and of how rows come about. */
  version: number;
  /** Tells versions of the tables apart. */
  schema: string;
  rows: number;
  days: number;
  seed: number;
  fromMs: number;
  /** The newest start of a row. */
  lastMs: number;
  /** Written, and summed up. */
  rowsPerSecond: number;
  bytes: number;
  /** From the middle of the period: of a long session, and of one request. */
  sessionId: string;
  requestId: string;
}

export interface LogFileOptions {
  /** One folder within it for each kind of file. */
  cacheDir: string;
  rows: number;
  days: number;
  seed: number;
  /** Makes it anew even when it is there. */
  isFresh: boolean;
  /** Told now and then how many rows are written. */
  progress?(rows: number): void;
}

const VERSION = 1;
const DAY_MS = 86_400_000;
const ROWS_PER_TURN = 500;
const PROGRESS_ROWS = 250_000;
/** Well below what the queue takes, so that none is dropped. */
const MAX_QUEUED_ROWS = 15_000;
const SCHEMA = createHash('sha256')
  .update(LOG_SCHEMA.steps.map(String).join('\n'))
  .digest('hex')
  .slice(0, 16);
const FOLD_POLL_MS = 200;
/** A little longer than a row waits until its interval is kept. */
const INTERVAL_LAG_MS = 20 * 60_000;
const WORKER_ENTRY = new URL('../../../server/storage/sqlite-worker.ts', import.meta.url);

export async function openLogFile(options: LogFileOptions): Promise<LogFile> {
  const { cacheDir, rows, days, seed } = options;
  const folder = join(cacheDir, `rows-${rows}-days-${days}-seed-${seed}`);
  const dataDir = join(folder, 'data');
  const known = options.isFresh ? null : readManifest(folder);
  if (known) return { folder, dataDir, about: known, world: createWorld(seed, known.fromMs) };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const toMs = Date.now();
  const fromMs = toMs - days * DAY_MS;
  const world = createWorld(seed, fromMs);
  const filled = await fill(dataDir, world, { ...options, fromMs, toMs });
  const about: Manifest = {
    ...{ version: VERSION, schema: SCHEMA, rows, days, seed, fromMs },
    ...filled,
    bytes: logBytes(dataDir),
  };
  // Last: a file without it was not finished.
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(about, null, 2));
  return { folder, dataDir, world, about };
}

/** The request log as the disk holds it. */
export function logBytes(dataDir: string): number {
  const file = join(dataDir, LOG_FILE_NAME);
  return [file, `${file}-wal`].reduce((sum, path) => sum + (existsSync(path) ? statSync(path).size : 0), 0);
}

/** Rows that are in no sum yet: questions go through them one by one. */
function unfoldedRows(dataDir: string): number {
  const db = new DatabaseSync(join(dataDir, LOG_FILE_NAME), { readOnly: true });
  try {
    const row = db
      .prepare(
        `SELECT 2 * (SELECT max(seq) FROM request) - foldedSeq - takenSeq + (SELECT count(*) FROM intervalWaiting
          WHERE startedAtMs < (SELECT max(startedAtMs) FROM request) - ${INTERVAL_LAG_MS}) AS count
        FROM tallyState, intervalState`,
      )
      .get();
    return Number(row?.count ?? 0);
  } finally {
    db.close();
  }
}

export function openLogWorkspace(dataDir: string, clock = systemClock): Promise<Workspace> {
  return openWorkspace({ dataDir, masterKey: null, entry: WORKER_ENTRY, clock });
}

function readManifest(folder: string): Manifest | null {
  const file = join(folder, 'manifest.json');
  if (!existsSync(file)) return null;
  const known: Manifest = JSON.parse(readFileSync(file, 'utf8'));
  return known.version === VERSION && known.schema === SCHEMA ? known : null;
}

async function fill(
  dataDir: string,
  world: World,
  options: LogFileOptions & { fromMs: number; toMs: number },
): Promise<Pick<Manifest, 'lastMs' | 'rowsPerSecond' | 'sessionId' | 'requestId'>> {
  const { rows } = options;
  const workspace = await openLogWorkspace(dataDir);
  const startedAtMs = performance.now();
  const found = { lastMs: 0, sessionId: '', requestId: '' };
  try {
    await putWorld(world, workspace);
    await writeRows(trafficOf(world, options), {
      dataDir,
      log: workspace.storage.log,
      onRow(row, count) {
        note(row, { count, rows, found });
        if (count % PROGRESS_ROWS === 0) options.progress?.(count);
      },
    });
  } finally {
    await workspace.storage.close();
  }
  return { ...found, rowsPerSecond: (rows / (performance.now() - startedAtMs)) * 1000 };
}

/** Appends no faster than the log takes them, and waits until all are summed up. */
export async function writeRows(
  rows: Iterable<RequestRow>,
  parts: {
    dataDir: string;
    log: Workspace['storage']['log'];
    /** `count`: with this one. */
    onRow?(row: RequestRow, count: number): void;
  },
): Promise<void> {
  const { dataDir, log } = parts;
  let count = 0;
  for (const row of rows) {
    log.append(row);
    count += 1;
    parts.onRow?.(row, count);
    if (count % ROWS_PER_TURN === 0) await new Promise(setImmediate);
    while (log.health().queuedRows > MAX_QUEUED_ROWS) await sleep(1);
  }
  await log.flush();
  while (unfoldedRows(dataDir) > 0) await sleep(FOLD_POLL_MS);
  const { droppedRows, lastError } = log.health();
  if (droppedRows > 0) throw new Error(`Cannot fill the log: ${droppedRows} rows were dropped, ${lastError}`);
}

/** What questions will look for: somebody asks for what is neither new nor old. */
function note(
  row: RequestRow,
  at: { count: number; rows: number; found: Pick<Manifest, 'lastMs' | 'sessionId' | 'requestId'> },
): void {
  const { count, rows, found } = at;
  found.lastMs = Math.max(found.lastMs, row.startedAtMs);
  if (count < rows / 2) return;
  if (found.requestId === '') found.requestId = row.requestId;
  const isLong = row.sessionId !== null && (row.inputTokens ?? 0) > 100_000;
  if (found.sessionId === '' && isLong) found.sessionId = row.sessionId ?? '';
}
