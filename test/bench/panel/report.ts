// A run of the panel bench as tables. Pure.

import { textTable } from '../text-table.ts';
import type { Motion, ScreenFigures } from './figures.ts';
import type { ScrollFigures, Stretch } from './scroll.ts';

/** The panel's own budgets. */
const GOALS = {
  scriptBytes: 150_000,
  ownBytes: 60_000,
  layoutShift: 0.1,
  frameP95Ms: 50,
  taskMs: 100,
};

const MISSING = '–';

export function screenTable(figures: readonly ScreenFigures[]): string {
  const head = [
    'screen',
    'JS kB',
    'own kB',
    'CSS kB',
    'content ms',
    'interactive ms',
    'long tasks',
    'their ms',
    'shift',
  ];
  const rows = figures.map((screen) => [
    screen.path,
    judged(screen.scriptBytes, GOALS.scriptBytes, kb),
    screen.ownBytes === null ? MISSING : judged(screen.ownBytes, GOALS.ownBytes, kb),
    kb(screen.styleBytes),
    ms(screen.contentMs),
    ms(screen.interactiveMs),
    String(screen.longTasks),
    ms(screen.longTaskMs),
    judged(screen.layoutShift, GOALS.layoutShift, (score) => score.toFixed(3)),
  ]);
  return textTable([head, ...rows]);
}

/** Null = not measured, or what moves is not there. */
export function motionTable(parts: { scroll: ScrollFigures | null; pointer: Motion | null }): string {
  const { scroll, pointer } = parts;
  const stretches = scroll?.stretches ?? [];
  const last = stretches.at(-1);
  const table = textTable([
    ['motion', 'rows held', 'frames', 'p50 ms', 'p95 ms', 'longest task ms', 'rows in page', 'heap MB'],
    ...stretches.map((stretch) => ['scrolling /requests', ...scrollCells(stretch)]),
    ...(last ? [] : [['scrolling /requests', ...scrollCells(null)]]),
    ['pointer over /ttl', MISSING, ...motionCells(pointer), MISSING, MISSING],
  ]);
  if (!scroll || !last) return table;
  return `${table}\n\n${last.rowsHeld} rows of /requests were read and scrolled to in ${ms(scroll.seconds)} s.`;
}

function motionCells(motion: Motion | null): string[] {
  if (!motion) return [MISSING, MISSING, MISSING, MISSING];
  return [
    String(motion.frames),
    ms(motion.p50Ms, 1),
    motion.p95Ms === null ? MISSING : judged(motion.p95Ms, GOALS.frameP95Ms, (value) => ms(value, 1)),
    judged(motion.longestTaskMs, GOALS.taskMs, ms),
  ];
}

function scrollCells(stretch: Stretch | null): string[] {
  if (!stretch) return Array.from({ length: 7 }, () => MISSING);
  const { rowsHeld, rowsInPage, heapBytes } = stretch;
  return [String(rowsHeld), ...motionCells(stretch), String(rowsInPage), ms(heapBytes / 1e6)];
}

function judged(value: number, goal: number, show: (value: number) => string): string {
  return value > goal ? `${show(value)}!` : show(value);
}

/** 1,000 bytes. */
function kb(bytes: number): string {
  return (bytes / 1000).toFixed(1);
}

function ms(value: number | null, digits = 0): string {
  return value === null ? MISSING : value.toFixed(digits);
}
