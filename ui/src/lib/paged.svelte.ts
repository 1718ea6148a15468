// Rows read page by page, read again softly while they are looked at: what is on the screen stays until newer rows are here.

import { onDestroy } from 'svelte';
import { type ApiError, asApiError } from './graphql.ts';

const PAGE_ROWS = 50;
const MAX_PAGE_ROWS = 200;
/** Longer lists are not read again by themselves. */
const MAX_REFRESHED_ROWS = 1_000;
/** More than a person looks through. */
const MAX_ALL_ROWS = 2_000;
const REFRESH_MS = 10_000;

interface RowPage<Row> {
  nodes: readonly Row[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  totalCount: number;
}

type Fetch<Row> = (page: { first: number; after: string | null }) => Promise<RowPage<Row>>;

export class PagedRows<Row extends { id: string }> {
  rows = $state.raw<readonly Row[] | null>(null);
  totalCount = $state(0);
  hasMore = $state(false);
  isLoading = $state(false);
  error = $state.raw<ApiError | null>(null);
  #fetch: Fetch<Row>;
  #after: string | null = null;
  #latest = 0;

  constructor(fetch: Fetch<Row>) {
    this.#fetch = fetch;
  }

  /** Reads as many rows again as are shown. */
  reload = (): Promise<void> => this.#readRows(Math.max(PAGE_ROWS, this.rows?.length ?? 0));

  /** For orders that only the panel knows. */
  loadAll = (): Promise<void> => this.#readRows(MAX_ALL_ROWS);

  /** Whether `loadAll` would bring more. */
  get isPart(): boolean {
    return this.hasMore && (this.rows?.length ?? 0) < MAX_ALL_ROWS;
  }

  loadMore = (): void => {
    if (!this.hasMore || this.isLoading) return;
    void this.#read(async () => {
      const page = await this.#fetch({ first: PAGE_ROWS, after: this.#after });
      const known = new Set(this.rows?.map(({ id }) => id));
      // A row may have moved to this page, where the order follows figures that change.
      return { page, rows: [...(this.rows ?? []), ...page.nodes.filter(({ id }) => !known.has(id))] };
    });
  };

  /** Shows the row as it is now. */
  put = (row: Row): void => {
    this.rows = this.rows?.map((one) => (one.id === row.id ? row : one)) ?? null;
  };

  /** Reads again, as long as somebody can see it. */
  refresh = (): void => {
    const isShort = (this.rows?.length ?? 0) <= MAX_REFRESHED_ROWS;
    if (!document.hidden && !this.isLoading && isShort) void this.reload();
  };

  #readRows(wanted: number): Promise<void> {
    return this.#read(async () => {
      const rows = new Map<string, Row>();
      let after: string | null = null;
      for (;;) {
        const first = Math.min(MAX_PAGE_ROWS, wanted - rows.size);
        const page: RowPage<Row> = await this.#fetch({ first, after });
        for (const row of page.nodes) rows.set(row.id, row);
        after = page.pageInfo.endCursor;
        if (rows.size >= wanted || !page.pageInfo.hasNextPage) return { page, rows: [...rows.values()] };
      }
    });
  }

  async #read(read: () => Promise<{ page: RowPage<Row>; rows: readonly Row[] }>): Promise<void> {
    this.#latest += 1;
    const call = this.#latest;
    this.isLoading = true;
    try {
      const { page, rows } = await read();
      if (call !== this.#latest) return;
      this.rows = rows;
      this.totalCount = page.totalCount;
      this.hasMore = page.pageInfo.hasNextPage;
      this.#after = page.pageInfo.endCursor;
      this.error = null;
    } catch (failure) {
      if (call === this.#latest) this.error = asApiError(failure);
    } finally {
      if (call === this.#latest) this.isLoading = false;
    }
  }
}

/** Reads the rows again every ten seconds and whenever the tab is looked at again, until the component is gone. */
export function keepFresh(list: Pick<PagedRows<{ id: string }>, 'refresh'>): void {
  const timer = setInterval(list.refresh, REFRESH_MS);
  document.addEventListener('visibilitychange', list.refresh);
  onDestroy(() => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', list.refresh);
  });
}
