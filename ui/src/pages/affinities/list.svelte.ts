// The list of bindings against the API: pages by cursor, and changes as they happen.

import { aliveCount, applyBindingChange, type LiveBindings, released } from '../../lib/binding-events.ts';
import { type ApiError, asApiError, run } from '../../lib/graphql.ts';
import type { AffinityFeed } from './feed.svelte.ts';
import { AFFINITY_COUNT, AFFINITY_PAGE, type Binding, type BindingEvent } from './queries.ts';
import type { ListQuery } from './query.ts';

const PAGE_ROWS = 100;
const RELOAD_DELAY_MS = 1000;
/** So long after a clear that was made here the list follows it, wherever the pointer is: that is what was asked for. */
const OWN_CLEAR_MS = 2000;
const NOTHING: LiveBindings<Binding> = {
  rows: [],
  gone: new Map(),
  waiting: [],
  totalCount: 0,
  isUncertain: false,
};

/** Told while a page is on its way; beyond, the list is read anew. */
const MAX_MEANWHILE = 500;

/** Why no row may come or go now. */
type HoldReason = 'pointer' | 'focus';

export class BindingList {
  /** Null until the first page is here. */
  list = $state.raw<LiveBindings<Binding> | null>(null);
  hasMore = $state(false);
  isLoading = $state(false);
  error = $state.raw<ApiError | null>(null);
  #query: ListQuery;
  #after: string | null = null;
  #latest = 0;
  #holds = new Set<HoldReason>();
  #freeUntilMs = 0;
  #isReloadWanted = false;
  /** The page that is on its way may have been read before them. */
  #meanwhile: BindingEvent[] = [];
  #reloadTimer: ReturnType<typeof setTimeout> | undefined;
  #countTimer: ReturnType<typeof setTimeout> | undefined;
  #stopListening: () => void;
  #isFirstOpening = true;

  constructor(query: ListQuery, feed: AffinityFeed) {
    this.#query = query;
    this.#stopListening = feed.listen({
      onEvents: (events) => this.#apply(events),
      onGap: () => {
        // The first page is on its way then, or just here: little can have been missed, and counting shows it.
        if (this.#isFirstOpening) this.#countSoon();
        else this.reloadSoon();
        this.#isFirstOpening = false;
      },
    });
    void this.reload();
  }

  close(): void {
    this.#stopListening();
    clearTimeout(this.#reloadTimer);
    clearTimeout(this.#countTimer);
    this.#latest += 1;
  }

  reload = (): Promise<void> => this.#load(null);

  loadMore = (): void => {
    if (!this.isLoading && this.hasMore) void this.#load(this.#after);
  };

  /** When nobody points at the list. */
  reloadSoon(): void {
    this.#reloadTimer ??= setTimeout(() => {
      this.#reloadTimer = undefined;
      if (document.hidden || this.#isHeld) this.#isReloadWanted = true;
      else void this.reload();
    }, RELOAD_DELAY_MS);
  }

  setHeld(reason: HoldReason, isHeld: boolean): void {
    if (isHeld) this.#holds.add(reason);
    else this.#holds.delete(reason);
    if (!this.#isHeld) this.#release();
  }

  /** Shows what waits, though somebody points at the list. */
  letGo(): void {
    this.#holds.clear();
    this.#release();
  }

  followOwnClear(): void {
    this.#freeUntilMs = Date.now() + OWN_CLEAR_MS;
    this.#release();
  }

  get #isHeld(): boolean {
    return this.#holds.size > 0 && Date.now() > this.#freeUntilMs;
  }

  #release(): void {
    if (this.list === null) return;
    this.list = released(this.list, { orderBy: this.#query.orderBy, hasMore: this.hasMore });
    if (!this.#isReloadWanted) return;
    this.#isReloadWanted = false;
    this.reloadSoon();
  }

  async #load(after: string | null): Promise<void> {
    this.#latest += 1;
    const call = this.#latest;
    this.isLoading = true;
    this.#meanwhile = [];
    try {
      const { search, filter, orderBy } = this.#query;
      const { affinities } = await run(AFFINITY_PAGE, { search, filter, orderBy, first: PAGE_ROWS, after });
      if (call !== this.#latest) return;
      const known = new Set(affinities.nodes.map((row) => row.id));
      const kept = after === null ? [] : (this.list?.rows ?? []).filter((row) => !known.has(row.id));
      const start = after === null || this.list === null ? NOTHING : this.list;
      this.list = { ...start, rows: [...kept, ...affinities.nodes], totalCount: affinities.totalCount };
      this.hasMore = affinities.pageInfo.hasNextPage;
      this.#after = affinities.pageInfo.endCursor;
      this.error = null;
      const missed = this.#meanwhile;
      this.#meanwhile = [];
      this.#change(missed);
      // On a page not read yet, one that is told twice is counted twice.
      if (missed.length > 0 && this.hasMore) this.#countSoon();
    } catch (failure) {
      if (call === this.#latest) this.error = asApiError(failure);
    } finally {
      if (call === this.#latest) this.isLoading = false;
    }
  }

  #apply(events: readonly BindingEvent[]): void {
    if (this.isLoading) this.#keep(events);
    this.#change(events);
  }

  #keep(events: readonly BindingEvent[]): void {
    if (this.#meanwhile.length + events.length <= MAX_MEANWHILE) this.#meanwhile.push(...events);
    else this.reloadSoon();
  }

  #change(events: readonly BindingEvent[]): void {
    if (this.list === null) return;
    const options = { view: this.#query, isHeld: this.#isHeld, hasMore: this.hasMore };
    let list = this.list;
    for (const event of events) list = applyBindingChange(list, event, options);
    this.list = list.isUncertain ? { ...list, isUncertain: false } : list;
    if (list.isUncertain) this.#countSoon();
  }

  #countSoon(): void {
    this.#countTimer ??= setTimeout(async () => {
      this.#countTimer = undefined;
      try {
        const { search, filter } = this.#query;
        const { affinities } = await run(AFFINITY_COUNT, { search, filter });
        if (!this.list) return;
        if (!this.hasMore && affinities.totalCount !== aliveCount(this.list)) this.reloadSoon();
        else this.list = { ...this.list, totalCount: affinities.totalCount };
      } catch {
        // The next change counts again.
      }
    }, RELOAD_DELAY_MS);
  }
}
