// Intervals of rows as they are read, as functions of SQLite: its own window functions would sort all of them first.

import { bucketOf, intervalGroup, intervalsOf } from '../analysis/intervals.ts';
import { addBin, binOf, encodeHistogram, type Histogram } from './histogram.ts';
import { MAX_POINT_MS, type SUM_COLUMNS } from './interval-schema.ts';

/** The part of a SQLite connection that takes aggregates. */
export interface AggregateTable {
  aggregate<State>(
    name: string,
    options: {
      varargs?: boolean;
      start: () => State;
      step: (state: State, ...values: unknown[]) => State;
      result: (state: State) => string | null;
    },
  ): void;
}

/** Starts of each group, in the order in which they came; `before`: the last one that is folded. */
type Starts = Map<string, { startsMs: number[]; beforeMs: number | null }>;

/**
 * `gap_groups(key, startedAtMs)`: JSON of the intervals of each group, exactly. `gap_sums(key, startedAtMs, isRow)`: JSON
 * of an array for each group, of its key and the columns of sums; a start with `isRow` 0 only begins an interval.
 * `gap_points(maxIntervalMs, share, limit, key, startedAtMs, isRow, userId, modelId, cacheReadTokens)`: JSON of points
 * drawn evenly, and of how many there are.
 */
export function defineGapFunctions(db: AggregateTable): void {
  db.aggregate<Starts>('gap_groups', {
    start: () => new Map(),
    step: (starts, key, startedAtMs) => withStart(starts, { key, startedAtMs, isRow: 1 }),
    result: (starts) =>
      JSON.stringify(
        [...starts].flatMap(([key, { startsMs }]) => intervalGroup(key, gapsOf(startsMs)) ?? []),
      ),
  });
  db.aggregate<Starts>('gap_sums', {
    start: () => new Map(),
    step: (starts, key, startedAtMs, isRow) => withStart(starts, { key, startedAtMs, isRow }),
    result: (starts) => JSON.stringify([...starts].flatMap(([key, of]) => sumsOf(key, of))),
  });
  db.aggregate<PointState>('gap_points', {
    varargs: true,
    start: () => ({ options: null, rows: [] }),
    step: withPoint,
    result: (state) => JSON.stringify(drawPoints(state)),
  });
}

function withStart(
  starts: Starts,
  { key, startedAtMs, isRow }: { key: unknown; startedAtMs: unknown; isRow: unknown },
): Starts {
  if (typeof key !== 'string' || typeof startedAtMs !== 'number') return starts;
  const of = starts.get(key) ?? { startsMs: [], beforeMs: null };
  starts.set(key, of);
  if (isRow === 0) of.beforeMs = startedAtMs;
  else of.startsMs.push(startedAtMs);
  return starts;
}

function gapsOf(startsMs: number[]): number[] {
  return intervalsOf(startsMs.sort((a, b) => a - b));
}

type SumRow = [key: string, ...sums: number[], histogramHex: string];

function sumsOf(key: string, { startsMs, beforeMs }: { startsMs: number[]; beforeMs: number | null }) {
  const gaps = gapsOf(beforeMs === null ? startsMs : [beforeMs, ...startsMs]);
  if (gaps.length === 0) return [];
  const within = [0, 0, 0, 0, 0];
  const sums = { points: 0, sumMs: 0, leastMs: Number.MAX_SAFE_INTEGER, mostMs: 0 };
  const histogram: Histogram = new Map();
  for (const gap of gaps) {
    const bucket = bucketOf(gap);
    within[bucket] = (within[bucket] ?? 0) + 1;
    if (gap <= MAX_POINT_MS) sums.points += 1;
    sums.sumMs += gap;
    sums.leastMs = Math.min(sums.leastMs, gap);
    sums.mostMs = Math.max(sums.mostMs, gap);
    addBin(histogram, binOf(gap), 1);
  }
  const numbers = [gaps.length, ...within.slice(0, 4), sums.points, sums.sumMs, sums.leastMs, sums.mostMs];
  return [[key, ...numbers, hexOf(encodeHistogram(histogram))] satisfies SumRow];
}

/** Where each column is in what `gap_sums` makes. */
export const GAP_COLUMNS = [
  'key',
  'intervals',
  'within5',
  'within15',
  'within30',
  'within60',
  'points',
  'sumMs',
  'leastMs',
  'mostMs',
] as const satisfies readonly ('key' | 'leastMs' | 'mostMs' | (typeof SUM_COLUMNS)[number])[];

function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}

interface PointRow {
  key: string;
  atMs: number;
  isRow: boolean;
  userId: string | null;
  modelId: string | null;
  cacheReadTokens: number | null;
}

interface PointOptions {
  maxIntervalMs: number;
  /** Of all points, 0 to 1; null = so many that they are `limit`. */
  share: number | null;
  limit: number;
}

interface PointState {
  options: PointOptions | null;
  rows: PointRow[];
}

/** As IntervalPoint. */
type DrawnPoint = Omit<PointRow, 'key' | 'isRow'> & { intervalMs: number };

function withPoint(state: PointState, ...values: unknown[]): PointState {
  const [maxIntervalMs, share, limit, key, atMs, isRow, userId, modelId, tokens] = values;
  if (typeof key !== 'string' || typeof atMs !== 'number') return state;
  state.options ??= { maxIntervalMs: Number(maxIntervalMs), share: numberOf(share), limit: Number(limit) };
  state.rows.push({
    key,
    atMs,
    isRow: isRow === 1,
    userId: textOf(userId),
    modelId: textOf(modelId),
    cacheReadTokens: numberOf(tokens),
  });
  return state;
}

function drawPoints({ options, rows }: PointState): { points: DrawnPoint[]; total: number } {
  if (!options) return { points: [], total: 0 };
  // The order of rows of one millisecond is theirs.
  rows.sort((a, b) => a.atMs - b.atMs);
  const lastMs = new Map<string, number>();
  const all: DrawnPoint[] = [];
  for (const { key, isRow, ...row } of rows) {
    const beforeMs = lastMs.get(key);
    lastMs.set(key, row.atMs);
    const intervalMs = beforeMs === undefined ? Number.POSITIVE_INFINITY : row.atMs - beforeMs;
    if (isRow && intervalMs <= options.maxIntervalMs) all.push({ ...row, intervalMs });
  }
  const share = options.share ?? Math.min(1, options.limit / Math.max(1, all.length));
  const landmarks = extremesOf(all);
  const isDrawn = (point: DrawnPoint, index: number) =>
    Math.floor((index + 1) * share) !== Math.floor(index * share) ||
    index === all.length - 1 ||
    landmarks.has(point);
  return { points: all.filter(isDrawn), total: all.length };
}

function extremesOf(points: readonly DrawnPoint[]): Set<DrawnPoint> {
  let [least] = points;
  let [most] = points;
  for (const point of points) {
    if (least && point.intervalMs < least.intervalMs) least = point;
    if (most && point.intervalMs > most.intervalMs) most = point;
  }
  return new Set([least, most].flatMap((point) => point ?? []));
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}
