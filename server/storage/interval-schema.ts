// The tables in which intervals between requests are kept: sums per group and bucket of time, sessions, and points.

/**
 * Groups: `caller` is a user, else an API key, else everybody without one. An empty id stands for none.
 * `lastStartMs`: of the last request that was folded in; null = not known, then the next interval of the group is left out.
 */
const INTERVAL_KINDS = ['caller', 'api-key', 'model', 'user-model', 'key-model'] as const;
export type IntervalKind = (typeof INTERVAL_KINDS)[number];

/** There are many pairs of caller and model: their sums are kept by the day only. */
export function isDaily(kind: IntervalKind): boolean {
  return kind === 'user-model' || kind === 'key-model';
}

/** Longer intervals are no points: somebody was away. */
export const MAX_POINT_MS = 7_200_000;

/** Numbers of intervals up to each border, each in one column; `most` counts all. */
export const SUM_COLUMNS = [
  'intervals',
  'within5',
  'within15',
  'within30',
  'within60',
  'points',
  'sumMs',
] as const;

const SUMS = `${SUM_COLUMNS.map((name) => `${name} INTEGER NOT NULL`).join(', ')},
  leastMs INTEGER NOT NULL, mostMs INTEGER NOT NULL, histogram BLOB NOT NULL`;

export const INTERVALS: readonly string[] = [
  // Rows that started before are folded in, but for those that were written too late.
  // `staleFromMs`: what is kept from there on is of no use and still to be deleted; null = nothing.
  // Rows up to `takenSeq` that started at `waitingFromMs` or later are in `intervalWaiting`.
  `CREATE TABLE intervalState (
    foldedToMs INTEGER NOT NULL, staleFromMs INTEGER, takenSeq INTEGER NOT NULL, waitingFromMs INTEGER NOT NULL
  )`,
  'INSERT INTO intervalState VALUES (0, NULL, 0, 0)',
  // The newest rows, as far as intervals are made of them: they wait to be folded, and each question looks through them.
  // In the log itself they lie far apart.
  `CREATE TABLE intervalWaiting (
    startedAtMs INTEGER NOT NULL,
    id TEXT NOT NULL,
    seq INTEGER NOT NULL,
    userId TEXT,
    apiKeyId TEXT,
    modelId TEXT,
    sessionId TEXT,
    cacheReadTokens INTEGER,
    PRIMARY KEY (startedAtMs, id)
  ) WITHOUT ROWID`,
  `CREATE TABLE intervalSeries (
    id INTEGER PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    userId TEXT NOT NULL,
    apiKeyId TEXT NOT NULL,
    modelId TEXT NOT NULL,
    lastStartMs INTEGER,
    UNIQUE (kind, userId, apiKeyId, modelId)
  )`,
  `CREATE TABLE intervalSum (
    series INTEGER NOT NULL,
    bucketMs INTEGER NOT NULL,
    atMs INTEGER NOT NULL,
    lastStartMs INTEGER NOT NULL,
    ${SUMS},
    PRIMARY KEY (series, bucketMs, atMs)
  ) WITHOUT ROWID`,
  'CREATE INDEX intervalSumByTime ON intervalSum (atMs)',
  `CREATE TABLE intervalSession (
    sessionId TEXT PRIMARY KEY NOT NULL,
    userId TEXT NOT NULL,
    apiKeyId TEXT NOT NULL,
    firstStartMs INTEGER NOT NULL,
    lastStartMs INTEGER NOT NULL,
    draw INTEGER NOT NULL,
    recommendedMinutes INTEGER NOT NULL,
    ${SUMS}
  ) WITHOUT ROWID`,
  // Both have all that sessions are counted and chosen by: their histograms are read only of those that are shown.
  `CREATE INDEX intervalSessionByTime ON intervalSession
    (lastStartMs, intervals, recommendedMinutes, firstStartMs, draw, userId, apiKeyId)`,
  `CREATE INDEX intervalSessionByDraw ON intervalSession
    (draw, sessionId, lastStartMs, firstStartMs, intervals, userId, apiKeyId)`,
  // `draw`: random, 0 to 65,535; `level`: the zeros that it begins with, in pairs of bits. So a part of the points that is
  // as small as one likes, spread over all times, is a few ranges of the key.
  `CREATE TABLE intervalPoint (
    series INTEGER NOT NULL,
    level INTEGER NOT NULL,
    startedAtMs INTEGER NOT NULL,
    draw INTEGER NOT NULL,
    intervalMs INTEGER NOT NULL,
    modelId TEXT,
    cacheReadTokens INTEGER,
    requestSeq INTEGER NOT NULL,
    PRIMARY KEY (series, level, startedAtMs, requestSeq)
  ) WITHOUT ROWID`,
  'CREATE INDEX intervalPointByTime ON intervalPoint (startedAtMs)',
  // The points with the least and the most interval of each hour.
  `CREATE TABLE intervalExtreme (
    series INTEGER NOT NULL,
    isMost INTEGER NOT NULL,
    hourMs INTEGER NOT NULL,
    startedAtMs INTEGER NOT NULL,
    intervalMs INTEGER NOT NULL,
    modelId TEXT,
    cacheReadTokens INTEGER,
    PRIMARY KEY (series, isMost, hourMs)
  ) WITHOUT ROWID`,
];

/** What counts for intervals: calls of a caller's that used a prompt. Counting tokens keeps nothing warm. */
export const COUNTED = `"outcome" = 'ok' AND "isKeepWarm" = 0 AND "usageSource" <> 'none'`;
