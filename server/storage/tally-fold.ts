// Adds rows of the request log to the sums that are kept of them, and takes rows away again. Runs on the SQLite thread.

import { binOf, encodeBins } from './histogram.ts';
import {
  DAY_MS,
  HISTOGRAMS,
  HOUR_MS,
  MINUTE_MS,
  MISS_SUMS,
  MISS_TALLIES,
  MISSES_PATH,
  REQUEST_SUMS,
  REQUEST_TALLIES,
  SEQ_BOUNDS,
  type Tally,
} from './tally-kinds.ts';
import { floorTo } from './tally-ranges.ts';

type Value = string | number | null;

/** What the fold needs of SQLite; statements are kept by who gives them. */
export interface Statements {
  prepare(sql: string): {
    run(...values: (Value | Uint8Array)[]): unknown;
    get(...values: (Value | Uint8Array)[]): unknown;
    all(...values: Value[]): unknown[];
  };
}

/** Dimensions of rows; the cause of a miss comes after them. */
const DIMENSIONS = [
  'modelId',
  'requestedModel',
  'accountId',
  'providerId',
  'apiKeyId',
  'apiKeyName',
  'userId',
  'surface',
  'isStreamed',
  'status',
  'outcome',
  'affinity',
  'missCause',
  'isKeepWarm',
] as const;

/** Columns of a row that sums are made of. */
const FOLDED_COLUMNS = [
  'seq',
  'startedAtMs',
  ...DIMENSIONS,
  'inputTokens',
  'outputTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'usageSource',
  'costNanoUsd',
  'savedNanoUsd',
  'cacheReadNanoUsd',
  'cacheWriteNanoUsd',
  'credits',
  'latencyMs',
  'timeToFirstTokenMs',
] as const;
type FoldedRow = Record<(typeof FOLDED_COLUMNS)[number], Value> & { misses: string | null };

const SELECT = `SELECT ${FOLDED_COLUMNS.join(', ')}, tail -> '${MISSES_PATH}' AS misses FROM request`;

/** A number for each name, in the order of the names. */
type ListOf<Names extends readonly string[]> = { [Index in keyof Names]: number };

/** One thing that is counted: a request, or one of its misses. */
interface Fact {
  seq: number;
  atMs: number;
  /** Of each dimension, in the order of DIMENSIONS; null is the empty text. */
  values: readonly Value[];
  /** The same as one character each. */
  codes: readonly string[];
  sums: readonly number[];
  latencyBin: number;
  firstTokenBin: number;
}

/** Sums of one bucket and one combination of dimensions. */
interface Group {
  atMs: number;
  /** Of its dimensions. */
  code: string;
  values: readonly Value[];
  sums: Float64Array;
  minSeq: number;
  maxSeq: number;
  latencyBins: number[];
  firstTokenBins: number[];
}
type Groups = Map<string, Group>;

const CAUSE_INDEX = DIMENSIONS.length;

export function rowsBetween(db: Statements, { afterSeq, lastSeq }: { afterSeq: number; lastSeq: number }) {
  return db.prepare(`${SELECT} WHERE seq > ? AND seq <= ?`).all(afterSeq, lastSeq) as FoldedRow[];
}

export function rowsOf(db: Statements, { seqs, lastSeq }: { seqs: readonly number[]; lastSeq: number }) {
  const sql = `${SELECT} WHERE seq IN (SELECT value FROM json_each(?)) AND seq <= ?`;
  return db.prepare(sql).all(JSON.stringify(seqs), lastSeq) as FoldedRow[];
}

/** `sign`: 1 adds the rows, -1 takes them away. Minutes before `minutesFromMs` are not kept. */
export function tallyRows(
  db: Statements,
  { rows, sign, minutesFromMs }: { rows: readonly FoldedRow[]; sign: 1 | -1; minutesFromMs: number },
): void {
  const codeOf = coder();
  const requests = rows.map((row) => requestFact(row, codeOf));
  const misses = rows.flatMap((row, index) => missFacts(row, requests[index], codeOf));
  for (const tally of REQUEST_TALLIES) putTally(db, { tally, facts: requests, sign, minutesFromMs });
  for (const tally of MISS_TALLIES) putTally(db, { tally, facts: misses, sign, minutesFromMs });
}

/** Gives each value that occurs a character of its own: keys of groups are short, and made fast. */
function coder(): (value: Value) => string {
  const codes = new Map<Value, string>();
  return (value) => {
    const known = codes.get(value);
    if (known !== undefined) return known;
    const code = String.fromCodePoint(codes.size);
    codes.set(value, code);
    return code;
  };
}

function requestFact(row: FoldedRow, codeOf: (value: Value) => string): Fact {
  const values = DIMENSIONS.map((dimension) => row[dimension] ?? '');
  const isReported =
    row.inputTokens !== null && (row.usageSource === 'upstream' || row.usageSource === 'partial');
  const hasUsage = row.inputTokens !== null || row.outputTokens !== null;
  const sums: ListOf<typeof REQUEST_SUMS> = [
    1,
    numberOf(row.inputTokens),
    numberOf(row.outputTokens),
    numberOf(row.cacheReadTokens),
    numberOf(row.cacheWriteTokens),
    numberOf(row.credits),
    numberOf(row.costNanoUsd),
    numberOf(row.savedNanoUsd),
    numberOf(row.cacheReadNanoUsd),
    numberOf(row.cacheWriteNanoUsd),
    isReported ? 1 : 0,
    isReported && numberOf(row.cacheReadTokens) > 0 ? 1 : 0,
    hasUsage && row.costNanoUsd === null ? 1 : 0,
  ];
  return {
    seq: numberOf(row.seq),
    atMs: numberOf(row.startedAtMs),
    values,
    codes: values.map(codeOf),
    sums,
    latencyBin: row.latencyMs === null ? -1 : binOf(numberOf(row.latencyMs)),
    firstTokenBin: row.timeToFirstTokenMs === null ? -1 : binOf(numberOf(row.timeToFirstTokenMs)),
  };
}

function missFacts(row: FoldedRow, request: Fact | undefined, codeOf: (value: Value) => string): Fact[] {
  if (!request || row.misses === null || row.misses === 'null' || row.misses === '[]') return [];
  const misses: unknown = JSON.parse(row.misses);
  if (!Array.isArray(misses)) return [];
  return misses.filter(Array.isArray).map(([name, tokens, costNanoUsd]) => {
    const cause = typeof name === 'string' ? name : '';
    const unpricedTokens = costNanoUsd === null ? numberOf(tokens) : 0;
    const sums: ListOf<typeof MISS_SUMS> = [1, numberOf(tokens), numberOf(costNanoUsd), unpricedTokens];
    return {
      seq: request.seq,
      atMs: request.atMs,
      values: [...request.values, cause],
      codes: [...request.codes, codeOf(cause)],
      sums,
      latencyBin: -1,
      firstTokenBin: -1,
    };
  });
}

function numberOf(value: unknown): number {
  return typeof value === 'number' ? value : 0;
}

interface Put {
  tally: Tally;
  sign: 1 | -1;
}

function putTally(
  db: Statements,
  { facts, minutesFromMs, ...put }: Put & { facts: readonly Fact[]; minutesFromMs: number },
): void {
  const { tally } = put;
  let groups = grouped(tally, facts);
  // Facts are grouped once, by the smallest bucket; larger buckets are made of its groups.
  if (tally.hasMinutes) {
    const kept = [...groups.values()].filter(({ atMs }) => atMs >= minutesFromMs);
    putGroups(db, { ...put, bucketMs: MINUTE_MS, groups: kept });
    groups = regrouped(groups, HOUR_MS);
  }
  putGroups(db, { ...put, bucketMs: HOUR_MS, groups: groups.values() });
  putGroups(db, { ...put, bucketMs: DAY_MS, groups: regrouped(groups, DAY_MS).values() });
}

function grouped({ dimensions, hasMinutes }: Tally, facts: readonly Fact[]): Groups {
  const groups: Groups = new Map();
  const indexes = dimensions.map((name) => (name === 'cause' ? CAUSE_INDEX : DIMENSIONS.indexOf(name)));
  const bucketMs = hasMinutes ? MINUTE_MS : HOUR_MS;
  for (const fact of facts) {
    const atMs = floorTo(bucketMs, fact.atMs);
    let code = '';
    for (const index of indexes) code += fact.codes[index] ?? '';
    const key = `${code}${atMs}`;
    let group = groups.get(key);
    if (!group) {
      const values = indexes.map((index) => fact.values[index] ?? '');
      group = newGroup({ atMs, code, values }, fact.sums.length);
      groups.set(key, group);
    }
    const { sums } = group;
    for (let index = 0; index < sums.length; index++)
      sums[index] = (sums[index] ?? 0) + (fact.sums[index] ?? 0);
    group.minSeq = Math.min(group.minSeq, fact.seq);
    group.maxSeq = Math.max(group.maxSeq, fact.seq);
    if (fact.latencyBin >= 0) group.latencyBins.push(fact.latencyBin);
    if (fact.firstTokenBin >= 0) group.firstTokenBins.push(fact.firstTokenBin);
  }
  return groups;
}

function regrouped(smaller: Groups, bucketMs: number): Groups {
  const groups: Groups = new Map();
  for (const one of smaller.values()) {
    const atMs = floorTo(bucketMs, one.atMs);
    const key = `${one.code}${atMs}`;
    let group = groups.get(key);
    if (!group) {
      group = newGroup({ ...one, atMs }, one.sums.length);
      groups.set(key, group);
    }
    const { sums } = group;
    for (let index = 0; index < sums.length; index++)
      sums[index] = (sums[index] ?? 0) + (one.sums[index] ?? 0);
    group.minSeq = Math.min(group.minSeq, one.minSeq);
    group.maxSeq = Math.max(group.maxSeq, one.maxSeq);
    for (const bin of one.latencyBins) group.latencyBins.push(bin);
    for (const bin of one.firstTokenBins) group.firstTokenBins.push(bin);
  }
  return groups;
}

function newGroup({ atMs, code, values }: Pick<Group, 'atMs' | 'code' | 'values'>, sumCount: number): Group {
  return {
    ...{ atMs, code, values },
    sums: new Float64Array(sumCount),
    minSeq: Number.MAX_SAFE_INTEGER,
    maxSeq: 0,
    latencyBins: [],
    firstTokenBins: [],
  };
}

function putGroups(
  db: Statements,
  { tally, sign, bucketMs, groups }: Put & { bucketMs: number; groups: Iterable<Group> },
): void {
  const put = db.prepare(sign === 1 ? putSql(tally) : `${putSql(tally)} RETURNING total`);
  const remove = db.prepare(removeSql(tally));
  const hasHistograms = REQUEST_TALLIES.includes(tally);
  for (const { atMs, values, sums, minSeq, maxSeq, latencyBins, firstTokenBins } of groups) {
    const row: (Value | Uint8Array)[] = [bucketMs, atMs, ...values];
    for (const sum of sums) row.push(sum * sign);
    if (hasHistograms)
      row.push(minSeq, maxSeq, encodeBins(latencyBins, sign), encodeBins(firstTokenBins, sign));
    if (sign === 1) put.run(...row);
    else if (isEmpty(put.get(...row))) remove.run(bucketMs, atMs, ...values);
  }
}

function isEmpty(row: unknown): boolean {
  return typeof row === 'object' && row !== null && 'total' in row && row.total === 0;
}

function putSql(tally: Tally): string {
  const isOfRequests = REQUEST_TALLIES.includes(tally);
  const key = ['bucketMs', 'atMs', ...tally.dimensions];
  const sums = isOfRequests ? REQUEST_SUMS : MISS_SUMS;
  const histograms = isOfRequests ? HISTOGRAMS : [];
  const bounds = isOfRequests ? SEQ_BOUNDS : [];
  const columns = [...key, ...sums, ...bounds, ...histograms];
  const updates = [
    ...sums.map((name) => `${name} = ${name} + excluded.${name}`),
    // Taking rows away leaves the bounds wider than need be.
    ...(isOfRequests
      ? ['minSeq = min(minSeq, excluded.minSeq)', 'maxSeq = max(maxSeq, excluded.maxSeq)']
      : []),
    ...histograms.map((name) => `${name} = histogram_add(${name}, excluded.${name})`),
  ];
  return `INSERT INTO ${tally.table} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})
    ON CONFLICT (${key.join(', ')}) DO UPDATE SET ${updates.join(', ')}`;
}

function removeSql({ table, dimensions }: Tally): string {
  const key = ['bucketMs', 'atMs', ...dimensions];
  return `DELETE FROM ${table} WHERE ${key.map((name) => `${name} = ?`).join(' AND ')}`;
}
