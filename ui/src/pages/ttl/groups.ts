// The groups of the advice table: what the address says about them, their order, search, bands and links. Pure.

import { PERIOD_MS, type PeriodName } from '../../lib/period.ts';
import { requestsLink } from '../../lib/request-filter.ts';
import { type Plan, type Unit, usdOf } from './plans.ts';
import type { Group } from './queries.ts';

export const PERIODS = ['12h', '24h', '3d', '7d', '14d', '30d'] as const satisfies readonly PeriodName[];
export type Period = (typeof PERIODS)[number];

export function hoursOf(period: Period): number {
  return PERIOD_MS[period] / 3_600_000;
}

/** Grouping as the address has it, and as the API has it. */
export const GROUPINGS = { user: 'USER', key: 'API_KEY', session: 'SESSION', model: 'MODEL' } as const;
export const GROUPING_NAMES = ['user', 'key', 'session', 'model'] as const;
export type Grouping = (typeof GROUPING_NAMES)[number];

/** The lifetimes that are recommended; each has a word for how often callers come back. */
export const LADDER = [5, 15, 30, 60] as const;
export type Step = (typeof LADDER)[number];

export function stepOf(minutes: number): Step {
  return LADDER.find((step) => minutes <= step) ?? 60;
}

export type Band = keyof Group['intervalDistribution'];

/** Shortest pauses first. */
export const BANDS = [
  'within5min',
  'within15min',
  'within30min',
  'within60min',
  'over60min',
] as const satisfies readonly Band[];

/** Colours repeat the place in the row: green is short. */
export const BAND_FILLS: Record<Band, string> = {
  within5min: 'bg-good-mark',
  within15min: 'bg-info-mark',
  within30min: 'bg-s4',
  within60min: 'bg-warn-mark',
  over60min: 'bg-bad-mark',
};

/** The name people know it by; null = deleted since. Sessions have none but their id. */
export function nameOf({ name, groupId }: Pick<Group, 'name' | 'groupId'>, by: Grouping): string | null {
  return name ?? (by === 'session' ? groupId : null);
}

export function matches(group: Pick<Group, 'name' | 'groupId' | 'email'>, search: string): boolean {
  const wanted = search.trim().toLowerCase();
  return [group.name, group.groupId, group.email].some(
    (text) => text?.toLowerCase().includes(wanted) === true,
  );
}

type Sortable = Pick<
  Group,
  'name' | 'groupId' | 'requestCount' | 'recommendedTtlMinutes' | 'percentiles' | 'intervalPercentages'
> & { advice: Pick<NonNullable<Group['advice']>, 'inPeriod' | 'per1000Requests'> | null };

const PLAN_ORDERS: Readonly<Record<string, Plan>> = {
  five: 'FIVE_MINUTES',
  hour: 'ONE_HOUR',
  warm: 'KEEP_WARM',
};

/**
 * `order`: as the address has it; a leading "-" turns it around. Figures fall, names rise. Groups for which there is
 * nothing to compare come last either way.
 */
export function inOrder<Row extends Sortable>(rows: readonly Row[], order: string, unit: Unit): Row[] {
  const isTurned = order.startsWith('-');
  const key = isTurned ? order.slice(1) : order;
  const sign = isTurned ? -1 : 1;
  if (key === 'name') {
    const text = (row: Row) => row.name ?? row.groupId;
    return rows.toSorted((a, b) => sign * text(a).localeCompare(text(b)));
  }
  const figure = figureOf(key, unit);
  return rows.toSorted((a, b) => {
    const [one, other] = [figure(a), figure(b)];
    if (one === null || other === null) return Number(one === null) - Number(other === null);
    return sign * (other - one);
  });
}

function figureOf(key: string, unit: Unit): (row: Sortable) => number | null {
  const plan = Object.hasOwn(PLAN_ORDERS, key) ? PLAN_ORDERS[key] : undefined;
  if (plan !== undefined) return ({ advice }) => (advice ? usdOf(plan, advice, unit) : null);
  switch (key) {
    case 'short':
      return ({ intervalPercentages }) => intervalPercentages.within5min;
    case 'p90':
      return ({ percentiles }) => percentiles.p90;
    case 'ttl':
      return ({ recommendedTtlMinutes }) => recommendedTtlMinutes;
    default:
      return ({ requestCount }) => requestCount;
  }
}

/** The requests that the group's pauses lie between. */
export function requestsOf(group: Pick<Group, 'groupId' | 'name'>, by: Grouping, period: string): string {
  switch (by) {
    case 'user':
      return requestsLink({ user: group.groupId, period });
    case 'key':
      return requestsLink({ key: group.name, period });
    case 'session':
      return requestsLink({ session: group.groupId, period });
    case 'model':
      return requestsLink({ model: group.groupId, period });
  }
}

/** The live bindings of the group: their search knows names and sessions. */
export function bindingsOf(group: Pick<Group, 'groupId' | 'name'>): string {
  return `/affinities?${new URLSearchParams({ q: group.name ?? group.groupId })}`;
}
