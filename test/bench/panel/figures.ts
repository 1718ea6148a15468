// The arithmetic of the panel bench. Pure.

import { median, percentile } from '../statistics.ts';

/** Milliseconds since the navigation began. */
export interface LongTask {
  startMs: number;
  durationMs: number;
}

export interface LayoutShift {
  atMs: number;
  score: number;
}

export interface LoadedFile {
  path: string;
  /** As it went over the wire, without headers. */
  bytes: number;
}

/** What one load of a screen was seen to do. */
export interface ScreenLoad {
  scripts: readonly LoadedFile[];
  styleBytes: number;
  /** The screen's heading is there and nothing of it is a placeholder any more; null = not within the time limit. */
  contentMs: number | null;
  longTasks: readonly LongTask[];
  shifts: readonly LayoutShift[];
}

export interface ScreenFigures {
  path: string;
  /** Scripts of the first load. */
  scriptBytes: number;
  /** Of these, what not every measured screen needs; null = there was no other. */
  ownBytes: number | null;
  styleBytes: number;
  contentMs: number | null;
  interactiveMs: number | null;
  longTasks: number;
  longTaskMs: number;
  layoutShift: number;
}

export interface Motion {
  frames: number;
  p50Ms: number | null;
  p95Ms: number | null;
  longestTaskMs: number;
}

/** No task this long may begin for so long after the screen can be used. */
export const QUIET_MS = 500;
/** Shifts belong together that are at most a second apart, for at most five: the worst group counts. */
const SHIFT_GAP_MS = 1_000;
const SHIFT_GROUP_MS = 5_000;

/** One entry per screen, its loads in rounds; every screen's first load tells which scripts all of them need. */
export function screenFigures(loads: ReadonlyMap<string, readonly ScreenLoad[]>): ScreenFigures[] {
  const shared = sharedPaths([...loads.values()].flatMap(([first]) => (first ? [first] : [])));
  return [...loads].map(([path, rounds]) => {
    const medianOf = (figure: (load: ScreenLoad) => number | null) =>
      median(rounds.map(figure).filter((value) => value !== null));
    const scriptBytes = (load: ScreenLoad) => bytesOf(load.scripts);
    const ownBytes = (load: ScreenLoad) => bytesOf(load.scripts.filter((file) => !shared.has(file.path)));
    return {
      path,
      scriptBytes: medianOf(scriptBytes) ?? 0,
      ownBytes: loads.size > 1 ? medianOf(ownBytes) : null,
      styleBytes: medianOf(({ styleBytes }) => styleBytes) ?? 0,
      contentMs: medianOf(({ contentMs }) => contentMs),
      interactiveMs: medianOf(interactiveMs),
      longTasks: medianOf(({ longTasks }) => longTasks.length) ?? 0,
      longTaskMs: medianOf(({ longTasks }) => longTasks.reduce((sum, task) => sum + task.durationMs, 0)) ?? 0,
      layoutShift: medianOf(({ shifts }) => worstShift(shifts)) ?? 0,
    };
  });
}

function sharedPaths(loads: readonly ScreenLoad[]): Set<string> {
  const [first, ...others] = loads.map(({ scripts }) => new Set(scripts.map(({ path }) => path)));
  if (!first) return new Set();
  return new Set([...first].filter((path) => others.every((paths) => paths.has(path))));
}

function bytesOf(files: readonly LoadedFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** When the content is there and the last long task before a quiet time is over; null = the content never came. */
export function interactiveMs({
  contentMs,
  longTasks,
}: Pick<ScreenLoad, 'contentMs' | 'longTasks'>): number | null {
  if (contentMs === null) return null;
  let readyMs = contentMs;
  for (const { startMs, durationMs } of longTasks.toSorted((a, b) => a.startMs - b.startMs)) {
    if (startMs >= readyMs + QUIET_MS) break;
    readyMs = Math.max(readyMs, startMs + durationMs);
  }
  return readyMs;
}

/** Cumulative layout shift: the sum of the worst group. */
export function worstShift(shifts: readonly LayoutShift[]): number {
  let worst = 0;
  let sum = 0;
  let fromMs = Number.NEGATIVE_INFINITY;
  let lastMs = Number.NEGATIVE_INFINITY;
  for (const { atMs, score } of shifts) {
    const isNew = atMs - lastMs > SHIFT_GAP_MS || atMs - fromMs > SHIFT_GROUP_MS;
    if (isNew) fromMs = atMs;
    sum = isNew ? score : sum + score;
    lastMs = atMs;
    worst = Math.max(worst, sum);
  }
  return worst;
}

/** `frameTimesMs`: when each frame was drawn. */
export function motionOf(frameTimesMs: readonly number[], tasks: readonly LongTask[]): Motion {
  const lengths = frameTimesMs.slice(1).map((timeMs, index) => timeMs - (frameTimesMs[index] ?? timeMs));
  return {
    frames: lengths.length,
    p50Ms: percentile(lengths, 0.5),
    p95Ms: percentile(lengths, 0.95),
    longestTaskMs: tasks.reduce((most, { durationMs }) => Math.max(most, durationMs), 0),
  };
}
