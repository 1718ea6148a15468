// The tables of the log bench, as Markdown, with a verdict for each goal. Pure.

import type { Spread, Timing } from './ask.ts';
import { spreadOf } from './ask.ts';

const MAX_MEDIAN_MS = 100;

export interface AskedQuestion {
  name: string;
  idle: Timing;
  writing: Timing;
}

export interface Figure {
  name: string;
  /** With its unit. */
  value: string;
  goal: string;
  /** Null = told only. */
  isMet: boolean | null;
}

export function questionTable(asked: readonly AskedQuestion[]): string {
  const head = [
    'question',
    'median, idle',
    'p90',
    'max',
    'median, writing',
    'p90',
    'max',
    `< ${MAX_MEDIAN_MS} ms`,
  ];
  const rows = asked.map(({ name, idle, writing }) => {
    const problem = idle.problem ?? writing.problem;
    if (problem !== null) return [name, `not asked: ${problem}`, '', '', '', '', '', '-'];
    return [
      name,
      ...cells(spreadOf(idle)),
      ...cells(spreadOf(writing)),
      isFast({ idle, writing }) ? 'yes' : '**NO**',
    ];
  });
  return table([head, ...rows]);
}

export function figureTable(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, value, goal, isMet }) => [
    name,
    value,
    goal,
    isMet === null ? '-' : isMet ? 'yes' : '**NO**',
  ]);
  return table([['figure', 'value', 'goal', 'met'], ...rows]);
}

/** Idle and while rows are written; true for what could not be asked. */
export function isFast({ idle, writing }: Pick<AskedQuestion, 'idle' | 'writing'>): boolean {
  return [idle, writing].every((timing) => (spreadOf(timing).p50 ?? 0) < MAX_MEDIAN_MS);
}

export function milliseconds(value: number | null): string {
  if (value === null) return '-';
  return value === 0 || value >= 10 ? value.toFixed(0) : value.toFixed(1);
}

function cells({ p50, p90, max }: Spread): string[] {
  return [p50, p90, max].map(milliseconds);
}

/** First column to the left, the others to the right. */
function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...rest] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    `| ${widths.map((width, column) => (column === 0 ? (row[0] ?? '').padEnd(width) : (row[column] ?? '').padStart(width))).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)).join(' | ')} |`;
  return [line(head), rule, ...rest.map(line)].join('\n');
}
