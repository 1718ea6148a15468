// How far a prompt was read from the cache and written to it, told from the usage that came back.

import type { PromptCut } from '../wire/outline.ts';
import { cacheWrites, type Usage } from '../wire/usage.ts';
import { type CacheRule, lastMarkOf } from './cache-rules.ts';

/** What a provider reported of its cache, in tokens. */
export interface CacheReport {
  input: number;
  read: number;
  write: number;
  /** The part of `write` that is kept for an hour. */
  writeOneHour: number;
}

/** Indexes into the cuts; -1 = nothing. `read <= written`. */
export interface CachedExtent {
  /** The deepest cut that was read from the cache. */
  read: number;
  /** The deepest cut that is in the cache now. */
  written: number;
  /** The deepest cut that is in it for an hour, as far as this request wrote it. */
  writtenOneHour: number;
}

/** A cut that usage has counted before, and whether a prompt is known to be readable up to there. */
export interface KnownCut {
  /** 0 = not counted. */
  tokens: number;
  isEnd: boolean;
}

/** Share of a prompt by which places reckoned from bytes may be off. */
const PLACE_TOLERANCE = 0.02;
const MIN_TOLERANCE_TOKENS = 64;
/** A mark is taken for the end of a write that is no further off than this. */
const MARK_TOLERANCE = 0.25;
const MIN_MARK_TOLERANCE_TOKENS = 512;

/** Null = the provider says nothing of its cache. `asksForOneHour` tells the lifetime of writes stated as one number. */
export function cacheReportOf(usage: Usage | null, asksForOneHour: boolean): CacheReport | null {
  if (!usage || usage.inputTokens === null || usage.inputTokens <= 0) return null;
  if (usage.cacheReadTokens === null && usage.cacheWriteTokens === null) return null;
  const { write5m, write1h } = cacheWrites(usage);
  const write = (write5m ?? 0) + (write1h ?? 0);
  const isSplit = usage.cacheWrite5mTokens !== null || usage.cacheWrite1hTokens !== null;
  return {
    input: usage.inputTokens,
    read: usage.cacheReadTokens ?? 0,
    write,
    writeOneHour: isSplit || !asksForOneHour ? (write1h ?? 0) : write,
  };
}

/**
 * Tokens up to each cut, into `into`: on a straight line between what usage has counted (the whole prompt now, cuts in
 * earlier prompts), since text and JSON take different numbers of bytes per token.
 */
export function placeTokens(
  cuts: readonly PromptCut[],
  {
    known,
    bytes,
    inputTokens,
    into,
  }: { known: readonly (KnownCut | null)[]; bytes: number; inputTokens: number; into: Float64Array },
): void {
  let fromBytes = 0;
  let fromTokens = 0;
  let next = 0;
  for (let index = 0; index <= cuts.length; index++) {
    const isEnd = index === cuts.length;
    const tokens = isEnd ? inputTokens : (known[index]?.tokens ?? 0);
    const toBytes = isEnd ? Math.max(bytes, fromBytes) : (cuts[index]?.bytes ?? 0);
    if (!isEnd && (tokens <= fromTokens || tokens > inputTokens)) continue;
    const slope = toBytes > fromBytes ? (tokens - fromTokens) / (toBytes - fromBytes) : 0;
    for (; next < Math.min(index + 1, cuts.length); next++)
      into[next] = fromTokens + ((cuts[next]?.bytes ?? 0) - fromBytes) * slope;
    fromBytes = toBytes;
    fromTokens = tokens;
  }
}

/** Where the cache is read and written by the rule, moved to the places that fit the counts. */
export function cachedExtentOf(
  cuts: readonly PromptCut[],
  {
    report,
    rule,
    known,
    tokensAt,
  }: {
    report: CacheReport;
    rule: CacheRule;
    known: readonly (KnownCut | null)[];
    tokensAt: Float64Array;
  },
): CachedExtent {
  const tolerance = Math.max(rule.stepTokens, MIN_TOLERANCE_TOKENS, report.input * PLACE_TOLERANCE);
  const read = report.read > 0 ? readCut(report, { known, tokensAt, tolerance, count: cuts.length }) : -1;
  if (!rule.statesWrites) return { read, written: cuts.length - 1, writtenOneHour: -1 };
  if (report.write === 0) return { read, written: read, writtenOneHour: -1 };
  const total = report.read + report.write;
  const lastMark = lastMarkOf(cuts);
  const offTokens = Math.abs((tokensAt[lastMark] ?? 0) - total);
  const isAtMark = lastMark >= 0 && offTokens <= Math.max(MIN_MARK_TOLERANCE_TOKENS, total * MARK_TOLERANCE);
  const end = isAtMark ? lastMark : deepestWithin(total + tolerance, { tokensAt, count: cuts.length });
  const written = Math.max(read, end);
  if (report.writeOneHour === 0) return { read, written, writtenOneHour: -1 };
  if (report.writeOneHour >= report.write) return { read, written, writtenOneHour: written };
  const lastOneHour = cuts.findLastIndex(({ mark }) => mark === '1h');
  const reckoned = deepestWithin(report.read + report.writeOneHour + tolerance, {
    tokensAt,
    count: cuts.length,
  });
  return { read, written, writtenOneHour: Math.min(written, lastOneHour >= 0 ? lastOneHour : reckoned) };
}

/** The cut that was counted the same before, or the nearest that can be read up to, or the deepest that fits. */
function readCut(
  { read, input }: CacheReport,
  {
    known,
    tokensAt,
    tolerance,
    count,
  }: { known: readonly (KnownCut | null)[]; tokensAt: Float64Array; tolerance: number; count: number },
): number {
  if (read >= input) return count - 1;
  let nearest = -1;
  let nearestOff = tolerance;
  for (let index = count - 1; index >= 0; index--) {
    const cut = known[index];
    if (!cut) continue;
    if (cut.tokens === read) return index;
    const off = Math.abs((tokensAt[index] ?? 0) - read);
    if (cut.isEnd && off < nearestOff) {
      nearest = index;
      nearestOff = off;
    }
  }
  return nearest >= 0 ? nearest : deepestWithin(read + tolerance, { tokensAt, count });
}

function deepestWithin(
  tokens: number,
  { tokensAt, count }: { tokensAt: Float64Array; count: number },
): number {
  for (let index = count - 1; index >= 0; index--) if ((tokensAt[index] ?? 0) <= tokens) return index;
  return -1;
}
