// The models page by page, what stands around them, and how they were used lately. One per set of filters.

import { type ApiError, asApiError, run } from '../../lib/graphql.ts';
import { CATALOGUE, type Model } from './queries.ts';

/** More than a person looks through; sorting by figures stops there and says so. */
const MAX_PAGES = 20;

export interface CatalogueFilter {
  search: string | null;
  providerId: string | null;
  unpriced: boolean | null;
}

export class Catalogue {
  rows = $state.raw<readonly Model[] | null>(null);
  totalCount = $state(0);
  hasMore = $state(false);
  isLoading = $state(false);
  error = $state.raw<ApiError | null>(null);
  readonly #filter: CatalogueFilter;
  #after: string | null = null;
  #latest = 0;

  constructor(filter: CatalogueFilter) {
    this.#filter = filter;
  }

  reload = async (): Promise<void> => {
    await this.#page(null);
  };

  loadMore = async (): Promise<void> => {
    if (!this.isLoading && this.hasMore) await this.#page(this.#after);
  };

  /** Every row, as far as there is sense in it. */
  async loadAll(): Promise<void> {
    for (let pages = 1; pages < MAX_PAGES && this.hasMore && !this.error; pages += 1) {
      const before = this.rows?.length;
      await this.loadMore();
      if (this.rows?.length === before) return;
    }
  }

  /** Takes over what a save has told, so that the list need not wait for it. */
  put(model: Model): void {
    this.rows = this.rows?.map((row) => (row.id === model.id ? model : row)) ?? null;
  }

  dispose(): void {
    this.#latest += 1;
  }

  async #page(after: string | null): Promise<void> {
    this.#latest += 1;
    const call = this.#latest;
    this.isLoading = true;
    try {
      const { models } = await run(CATALOGUE, { ...this.#filter, after });
      if (call !== this.#latest) return;
      this.rows = after === null ? models.nodes : [...(this.rows ?? []), ...models.nodes];
      this.totalCount = models.totalCount;
      this.hasMore = models.pageInfo.hasNextPage;
      this.#after = models.pageInfo.endCursor ?? null;
      this.error = null;
    } catch (failure) {
      if (call === this.#latest) this.error = asApiError(failure);
    } finally {
      if (call === this.#latest) this.isLoading = false;
    }
  }
}
