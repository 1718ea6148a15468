// Who cost the most, and what all others cost together, so that the rows add up to the whole. Pure.

const SHOWN = 5;
const NOTHING: Cost = { total: 0, costUsd: 0, savedUsd: 0 };

export interface Cost {
  total: number;
  costUsd: number;
  savedUsd: number;
}

export interface CostRow extends Cost {
  groupId: string | null;
  name: string | null;
}

export interface Ranking {
  rows: readonly CostRow[];
  /** Null = every group that cost anything has a row. */
  rest: Cost | null;
}

/** Groups that cost nothing are no answer to where the money went. A single one that is left over has a row of its own. */
export function rankingOf(groups: readonly CostRow[]): Ranking {
  const ranked = groups
    .filter(({ costUsd }) => costUsd > 0)
    .toSorted((one, other) => other.costUsd - one.costUsd);
  const shown = ranked.length === SHOWN + 1 ? ranked.length : SHOWN;
  const others = ranked.slice(shown);
  return {
    rows: ranked.slice(0, shown),
    rest: others.length === 0 ? null : others.reduce<Cost>(together, NOTHING),
  };
}

function together(one: Cost, other: Cost): Cost {
  return {
    total: one.total + other.total,
    costUsd: one.costUsd + other.costUsd,
    savedUsd: one.savedUsd + other.savedUsd,
  };
}
