// The list of bindings against the API: pages, and changes as they happen.

import { applyBindingChange } from '../../lib/binding-events.ts';
import { type ApiError, asApiError, run } from '../../lib/graphql.ts';
import { type Feed, openFeed } from '../../lib/live.svelte.ts';
import { AFFINITY_CHANGED, AFFINITY_PAGE, type Binding, type BindingEvent } from './queries.ts';

export const ORDERS = [
  'EXPIRES_AT_DESC',
  'LAST_HIT_AT_DESC',
  'CREATED_AT_DESC',
  'REQUEST_COUNT_DESC',
] as const;
export type Order = (typeof ORDERS)[number];

export interface ListQuery {
  search: string | null;
  filter: { accountId?: string; providerId?: string; userId?: string; apiKeyId?: string };
  orderBy: Order;
}

const PAGE_ROWS = 50;
const RELOAD_DELAY_MS = 1000;

export class BindingList {
  rows = $state.raw<readonly Binding[] | null>(null);
  totalCount = $state(0);
  hasMore = $state(false);
  isLoading = $state(false);
  error = $state.raw<ApiError | null>(null);
  #query: ListQuery;
  #feed: Feed | null = null;
  #after: string | null = null;
  #latest = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(query: ListQuery) {
    this.#query = query;
  }

  start(): void {
    void this.reload();
    this.#feed = openFeed(
      AFFINITY_CHANGED,
      { filter: this.#query.filter },
      {
        onData: ({ affinityChanged }) => this.#apply(affinityChanged),
        positionOf: ({ affinityChanged }) => affinityChanged.cursor,
        onOpen: (isAgain) => {
          if (isAgain) void this.reload();
        },
      },
    );
  }

  close(): void {
    this.#feed?.close();
    clearTimeout(this.#timer);
    this.#latest += 1;
  }

  reload = (): Promise<void> => this.#load(null);

  loadMore = (): Promise<void> => this.#load(this.#after);

  reloadSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (!document.hidden) void this.reload();
    }, RELOAD_DELAY_MS);
  }

  async #load(after: string | null): Promise<void> {
    this.#latest += 1;
    const call = this.#latest;
    this.isLoading = true;
    try {
      const { affinities } = await run(AFFINITY_PAGE, { ...this.#query, first: PAGE_ROWS, after });
      if (call !== this.#latest) return;
      const known = new Set(affinities.nodes.map((row) => row.id));
      const kept = after === null ? [] : (this.rows ?? []).filter((row) => !known.has(row.id));
      this.rows = [...kept, ...affinities.nodes];
      this.totalCount = affinities.totalCount;
      this.hasMore = affinities.pageInfo.hasNextPage;
      this.#after = affinities.pageInfo.endCursor;
      this.error = null;
    } catch (failure) {
      if (call === this.#latest) this.error = asApiError(failure);
    } finally {
      if (call === this.#latest) this.isLoading = false;
    }
  }

  #apply(event: BindingEvent): void {
    if (this.rows === null) return;
    const changed = applyBindingChange(this.rows, event, { isSearching: this.#query.search !== null });
    this.rows = changed.rows;
    if (changed.totalChange === null) this.reloadSoon();
    else this.totalCount = Math.max(changed.rows.length, this.totalCount + changed.totalChange);
  }
}
