// A run as tables and as JSON. Pure.

import { textTable } from '../text-table.ts';
import type { Figures } from './figures.ts';
import type { GoalResult } from './goals.ts';
import type { Target } from './targets.ts';

const MISSING = '-';

/** One row per goal. */
export function goalTable(results: readonly GoalResult[]): string {
  const rows = results.map(({ number, figure, goal, value, reference, ratio, verdict }) => [
    `${number} ${figure}`,
    goal,
    shown(value),
    shown(reference),
    shown(ratio),
    verdict,
  ]);
  return textTable([['goal', 'wanted', 'gateway', 'compared with', 'ratio', ''], ...rows]);
}

/** One row per figure, the medians of every target side by side. */
export function figureTable(figures: Figures, targets: readonly Target[]): string {
  const rows = figures
    .names()
    .filter(
      (figure) => !figure.startsWith('errors') || targets.some((target) => figures.median(figure, target)),
    )
    .map((figure) => [figure, ...targets.map((target) => shown(figures.median(figure, target)))]);
  return textTable([['median of the rounds', ...targets], ...rows]);
}

/** Everything for another program: every round's values too. */
export function asJson(
  figures: Figures,
  options: { targets: readonly Target[]; goals: readonly GoalResult[]; about: Record<string, unknown> },
): string {
  const { targets, goals, about } = options;
  const measured = figures.names().map((figure) => ({
    figure,
    ...Object.fromEntries(
      targets.map((target) => [
        target,
        { median: figures.median(figure, target), rounds: figures.values(figure, target) },
      ]),
    ),
  }));
  return JSON.stringify({ ...about, goals, figures: measured }, null, 2);
}

/** Three digits that matter; whole numbers from a hundred on. */
export function shown(value: number | null): string {
  if (value === null) return MISSING;
  const size = Math.abs(value);
  if (size >= 100 || Number.isInteger(value)) return value.toFixed(0);
  return value.toFixed(size >= 10 ? 1 : size >= 1 ? 2 : 3);
}
