// Adds the intervals between requests to what is kept of them, and forgets them again. Runs on the SQLite thread.
//
// Rows are taken in order of their start, so that the row before is always known: `lastStartMs` of each group. A row that
// is written after its time was folded is in no interval.

import { bucketOf, MIN_INTERVALS } from '../analysis/intervals.ts';
import { recommendedTtlMinutes } from '../analysis/ttl-ladder.ts';
import { addBin, binOf, encodeHistogram, type Histogram } from './histogram.ts';
import { drawOf, levelOf } from './interval-draw.ts';
import { histogramOf, histogramQuantiles } from './interval-percentiles.ts';
import { type IntervalKind, isDaily, MAX_POINT_MS, SUM_COLUMNS } from './interval-schema.ts';
import {
  dueRows,
  type FoldedRow,
  forgetAllWaiting,
  forgetTaken,
  noteFolded,
  numberIn,
  takeRows,
  valueIn,
} from './interval-waiting.ts';
import type { Statements } from './tally-fold.ts';
import { DAY_MS, HOUR_MS } from './tally-kinds.ts';
import { floorTo } from './tally-ranges.ts';

interface Sums {
  intervals: number;
  within5: number;
  within15: number;
  within30: number;
  within60: number;
  points: number;
  sumMs: number;
  leastMs: number;
  mostMs: number;
  histogram: Histogram;
}

interface Series {
  id: number;
  kind: IntervalKind;
  lastStartMs: number | null;
  /** By the smallest bucket that is kept. */
  sums: Map<number, BucketSums>;
  extremes: Map<string, Extreme>;
}

interface BucketSums extends Sums {
  lastStartMs: number;
}

/** The point with the least or the most interval of an hour. */
interface Extreme {
  isMost: boolean;
  hourMs: number;
  intervalMs: number;
  row: FoldedRow;
}

interface Session {
  userId: string | null;
  apiKeyId: string | null;
  firstStartMs: number;
  lastStartMs: number;
  sums: Sums;
}

/** Returns whether rows are left that need not wait. */
export function foldIntervals(
  db: Statements,
  { maxRows, nowMs }: { maxRows: number; nowMs: number },
): { isBehind: boolean } {
  if (deleteStale(db)) return { isBehind: true };
  const isTaking = takeRows(db, maxRows);
  const { rows, toMs, isMore } = dueRows(db, { maxRows, nowMs, isTaking });
  if (rows.length > 0 || isMore) {
    foldSeries(db, rows);
    foldSessions(db, rows);
    noteFolded(db, toMs);
  }
  return { isBehind: isTaking || isMore };
}

/** Forgets what was before the oldest row, or rebuilds from the first day of which a row was deleted. */
export function forgetIntervals(
  db: Statements,
  { firstMs, lastMs }: { firstMs: number; lastMs: number },
): void {
  forgetTaken(db);
  const oldest = db.prepare('SELECT min(startedAtMs) AS n FROM request').get();
  const oldestMs = numberIn(oldest, 'n');
  if (oldestMs === null || oldestMs >= lastMs) {
    const keptMs = oldestMs === null ? Number.MAX_SAFE_INTEGER : floorTo(HOUR_MS, oldestMs);
    // Of days that are half gone only the hours are still right; nobody asks for a range that begins before the log.
    deleteBefore(db, keptMs);
    if (oldestMs === null) {
      reset(db, 0);
      forgetAllWaiting(db);
    }
    return;
  }
  const fromMs = floorTo(DAY_MS, firstMs);
  if (fromMs < foldedTo(db)) reset(db, fromMs);
}

function deleteBefore(db: Statements, ms: number): void {
  db.prepare('DELETE FROM intervalSum WHERE atMs < ?').run(ms);
  db.prepare('DELETE FROM intervalPoint WHERE startedAtMs < ?').run(ms);
  db.prepare('DELETE FROM intervalExtreme WHERE hourMs < ?').run(ms);
  db.prepare('DELETE FROM intervalSession WHERE lastStartMs < ?').run(ms);
}

const STALE: readonly { table: string; key: string; time: string }[] = [
  { table: 'intervalSum', key: 'series, bucketMs, atMs', time: 'atMs' },
  { table: 'intervalPoint', key: 'series, level, startedAtMs, requestSeq', time: 'startedAtMs' },
  { table: 'intervalExtreme', key: 'series, isMost, hourMs', time: 'hourMs' },
  { table: 'intervalSession', key: 'sessionId', time: 'lastStartMs' },
];
/** About 20 ms. */
const STALE_STEP_ROWS = 2_000;

/** Deletes a step's worth of what was reset; false = there is nothing left of it. */
function deleteStale(db: Statements): boolean {
  const fromMs = numberIn(db.prepare('SELECT staleFromMs AS n FROM intervalState').get(), 'n');
  if (fromMs === null) return false;
  for (const { table, key, time } of STALE) {
    const some = `SELECT ${key} FROM ${table} WHERE ${time} >= ? LIMIT ${STALE_STEP_ROWS}`;
    db.prepare(`DELETE FROM ${table} WHERE (${key}) IN (${some})`).run(fromMs);
    const isLeft = db.prepare(`SELECT 1 AS n FROM ${table} WHERE ${time} >= ? LIMIT 1`).get(fromMs);
    if (numberIn(isLeft, 'n') !== null) return true;
  }
  db.prepare('UPDATE intervalState SET staleFromMs = NULL').run();
  return true;
}

/** Goes back to a day's beginning; what is kept from there on is deleted by and by. */
function reset(db: Statements, foldedToMs: number): void {
  const stale = 'min(coalesce(staleFromMs, ?), ?)';
  db.prepare(`UPDATE intervalState SET foldedToMs = ?, staleFromMs = ${stale}`).run(
    foldedToMs,
    foldedToMs,
    foldedToMs,
  );
  const last = `SELECT max(lastStartMs) FROM intervalSum
    WHERE series = intervalSeries.id AND bucketMs = ${DAY_MS} AND atMs < ?`;
  db.prepare(`UPDATE intervalSeries SET lastStartMs = (${last})`).run(foldedToMs);
}

function foldedTo(db: Statements): number {
  return numberIn(db.prepare('SELECT foldedToMs AS n FROM intervalState').get(), 'n') ?? 0;
}

function foldSeries(db: Statements, rows: readonly FoldedRow[]): void {
  const known = new Map<string, Series>();
  for (const row of rows) {
    for (const [kind, userId, apiKeyId, modelId] of seriesOf(row)) {
      const key = `${kind}\u0000${userId}\u0000${apiKeyId}\u0000${modelId}`;
      let series = known.get(key);
      if (!series) {
        series = readSeries(db, [kind, userId, apiKeyId, modelId]);
        known.set(key, series);
      }
      const intervalMs = series.lastStartMs === null ? null : row.startedAtMs - series.lastStartMs;
      series.lastStartMs = row.startedAtMs;
      if (intervalMs === null) continue;
      addToBucket(series, row.startedAtMs, intervalMs);
      if (kind === 'caller' && intervalMs <= MAX_POINT_MS) addPoint(db, series, { row, intervalMs });
    }
  }
  for (const series of known.values()) writeSeries(db, series);
}

function addToBucket(series: Series, startedAtMs: number, intervalMs: number): void {
  const atMs = floorTo(isDaily(series.kind) ? DAY_MS : HOUR_MS, startedAtMs);
  const sums = series.sums.get(atMs) ?? { ...noSums(), lastStartMs: 0 };
  sums.lastStartMs = startedAtMs;
  addInterval(sums, intervalMs);
  series.sums.set(atMs, sums);
}

type SeriesKey = [kind: IntervalKind, userId: string, apiKeyId: string, modelId: string];

function seriesOf(row: FoldedRow): SeriesKey[] {
  const userId = row.userId ?? '';
  const apiKeyId = row.apiKeyId ?? '';
  const modelId = row.modelId ?? '';
  const keys: SeriesKey[] = [['caller', userId, userId === '' ? apiKeyId : '', '']];
  if (apiKeyId !== '') keys.push(['api-key', userId, apiKeyId, '']);
  if (modelId !== '') keys.push(['model', '', '', modelId]);
  if (modelId !== '' && userId !== '') keys.push(['user-model', userId, '', modelId]);
  if (modelId !== '' && apiKeyId !== '') keys.push(['key-model', userId, apiKeyId, modelId]);
  return keys;
}

function readSeries(db: Statements, key: SeriesKey): Series {
  const find = `SELECT id, lastStartMs FROM intervalSeries WHERE kind = ? AND userId = ? AND apiKeyId = ? AND modelId = ?`;
  const insert = `INSERT INTO intervalSeries (kind, userId, apiKeyId, modelId) VALUES (?, ?, ?, ?) RETURNING id`;
  const found = db.prepare(find).get(...key);
  const id = numberIn(found, 'id') ?? numberIn(db.prepare(insert).get(...key), 'id') ?? 0;
  return {
    id,
    kind: key[0],
    lastStartMs: numberIn(found, 'lastStartMs'),
    sums: new Map(),
    extremes: new Map(),
  };
}

function noSums(): Sums {
  return {
    intervals: 0,
    within5: 0,
    within15: 0,
    within30: 0,
    within60: 0,
    points: 0,
    sumMs: 0,
    leastMs: Number.MAX_SAFE_INTEGER,
    mostMs: 0,
    histogram: new Map(),
  };
}

const BUCKET_FIELDS = ['within5', 'within15', 'within30', 'within60'] as const;

function addInterval(sums: Sums, intervalMs: number): void {
  const field = BUCKET_FIELDS[bucketOf(intervalMs)];
  if (field) sums[field] += 1;
  sums.intervals += 1;
  if (intervalMs <= MAX_POINT_MS) sums.points += 1;
  sums.sumMs += intervalMs;
  sums.leastMs = Math.min(sums.leastMs, intervalMs);
  sums.mostMs = Math.max(sums.mostMs, intervalMs);
  addBin(sums.histogram, binOf(intervalMs), 1);
}

const SUM_NAMES = [...SUM_COLUMNS, 'leastMs', 'mostMs', 'histogram'];
const SUM_UPDATES = [
  ...SUM_COLUMNS.map((name) => `${name} = ${name} + excluded.${name}`),
  'leastMs = min(leastMs, excluded.leastMs)',
  'mostMs = max(mostMs, excluded.mostMs)',
  'histogram = histogram_add(histogram, excluded.histogram)',
].join(', ');
const PUT_SUMS = `INSERT INTO intervalSum (series, bucketMs, atMs, lastStartMs, ${SUM_NAMES.join(', ')})
  VALUES (?, ?, ?, ?, ${SUM_NAMES.map(() => '?').join(', ')})
  ON CONFLICT (series, bucketMs, atMs) DO UPDATE SET lastStartMs = max(lastStartMs, excluded.lastStartMs), ${SUM_UPDATES}`;

function writeSeries(db: Statements, { id, kind, lastStartMs, sums, extremes }: Series): void {
  db.prepare('UPDATE intervalSeries SET lastStartMs = ? WHERE id = ?').run(lastStartMs, id);
  const put = db.prepare(PUT_SUMS);
  for (const [atMs, of] of sums) {
    if (!isDaily(kind)) put.run(id, HOUR_MS, atMs, of.lastStartMs, ...sumValues(of));
    put.run(id, DAY_MS, floorTo(DAY_MS, atMs), of.lastStartMs, ...sumValues(of));
  }
  for (const { isMost, hourMs, intervalMs, row } of extremes.values()) {
    const { startedAtMs, modelId, cacheReadTokens } = row;
    const values = [id, hourMs, startedAtMs, intervalMs, modelId, cacheReadTokens];
    db.prepare(isMost ? PUT_MOST : PUT_LEAST).run(...values);
  }
}

function sumValues(sums: Sums): (number | Uint8Array)[] {
  return [
    ...SUM_COLUMNS.map((name) => sums[name]),
    sums.leastMs,
    sums.mostMs,
    encodeHistogram(sums.histogram),
  ];
}

const PUT_POINT = `INSERT INTO intervalPoint
  (series, level, startedAtMs, draw, intervalMs, modelId, cacheReadTokens, requestSeq) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`;

function putExtreme(isMost: 0 | 1): string {
  return `INSERT INTO intervalExtreme (series, isMost, hourMs, startedAtMs, intervalMs, modelId, cacheReadTokens)
    VALUES (?, ${isMost}, ?, ?, ?, ?, ?) ON CONFLICT (series, isMost, hourMs) DO UPDATE SET
    startedAtMs = excluded.startedAtMs, intervalMs = excluded.intervalMs, modelId = excluded.modelId,
    cacheReadTokens = excluded.cacheReadTokens
    WHERE excluded.intervalMs ${isMost === 1 ? '>' : '<'} intervalMs`;
}
const PUT_LEAST = putExtreme(0);
const PUT_MOST = putExtreme(1);

function addPoint(
  db: Statements,
  series: Series,
  { row, intervalMs }: { row: FoldedRow; intervalMs: number },
): void {
  const { seq, startedAtMs, modelId, cacheReadTokens } = row;
  const draw = drawOf(row.id);
  const values = [series.id, levelOf(draw), startedAtMs, draw, intervalMs, modelId, cacheReadTokens, seq];
  db.prepare(PUT_POINT).run(...values);
  const hourMs = floorTo(HOUR_MS, startedAtMs);
  for (const isMost of [false, true]) {
    const key = `${hourMs} ${isMost}`;
    const known = series.extremes.get(key);
    const isBeyond = !known || (isMost ? intervalMs > known.intervalMs : intervalMs < known.intervalMs);
    if (isBeyond) series.extremes.set(key, { isMost, hourMs, intervalMs, row });
  }
}

function foldSessions(db: Statements, rows: readonly FoldedRow[]): void {
  const sessions = new Map<string, Session>();
  for (const row of rows) {
    if (row.sessionId === null) continue;
    const { userId, apiKeyId, startedAtMs } = row;
    const before = sessions.get(row.sessionId) ?? readSession(db, row.sessionId);
    const sums = before?.sums ?? noSums();
    if (before) addInterval(sums, startedAtMs - before.lastStartMs);
    sessions.set(row.sessionId, {
      userId,
      apiKeyId,
      firstStartMs: before?.firstStartMs ?? startedAtMs,
      lastStartMs: startedAtMs,
      sums,
    });
  }
  for (const [sessionId, session] of sessions) writeSession(db, sessionId, session);
}

const READ_SESSION = `SELECT firstStartMs, lastStartMs, ${SUM_NAMES.join(', ')}
  FROM intervalSession WHERE sessionId = ?`;

function readSession(db: Statements, sessionId: string): Session | null {
  const found = db.prepare(READ_SESSION).get(sessionId);
  const firstStartMs = numberIn(found, 'firstStartMs');
  const lastStartMs = numberIn(found, 'lastStartMs');
  if (firstStartMs === null || lastStartMs === null) return null;
  const sums = noSums();
  for (const name of [...SUM_COLUMNS, 'leastMs', 'mostMs'] as const) sums[name] = numberIn(found, name) ?? 0;
  const bytes = valueIn(found, 'histogram');
  if (bytes instanceof Uint8Array) sums.histogram = histogramOf(bytes);
  return { userId: null, apiKeyId: null, firstStartMs, lastStartMs, sums };
}

const WRITE_SESSION = `INSERT OR REPLACE INTO intervalSession
  (sessionId, userId, apiKeyId, firstStartMs, lastStartMs, draw, recommendedMinutes, ${SUM_NAMES.join(', ')})
  VALUES (?, ?, ?, ?, ?, ?, ?, ${SUM_NAMES.map(() => '?').join(', ')})`;

function writeSession(db: Statements, sessionId: string, session: Session): void {
  const { userId, apiKeyId, sums, firstStartMs, lastStartMs } = session;
  const [p75Ms = null, p90Ms = null] = histogramQuantiles(sums.histogram, [0.75, 0.9]);
  const minutes = sums.intervals < MIN_INTERVALS ? 0 : recommendedTtlMinutes({ p75Ms, p90Ms });
  db.prepare(WRITE_SESSION).run(
    sessionId,
    userId ?? '',
    apiKeyId ?? '',
    firstStartMs,
    lastStartMs,
    drawOf(sessionId),
    minutes,
    ...sumValues(sums),
  );
}
