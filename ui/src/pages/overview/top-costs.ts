// What the money of the period went to: models, API keys or users, dearest first.

import { run } from '../../lib/graphql.ts';
import { route } from '../../lib/route.svelte.ts';
import { TOP_COSTS, type TopCostVariables } from './queries.ts';

export const COST_DIMENSIONS = ['model', 'key', 'user'] as const;
export type CostDimension = (typeof COST_DIMENSIONS)[number];

const ASKED = { model: 'MODEL', key: 'API_KEY', user: 'USER' } as const;

/** The API ranks groups by requests; the dearest are among so many. */
const GROUPS = 100;
const SHOWN = 5;

export interface CostRow {
  groupId: string | null;
  name: string | null;
  total: number;
  costUsd: number;
  savedUsd: number;
}

export interface TopCosts {
  by: CostDimension;
  rows: readonly CostRow[];
}

/** As the address names it. */
export function costDimension(): CostDimension {
  return COST_DIMENSIONS.find((name) => name === route.param('cost')) ?? 'model';
}

export async function loadTopCosts(
  filter: NonNullable<TopCostVariables['filter']>,
  by: CostDimension,
): Promise<TopCosts> {
  const { requestGroups } = await run(TOP_COSTS, { filter, by: ASKED[by], first: GROUPS });
  return { by, rows: dearest(requestGroups) };
}

/** Groups that cost nothing are no answer to where the money went. */
function dearest(groups: readonly CostRow[]): readonly CostRow[] {
  return groups
    .filter(({ costUsd }) => costUsd > 0)
    .toSorted((one, other) => other.costUsd - one.costUsd)
    .slice(0, SHOWN);
}
