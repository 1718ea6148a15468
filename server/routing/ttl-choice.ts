// Which cache lifetime a session's own gaps make cheaper, and how likely it comes back after being idle: statistics and their price.
//
// Lifetime, after what was seen of a session: a 5 min mark writes the prefix again at each gap of 5 to 60 min, where a
// 1 h mark reads it; a 1 h mark costs more for every token written, and again at each gap beyond an hour. So 1 h pays when
//   (write5m - read) * prefixes at gaps of 5 to 60 min  >  (write1h - write5m) * (tokens written + prefixes at longer gaps)
// which at Anthropic's prices (1.25, 2 and 0.1 times the input) is 1.15 * Σ > 0.75 * Σ.
//
// Return odds: the product-limit estimate (Kaplan and Meier) over buckets of gaps. A session that is idle now counts as
// one that could have returned for as long as it has been idle; a session's own gaps are weighed against those of its
// group. Bounded: `MAX_SESSIONS` sessions and `MAX_GROUPS` groups, the least recently used are forgotten.

import type { Clock } from '../gateway/ports.ts';
import type { TtlSums } from '../gateway/route-record.ts';
import { steadyNow } from '../gateway/steady-clock.ts';

/** What was seen of one session, or of many. Times between the starts of two requests are gaps: caches count from there. */
export interface SessionGaps {
  /** Shared prefix at gaps of 5 to 60 min, summed. */
  atStakeTokens5to60: number;
  atStakeTokensOver60: number;
  /** Written to the cache, without what was only written again after a gap. */
  writtenTokens: number;
  gapCount: number;
}

/** USD per token. */
export interface TtlPrices {
  readUsd: number;
  write5mUsd: number;
  write1hUsd: number;
}

export interface TtlChoice {
  ttl: '5m' | '1h';
  /** `unpriced`: no price, or none that tells the lifetimes apart. `no-gaps`: nothing seen yet, here or of others. */
  code: 'gaps-pay' | 'gaps-do-not-pay' | 'no-gaps' | 'unpriced';
  reason: string;
  /** What the reason says; null = nothing could be counted. */
  sums: TtlSums | null;
}

/** Gaps of a session from which on it is judged by its own alone; before, those of its group fill up to as many. */
const OWN_GAPS = 10;

/** `usual` is what was seen of all sessions of its kind; null = nothing. */
export function chooseTtl(
  own: SessionGaps,
  { prices, usual }: { prices: TtlPrices | null; usual: SessionGaps | null },
): TtlChoice {
  if (!prices || prices.write1hUsd <= prices.write5mUsd || prices.write5mUsd <= prices.readUsd) {
    return uncounted('unpriced', 'no price tells the two lifetimes apart');
  }
  const seen = filledUp(own, usual);
  if (seen.gapCount === 0) {
    return uncounted('no-gaps', 'nothing is known of pauses in such sessions yet');
  }
  const savedUsd = (prices.write5mUsd - prices.readUsd) * seen.atStakeTokens5to60;
  const extraUsd = (prices.write1hUsd - prices.write5mUsd) * (seen.writtenTokens + seen.atStakeTokensOver60);
  const sums = { isOwn: own.gapCount >= OWN_GAPS, savedUsd, extraUsd };
  const whose = sums.isOwn ? 'its own pauses' : 'the pauses seen so far';
  const words = `saves ${dollars(savedUsd)} of writing again and costs ${dollars(extraUsd)} more to write`;
  return savedUsd > extraUsd
    ? { ttl: '1h', code: 'gaps-pay', reason: `by ${whose} 1 h ${words}`, sums }
    : { ttl: '5m', code: 'gaps-do-not-pay', reason: `by ${whose} 1 h only ${words}`, sums };
}

function uncounted(code: 'unpriced' | 'no-gaps', reason: string): TtlChoice {
  return { ttl: '5m', code, reason, sums: null };
}

function filledUp(own: SessionGaps, usual: SessionGaps | null): SessionGaps {
  const missing = OWN_GAPS - own.gapCount;
  if (missing <= 0 || !usual || usual.gapCount === 0) return own;
  const share = missing / usual.gapCount;
  return {
    atStakeTokens5to60: own.atStakeTokens5to60 + share * usual.atStakeTokens5to60,
    atStakeTokensOver60: own.atStakeTokensOver60 + share * usual.atStakeTokensOver60,
    writtenTokens: own.writtenTokens + share * usual.writtenTokens,
    gapCount: OWN_GAPS,
  };
}

function dollars(usd: number): string {
  return `$${usd.toPrecision(2)}`;
}

/** One request that would keep a prefix warm: what is read, what beside it is not cached, and the chance that it is needed. */
export interface PingQuestion {
  /** Chance of a return within the lifetime that the ping buys; null = not known. */
  odds: number | null;
  warmTokens: number;
  /** Input outside the cached prefix, paid in full by every ping. */
  uncachedTokens: number;
  /** USD per token. `writeUsd` is what writing the prefix again would cost. */
  prices: { inputUsd: number; readUsd: number; writeUsd: number };
}

export interface PingVerdict {
  pays: boolean;
  code: 'pays' | 'rarely-returns' | 'odds-unknown' | 'unpriced';
  costUsd: number;
  /** What a warm return saves, times its odds. */
  gainUsd: number;
}

/**
 * A ping costs a read of the prefix and saves a write less a read if the session returns: without uncached input it pays
 * when the odds exceed read / (write - read), 8.7 % at Anthropic's prices. Its one token of output is left out.
 */
export function pingPays({ odds, warmTokens, uncachedTokens, prices }: PingQuestion): PingVerdict {
  const { inputUsd, readUsd, writeUsd } = prices;
  const costUsd = warmTokens * readUsd + uncachedTokens * inputUsd;
  const gainUsd = (odds ?? 0) * warmTokens * (writeUsd - readUsd);
  const pays = gainUsd > costUsd;
  if (writeUsd <= readUsd) return { pays: false, code: 'unpriced', costUsd, gainUsd: 0 };
  if (odds === null) return { pays: false, code: 'odds-unknown', costUsd, gainUsd };
  return { pays, code: pays ? 'pays' : 'rarely-returns', costUsd, gainUsd };
}

/** Whose gaps: one session within a group of alike ones (a tenant and a model). */
export interface GapKey {
  session: string;
  group: string;
}

export interface GapSighting {
  /** Start of the request, by the steady wall clock. */
  atMs: number;
  /** Tokens of the prompt that a cache can hold. */
  prefixTokens: number;
  /** Of these the tokens that were written by this request. */
  writtenTokens: number;
}

const MINUTE_MS = 60_000;
const SHORT_TTL_MS = 5 * MINUTE_MS;
const LONG_TTL_MS = 60 * MINUTE_MS;

/** Ends of the buckets in minutes; a gap belongs to the first bucket that ends at or after it, longer ones to the last. */
const BUCKET_ENDS = [
  0.5, 1, 2, 3, 4, 5, 6, 8, 10, 12.5, 15, 20, 25, 30, 40, 50, 60, 75, 90, 120, 180, 240,
].map((minutes) => minutes * MINUTE_MS);
const BUCKETS = BUCKET_ENDS.length + 1;

const MAX_SESSIONS = 20_000;
const MAX_GROUPS = 1_000;
/** Beyond so many gaps a group's counts are halved, so that it follows its sessions when their habits change. */
const GROUP_GAPS_KEPT = 20_000;
/** Sessions that were idle that long, of the group, below which nothing is claimed of their return. */
const LEAST_AT_RISK = 20;
/** Weight of the group's rate against the session's own gaps, in gaps. */
const GROUP_WEIGHT = 5;
/** Counting the sessions that are idle now means looking at all of them. */
const IDLE_COUNT_MS = 10_000;

interface SessionRecord {
  group: string;
  lastAtMs: number;
  prefixTokens: number;
  gaps: SessionGaps;
  /** Gaps by bucket. */
  returns: Uint32Array;
}

interface GroupRecord {
  gaps: SessionGaps;
  /** Gaps by bucket, of all sessions. */
  returns: Float64Array;
  /** Sessions forgotten, by the bucket of the time they had been idle. */
  gone: Float64Array;
  /** Sessions idle now, in the same way, as counted at `idleAtMs`. */
  idle: Float64Array;
  idleAtMs: number;
}

/** Owns what was seen of the pauses of sessions. */
export class GapStatistics {
  readonly #nowMs: () => number;
  readonly #maxSessions: number;
  /** Least recently used first. */
  readonly #sessions = new Map<string, SessionRecord>();
  readonly #groups = new Map<string, GroupRecord>();

  constructor({ clock, maxSessions = MAX_SESSIONS }: { clock: Clock; maxSessions?: number }) {
    this.#nowMs = steadyNow(clock);
    this.#maxSessions = maxSessions;
  }

  get size(): number {
    return this.#sessions.size;
  }

  sawRequest(key: GapKey, { atMs, prefixTokens, writtenTokens }: GapSighting): void {
    const id = idOf(key);
    const group = this.#group(key.group);
    const known = this.#sessions.get(id);
    const session = known ?? newSession(key.group, atMs);
    this.#sessions.delete(id);
    this.#sessions.set(id, session);
    if (known) note(known, group, { atMs, prefixTokens, writtenTokens });
    else for (const { gaps } of [session, group]) gaps.writtenTokens += writtenTokens;
    // Requests of one session may be told out of order.
    session.lastAtMs = Math.max(session.lastAtMs, atMs);
    session.prefixTokens = prefixTokens;
    this.#makeRoom();
  }

  /** Of this session; all zero when it was not seen yet. */
  gaps(key: GapKey): SessionGaps {
    return this.#sessions.get(idOf(key))?.gaps ?? noGaps();
  }

  /** Of all sessions of its group; null = none was seen yet. */
  usualGaps({ group }: GapKey): SessionGaps | null {
    return this.#groups.get(group)?.gaps ?? null;
  }

  /** Chance that a session that has been idle for `idleMs` comes back within `withinMs` more; null = too little is known. */
  returnOdds(key: GapKey, idleMs: number, withinMs: number): number | null {
    const group = this.#groups.get(key.group);
    if (!group) return null;
    this.#countIdle(key.group, group);
    const own = this.#sessions.get(idOf(key))?.returns ?? null;
    const fromBucket = bucketOf(idleMs + 1);
    const ownAtRisk = own ? sumFrom(own, fromBucket) : 0;
    if (atRisk(group, fromBucket) + ownAtRisk < LEAST_AT_RISK) return null;
    let stillGone = 1;
    for (let bucket = fromBucket; bucket < BUCKET_ENDS.length; bucket += 1) {
      const startMs = bucket === 0 ? 0 : (BUCKET_ENDS[bucket - 1] ?? 0);
      const endMs = BUCKET_ENDS[bucket] ?? startMs;
      const coveredMs = Math.min(endMs, idleMs + withinMs) - Math.max(startMs, idleMs);
      if (coveredMs <= 0) break;
      stillGone *= (1 - rate(group, own, bucket)) ** (coveredMs / (endMs - startMs));
    }
    return 1 - stillGone;
  }

  #group(name: string): GroupRecord {
    const group = this.#groups.get(name) ?? newGroup();
    this.#groups.delete(name);
    this.#groups.set(name, group);
    const oldest = this.#groups.keys().next().value;
    if (this.#groups.size > MAX_GROUPS && oldest !== undefined) this.#groups.delete(oldest);
    if (group.gaps.gapCount > GROUP_GAPS_KEPT) halve(group);
    return group;
  }

  #makeRoom(): void {
    if (this.#sessions.size <= this.#maxSessions) return;
    for (const [id, session] of this.#sessions) {
      this.#sessions.delete(id);
      const gone = this.#groups.get(session.group)?.gone;
      if (gone) increase(gone, bucketOf(this.#nowMs() - session.lastAtMs));
      return;
    }
  }

  #countIdle(name: string, group: GroupRecord): void {
    const nowMs = this.#nowMs();
    if (nowMs - group.idleAtMs < IDLE_COUNT_MS) return;
    group.idleAtMs = nowMs;
    group.idle.fill(0);
    for (const session of this.#sessions.values()) {
      if (session.group === name) increase(group.idle, bucketOf(nowMs - session.lastAtMs));
    }
  }
}

function note(
  session: SessionRecord,
  group: GroupRecord,
  { atMs, prefixTokens, writtenTokens }: GapSighting,
): void {
  const gapMs = Math.max(0, atMs - session.lastAtMs);
  const sharedTokens = Math.min(session.prefixTokens, prefixTokens);
  const isLong = gapMs > SHORT_TTL_MS;
  // After such a gap a 5 min lifetime has written the old prefix again, a 1 h lifetime has not; neither is counted here.
  const newTokens = isLong ? Math.min(writtenTokens, prefixTokens - sharedTokens) : writtenTokens;
  const bucket = bucketOf(gapMs);
  increase(session.returns, bucket);
  increase(group.returns, bucket);
  for (const { gaps } of [session, group]) {
    gaps.gapCount += 1;
    gaps.writtenTokens += newTokens;
    if (gapMs > LONG_TTL_MS) gaps.atStakeTokensOver60 += sharedTokens;
    else if (isLong) gaps.atStakeTokens5to60 += sharedTokens;
  }
}

/** Share of those idle at the bucket's start that return within it. Who was lost sight of in it counts half. */
function rate(group: GroupRecord, own: Uint32Array | null, bucket: number): number {
  const lost = (group.gone[bucket] ?? 0) + (group.idle[bucket] ?? 0);
  const exposed = atRisk(group, bucket) - lost / 2;
  const usual = exposed > 0 ? (group.returns[bucket] ?? 0) / exposed : 0;
  if (!own) return usual;
  return ((own[bucket] ?? 0) + GROUP_WEIGHT * usual) / (sumFrom(own, bucket) + GROUP_WEIGHT);
}

function atRisk({ returns, gone, idle }: GroupRecord, bucket: number): number {
  return sumFrom(returns, bucket) + sumFrom(gone, bucket) + sumFrom(idle, bucket);
}

function sumFrom(counts: Uint32Array | Float64Array, bucket: number): number {
  let sum = 0;
  for (let at = bucket; at < counts.length; at += 1) sum += counts[at] ?? 0;
  return sum;
}

function increase(counts: Uint32Array | Float64Array, bucket: number): void {
  counts[bucket] = (counts[bucket] ?? 0) + 1;
}

function bucketOf(gapMs: number): number {
  const bucket = BUCKET_ENDS.findIndex((endMs) => gapMs <= endMs);
  return bucket < 0 ? BUCKETS - 1 : bucket;
}

function idOf({ group, session }: GapKey): string {
  return `${group}\n${session}`;
}

function newSession(group: string, atMs: number): SessionRecord {
  return { group, lastAtMs: atMs, prefixTokens: 0, gaps: noGaps(), returns: new Uint32Array(BUCKETS) };
}

function newGroup(): GroupRecord {
  return {
    gaps: noGaps(),
    returns: new Float64Array(BUCKETS),
    gone: new Float64Array(BUCKETS),
    idle: new Float64Array(BUCKETS),
    idleAtMs: Number.NEGATIVE_INFINITY,
  };
}

function halve({ gaps, returns, gone }: GroupRecord): void {
  gaps.atStakeTokens5to60 /= 2;
  gaps.atStakeTokensOver60 /= 2;
  gaps.writtenTokens /= 2;
  gaps.gapCount /= 2;
  for (const counts of [returns, gone]) {
    for (const [bucket, count] of counts.entries()) counts[bucket] = count / 2;
  }
}

function noGaps(): SessionGaps {
  return { atStakeTokens5to60: 0, atStakeTokensOver60: 0, writtenTokens: 0, gapCount: 0 };
}
