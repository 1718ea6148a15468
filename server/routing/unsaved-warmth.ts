// Which warm prefixes the store does not know yet, and writing the newest of them.

import type { WarmthChanges, WarmthRow, WarmthStore } from './warmth-store.ts';
import type { WarmMark } from './warmth-table.ts';

const MAX_ROWS_PER_SAVE = 2_000;
/** Older ones are given up: they are lost at a restart, and nothing else. */
const MAX_UNSAVED = 20_000;
/** A known row is not written again until its end has moved by this share of its lifetime. */
const RENEWAL_SHARE = 0.2;

/** Owns what is still to be written and deleted. */
export class UnsavedWarmth {
  /** In the order of their last change. */
  readonly #changed = new Set<WarmMark>();
  #deleted: { space: string; hash: number }[] = [];
  readonly #deletedSpaces = new Set<string>();

  changed(mark: WarmMark): void {
    const movedMs = mark.usedAtMs + mark.ttlMs - mark.storedUntilMs;
    if (mark.storedUntilMs > 0 && Math.abs(movedMs) < mark.ttlMs * RENEWAL_SHARE) return;
    this.#changed.delete(mark);
    this.#changed.add(mark);
    if (this.#changed.size <= MAX_UNSAVED) return;
    for (const oldest of this.#changed) {
      this.#changed.delete(oldest);
      return;
    }
  }

  dropped(mark: WarmMark): void {
    this.#changed.delete(mark);
    if (mark.storedUntilMs > 0 && this.#deleted.length < MAX_UNSAVED)
      this.#deleted.push({ space: mark.space.key, hash: mark.entry.hash });
  }

  droppedSpaces(keys: readonly string[]): void {
    for (const key of keys) this.#deletedSpaces.add(key);
  }

  /** Marks that the store does not know yet. */
  get size(): number {
    return this.#changed.size;
  }

  /** Writes the newest changes and every deletion; after a failure the next save tries them again. */
  async save(store: WarmthStore, now: { steadyMs: number; wallMs: number }): Promise<void> {
    const marks = [...this.#changed].slice(-MAX_ROWS_PER_SAVE);
    const deleted = this.#deleted;
    const deletedSpaces = [...this.#deletedSpaces];
    if (marks.length + deleted.length + deletedSpaces.length === 0) return;
    for (const mark of marks) this.#changed.delete(mark);
    this.#deleted = [];
    this.#deletedSpaces.clear();
    const live = marks.filter(
      ({ space, usedAtMs, ttlMs }) => !space.isForgotten && usedAtMs + ttlMs > now.steadyMs,
    );
    const changes: WarmthChanges = {
      put: live.map((mark) => rowOf(mark, now.wallMs - now.steadyMs)),
      deleteSpaces: deletedSpaces,
      delete: deleted,
      expiredBeforeMs: now.wallMs,
    };
    // Set before it is true: a mark that is dropped meanwhile must be deleted from the store afterwards.
    for (const mark of live) mark.storedUntilMs = mark.usedAtMs + mark.ttlMs;
    try {
      await store.save(changes);
    } catch (error) {
      for (const mark of live) this.#changed.add(mark);
      for (const key of deletedSpaces) this.#deletedSpaces.add(key);
      this.#deleted = [...deleted, ...this.#deleted].slice(-MAX_UNSAVED);
      throw error;
    }
  }
}

function rowOf({ entry, space, ...mark }: WarmMark, aheadMs: number): WarmthRow {
  return {
    scope: entry.scope.key,
    space: space.key,
    hash: entry.hash,
    bytes: entry.bytes,
    tokens: mark.tokens,
    ttlMs: mark.ttlMs,
    untilMs: Math.round(mark.usedAtMs + mark.ttlMs + aheadMs),
    isEnd: mark.isEnd,
    requestId: entry.requestId,
  };
}
