// The overview's time series: fetches each slice once, and again only those that new rows fall into.

import { onDestroy } from 'svelte';
import { type Bucket, bucketsOf } from '../../lib/buckets.ts';
import { type ApiError, asApiError, run } from '../../lib/graphql.ts';
import type { Period } from '../../lib/request-filter.ts';
import { ONE_POINT, POINTS_PER_QUERY, type PointStats, TEN_POINTS } from './queries.ts';

export interface Point extends Bucket {
  stats: PointStats;
}

// Below this many slices single queries cost less than one of ten.
const MAX_SINGLES = 3;
const REFRESH_DELAY_MS = 2000;

export class Series {
  points = $state.raw<Point[] | null>(null);
  error = $state.raw<ApiError | null>(null);
  #period: Period;
  #known = new Map<number, PointStats>();
  #isBusy = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isDisposed = false;

  constructor(period: Period) {
    this.#period = period;
  }

  /** A row that began at this time was logged: its slice is out of date. */
  touch(startedAt: string): void {
    const atMs = Date.parse(startedAt);
    const bucket = bucketsOf(this.#period, Date.now()).find(
      ({ fromMs, toMs }) => fromMs <= atMs && atMs < toMs,
    );
    if (bucket) this.#known.delete(bucket.fromMs);
    this.refreshSoon();
  }

  /** Rows since then may have been missed. */
  touchSince(sinceMs: number): void {
    for (const fromMs of this.#known.keys()) {
      if (fromMs >= sinceMs) this.#known.delete(fromMs);
    }
    this.refreshSoon();
  }

  refreshSoon(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (document.hidden || this.#isBusy) this.refreshSoon();
      else void this.refresh();
    }, REFRESH_DELAY_MS);
  }

  refresh = async (): Promise<void> => {
    this.#isBusy = true;
    try {
      const buckets = bucketsOf(this.#period, Date.now());
      await this.#fetchMissing(buckets);
      if (this.#isDisposed) return;
      this.points = buckets.flatMap((bucket) => {
        const stats = this.#known.get(bucket.fromMs);
        return stats ? [{ ...bucket, stats }] : [];
      });
      this.error = null;
    } catch (failure) {
      this.error = asApiError(failure);
    } finally {
      this.#isBusy = false;
    }
  };

  dispose(): void {
    this.#isDisposed = true;
    clearTimeout(this.#timer);
  }

  async #fetchMissing(buckets: readonly Bucket[]): Promise<void> {
    const missing = buckets.filter((bucket) => !this.#known.has(bucket.fromMs));
    const groups =
      missing.length <= MAX_SINGLES ? missing.map((bucket) => [bucket]) : inGroups(missing, POINTS_PER_QUERY);
    const found = await Promise.all(groups.map(fetchGroup));
    groups.flat().forEach((bucket, index) => {
      const stats = found.flat()[index];
      if (stats) this.#known.set(bucket.fromMs, stats);
    });
  }
}

/** Starts loading as the component is created and stops when it goes. */
export function followSeries(period: Period): Series {
  const series = new Series(period);
  void series.refresh();
  onDestroy(() => series.dispose());
  return series;
}

async function fetchGroup(group: readonly Bucket[]): Promise<PointStats[]> {
  const [first] = group;
  if (!first) return [];
  if (group.length === 1) return [(await run(ONE_POINT, { filter: rangeOf(first) })).requestLogStats];
  // Slices that are not needed ask for an empty range, which costs the server nothing.
  const filter = (index: number) => rangeOf(group[index] ?? { fromMs: first.fromMs, toMs: first.fromMs });
  const points = await run(TEN_POINTS, {
    f0: filter(0),
    f1: filter(1),
    f2: filter(2),
    f3: filter(3),
    f4: filter(4),
    f5: filter(5),
    f6: filter(6),
    f7: filter(7),
    f8: filter(8),
    f9: filter(9),
  });
  const { p0, p1, p2, p3, p4, p5, p6, p7, p8, p9 } = points;
  return [p0, p1, p2, p3, p4, p5, p6, p7, p8, p9].slice(0, group.length);
}

function rangeOf(bucket: Bucket): { from: string; to: string } {
  return { from: new Date(bucket.fromMs).toISOString(), to: new Date(bucket.toMs).toISOString() };
}

function inGroups<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_unused, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
