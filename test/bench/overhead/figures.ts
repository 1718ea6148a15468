// What a run has measured: per target and figure one value a round. Pure.

import { difference, median } from '../statistics.ts';
import type { Target } from './targets.ts';

/** Name of a figure, with its unit, to its value. */
export type Values = Record<string, number | null>;

export class Figures {
  readonly #rounds = new Map<string, Map<Target, number[]>>();

  /** What could not be measured counts for nothing. */
  add(target: Target, values: Values): void {
    for (const [figure, value] of Object.entries(values)) {
      if (value === null || !Number.isFinite(value)) continue;
      const byTarget = this.#rounds.get(figure) ?? new Map<Target, number[]>();
      this.#rounds.set(figure, byTarget);
      byTarget.set(target, [...(byTarget.get(target) ?? []), value]);
    }
  }

  names(): string[] {
    return [...this.#rounds.keys()];
  }

  /** Null = not measured. */
  median(figure: string, target: Target): number | null {
    return median(this.values(figure, target));
  }

  values(figure: string, target: Target): readonly number[] {
    return this.#rounds.get(figure)?.get(target) ?? [];
  }
}

/** What the target adds to the direct call of the same round. */
export function added(values: Values, direct: Values): Values {
  return Object.fromEntries(
    Object.entries(values).map(([figure, value]) => [
      `added ${figure}`,
      difference(value, direct[figure] ?? null),
    ]),
  );
}
