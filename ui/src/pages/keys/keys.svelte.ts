// API keys page by page.

import { type ApiError, asApiError, run } from '../../lib/graphql.ts';
import { API_KEYS, type Key } from './queries.ts';

const PAGE_ROWS = 50;

export class KeyList {
  rows = $state.raw<readonly Key[] | null>(null);
  totalCount = $state(0);
  hasMore = $state(false);
  isLoading = $state(false);
  error = $state.raw<ApiError | null>(null);
  #search: string | null;
  #after: string | null = null;
  #latest = 0;

  constructor(search: string | null) {
    this.#search = search;
  }

  reload = (): Promise<void> => this.#load(null);

  loadMore = (): Promise<void> => this.#load(this.#after);

  async #load(after: string | null): Promise<void> {
    this.#latest += 1;
    const call = this.#latest;
    this.isLoading = true;
    try {
      const { apiKeys } = await run(API_KEYS, { search: this.#search, first: PAGE_ROWS, after });
      if (call !== this.#latest) return;
      this.rows = after === null ? apiKeys.nodes : [...(this.rows ?? []), ...apiKeys.nodes];
      this.totalCount = apiKeys.totalCount;
      this.hasMore = apiKeys.pageInfo.hasNextPage;
      this.#after = apiKeys.pageInfo.endCursor;
      this.error = null;
    } catch (failure) {
      if (call === this.#latest) this.error = asApiError(failure);
    } finally {
      if (call === this.#latest) this.isLoading = false;
    }
  }
}
