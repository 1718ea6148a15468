// The Requests list as data: newest first, no doubles, no gaps, bounded. Pure apart from its own state.
//
// Rows reach it three ways: pushed by the subscription, as pages of history from below, and as the newest page
// after a reconnection. A row is pushed when its exchange ends but sorts by when it began, so the newest page can
// hold unknown rows below known ones; that is why reconnecting refetches a window of time, not "until a known row".

export interface TailRow {
  id: string;
  startedAt: string;
}

export interface TailOptions {
  /** Rows kept while following; history that was scrolled to is kept until following goes on. */
  cap: number;
}

/** How far back a reconnection refetches before the moment the stream was lost: longer than a request may last. */
export const RECONNECT_OVERLAP_MS = 15 * 60_000;

export class LiveTail<Row extends TailRow> {
  #rows: Row[] = [];
  #waiting: Row[] = [];
  #knownIds = new Set<string>();
  #cap: number;
  #isPaused = false;
  // Set when waiting rows were dropped: what is above the shown rows is then unknown and must be refetched.
  #hasGap = false;
  #isTrimmed = false;

  constructor(options: TailOptions) {
    this.#cap = options.cap;
  }

  get rows(): readonly Row[] {
    return this.#rows;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** True when more rows came while paused than may wait: load the newest page and call `restart`. */
  get hasGap(): boolean {
    return this.#hasGap;
  }

  /** True when rows fell off the end, so that the cursor of the last page no longer fits the last row. */
  get isTrimmed(): boolean {
    return this.#isTrimmed;
  }

  /** A row from the subscription. False when it was known. */
  push(row: Row): boolean {
    if (this.#knownIds.has(row.id)) return false;
    this.#knownIds.add(row.id);
    if (this.#isPaused) this.#hold(row);
    else {
      this.#rows = insertNewestFirst(this.#rows, row);
      this.#trim();
    }
    return true;
  }

  /** Rows from the newest page(s), after a reconnection; unknown ones are added where they belong. */
  mergeNewest(rows: readonly Row[]): void {
    for (const row of [...rows].reverse()) this.push(row);
  }

  /** A page of history, older than what is shown. */
  appendOlder(rows: readonly Row[]): void {
    const fresh = rows.filter((row) => !this.#knownIds.has(row.id));
    for (const row of fresh) this.#knownIds.add(row.id);
    this.#rows = [...this.#rows, ...fresh].sort(byNewest);
    this.#isTrimmed = false;
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** Shows what waited and follows again. */
  resume(): void {
    this.#isPaused = false;
    if (this.#waiting.length === 0) return;
    this.#rows = [...this.#waiting, ...this.#rows].sort(byNewest);
    this.#waiting = [];
    this.#trim();
  }

  /** Forgets everything and starts from a newest page. */
  restart(rows: readonly Row[]): void {
    this.#rows = [...rows].sort(byNewest);
    this.#waiting = [];
    this.#knownIds = new Set(rows.map((row) => row.id));
    this.#hasGap = false;
    this.#isTrimmed = false;
  }

  #hold(row: Row): void {
    if (this.#waiting.length >= this.#cap) {
      this.#hasGap = true;
      this.#knownIds.delete(row.id);
      return;
    }
    this.#waiting = insertNewestFirst(this.#waiting, row);
  }

  #trim(): void {
    if (this.#rows.length <= this.#cap) return;
    for (const row of this.#rows.slice(this.#cap)) this.#knownIds.delete(row.id);
    this.#rows = this.#rows.slice(0, this.#cap);
    this.#isTrimmed = true;
  }
}

/** Newest first; ids break ties, as in the API. */
export function byNewest(one: TailRow, other: TailRow): number {
  if (one.startedAt !== other.startedAt) return one.startedAt < other.startedAt ? 1 : -1;
  return one.id < other.id ? 1 : one.id > other.id ? -1 : 0;
}

function insertNewestFirst<Row extends TailRow>(rows: readonly Row[], row: Row): Row[] {
  const index = rows.findIndex((other) => byNewest(row, other) < 0);
  return index < 0 ? [...rows, row] : [...rows.slice(0, index), row, ...rows.slice(index)];
}
