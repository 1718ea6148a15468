// Entries of the audit log page by page, newest first. One per set of filters.

import { type ApiError, asApiError, run } from '../../lib/graphql.ts';
import { type ApiFilter, since, withNewer } from './audit-filter.ts';
import { AUDIT_COUNT, AUDIT_LOG, type Entry } from './queries.ts';

const PAGE_ROWS = 100;
/** An address may name an entry far back; so many pages are looked through for it. */
const MAX_PAGES_TO_REACH = 30;

export class AuditEntries {
  rows = $state.raw<readonly Entry[] | null>(null);
  totalCount = $state<number | null>(null);
  hasMore = $state(false);
  isLoading = $state(false);
  error = $state.raw<ApiError | null>(null);
  readonly #filterNow: () => ApiFilter;
  /** Of the rows that are here. */
  #filter: ApiFilter;
  #after: string | null = null;
  #latest = 0;

  /** A period ends when it is asked for, so that the filter is made anew with each reload. */
  constructor(filterNow: () => ApiFilter) {
    this.#filterNow = filterNow;
    this.#filter = filterNow();
  }

  /** Reads the first page, and on to the entry that the address names. */
  async start(wantedId: string | null): Promise<void> {
    await this.reload();
    for (let pages = 1; pages < MAX_PAGES_TO_REACH; pages += 1) {
      const last = this.rows?.at(-1);
      // Later entries have greater ids: the one that is wanted lies further down, if anywhere.
      if (wantedId === null || !last || last.id <= wantedId || !this.hasMore || this.error) return;
      await this.loadMore();
    }
  }

  /** From the newest on; rows that were read further down stay when the new ones join them without a gap. */
  reload = async (): Promise<void> => {
    this.#filter = this.#filterNow();
    await this.#page(null, ({ nodes, pageInfo }) => {
      const joined = this.rows && withNewer(this.rows, nodes);
      if (joined) this.rows = since(joined, this.#filter);
      else {
        this.rows = nodes;
        this.#goOn(pageInfo);
      }
    });
    await this.#count();
  };

  loadMore = async (): Promise<void> => {
    if (this.isLoading || !this.hasMore) return;
    await this.#page(this.#after, ({ nodes, pageInfo }) => {
      this.rows = [...(this.rows ?? []), ...nodes];
      this.#goOn(pageInfo);
    });
  };

  async #page(after: string | null, take: (page: Page) => void): Promise<void> {
    this.#latest += 1;
    const call = this.#latest;
    this.isLoading = true;
    try {
      const { auditLog } = await run(AUDIT_LOG, { filter: this.#filter, first: PAGE_ROWS, after });
      if (call !== this.#latest) return;
      take(auditLog);
      this.error = null;
    } catch (failure) {
      if (call === this.#latest) this.error = asApiError(failure);
    } finally {
      if (call === this.#latest) this.isLoading = false;
    }
  }

  async #count(): Promise<void> {
    try {
      this.totalCount = (await run(AUDIT_COUNT, { filter: this.#filter })).auditLog.totalCount;
    } catch {
      // The rows have failed as well and say so; a count alone is not worth a word.
      this.totalCount = null;
    }
  }

  #goOn({ hasNextPage, endCursor }: Page['pageInfo']): void {
    this.hasMore = hasNextPage;
    this.#after = endCursor;
  }
}

interface Page {
  nodes: readonly Entry[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}
