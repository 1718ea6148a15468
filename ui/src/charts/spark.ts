// Geometry of a sparkline: values to SVG path data. Pure.

export interface SparkPaths {
  line: string;
  area: string;
}

/** Paths in a box of `width` × `height`; null values break the line, so that no data is not drawn as zero. */
export function sparkPaths(
  values: readonly (number | null)[],
  box: { width: number; height: number; max?: number },
): SparkPaths {
  const present = values.filter((value) => value !== null);
  const top = box.max ?? Math.max(...present, 0);
  const bottom = Math.min(...present, 0);
  const step = values.length > 1 ? box.width / (values.length - 1) : 0;
  const range = top - bottom;
  const yOf = (value: number) =>
    round(box.height - (range > 0 ? ((value - bottom) / range) * box.height : 0));
  const baseY = yOf(0);

  let line = '';
  let area = '';
  let runStartX: number | null = null;
  values.forEach((value, index) => {
    const x = round(index * step);
    if (value === null) return;
    const startsRun = index === 0 || values[index - 1] === null;
    const endsRun = index === values.length - 1 || values[index + 1] === null;
    if (startsRun) runStartX = x;
    // A single point has no length: drawn as a short dash, or it would be invisible.
    if (startsRun && endsRun) line += `M${round(x - step / 4)} ${yOf(value)}h${round(Math.max(step / 2, 1))}`;
    else line += `${startsRun ? 'M' : 'L'}${x} ${yOf(value)}`;
    area += startsRun ? `M${x} ${baseY}L${x} ${yOf(value)}` : `L${x} ${yOf(value)}`;
    if (endsRun) area += `L${x} ${baseY}L${runStartX ?? x} ${baseY}Z`;
  });
  return { line, area };
}

/** A round number at or above `max` for the top of an axis. */
export function niceCeiling(max: number): number {
  if (max <= 4) return 4;
  const magnitude = 10 ** Math.floor(Math.log10(max));
  for (const step of [1, 2, 4, 5, 10]) {
    if (max <= step * magnitude) return step * magnitude;
  }
  return 10 * magnitude;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
