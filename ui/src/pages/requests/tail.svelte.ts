// The Requests list against the API: newest page or one around a moment, history both ways, live rows, and what was missed.

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
/** Of what came after a moment: shown above it at once, so that it is seen to go on. */
const CONTEXT_ROWS = 3;

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
  isLoadingNewer = $state(false);
  hasNewer = $state(false);
  /** The moment the list was opened at; null = with the newest, or the person has come up to them. */
  at = $state<string | null>(null);
  /** Rows that are above the first one that was to be seen. */
  rowsAbove = $state(0);
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
  /** Where the next page of newer rows ends. */
  #before: string | null = null;
  #pauseReasons = new Set<PauseReason>();
  #lastLiveMs = Date.now();
  #frame = 0;
  /** Changes when what is being loaded is no longer wanted. */
  #era = 0;
  /** The rows are not what was last asked for. */
  #isStale = false;
  /** Live rows that came while the newest page was on its way, which may have been read before them. */
  #meanwhile: Row[] = [];
  #countTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(filter: ApiFilter, at: string | null) {
    this.#filter = filter;
    this.at = at;
    this.isCounted = isCountable(filter);
  }

  get rows(): readonly Row[] {
    return this.#shown.rows;
  }

  /** Null when the time range has ended, so that nothing new can come, and while newer rows are still to be loaded. */
  get status(): FeedStatus | null {
    return this.#feed?.status ?? null;
  }

  /** Rows that match and do not wait; null = not known. What is shown in full is counted by itself. */
  get totalCount(): number | null {
    if (this.rows.length > 0 && !this.hasOlder && !this.hasNewer) return this.rows.length;
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
    if (this.at === null) this.#goLive();
  }

  /** Another moment, or now. */
  moveTo(at: string | null): void {
    this.#stopLive();
    this.at = at;
    this.error = null;
    this.#tail.restart([]);
    this.#tail.hasOlder = false;
    this.hasNewer = false;
    this.rowsAbove = 0;
    this.#show();
    // What the rows were looked at with is gone with them.
    for (const reason of ['scrolled', 'hovered', 'focused'] as const) this.#pauseReasons.delete(reason);
    this.setPaused('button', this.#pauseReasons.has('button'));
    this.start();
  }

  #stopLive(): void {
    this.#feed?.close();
    this.#feed = null;
  }

  #goLive(): void {
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
    const era = this.#era;
    // Around a moment there may be newer rows again, and live ones would leave a gap above them.
    if (this.at !== null) this.#stopLive();
    this.isLoading = true;
    this.isLoadingOlder = false;
    this.isLoadingNewer = false;
    this.#isStale = true;
    this.#meanwhile = [];
    this.#countSoon(0);
    try {
      const { older, newer } = await this.#firstPages();
      if (era !== this.#era) return;
      this.#isStale = false;
      this.#tail.restart([...(newer?.nodes ?? []), ...older.nodes]);
      this.#position = { to: newer === null ? null : this.at, after: older.pageInfo.endCursor };
      this.#tail.hasOlder = older.pageInfo.hasNextPage;
      this.#tail.mergeNewest(this.#meanwhile);
      this.rowsAbove = Math.max(0, (newer?.nodes.length ?? 0) - CONTEXT_ROWS);
      this.error = null;
      this.#show();
      if (newer) this.#reached(newer.pageInfo);
      else this.hasNewer = false;
    } catch (failure) {
      if (era === this.#era) this.error = asApiError(failure);
    } finally {
      if (era === this.#era) this.isLoading = false;
    }
    if (era !== this.#era) return;
    if (this.rows.length < SCREEN_ROWS) void this.loadOlder();
    if (this.rowsAbove === 0) void this.loadNewer();
  };

  /** After `error`: what failed, once more. */
  retry = async (): Promise<void> => {
    if (this.#isStale) await this.reload();
    else await Promise.all([this.loadNewer(), this.loadOlder()]);
  };

  async #firstPages(): Promise<{ older: RowPage; newer: RowPage | null }> {
    const { at } = this;
    const olderThan = at === null ? this.#filter : { ...this.#filter, to: at };
    const [older, newer] = await Promise.all([
      run(REQUEST_PAGE, { filter: olderThan, first: NEWEST_ROWS }),
      at === null ? null : run(REQUEST_PAGE, { filter: { ...this.#filter, from: at }, last: NEWEST_ROWS }),
    ]);
    return { older: older.requestLogs, newer: newer?.requestLogs ?? null };
  }

  loadNewer = async (): Promise<void> => {
    if (this.isLoadingNewer || this.isLoading || !this.hasNewer) return;
    const era = this.#era;
    this.isLoadingNewer = true;
    try {
      for (let found = 0; this.hasNewer && found < SCREEN_ROWS; ) found += await this.#loadNewerPage(era);
    } catch (failure) {
      if (era === this.#era) this.error = asApiError(failure);
    } finally {
      if (era === this.#era) this.isLoadingNewer = false;
    }
  };

  /** How many rows came. */
  async #loadNewerPage(era: number): Promise<number> {
    const { requestLogs: page } = await run(REQUEST_PAGE, {
      filter: this.#filter,
      last: OLDER_ROWS,
      before: this.#before,
    });
    if (era !== this.#era) return SCREEN_ROWS;
    this.rowsAbove += this.#tail.prependNewer(page.nodes, MAX_ROWS);
    this.error = null;
    this.#show();
    this.#reached(page.pageInfo);
    return page.nodes.length;
  }

  /** Once nothing newer is left the live rows go on; what came since is caught up with as they begin. */
  #reached({ hasPreviousPage, startCursor }: RowPage['pageInfo']): void {
    this.#before = startCursor;
    this.hasNewer = hasPreviousPage;
    if (hasPreviousPage || this.#feed) return;
    this.#lastLiveMs = Date.now();
    this.#goLive();
  }

  loadOlder = async (): Promise<void> => {
    if (this.isLoadingOlder || this.isLoading || !this.hasOlder || this.isFull) return;
    const era = this.#era;
    this.isLoadingOlder = true;
    const last = this.#tail.rows.at(-1);
    if (this.#tail.isTrimmed && last) this.#position = { to: justAfter(last.startedAt), after: null };
    try {
      for (let found = 0; this.hasOlder && found < SCREEN_ROWS; ) found += await this.#loadPage(era);
    } catch (failure) {
      if (era === this.#era) this.error = asApiError(failure);
    } finally {
      if (era === this.#era) this.isLoadingOlder = false;
    }
  };

  /** How many rows came. */
  async #loadPage(era: number): Promise<number> {
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
    if (this.isLoading && this.#meanwhile.length < CAP_ROWS) this.#meanwhile.push(row);
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
    const feed = this.#feed;
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
        // They would stand above a moment that was gone to meanwhile, with a gap between.
        if (feed !== this.#feed) return;
        missed.push(...page.nodes);
        after = page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
      } while (after !== null && missed.length < CAP_ROWS && startedMs(missed.at(-1)) > sinceMs);
      this.#tail.mergeNewest(missed);
      this.#lastLiveMs = Date.now();
      this.#countSoon(COUNT_DELAY_MS);
      this.#show();
    } catch (failure) {
      if (feed === this.#feed && this.rows.length === 0) this.error = asApiError(failure);
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
  pageInfo: {
    hasNextPage: boolean;
    endCursor: string | null;
    hasPreviousPage: boolean;
    startCursor: string | null;
  };
}

function justAfter(moment: string): string {
  return new Date(Date.parse(moment) + 1).toISOString();
}

function startedMs(row: Row | undefined): number {
  return row ? Date.parse(row.startedAt) : 0;
}
