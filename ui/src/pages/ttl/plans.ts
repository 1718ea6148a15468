// The ways to use a prompt cache, what each costs and how it stands against the others. Pure.

import type { Advice, PlanCosts } from './queries.ts';

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

const FIELDS = {
  FIVE_MINUTES: 'fiveMinutesUsd',
  ONE_HOUR: 'oneHourUsd',
  KEEP_WARM: 'keepWarmUsd',
} as const satisfies Record<Plan, keyof PlanCosts>;

export function usdOf(plan: Plan, costs: Costs, unit: Unit): number {
  return figuresOf(costs, unit)[FIELDS[plan]];
}

/** Null where every session was counted. */
export function plusMinusOf(plan: Plan, costs: Costs, unit: Unit): number | null {
  return figuresOf(costs, unit).plusMinus?.[FIELDS[plan]] ?? null;
}

function figuresOf({ inPeriod, per1000Requests }: Costs, unit: Unit): PlanCosts {
  return unit === 'period' ? inPeriod : per1000Requests;
}

type Ranked = Pick<Advice, 'cheapest'> & {
  savings: readonly Pick<Advice['savings'][number], 'plan' | 'isClear'>[];
};

/** `equal`: nobody can tell from the sample which of these is the cheapest. */
export type Standing = 'cheapest' | 'equal' | 'dearer';

export function standingOf(plan: Plan, { cheapest, savings }: Ranked): Standing {
  const close = savings.filter(({ isClear }) => !isClear);
  if (plan === cheapest) return close.length === 0 ? 'cheapest' : 'equal';
  return close.some((saving) => saving.plan === plan) ? 'equal' : 'dearer';
}

export interface PlanRow {
  plan: Plan;
  usd: number;
  plusMinusUsd: number | null;
  per1000Usd: number;
  per1000PlusMinusUsd: number | null;
  standing: Standing;
}

export function planRows(advice: Costs & Ranked): PlanRow[] {
  return PLANS.map((plan) => ({
    plan,
    usd: usdOf(plan, advice, 'period'),
    plusMinusUsd: plusMinusOf(plan, advice, 'period'),
    per1000Usd: usdOf(plan, advice, 'per1000'),
    per1000PlusMinusUsd: plusMinusOf(plan, advice, 'per1000'),
    standing: standingOf(plan, advice),
  }));
}
