// What the money of the period went to: models, API keys or users, dearest first.

import { run } from '../../lib/graphql.ts';
import { route } from '../../lib/route.svelte.ts';
import { type Ranking, rankingOf } from './cost-ranking.ts';
import { TOP_COSTS, type TopCostVariables } from './queries.ts';

export const COST_DIMENSIONS = ['model', 'key', 'user'] as const;
export type CostDimension = (typeof COST_DIMENSIONS)[number];

const ASKED = { model: 'MODEL', key: 'API_KEY', user: 'USER' } as const;

/** The API ranks groups by requests; the dearest are among so many. */
const GROUPS = 200;

export interface TopCosts extends Ranking {
  by: CostDimension;
  /** When it was read. */
  requestsLogged: number;
}

/** As the address names it. */
export function costDimension(): CostDimension {
  return COST_DIMENSIONS.find((name) => name === route.param('cost')) ?? 'model';
}

export async function loadTopCosts(
  filter: NonNullable<TopCostVariables['filter']>,
  by: CostDimension,
): Promise<TopCosts> {
  const { requestGroups, liveCounts } = await run(TOP_COSTS, { filter, by: ASKED[by], first: GROUPS });
  return { by, requestsLogged: liveCounts.requestsLogged, ...rankingOf(requestGroups) };
}
