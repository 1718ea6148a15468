// From the address to what is replayed, and from the replay to bars. Pure.

import type { ReplayedPolicy, ReplayInput } from './queries.ts';

export const POLICIES = [
  'WARM_COST',
  'SESSION',
  'API_KEY',
  'ROUND_ROBIN',
  'LEAST_LOADED',
  'FIXED_ORDER',
] as const;
export type Policy = (typeof POLICIES)[number];

export const METRICS = ['cost', 'hitRate', 'saved', 'ttft', 'moves'] as const;
export type Metric = (typeof METRICS)[number];

/** Every figure of a policy, in the order of the table. */
export const FIGURES = [
  'cost',
  'saved',
  'hitRate',
  'ceiling',
  'ttft',
  'wait',
  'moves',
  'borrowed',
  'rejected',
  'imbalance',
] as const;
export type Figure = (typeof FIGURES)[number];

export const HOURS = [1, 24, 72, 168, 720] as const;
export const TTL_SECONDS = [300, 900, 3600] as const;

/** What the address asks for; nonsense counts as absent. */
export function replayInput(params: URLSearchParams): ReplayInput {
  const policies = (params.get('policies') ?? '')
    .split(',')
    .flatMap((name) => POLICIES.filter((one) => one === name));
  const accounts = wholeOf(params.get('accounts'), 64);
  const slots = wholeOf(params.get('slots'), 10_000);
  const ttlSeconds = wholeOf(params.get('ttl'), 86_400);
  return {
    hours: wholeOf(params.get('hours'), 720) ?? 24,
    ...(policies.length > 0 ? { policies } : {}),
    ...(accounts === null ? {} : { accounts }),
    ...(slots === null ? {} : { slotsPerAccount: slots }),
    ...(ttlSeconds === null ? {} : { ttlSeconds }),
  };
}

/** The figure of a policy; null when it cannot be told. */
export function metricOf(policy: ReplayedPolicy, metric: Metric): number | null {
  switch (metric) {
    case 'cost':
      return policy.costUsd;
    case 'hitRate':
      return policy.hitRate;
    case 'saved':
      return policy.savedUsd;
    case 'ttft':
      return policy.p95TimeToFirstTokenMs;
    case 'moves':
      return policy.movedRequests;
    default:
      return metric satisfies never;
  }
}

/** Whether more of it is better. */
function isMoreBetter(metric: Metric): boolean {
  return metric === 'hitRate' || metric === 'saved';
}

/** Best first; those without the figure last. */
export function ranked(policies: readonly ReplayedPolicy[], metric: Metric): ReplayedPolicy[] {
  const sign = isMoreBetter(metric) ? -1 : 1;
  const worth = (policy: ReplayedPolicy) => {
    const value = metricOf(policy, metric);
    return value === null ? Number.POSITIVE_INFINITY : sign * value;
  };
  return policies.toSorted((one, other) => worth(one) - worth(other));
}

/** Whether both chose the same accounts all along: one more of equal figures would be a coincidence. */
export function areAlike(policies: readonly ReplayedPolicy[], one: Policy, other: Policy): boolean {
  const [first, second] = [one, other].map((name) => policies.find(({ policy }) => policy === name));
  if (!first || !second) return false;
  const told = ({ policy: _name, ...figures }: ReplayedPolicy) => JSON.stringify(figures);
  return told(first) === told(second);
}

function wholeOf(value: string | null, max: number): number | null {
  const number = value === null || value === '' ? Number.NaN : Number(value);
  return Number.isInteger(number) && number >= 1 && number <= max ? number : null;
}
