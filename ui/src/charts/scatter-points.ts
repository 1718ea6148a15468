// The points of a scatter chart as columns of figures, and what is asked of them while the pointer moves. Pure.

import { gapShare } from './scatter-axis.ts';
import { placeTimes, type TimeSpan } from './scatter-time.ts';
import type { ChartTone } from './tones.ts';

/** Columns of one length, in order of time: one value per point. */
export interface ScatterPoints {
  atMs: Float64Array;
  gapMinutes: Float64Array;
  /** Index of the point's group. */
  group: Uint16Array;
}

/** Points of one colour. */
export interface ScatterGroup {
  key: string;
  label: string;
  tone: ChartTone;
  count: number;
}

/** Pauses in ascending order: of all groups that are shown, and of each. */
export interface SortedGaps {
  all: Float64Array;
  byGroup: readonly Float64Array[];
}

/** Sorted once, so that the share below the crosshair is found by halving. */
export function sortedGaps(
  { gapMinutes, group }: ScatterPoints,
  groupCount: number,
  isShown: (group: number) => boolean,
): SortedGaps {
  const counts = new Uint32Array(groupCount);
  for (const index of group) counts[index] = (counts[index] ?? 0) + 1;
  const byGroup = Array.from(counts, (count) => new Float64Array(count));
  const filled = new Uint32Array(groupCount);
  for (let point = 0; point < gapMinutes.length; point += 1) {
    const index = group[point] ?? 0;
    const own = byGroup[index];
    const place = filled[index] ?? 0;
    if (own) own[place] = gapMinutes[point] ?? 0;
    filled[index] = place + 1;
  }
  for (const own of byGroup) own.sort();
  const shown = byGroup.filter((_own, index) => isShown(index));
  const all = new Float64Array(shown.reduce((sum, own) => sum + own.length, 0));
  let place = 0;
  for (const own of shown) {
    all.set(own, place);
    place += own.length;
  }
  return { all: all.sort(), byGroup };
}

/** How many of the ascending values are at most this. */
export function countWithin(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle] ?? 0) <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** 0 to 1; null when there are no values. */
export function shareWithin(sorted: Float64Array, value: number): number | null {
  return sorted.length === 0 ? null : countWithin(sorted, value) / sorted.length;
}

/** The value that this part of the ascending values is at most (nearest rank); null when there are none. */
export function valueAtShare(sorted: Float64Array, share: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}

/** To be said as a duration. */
export function gapMs(minutes: number | null): number | null {
  return minutes === null ? null : minutes * 60_000;
}

export interface Places {
  xPx: Float32Array;
  /** From the top. */
  yPx: Float32Array;
}

export function placePoints(points: ScatterPoints, spans: readonly TimeSpan[], heightPx: number): Places {
  const yPx = new Float32Array(points.gapMinutes.length);
  for (let index = 0; index < yPx.length; index += 1) {
    yPx[index] = (1 - gapShare(points.gapMinutes[index] ?? 0)) * heightPx;
  }
  return { xPx: placeTimes(spans, points.atMs), yPx };
}

/** The shown point nearest to a place, at most `reachPx` away; null when there is none. */
export function nearestPoint(
  { xPx, yPx }: Places,
  { x, y, reachPx, isShown }: { x: number; y: number; reachPx: number; isShown: (point: number) => boolean },
): number | null {
  let nearest: number | null = null;
  let least = reachPx * reachPx;
  for (let point = firstFrom(xPx, x - reachPx); point < xPx.length; point += 1) {
    const awayX = (xPx[point] ?? 0) - x;
    if (awayX > reachPx) break;
    const awayY = (yPx[point] ?? 0) - y;
    const distance = awayX * awayX + awayY * awayY;
    if (distance > least || !isShown(point)) continue;
    nearest = point;
    least = distance;
  }
  return nearest;
}

/** Index of the first of the ascending places that is at least `px`. */
function firstFrom(places: Float32Array, px: number): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((places[middle] ?? 0) < px) low = middle + 1;
    else high = middle;
  }
  return low;
}
