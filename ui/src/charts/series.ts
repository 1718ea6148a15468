// Geometry of charts over time: scale, lines and stacks of values per bucket. Pure.

import { niceCeiling } from './spark.ts';
import type { ChartTone } from './tones.ts';

export interface Bucket {
  fromMs: number;
  toMs: number;
  /** Where the bucket's rows are. */
  href?: string;
}

export interface Series {
  key: string;
  label: string;
  tone: ChartTone;
  /** One per bucket; null = nothing to tell, which is not zero. */
  values: readonly (number | null)[];
}

export type SeriesKind = 'lines' | 'stack' | 'bars';

export interface Scale {
  top: number;
  /** Zero, or below when a value is negative. */
  bottom: number;
}

/** Places of lines are in a box of this size; the picture stretches it. */
export const PLOT_BOX = { width: 1000, height: 100 };

/** Of the height: a line of small text needs so much. */
const LEAST_LABEL_SHARE = 0.08;

/** A scale with round ends that holds every value; stacked kinds add the series of a bucket up. `max` fixes the top. */
export function scaleOf(series: readonly Series[], kind: SeriesKind, max?: number): Scale {
  const sums =
    kind === 'lines' ? series.flatMap(({ values }) => values.filter(isPresent)) : stackSums(series);
  const highest = Math.max(0, ...sums);
  const lowest = Math.min(0, ...sums);
  return { top: max ?? roundUp(highest), bottom: lowest < 0 ? -roundUp(-lowest) : 0 };
}

/** Share of the height above the bottom, 0 to 1. */
export function heightOf(value: number, { top, bottom }: Scale): number {
  const range = top - bottom;
  return range > 0 ? Math.min(1, Math.max(0, (value - bottom) / range)) : 0;
}

/** SVG path through the middles of the buckets; null breaks the line, a single value is a short dash. */
export function linePath(values: readonly (number | null)[], scale: Scale): string {
  const step = values.length > 0 ? PLOT_BOX.width / values.length : 0;
  const xOf = (index: number) => round((index + 0.5) * step);
  const yOf = (value: number) => round((1 - heightOf(value, scale)) * PLOT_BOX.height);
  return values
    .map((value, index) => {
      if (value === null) return '';
      const startsRun = index === 0 || values[index - 1] === null;
      const endsRun = index === values.length - 1 || values[index + 1] === null;
      if (startsRun && endsRun)
        return `M${round(xOf(index) - step / 3)} ${yOf(value)}h${round((step * 2) / 3)}`;
      return `${startsRun ? 'M' : 'L'}${xOf(index)} ${yOf(value)}`;
    })
    .join('');
}

/** Three levels from top to bottom for the axis; the lowest has no label where it would stand on that of zero. */
export function levelsOf(scale: Scale): readonly number[] {
  const { top, bottom } = scale;
  return heightOf(0, scale) >= LEAST_LABEL_SHARE ? [top, 0, bottom] : [top, top / 2, 0];
}

/** The highest value and where; null when there is none. */
export function peakOf(values: readonly (number | null)[]): { value: number; index: number } | null {
  let peak: { value: number; index: number } | null = null;
  values.forEach((value, index) => {
    if (value !== null && (peak === null || value > peak.value)) peak = { value, index };
  });
  return peak;
}

function stackSums(series: readonly Series[]): number[] {
  const count = Math.max(0, ...series.map(({ values }) => values.length));
  return Array.from({ length: count }, (_unused, index) =>
    series.reduce((sum, { values }) => sum + (values[index] ?? 0), 0),
  );
}

/** Like niceCeiling, for small figures too: dollars are often fractions of a cent. */
function roundUp(value: number): number {
  if (value <= 0) return 1;
  if (value > 4) return niceCeiling(value);
  const magnitude = 10 ** Math.floor(Math.log10(value));
  return ([1, 2, 4, 5, 10].find((step) => value <= step * magnitude) ?? 10) * magnitude;
}

function isPresent(value: number | null): value is number {
  return value !== null;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
