// What decided between the accounts that were considered. Pure.

export const COST_TERMS = [
  'missUsd',
  'readUsd',
  'othersUsd',
  'waitUsd',
  'loadUsd',
  'failureUsd',
  'headroomUsd',
] as const;
type CostTerm = (typeof COST_TERMS)[number];

export interface Candidate {
  accountName: string;
  account: { id: string } | null;
  cost: (Record<CostTerm, number> & { totalUsd: number }) | null;
}

/**
 * `equal`: less than a thousandth lies between them. `only`: no other account could take it. `cheaper`: by how much against the cheapest other one, and the term of the cost
 * that made most of it. `dearer`: another was cheaper, so something else decided. `policy`: costs were not counted.
 */
type Decision =
  | { kind: 'only'; others: number }
  | { kind: 'cheaper'; byUsd: number; than: string; term: CostTerm }
  | { kind: 'equal'; than: string }
  | { kind: 'dearer'; byUsd: number; than: string }
  | { kind: 'policy' };

/** Of the cost: what a load of the last minute makes, and what nobody would call cheaper. */
const NEGLIGIBLE = 0.001;

/** Null when the account that served the request is not among those considered. */
export function decisionOf(considered: readonly Candidate[], accountId: string | null): Decision | null {
  const chosen = considered.find(({ account }) => account !== null && account.id === accountId);
  if (!chosen) return null;
  const others = considered.filter((one) => one !== chosen);
  const { cost } = chosen;
  if (!cost) return others.length === 0 ? { kind: 'only', others: 0 } : { kind: 'policy' };
  const priced = others.flatMap((one) => (one.cost ? [{ name: one.accountName, cost: one.cost }] : []));
  const [next] = priced.toSorted((a, b) => a.cost.totalUsd - b.cost.totalUsd);
  if (!next) return { kind: 'only', others: others.length };
  const byUsd = next.cost.totalUsd - cost.totalUsd;
  if (Math.abs(byUsd) <= cost.totalUsd * NEGLIGIBLE) return { kind: 'equal', than: next.name };
  if (byUsd < 0) return { kind: 'dearer', byUsd: -byUsd, than: next.name };
  const gain = (term: CostTerm) => next.cost[term] - cost[term];
  const [term] = [...COST_TERMS].sort((a, b) => gain(b) - gain(a));
  return { kind: 'cheaper', byUsd, than: next.name, term: term ?? 'missUsd' };
}
