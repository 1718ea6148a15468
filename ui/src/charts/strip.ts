// A strip of time in cells, each of which went well, badly, or had nothing. Pure.

export interface StripCell {
  fromMs: number;
  toMs: number;
  total: number;
  failed: number;
  /** Where the cell's rows are. */
  href?: string;
  /** Further figures of it, as people read them; the same labels in every cell. */
  facts: readonly { label: string; text: string }[];
}

const STRIP_LEVELS = ['good', 'some', 'most', 'none'] as const;
export type StripLevel = (typeof STRIP_LEVELS)[number];

/** From this share of failures on, a cell went badly. */
const MOSTLY = 0.5;
/** A single failure among thousands must still be seen. */
const LEAST_SHOWN = 0.2;

export function levelOf({ total, failed }: Pick<StripCell, 'total' | 'failed'>): StripLevel {
  if (total === 0) return 'none';
  if (failed === 0) return 'good';
  return failed / total < MOSTLY ? 'some' : 'most';
}

/** How much of the cell's height shows failures, 0 to 1. */
export function failedHeight({ total, failed }: Pick<StripCell, 'total' | 'failed'>): number {
  if (total === 0 || failed === 0) return 0;
  return Math.min(1, Math.max(LEAST_SHOWN, failed / total));
}

/** How many cells are of each level, without levels that do not occur. */
export function levelCounts(cells: readonly StripCell[]): { level: StripLevel; count: number }[] {
  return STRIP_LEVELS.map((level) => ({
    level,
    count: cells.filter((cell) => levelOf(cell) === level).length,
  })).filter(({ count }) => count > 0);
}
