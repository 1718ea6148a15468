// The Requests filters: query string ⇄ what the person sees ⇄ what the API is asked. Pure.

import { midnightMs, PERIOD_MS, rangeNameOf, TODAY } from './period.ts';

const PERIODS = { '15m': 900_000, '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000 } as const;
export type Period = keyof typeof PERIODS;
export const PERIOD_NAMES = ['15m', '1h', '24h', '7d'] as const;

export const STATUS_CLASSES = ['2xx', '4xx', '429', '5xx'] as const;
export const OUTCOMES = ['OK', 'REJECTED', 'FAILED', 'CLIENT_GONE'] as const;
export const AFFINITY_OUTCOMES = ['HIT', 'NEW', 'MOVED', 'BORROWED', 'NONE', 'OFF'] as const;
export const MISS_CAUSES = [
  'COLD_START',
  'TTL_EXPIRED',
  'ACCOUNT_MOVED',
  'PREFIX_CHANGED',
  'MODEL_CHANGED',
  'BELOW_MINIMUM',
  'LOOKBACK_EXCEEDED',
  'EVICTED_UPSTREAM',
  'NOT_CACHEABLE',
] as const;
export const SURFACES = [
  'ANTHROPIC_MESSAGES',
  'OPENAI_CHAT',
  'OPENAI_RESPONSES',
  'OPENAI_EMBEDDINGS',
  'GEMINI',
] as const;

/** Least values as they are written: whole milliseconds or tokens, and dollars. */
export const LEAST_WHOLE = /^\d{1,9}$/;
export const LEAST_USD = /^\d{1,9}(\.\d{1,9})?$/;

/** Every filter's name in the query string. */
export const FILTER_PARAMS = [
  'q',
  'apiKey',
  'key',
  'model',
  'name',
  'account',
  'provider',
  'user',
  'session',
  'status',
  'outcome',
  'affinity',
  'miss',
  'surface',
  'streamed',
  'warm',
  'slow',
  'ttft',
  'input',
  'cost',
  'period',
  'from',
  'to',
] as const;
export type FilterParam = (typeof FILTER_PARAMS)[number];

export interface ApiFilter {
  search?: string;
  apiKeyId?: string;
  apiKeyName?: string;
  modelId?: string;
  requestedModel?: string;
  accountId?: string;
  providerId?: string;
  userId?: string;
  sessionId?: string;
  status?: number;
  minStatus?: number;
  maxStatus?: number;
  outcome?: (typeof OUTCOMES)[number];
  affinity?: (typeof AFFINITY_OUTCOMES)[number];
  missCause?: (typeof MISS_CAUSES)[number];
  surface?: (typeof SURFACES)[number];
  streamed?: boolean;
  keepWarm?: boolean;
  minLatencyMs?: number;
  minTimeToFirstTokenMs?: number;
  minInputTokens?: number;
  minCostUsd?: number;
  from?: string;
  to?: string;
}

/**
 * What to ask the API. Values that mean nothing are left out, as a hand-edited address may hold anything. `timeZone` is
 * where "today" begins.
 */
export function apiFilterOf(params: URLSearchParams, nowMs: number, timeZone = 'UTC'): ApiFilter {
  return {
    ...text('search', params.get('q')),
    ...text('apiKeyId', params.get('apiKey')),
    ...text('apiKeyName', params.get('key')),
    ...text('modelId', params.get('model')),
    ...text('requestedModel', params.get('name')),
    ...text('accountId', params.get('account')),
    ...text('providerId', params.get('provider')),
    ...text('userId', params.get('user')),
    ...text('sessionId', params.get('session')),
    ...statusFilter(params.get('status')),
    ...oneOf('outcome', params.get('outcome'), OUTCOMES),
    ...oneOf('affinity', params.get('affinity'), AFFINITY_OUTCOMES),
    ...oneOf('missCause', params.get('miss'), MISS_CAUSES),
    ...oneOf('surface', params.get('surface'), SURFACES),
    ...yesOrNo('streamed', params.get('streamed')),
    ...yesOrNo('keepWarm', params.get('warm')),
    ...least('minLatencyMs', params.get('slow')),
    ...least('minTimeToFirstTokenMs', params.get('ttft')),
    ...least('minInputTokens', params.get('input')),
    ...least('minCostUsd', params.get('cost'), LEAST_USD),
    ...timeFilter(params, nowMs, timeZone),
  };
}

/** The moment at which the list opens: a place in it, not a filter. A range of time has its own beginning. */
export function jumpOf(params: URLSearchParams): string | null {
  const hasRange = ['period', 'from', 'to'].some((name) => (params.get(name) ?? '') !== '');
  const ms = Date.parse(params.get('at') ?? '');
  return hasRange || Number.isNaN(ms) ? null : iso(ms);
}

/** True while new rows can still match: no end of the time range, or one in the future. */
export function isLiveFilter(filter: ApiFilter, nowMs: number): boolean {
  return filter.to === undefined || Date.parse(filter.to) > nowMs;
}

/** False when only the rows themselves tell what matches, so that a count takes longer the more there are. */
export function isCountable(filter: ApiFilter): boolean {
  return UNCOUNTABLE.every((name) => filter[name] === undefined);
}

const UNCOUNTABLE = [
  'search',
  'requestedModel',
  'minLatencyMs',
  'minTimeToFirstTokenMs',
  'minInputTokens',
  'minCostUsd',
] as const satisfies readonly (keyof ApiFilter)[];

/** A `period` that has ended. */
const YESTERDAY = 'yesterday';

/** Where the rows of this filter are as a file; with `hasBom` Excel reads it as UTF-8. */
export function exportAddress(format: 'csv' | 'jsonl', filter: ApiFilter, hasBom = false): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(filter)) params.set(name, String(value));
  if (hasBom) params.set('bom', '1');
  const query = params.toString();
  return `/admin/export/requests.${format}${query === '' ? '' : `?${query}`}`;
}

/** The filters that are set, in the order of the bar. */
export function activeFilters(params: URLSearchParams): FilterParam[] {
  return FILTER_PARAMS.filter((name) => (params.get(name) ?? '') !== '');
}

/** Changes that remove every filter and leave the rest of the address alone. */
export function noFilters(): Record<FilterParam, null> {
  const changes: Partial<Record<FilterParam, null>> = {};
  for (const name of FILTER_PARAMS) changes[name] = null;
  return changes as Record<FilterParam, null>;
}

/** Address of the Requests screen with these filters. */
export function requestsLink(filters: Partial<Record<FilterParam, string | null>>): string {
  const params = new URLSearchParams();
  for (const name of FILTER_PARAMS) {
    const value = filters[name];
    if (value) params.set(name, value);
  }
  const query = params.toString();
  return query === '' ? '/requests' : `/requests?${query}`;
}

function text<Name extends string>(name: Name, value: string | null): { [K in Name]?: string } {
  return (value === null || value === '' ? {} : { [name]: value }) as { [K in Name]?: string };
}

function oneOf<Name extends string, Value extends string>(
  name: Name,
  value: string | null,
  allowed: readonly Value[],
): { [K in Name]?: Value } {
  const found = allowed.find((one) => one === value);
  return (found === undefined ? {} : { [name]: found }) as { [K in Name]?: Value };
}

function statusFilter(value: string | null): Pick<ApiFilter, 'status' | 'minStatus' | 'maxStatus'> {
  if (value === null) return {};
  const group = /^([1-5])xx$/.exec(value);
  if (group) {
    const first = Number(group[1]) * 100;
    return { minStatus: first, maxStatus: first + 99 };
  }
  return /^[1-5]\d\d$/.test(value) ? { status: Number(value) } : {};
}

function yesOrNo<Name extends string>(name: Name, value: string | null): { [K in Name]?: boolean } {
  const isGiven = value === 'yes' || value === 'no';
  return (isGiven ? { [name]: value === 'yes' } : {}) as { [K in Name]?: boolean };
}

function least<Name extends string>(
  name: Name,
  value: string | null,
  pattern = LEAST_WHOLE,
): { [K in Name]?: number } {
  const isGiven = value !== null && pattern.test(value);
  return (isGiven ? { [name]: Number(value) } : {}) as { [K in Name]?: number };
}

function timeFilter(
  params: URLSearchParams,
  nowMs: number,
  timeZone: string,
): Pick<ApiFilter, 'from' | 'to'> {
  const todayMs = () => midnightMs(nowMs, timeZone);
  const period = params.get('period');
  const name = rangeNameOf(period);
  if (name === TODAY) return { from: iso(todayMs()) };
  if (period === YESTERDAY) return { from: iso(midnightMs(todayMs() - 1, timeZone)), to: iso(todayMs()) };
  if (name !== null) return { from: iso(nowMs - PERIOD_MS[name]) };
  return { ...instant('from', params.get('from')), ...instant('to', params.get('to')) };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

function instant<Name extends 'from' | 'to'>(name: Name, value: string | null): { [K in Name]?: string } {
  const ms = value === null ? Number.NaN : Date.parse(value);
  return text(name, Number.isNaN(ms) ? null : new Date(ms).toISOString());
}
