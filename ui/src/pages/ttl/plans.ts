// The ways to use a prompt cache, what each costs and how much the cheapest saves. Pure.

import type { PlanCosts } from './queries.ts';

/** In the order in which they are shown. */
const PLANS = ['FIVE_MINUTES', 'ONE_HOUR', 'KEEP_WARM'] as const;
export type Plan = (typeof PLANS)[number];

/** What dollars are counted for. */
export const UNITS = ['period', 'per1000'] as const;
export type Unit = (typeof UNITS)[number];

interface Costs {
  inPeriod: PlanCosts;
  per1000Requests: PlanCosts;
}

export function usdOf(plan: Plan, { inPeriod, per1000Requests }: Costs, unit: Unit): number {
  const costs = unit === 'period' ? inPeriod : per1000Requests;
  switch (plan) {
    case 'FIVE_MINUTES':
      return costs.fiveMinutesUsd;
    case 'ONE_HOUR':
      return costs.oneHourUsd;
    case 'KEEP_WARM':
      return costs.keepWarmUsd;
  }
}

export interface PlanRow {
  plan: Plan;
  usd: number;
  isCheapest: boolean;
  /** What the cheapest saves against it: dollars, and as a share of its cost; null when it costs nothing. */
  savedUsd: number;
  savedShare: number | null;
}

export function planRows(costs: Costs & { cheapest: Plan }, unit: Unit): PlanRow[] {
  const least = usdOf(costs.cheapest, costs, unit);
  return PLANS.map((plan) => {
    const usd = usdOf(plan, costs, unit);
    return {
      plan,
      usd,
      isCheapest: plan === costs.cheapest,
      savedUsd: usd - least,
      savedShare: usd > 0 ? (usd - least) / usd : null,
    };
  });
}
