// What became of bindings lately: pages of what the gateway keeps, and what happens now.

import { type ApiError, asApiError, run } from '../../lib/graphql.ts';
import { mergedEvents } from './event-list.ts';
import type { AffinityFeed } from './feed.svelte.ts';
import { AFFINITY_HISTORY, type BindingEvent } from './queries.ts';
import { type ApiFilter, type EventKind, eventFilterOf } from './query.ts';

const PAGE_ROWS = 100;

export class EventList {
  /** Newest first; null until the first page is here. */
  rows = $state.raw<readonly BindingEvent[] | null>(null);
  /** Came while somebody pointed at the list. */
  waiting = $state.raw<readonly BindingEvent[]>([]);
  since = $state<string | null>(null);
  hasMore = $state(false);
  isLoading = $state(false);
  error = $state.raw<ApiError | null>(null);
  #filter: ApiFilter;
  #kind: EventKind | null;
  #after: string | null = null;
  #latest = 0;
  #isHeld = false;
  #stopListening: () => void;

  constructor({ filter, kind }: { filter: ApiFilter; kind: EventKind | null }, feed: AffinityFeed) {
    this.#filter = eventFilterOf(filter);
    this.#kind = kind;
    this.#stopListening = feed.listen({
      onEvents: (events) => this.#take(events),
      onGap: () => void this.reload(),
    });
    void this.reload();
  }

  close(): void {
    this.#stopListening();
    this.#latest += 1;
  }

  reload = (): Promise<void> => this.#load(null);

  loadMore = (): void => {
    if (!this.isLoading && this.hasMore) void this.#load(this.#after);
  };

  setHeld(isHeld: boolean): void {
    this.#isHeld = isHeld;
    if (isHeld || this.waiting.length === 0) return;
    this.rows = mergedEvents(this.waiting, this.rows ?? []);
    this.waiting = [];
  }

  async #load(after: string | null): Promise<void> {
    this.#latest += 1;
    const call = this.#latest;
    this.isLoading = true;
    try {
      const kinds = this.#kind === null ? null : [this.#kind];
      const variables = { filter: this.#filter, kinds, first: PAGE_ROWS, after };
      const { affinityHistory } = await run(AFFINITY_HISTORY, variables);
      if (call !== this.#latest) return;
      this.rows = mergedEvents(this.rows ?? [], affinityHistory.nodes);
      if (after === null) this.since = affinityHistory.since;
      this.hasMore = affinityHistory.pageInfo.hasNextPage;
      this.#after = affinityHistory.pageInfo.endCursor;
      this.error = null;
    } catch (failure) {
      if (call === this.#latest) this.error = asApiError(failure);
    } finally {
      if (call === this.#latest) this.isLoading = false;
    }
  }

  #take(events: readonly BindingEvent[]): void {
    const shown = events.filter(
      ({ kind }) => kind !== 'RENEWED' && (this.#kind === null || kind === this.#kind),
    );
    if (shown.length === 0 || this.rows === null) return;
    const newestFirst = shown.toReversed();
    if (this.#isHeld) this.waiting = mergedEvents(newestFirst, this.waiting);
    else this.rows = mergedEvents(newestFirst, this.rows);
  }
}
