// The Requests list against the API: newest page, live rows, history below, and what was missed while offline.

import { type ApiError, asApiError, run } from '../../lib/graphql.ts';
import { type Feed, type FeedStatus, openFeed } from '../../lib/live.svelte.ts';
import { LiveTail, RateMeter, RECONNECT_OVERLAP_MS } from '../../lib/live-tail.ts';
import { type ApiFilter, isCountable, isLiveFilter } from '../../lib/request-filter.ts';
import { REQUEST_COUNT, REQUEST_LOGGED, REQUEST_PAGE, type Row } from './queries.ts';

/** Of the newest page: enough for any screen, and soon here. */
const NEWEST_ROWS = 100;
/** Of a page of history: as many as the API gives, as each page waits for the one before. */
const OLDER_ROWS = 200;
const CAP_ROWS = 2000;
/** Rows of history in memory, at about a kilobyte each. Further back there is a jump. */
const MAX_ROWS = 200_000;
/** A page may have few rows, or none, and go on: then it takes several until there is something to scroll. */
const SCREEN_ROWS = 50;
const COUNT_DELAY_MS = 3000;

/** Where the next page of history begins. `to` replaces the cursor when live rows have pushed the last page out. */
interface HistoryPosition {
  to: string | null;
  after: string | null;
}

type PauseReason = 'scrolled' | 'hovered' | 'focused' | 'button';

export class RequestTail {
  waitingCount = $state(0);
  error = $state.raw<ApiError | null>(null);
  isLoading = $state(true);
  isLoadingOlder = $state(false);
  hasOlder = $state(false);
  /** Grows with each row that arrives: what shows sums of rows reads them anew. */
  arrivals = $state(0);
  /** False: `totalCount` stays null, as counting would look at every row there is. */
  readonly isCounted: boolean;
  /** The array grows in place: this around it is what changes. */
  #shown = $state.raw<{ rows: readonly Row[] }>({ rows: [] });
  #counted = $state<number | null>(null);
  #rate = new RateMeter();
  #filter: ApiFilter;
  #tail = new LiveTail<Row>({ cap: CAP_ROWS });
  #feed = $state.raw<Feed | null>(null);
  #position: HistoryPosition = { to: null, after: null };
  #pauseReasons = new Set<PauseReason>();
  #lastLiveMs = Date.now();
  #frame = 0;
  /** Changes when what is being loaded is no longer wanted. */
  #era = 0;
  #countTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(filter: ApiFilter) {
    this.#filter = filter;
    this.isCounted = isCountable(filter);
  }

  get rows(): readonly Row[] {
    return this.#shown.rows;
  }

  /** Null when the time range has ended, so that nothing new can come. */
  get status(): FeedStatus | null {
    return this.#feed?.status ?? null;
  }

  /** Rows that match and do not wait; null = not known. What is shown in full is counted by itself. */
  get totalCount(): number | null {
    if (this.rows.length > 0 && !this.hasOlder) return this.rows.length;
    if (this.#counted === null) return null;
    // The rows that wait are in the count of the log, but not yet in the list.
    return Math.max(this.rows.length, this.#counted - this.waitingCount);
  }

  /** No further rows are loaded: there are too many to hold. */
  get isFull(): boolean {
    return this.rows.length >= MAX_ROWS;
  }

  /** Rows that arrived per second, lately. */
  ratePerSecond(nowMs: number): number {
    return this.#rate.perSecond(nowMs);
  }

  start(): void {
    void this.reload();
    if (!isLiveFilter(this.#filter, Date.now())) return;
    this.#feed = openFeed(
      REQUEST_LOGGED,
      { filter: this.#filter },
      {
        onData: ({ requestLogged }) => this.#receive(requestLogged),
        positionOf: ({ requestLogged }) => requestLogged.id,
        // The first opening also catches up: rows may have come between the first page and the stream.
        onOpen: () => void this.#catchUp(),
      },
    );
  }

  close(): void {
    this.#era += 1;
    this.#feed?.close();
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#countTimer);
  }

  reload = async (): Promise<void> => {
    this.#era += 1;
    this.isLoading = true;
    this.#countSoon(0);
    try {
      const { requestLogs: page } = await run(REQUEST_PAGE, {
        filter: this.#filter,
        first: NEWEST_ROWS,
        after: null,
      });
      this.#tail.restart(page.nodes);
      this.#position = { to: null, after: page.pageInfo.endCursor };
      this.#tail.hasOlder = page.pageInfo.hasNextPage;
      this.error = null;
      this.#show();
    } catch (failure) {
      this.error = asApiError(failure);
    } finally {
      this.isLoading = false;
    }
    if (this.rows.length < SCREEN_ROWS) void this.loadOlder();
  };

  loadOlder = async (): Promise<void> => {
    if (this.isLoadingOlder || this.isLoading || !this.hasOlder || this.isFull) return;
    this.isLoadingOlder = true;
    const last = this.#tail.rows.at(-1);
    if (this.#tail.isTrimmed && last) this.#position = { to: justAfter(last.startedAt), after: null };
    try {
      for (let found = 0; this.hasOlder && found < SCREEN_ROWS; ) found += await this.#loadPage();
    } catch (failure) {
      this.error = asApiError(failure);
    } finally {
      this.isLoadingOlder = false;
    }
  };

  /** How many rows came. */
  async #loadPage(): Promise<number> {
    const era = this.#era;
    const { to, after } = this.#position;
    const filter = to === null ? this.#filter : { ...this.#filter, to };
    const { requestLogs: page } = await run(REQUEST_PAGE, { filter, first: OLDER_ROWS, after });
    if (era !== this.#era) return SCREEN_ROWS;
    this.#tail.appendOlder(page.nodes);
    this.#position = { to, after: page.pageInfo.endCursor };
    this.#tail.hasOlder = page.pageInfo.hasNextPage;
    this.error = null;
    this.#show();
    return page.nodes.length;
  }

  setPaused(reason: PauseReason, isPaused: boolean): void {
    if (isPaused) this.#pauseReasons.add(reason);
    else this.#pauseReasons.delete(reason);
    if (this.#pauseReasons.size > 0) this.#tail.pause();
    else this.#follow();
  }

  #follow(): void {
    this.#tail.resume();
    if (this.#tail.hasGap) void this.reload();
    this.#show();
  }

  #receive(row: Row): void {
    this.#lastLiveMs = Date.now();
    if (!this.#tail.push(row)) return;
    this.#rate.add(this.#lastLiveMs);
    if (this.#counted !== null) this.#counted += 1;
    this.#countSoon(COUNT_DELAY_MS);
    // Many rows may arrive in one frame; the list is drawn once.
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.arrivals += 1;
      this.#show();
    });
  }

  async #catchUp(): Promise<void> {
    const sinceMs = this.#lastLiveMs - RECONNECT_OVERLAP_MS;
    const missed: Row[] = [];
    let after: string | null = null;
    try {
      do {
        const { requestLogs: page }: { requestLogs: RowPage } = await run(REQUEST_PAGE, {
          filter: this.#filter,
          first: NEWEST_ROWS,
          after,
        });
        missed.push(...page.nodes);
        after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
      } while (after !== null && missed.length < CAP_ROWS && startedMs(missed.at(-1)) > sinceMs);
      this.#tail.mergeNewest(missed);
      this.#lastLiveMs = Date.now();
      this.#countSoon(COUNT_DELAY_MS);
      this.#show();
    } catch (failure) {
      if (this.rows.length === 0) this.error = asApiError(failure);
    }
  }

  #show(): void {
    this.#shown = { rows: this.#tail.rows };
    this.hasOlder = this.#tail.hasOlder;
    this.waitingCount = this.#tail.waitingCount;
  }

  #countSoon(delayMs: number): void {
    if (!this.isCounted) return;
    if (delayMs > 0 && this.#countTimer !== undefined) return;
    clearTimeout(this.#countTimer);
    this.#countTimer = setTimeout(async () => {
      this.#countTimer = undefined;
      if (document.hidden) return this.#countSoon(COUNT_DELAY_MS);
      try {
        const { requestLogs } = await run(REQUEST_COUNT, { filter: this.#filter });
        this.#counted = requestLogs.totalCount;
      } catch {
        this.#counted = null;
      }
    }, delayMs);
  }
}

interface RowPage {
  nodes: Row[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
}

function justAfter(moment: string): string {
  return new Date(Date.parse(moment) + 1).toISOString();
}

function startedMs(row: Row | undefined): number {
  return row ? Date.parse(row.startedAt) : 0;
}
