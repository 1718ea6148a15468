// The filters of the audit log: query string ⇄ what the API is asked. And how a newer first page joins the rows there are. Pure.

import { givenRange, type RangeName } from '../../lib/period.ts';

export const OUTCOMES = ['OK', 'REFUSED', 'DENIED', 'FAILED'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export const PERIODS = ['1h', '24h', '7d', '30d'] as const satisfies readonly RangeName[];

export const FILTER_PARAMS = ['q', 'actor', 'action', 'outcome', 'period', 'from', 'to'] as const;
export type FilterParam = (typeof FILTER_PARAMS)[number];

export interface ApiFilter {
  /** ISO 8601, inclusive. */
  from?: string;
  /** ISO 8601, exclusive; none = up to now. */
  to?: string;
  search?: string;
  actor?: string;
  action?: string;
  outcome?: Outcome;
}

/** Values that mean nothing are left out, as a hand-edited address may hold anything. A period ends at `nowMs`. */
export function apiFilterOf(
  params: URLSearchParams,
  { nowMs, timeZone }: { nowMs: number; timeZone: string },
): ApiFilter {
  const range = givenRange(params, nowMs, timeZone);
  const [search, actor, action] = ['q', 'actor', 'action'].map((name) => params.get(name) ?? '');
  const outcome = OUTCOMES.find((name) => name === params.get('outcome'));
  return {
    ...(range ? { from: iso(range.fromMs) } : {}),
    ...(range?.toMs != null ? { to: iso(range.toMs) } : {}),
    ...(search ? { search } : {}),
    ...(actor ? { actor } : {}),
    ...(action ? { action } : {}),
    ...(outcome ? { outcome } : {}),
  };
}

export function noFilters(): Record<FilterParam, null> {
  return { q: null, actor: null, action: null, outcome: null, period: null, from: null, to: null };
}

/** Address of the audit log with these filters. */
export function auditLink(filters: Partial<Record<FilterParam, string>>): string {
  const params = new URLSearchParams();
  for (const name of FILTER_PARAMS) {
    const value = filters[name];
    if (value) params.set(name, value);
  }
  return params.size === 0 ? '/audit' : `/audit?${params}`;
}

/** Rows are newest first: those before the period's beginning, which moves on, are at the end. */
export function since<Row extends { at: string }>(rows: readonly Row[], { from }: ApiFilter): readonly Row[] {
  if (from === undefined) return rows;
  const fromMs = Date.parse(from);
  return rows.filter(({ at }) => Date.parse(at) >= fromMs);
}

/**
 * The rows with a newer first page on top. Null when the page does not reach the rows there are: what lies between is
 * not known, and the list begins anew.
 */
export function withNewer<Row extends { id: string }>(
  rows: readonly Row[],
  page: readonly Row[],
): readonly Row[] | null {
  const [newest] = rows;
  if (!newest) return null;
  const index = page.findIndex(({ id }) => id === newest.id);
  return index < 0 ? null : [...page.slice(0, index), ...rows];
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
