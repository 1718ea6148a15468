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
  #hasOlder = false;

  constructor(options: TailOptions) {
    this.#cap = options.cap;
  }

  /** Grows in place, at its ends, as history is added; any other change makes a new array. */
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

  /** True while there is history below the last row: what belongs there comes with it, and is not new to anybody. */
  get hasOlder(): boolean {
    return this.#hasOlder;
  }

  set hasOlder(hasOlder: boolean) {
    this.#hasOlder = hasOlder;
  }

  /** A row from the subscription. False when it was known. */
  push(row: Row): boolean {
    if (this.#knownIds.has(row.id)) return false;
    const last = this.#rows.at(-1);
    if (this.#hasOlder && last && byNewest(last, row) < 0) return true;
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
    const fresh = rows.filter((row) => !this.#knownIds.has(row.id)).sort(byNewest);
    for (const row of fresh) this.#knownIds.add(row.id);
    const last = this.#rows.at(-1);
    const isInOrder = !last || !fresh[0] || byNewest(last, fresh[0]) < 0;
    // Nearly always they follow what is there: copying or sorting a hundred thousand rows for each page would be felt.
    for (const row of fresh) this.#rows.push(row);
    if (!isInOrder) this.#rows = this.#rows.toSorted(byNewest);
    this.#isTrimmed = false;
  }

  /** A page that is newer than what is shown. Beyond so many rows the oldest are let go. Returns how many came. */
  prependNewer(rows: readonly Row[], maxRows: number): number {
    const fresh = rows.filter((row) => !this.#knownIds.has(row.id)).sort(byNewest);
    for (const row of fresh) this.#knownIds.add(row.id);
    this.#rows.unshift(...fresh);
    const surplus = this.#rows.splice(maxRows);
    for (const row of surplus) this.#knownIds.delete(row.id);
    if (surplus.length > 0) {
      this.#isTrimmed = true;
      this.#hasOlder = true;
    }
    return fresh.length;
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
    this.#knownIds = idsOf(rows);
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
    const kept = this.#rows.slice(0, this.#cap);
    // A whole history may go at once: what stays is then the smaller part.
    if (this.#rows.length > 2 * this.#cap) this.#knownIds = idsOf([...this.#waiting, ...kept]);
    else for (const row of this.#rows.slice(this.#cap)) this.#knownIds.delete(row.id);
    this.#rows = kept;
    this.#isTrimmed = true;
    this.#hasOlder = true;
  }
}

function idsOf(rows: readonly TailRow[]): Set<string> {
  return new Set(rows.map(({ id }) => id));
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

const RATE_SECONDS = 10;

/** How many rows came per second, over the last ten seconds. */
export class RateMeter {
  #counts: number[] = Array.from({ length: RATE_SECONDS }, () => 0);
  #second = 0;

  add(nowMs: number): void {
    const index = this.#forward(nowMs);
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
  }

  perSecond(nowMs: number): number {
    this.#forward(nowMs);
    return this.#counts.reduce((sum, count) => sum + count, 0) / RATE_SECONDS;
  }

  /** Empties the seconds that have passed since; returns the place of the present one. */
  #forward(nowMs: number): number {
    const second = Math.floor(nowMs / 1000);
    const passed = Math.min(RATE_SECONDS, Math.max(0, second - this.#second));
    for (let step = 0; step < passed; step += 1) this.#counts[(second - step) % RATE_SECONDS] = 0;
    this.#second = Math.max(second, this.#second);
    return this.#second % RATE_SECONDS;
  }
}
