// The time axis of a scatter chart: even, or with stretches in which nothing happened folded to a narrow mark. Pure.

export interface TimeSpan {
  fromMs: number;
  toMs: number;
  fromPx: number;
  toPx: number;
  isFold: boolean;
}

export interface TimeAxisOptions {
  /** Ascending. */
  atMs: Float64Array;
  fromMs: number;
  toMs: number;
  widthPx: number;
  isFolding: boolean;
}

/** Shorter idle stretches are drawn as long as they are. */
const MIN_FOLD_MS = 3_600_000;
/** Left before and after the points beside a fold, so that they do not stand on its mark. */
const MARGIN_MS = 150_000;
const FOLD_PX = 18;
/** So much of the width is for folds at most; they get narrower then. */
const FOLD_SHARE = 0.4;

/** Spans from left to right that cover the whole axis, folds and what lies between them in turn. */
export function timeSpans(options: TimeAxisOptions): TimeSpan[] {
  const { fromMs, toMs, widthPx } = options;
  const folds = options.isFolding ? foldsOf(options) : [];
  const foldPx = Math.min(FOLD_PX, (widthPx * FOLD_SHARE) / Math.max(1, folds.length));
  const foldedMs = folds.reduce((sum, fold) => sum + fold.toMs - fold.fromMs, 0);
  const pxPerMs = (widthPx - foldPx * folds.length) / Math.max(1, toMs - fromMs - foldedMs);
  const spans: TimeSpan[] = [];
  let atMs = fromMs;
  let atPx = 0;
  const add = (untilMs: number, width: number, isFold: boolean) => {
    spans.push({ fromMs: atMs, toMs: untilMs, fromPx: atPx, toPx: atPx + width, isFold });
    atMs = untilMs;
    atPx += width;
  };
  for (const fold of folds) {
    if (fold.fromMs > atMs) add(fold.fromMs, (fold.fromMs - atMs) * pxPerMs, false);
    add(fold.toMs, foldPx, true);
  }
  if (atMs < toMs || spans.length === 0) add(toMs, Math.max(0, widthPx - atPx), false);
  return spans;
}

function foldsOf({ atMs, fromMs, toMs }: TimeAxisOptions): { fromMs: number; toMs: number }[] {
  // Without a point nothing is between anything.
  if (atMs.length === 0) return [];
  const folds: { fromMs: number; toMs: number }[] = [];
  let beforeMs = fromMs - MARGIN_MS;
  for (let index = 0; index <= atMs.length; index += 1) {
    const nextMs = atMs[index] ?? toMs + MARGIN_MS;
    if (nextMs - beforeMs > MIN_FOLD_MS)
      folds.push({ fromMs: beforeMs + MARGIN_MS, toMs: nextMs - MARGIN_MS });
    beforeMs = nextMs;
  }
  return folds;
}

/** Where a moment is drawn; outside of the axis, at its end. */
export function pxOfTime(spans: readonly TimeSpan[], ms: number): number {
  const span = spans[lastIndexWhere(spans, ({ fromMs }) => fromMs <= ms)];
  if (!span) return 0;
  const share = (ms - span.fromMs) / Math.max(1, span.toMs - span.fromMs);
  return span.fromPx + Math.min(1, Math.max(0, share)) * (span.toPx - span.fromPx);
}

/** The span at this place; null when there is none. */
export function spanAtPx(spans: readonly TimeSpan[], px: number): TimeSpan | null {
  return spans[lastIndexWhere(spans, ({ fromPx }) => fromPx <= px)] ?? null;
}

/** Places of ascending moments. One pass, as there are many. */
export function placeTimes(spans: readonly TimeSpan[], atMs: Float64Array): Float32Array {
  const places = new Float32Array(atMs.length);
  let spanIndex = 0;
  for (let index = 0; index < atMs.length; index += 1) {
    const ms = atMs[index] ?? 0;
    while (spanIndex < spans.length - 1 && ms >= (spans[spanIndex + 1]?.fromMs ?? 0)) spanIndex += 1;
    const span = spans[spanIndex];
    if (!span) break;
    const share = (ms - span.fromMs) / Math.max(1, span.toMs - span.fromMs);
    places[index] = span.fromPx + Math.min(1, Math.max(0, share)) * (span.toPx - span.fromPx);
  }
  return places;
}

/** By halving: `holds` is true up to some index and false after. -1 = nowhere. */
function lastIndexWhere<Item>(items: readonly Item[], holds: (item: Item) => boolean): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = items[middle];
    if (item !== undefined && holds(item)) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
