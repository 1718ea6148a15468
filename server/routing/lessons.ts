// Keeps the table of warm prefixes true: what was sent is assumed warm, what came back says whether it is.

import type { PromptCut } from '../wire/outline.ts';
import type { CacheBeliefs } from './beliefs.ts';
import { FIVE_MINUTES_MS, lastMarkOf, ONE_HOUR_MS } from './cache-rules.ts';
import { type CacheReport, cachedExtentOf, cacheReportOf, placeTokens } from './cached-extent.ts';
import { believedCut } from './predict.ts';
import type { UnsavedWarmth } from './unsaved-warmth.ts';
import type { Correction, Lesson, SentPrompt } from './warmth.ts';
import { type Entry, isLive, type Space, type WarmMark, type WarmthTable } from './warmth-table.ts';
import { type AccountEviction, Zones } from './zones.ts';

export interface LessonStats {
  /** Replies that told of the cache. */
  lessons: number;
  /** Sums over them: the error of the belief is what was missed or came on top, by what was read. */
  predictedTokens: number;
  readTokens: number;
  missedTokens: number;
  surplusTokens: number;
  /** Replies that read less than expected, and those of them before the end of the prefix's life. */
  shortReads: number;
  evictions: number;
  /** Times that all of an account's cache for a model was found gone, and the last of them. */
  accountEvictions: number;
  lastAccountEviction: AccountEviction | null;
}

const NO_CORRECTION: Correction = { missedTokens: 0, isEviction: false };

/** Expected and read tokens differ by so much without a meaning; more where they were only reckoned from bytes. */
const TOLERANCE = 0.1;
const UNCOUNTED_TOLERANCE = 0.3;
const MIN_TOLERANCE_TOKENS = 128;
/** Differences that rules are judged by are larger. */
const PROOF_SHARE = 0.05;
const MIN_PROOF_TOKENS = 256;
/** Besides ends of parts and marks, so many of the last block ends are kept over a restart. */
const KEPT_BLOCK_ENDS = 4;

interface Place {
  space: Space;
  entries: Entry[];
  known: (WarmMark | null)[];
  tokensAt: Float64Array;
}

/** Owns the counts of right and wrong beliefs. */
export class Lessons {
  readonly #table: WarmthTable;
  readonly #beliefs: CacheBeliefs;
  readonly #unsaved: UnsavedWarmth;
  readonly #zones = new Zones();
  readonly #stats: Omit<LessonStats, 'accountEvictions' | 'lastAccountEviction'> = {
    lessons: 0,
    predictedTokens: 0,
    readTokens: 0,
    missedTokens: 0,
    surplusTokens: 0,
    shortReads: 0,
    evictions: 0,
  };

  constructor(parts: { table: WarmthTable; beliefs: CacheBeliefs; unsaved: UnsavedWarmth }) {
    this.#table = parts.table;
    this.#beliefs = parts.beliefs;
    this.#unsaved = parts.unsaved;
  }

  stats(): LessonStats {
    return { ...this.#stats, ...this.#zones.stats() };
  }

  touch(sent: SentPrompt, atMs: number): void {
    const { cuts, rule, scope } = sent;
    const space = this.#spaceOf(sent);
    const ttlMs = this.#lifetimeMs(sent);
    const through = this.#cacheableThrough(sent);
    // The ends of prompts are younger than their depths, so that they outlive them in the table.
    for (let index = cuts.length - 1; index >= 0; index--) {
      const cut = cuts[index];
      if (!cut) continue;
      const entry = this.#table.touch(cut.hash, { scope, bytes: cut.bytes });
      entry.requestId = sent.requestId;
      if (index > through || !canBeRead(cut, sent)) continue;
      const mark = this.#table.markOf(entry, space);
      if (mark && isLive(mark, atMs)) {
        if (rule.refreshedByReads) mark.usedAtMs = Math.max(mark.usedAtMs, atMs);
        mark.isEnd ||= isEndByRule(index, sent);
      } else if (!mark || mark.usedAtMs <= atMs) {
        const fresh = mark ?? this.#table.addMark(entry, space, { usedAtMs: atMs, ttlMs });
        fresh.usedAtMs = atMs;
        fresh.ttlMs = ttlMs;
        fresh.isProven = false;
        fresh.isEnd = isEndByRule(index, sent);
      }
    }
  }

  learn(lesson: Lesson): Correction {
    const { sent, usage } = lesson;
    if (usage?.inputTokens)
      this.#beliefs.sawPrompt(sent.space.family, { bytes: sent.bytes, inputTokens: usage.inputTokens });
    const report = cacheReportOf(usage, sent.asksFor === '1h');
    if (!report || !sent.rule.caches || sent.ttlMs === 0 || sent.cuts.length === 0) return NO_CORRECTION;
    const place = this.#placeOf(sent, report);
    const correction = this.#compare(lesson, report);
    this.#learnLifetime(lesson, report, place);
    this.#learnRules(lesson, report, place);
    this.#settle(lesson, { report, place, isShort: correction.missedTokens > 0 });
    this.#judgeZone(lesson, { report, place, correction });
    return correction;
  }

  /** The same reply once more for another scope: fills its table, and teaches nothing that was taught already. */
  repeat(lesson: Pick<Lesson, 'sent' | 'atMs' | 'usage'>): void {
    const { sent, usage } = lesson;
    const report = cacheReportOf(usage, sent.asksFor === '1h');
    if (!report || !sent.rule.caches || sent.ttlMs === 0 || sent.cuts.length === 0) return;
    this.#settle(lesson, { report, place: this.#placeOf(sent, report), isShort: false });
  }

  #placeOf(sent: SentPrompt, report: CacheReport): Place {
    const { cuts, scope } = sent;
    const space = this.#spaceOf(sent);
    const entries: Entry[] = new Array(cuts.length);
    const known: (WarmMark | null)[] = new Array(cuts.length);
    for (let index = cuts.length - 1; index >= 0; index--) {
      const cut = cuts[index];
      if (!cut) continue;
      const entry = this.#table.touch(cut.hash, { scope, bytes: cut.bytes });
      if (entry.requestId === '') entry.requestId = sent.requestId;
      entries[index] = entry;
      known[index] = this.#table.markOf(entry, space);
    }
    const tokensAt = new Float64Array(cuts.length);
    placeTokens(cuts, { known, bytes: sent.bytes, inputTokens: report.input, into: tokensAt });
    return { space, entries, known, tokensAt };
  }

  #compare({ sent, atMs, believed, predictedTokens }: Lesson, report: CacheReport): Correction {
    const { rule, cuts, space } = sent;
    const stats = this.#stats;
    stats.lessons += 1;
    stats.predictedTokens += predictedTokens;
    stats.readTokens += report.read;
    const cut =
      believed && believedCut(cuts, believed, { family: space.family, rule, beliefs: this.#beliefs });
    const share = cut && cut.tokens > 0 ? TOLERANCE : UNCOUNTED_TOLERANCE;
    const tolerance = Math.max(rule.stepTokens, MIN_TOLERANCE_TOKENS, predictedTokens * share);
    const missedTokens = predictedTokens - report.read;
    if (missedTokens <= tolerance) {
      if (-missedTokens > tolerance) stats.surplusTokens -= missedTokens;
      return NO_CORRECTION;
    }
    stats.shortReads += 1;
    stats.missedTokens += missedTokens;
    const isTested = !rule.needsMarks || lastMarkOf(cuts) >= 0;
    const isEviction = isTested && cut !== null && cut.untilMs > atMs;
    if (isEviction) stats.evictions += 1;
    return { missedTokens, isEviction };
  }

  /** From how long a prefix had not been used, and whether it was read all the same. */
  #learnLifetime({ sent, atMs, believed }: Lesson, { read }: CacheReport, { tokensAt }: Place): void {
    const { rule } = sent;
    const { family } = sent.space;
    if (rule.lifetime !== 'learned' || !believed) return;
    const minTokens = Math.max(this.#beliefs.minTokens(family, rule), rule.stepTokens * 2);
    const liveTokens = tokensAt[believed.cut] ?? 0;
    const staleTokens = tokensAt[believed.staleCut] ?? 0;
    if (liveTokens >= minTokens)
      this.#beliefs.sawUse(family, { gapMs: atMs - believed.usedAtMs, isHit: read >= liveTokens / 2 });
    if (staleTokens - liveTokens >= minTokens) {
      const isHit = read >= (liveTokens + staleTokens) / 2;
      this.#beliefs.sawUse(family, { gapMs: atMs - believed.staleUsedAtMs, isHit });
    }
  }

  #learnRules({ sent, believed }: Lesson, { read, write, input }: CacheReport, { tokensAt }: Place): void {
    const { rule, cuts } = sent;
    const { family } = sent.space;
    const lastMark = lastMarkOf(cuts);
    const cached = read > 0 ? read : write;
    const minTokens = this.#beliefs.minTokens(family, rule);
    const markedTokens = lastMark >= 0 ? (tokensAt[lastMark] ?? 0) : 0;
    if (rule.needsMarks && lastMark < 0 && (cached > 0 || input >= minTokens))
      this.#beliefs.sawUnmarked(family, cached > 0);
    if (cached > 0) this.#beliefs.sawCached(family, cached);
    else if (rule.statesWrites && markedTokens >= minTokens)
      this.#beliefs.sawUncached(family, Math.ceil(markedTokens));
    if (!believed || believed.cut <= believed.reachCut || !this.#beliefs.usesLookback(family, rule)) return;
    const margin = Math.max(MIN_PROOF_TOKENS, input * PROOF_SHARE);
    const deepTokens = tokensAt[believed.cut] ?? 0;
    const reachTokens = tokensAt[believed.reachCut] ?? 0;
    if (read > reachTokens + margin && read <= deepTokens + margin)
      this.#beliefs.sawReadBeyondLookback(family);
  }

  /** Writes what the reply showed into the table. */
  #settle(
    lesson: Pick<Lesson, 'sent' | 'atMs'>,
    { report, place, isShort }: { report: CacheReport; place: Place; isShort: boolean },
  ): void {
    const { sent, atMs } = lesson;
    const { cuts, rule } = sent;
    const { entries, known, tokensAt, space } = place;
    const isNothing = rule.statesWrites
      ? report.read + report.write === 0
      : report.read === 0 && report.input < this.#beliefs.minTokens(sent.space.family, rule);
    const extent = isNothing
      ? { read: -1, written: -1, writtenOneHour: -1 }
      : cachedExtentOf(cuts, { report, rule, known, tokensAt });
    const ttlMs = this.#lifetimeMs(sent);
    const isTested = !rule.needsMarks || lastMarkOf(cuts) >= 0;
    let blockEnds = 0;
    for (let index = cuts.length - 1; index >= 0; index--) {
      const cut = cuts[index];
      const entry = entries[index];
      if (!cut || !entry) continue;
      if (cut.isBlockEnd) blockEnds += 1;
      const mark = known[index] ?? null;
      // A reply that began later knows better.
      if (mark?.isProven && mark.usedAtMs > atMs) continue;
      if (index > extent.written) {
        if (mark && (!mark.isProven || (isShort && isTested))) this.#table.removeMark(mark);
        continue;
      }
      const isRead = index <= extent.read;
      if (!mark && !isRead && !canBeRead(cut, sent)) continue;
      const warm = mark ?? this.#table.addMark(entry, space, { usedAtMs: atMs, ttlMs });
      const isCounted = index === extent.read || index === extent.written;
      const isEnd = isEndByRule(index, sent) || (rule.statesWrites && isCounted) || index === extent.read;
      if (isRead) {
        if (rule.lifetime === 'learned' || !warm.isProven) warm.ttlMs = ttlMs;
        warm.isEnd ||= isEnd;
      } else {
        warm.ttlMs = rule.lifetime === 'learned' ? ttlMs : writtenTtlMs(index, extent.writtenOneHour);
        warm.isEnd = isEnd;
      }
      warm.isProven = isRead || rule.statesWrites;
      warm.usedAtMs = rule.refreshedByReads || !isRead || !mark ? atMs : warm.usedAtMs;
      const tokens = countedTokens(index, { sent, report, extent });
      if (tokens > 0) warm.tokens = tokens;
      if (sent.isKept && isAnchor(index, { cuts, blockEnds })) this.#unsaved.changed(warm);
    }
  }

  /** Several different prefixes gone before their time, and none found: the account's cache as a whole is gone. */
  #judgeZone(
    { sent, atMs, believed, predictedTokens }: Lesson,
    { report, place, correction }: { report: CacheReport; place: Place; correction: Correction },
  ): void {
    const { zone } = place.space;
    if (!zone || !believed || predictedTokens === 0) return;
    if (correction.isEviction && report.read === 0) {
      const hash = sent.cuts[believed.cut]?.hash ?? 0;
      if (!this.#zones.missed(zone, { hash, atMs, space: sent.space })) return;
      this.#unsaved.droppedSpaces(this.#table.spaceKeys((space) => space.zone === zone));
    } else if (correction.missedTokens === 0 && report.read > 0) this.#zones.found(zone);
  }

  #spaceOf(sent: SentPrompt): Space {
    const space = this.#table.spaceOf(sent.space.key);
    space.zone ??= this.#zones.zoneOf(sent.space);
    return space;
  }

  /** Where usage does not state it: as the marks ask, as the operator says, or as was learned. */
  #lifetimeMs({ rule, asksFor, ttlMs, space }: SentPrompt): number {
    if (rule.lifetime === 'stated') return asksFor === '1h' ? ONE_HOUR_MS : FIVE_MINUTES_MS;
    return ttlMs ?? this.#beliefs.lifetimeMs(space.family, rule);
  }

  /** Index of the last cut that the provider may cache up to; -1 = none. */
  #cacheableThrough({ cuts, rule, ttlMs, space }: SentPrompt): number {
    if (!rule.caches || ttlMs === 0) return -1;
    if (!rule.needsMarks) return cuts.length - 1;
    const lastMark = lastMarkOf(cuts);
    if (lastMark >= 0) return lastMark;
    return this.#beliefs.cachesUnmarked(space.family) === true ? cuts.length - 1 : -1;
  }
}

/** Inside a block nothing ends that is cached by marks. */
function canBeRead({ isBlockEnd }: PromptCut, { rule }: SentPrompt): boolean {
  return isBlockEnd || rule.readableAt !== 'marks';
}

function isEndByRule(index: number, { cuts, rule }: SentPrompt): boolean {
  if (rule.readableAt === 'anywhere') return true;
  // Without marks, what is cached by marks is cached as a whole (automatic caching).
  if (rule.readableAt === 'request-end' || lastMarkOf(cuts) < 0) return index === cuts.length - 1;
  return cuts[index]?.mark !== null;
}

function writtenTtlMs(index: number, writtenOneHour: number): number {
  return index <= writtenOneHour ? ONE_HOUR_MS : FIVE_MINUTES_MS;
}

/** What the provider counted up to a cut; 0 = nothing that can be told apart. */
function countedTokens(
  index: number,
  {
    sent: { cuts, rule, bytes },
    report,
    extent,
  }: { sent: SentPrompt; report: CacheReport; extent: { read: number; written: number } },
): number {
  const cut = cuts[index];
  if (index === cuts.length - 1 && cut?.bytes === bytes) return report.input;
  if (!rule.statesWrites) return 0;
  if (index === extent.written && report.write > 0 && cut?.mark) return report.read + report.write;
  return index === extent.read && rule.stepTokens === 1 ? report.read : 0;
}

/** Enough to find a conversation's warmth again after a restart. */
function isAnchor(
  index: number,
  { cuts, blockEnds }: { cuts: readonly PromptCut[]; blockEnds: number },
): boolean {
  const cut = cuts[index];
  if (!cut) return false;
  if (cut.mark !== null || cuts[index + 1]?.part !== cut.part) return true;
  return cut.isBlockEnd && blockEnds <= KEPT_BLOCK_ENDS;
}
