// What is warm where: the prefixes of prompts by content, told by what was sent and corrected by what providers report.

import type { Clock } from '../gateway/ports.ts';
import { steadyNow } from '../gateway/steady-clock.ts';
import type { PromptCut } from '../wire/outline.ts';
import { CacheBeliefs } from './beliefs.ts';
import { LOOKBACK_BLOCKS, lastMarkOf } from './cache-rules.ts';
import { type LessonStats, Lessons } from './lessons.ts';
import { UnsavedWarmth } from './unsaved-warmth.ts';
import { type Correction, type Lesson, NO_WARMTH, type SentPrompt, type Warmth } from './warmth.ts';
import type { WarmthRow, WarmthStore } from './warmth-store.ts';
import { isLive, type Space, type WarmMark, WarmthTable } from './warmth-table.ts';

const MAX_ENTRIES = 200_000;

export interface LedgerStats extends LessonStats {
  entries: number;
  marks: number;
  spaces: number;
  scopes: number;
  evictedEntries: number;
}

/** Owns the belief in what is warm. Equal prompts of different scopes never meet. */
export class WarmthLedger {
  readonly beliefs: CacheBeliefs;
  /** The ledger's time: steady wall-clock milliseconds. */
  readonly nowMs: () => number;
  readonly #clock: Clock;
  readonly #table: WarmthTable;
  readonly #unsaved = new UnsavedWarmth();
  readonly #lessons: Lessons;

  constructor({ clock, maxEntries = MAX_ENTRIES }: { clock: Clock; maxEntries?: number }) {
    this.#clock = clock;
    this.nowMs = steadyNow(clock);
    this.beliefs = new CacheBeliefs(this.nowMs);
    this.#table = new WarmthTable(maxEntries, (mark) => this.#unsaved.dropped(mark));
    this.#lessons = new Lessons({ table: this.#table, beliefs: this.beliefs, unsaved: this.#unsaved });
  }

  /** Prefixes known, warm or not. */
  get size(): number {
    return this.#table.size;
  }

  stats(): LedgerStats {
    return { ...this.#table.counts, ...this.#lessons.stats() };
  }

  /** How warm a prompt is in each space, parallel to `spaces`. Asking changes nothing. */
  find(
    cuts: readonly PromptCut[],
    { scope: scopeKey, spaces }: { scope: string; spaces: readonly string[] },
  ): Warmth[] {
    const scope = this.#table.findScope(scopeKey);
    const found: Warmth[] = [];
    const asked: Space[] = [];
    for (const key of spaces) {
      const space = scope && this.#table.findSpace(key);
      if (!space) found.push({ ...NO_WARMTH });
      else if (space.askedAt >= 0) found.push(found[space.askedAt] ?? { ...NO_WARMTH });
      else {
        space.askedAt = found.length;
        asked.push(space);
        found.push({ ...NO_WARMTH });
      }
    }
    if (!scope || asked.length === 0) return found;
    const nowMs = this.nowMs();
    const lookback = lastMarkOf(cuts) >= 0 ? LOOKBACK_BLOCKS : Number.POSITIVE_INFINITY;
    // Without marks every end is within reach; with them, none is behind the last one.
    let markBlock = lookback === LOOKBACK_BLOCKS ? Number.POSITIVE_INFINITY : 0;
    let open = asked.length;
    for (let index = cuts.length - 1; index >= 0 && open > 0; index--) {
      const cut = cuts[index];
      if (!cut) continue;
      if (cut.mark !== null) markBlock = cut.block;
      const entry = this.#table.find(cut.hash, scope);
      if (!entry) continue;
      const isInReach = markBlock - cut.block < lookback;
      for (let mark = entry.firstMark; mark; mark = mark.next) {
        const at = mark.space.askedAt;
        const warmth = at >= 0 ? found[at] : undefined;
        if (!warmth) continue;
        if (!isLive(mark, nowMs)) noteStale(warmth, mark, index);
        else if (
          noteLive(warmth, mark, { index, isInReach, isBehindMark: markBlock < Number.POSITIVE_INFINITY })
        ) {
          mark.space.askedAt = -1;
          open -= 1;
        }
      }
    }
    for (const space of asked) space.askedAt = -1;
    return found;
  }

  /** The latest request of the scope that contained the deepest known cut; to be asked before the request itself is touched. */
  parentOf(cuts: readonly PromptCut[], scopeKey: string): { requestId: string; bytes: number } | null {
    const scope = this.#table.findScope(scopeKey);
    if (!scope) return null;
    for (let index = cuts.length - 1; index >= 0; index--) {
      const cut = cuts[index];
      const entry = cut && this.#table.find(cut.hash, scope);
      if (entry && entry.requestId !== '') return { requestId: entry.requestId, bytes: cut.bytes };
    }
    return null;
  }

  /** At the first byte of a reply: what is believed to be warm until its usage is known. */
  touch(sent: SentPrompt, atMs: number): void {
    this.#lessons.touch(sent, atMs);
  }

  /** After a reply, with its usage or without. */
  learn(lesson: Lesson): Correction {
    return this.#lessons.learn(lesson);
  }

  /** The same for another scope that shares what is warm; counts as no lesson. */
  repeat(lesson: Pick<Lesson, 'sent' | 'atMs' | 'usage'>): void {
    this.#lessons.repeat(lesson);
  }

  /** An account's cache is gone or not to be used again: all spaces of its domain. Returns how many warm prefixes went. */
  forget(domain: string): number {
    const { keys, marks } = this.#table.forgetSpaces(({ key }) => key.startsWith(`${domain}|`));
    this.#unsaved.droppedSpaces(keys);
    return marks;
  }

  /** Takes over what was saved before a restart: live until it ends, and counted as saved. */
  restore(rows: readonly WarmthRow[]): void {
    const steadyMs = this.nowMs();
    const aheadMs = this.#clock.nowMs() - steadyMs;
    for (const row of rows.toSorted((a, b) => a.untilMs - b.untilMs)) {
      const leftMs = Math.min(row.untilMs - aheadMs - steadyMs, row.ttlMs);
      if (leftMs <= 0) continue;
      const space = this.#table.spaceOf(row.space);
      const entry = this.#table.touch(row.hash, { scope: row.scope, bytes: row.bytes });
      if (this.#table.markOf(entry, space)) continue;
      if (entry.requestId === '') entry.requestId = row.requestId;
      const usedAtMs = steadyMs + leftMs - row.ttlMs;
      const mark = this.#table.addMark(entry, space, { usedAtMs, ttlMs: row.ttlMs });
      mark.tokens = row.tokens;
      mark.isEnd = row.isEnd;
      mark.isProven = true;
      mark.storedUntilMs = usedAtMs + row.ttlMs;
    }
  }

  /** Writes what changed since the last save, the newest first; after a failure the next save tries it again. */
  save(store: WarmthStore): Promise<void> {
    return this.#unsaved.save(store, { steadyMs: this.nowMs(), wallMs: this.#clock.nowMs() });
  }

  /** Writes all that is not saved yet, before the gateway stops. */
  async saveAll(store: WarmthStore): Promise<void> {
    do await this.save(store);
    while (this.#unsaved.size > 0);
  }
}

function noteStale(warmth: Warmth, mark: WarmMark, index: number): void {
  if (warmth.cut >= 0 || warmth.staleCut >= 0) return;
  warmth.staleCut = index;
  warmth.staleSinceMs = mark.usedAtMs + mark.ttlMs;
  warmth.staleUsedAtMs = mark.usedAtMs;
  warmth.staleTokens = mark.tokens;
}

/** Whether nothing is left to be found. */
function noteLive(
  warmth: Warmth,
  mark: WarmMark,
  { index, isInReach, isBehindMark }: { index: number; isInReach: boolean; isBehindMark: boolean },
): boolean {
  const untilMs = mark.usedAtMs + mark.ttlMs;
  if (warmth.cut < 0) {
    warmth.cut = index;
    warmth.usedAtMs = mark.usedAtMs;
    warmth.untilMs = untilMs;
    warmth.tokens = mark.tokens;
  }
  if (!mark.isEnd) return false;
  if (!isInReach) {
    warmth.isBeyondReach ||= isBehindMark;
    return false;
  }
  warmth.reachCut = index;
  warmth.reachUntilMs = untilMs;
  warmth.reachTokens = mark.tokens;
  return true;
}
