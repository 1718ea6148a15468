// Rate-limit headers of providers as windows, and what a 429 says about its cause. Pure: keeps nothing.

import type { ReplyHeaders } from './upstream.ts';

/** One limit a provider counts, as its headers of one reply state it; null = not stated. */
export interface RateLimitWindow {
  /** As the provider calls it: `5h`, `7d`, `7d_opus`, `unified` (all of these together), `overage`, `requests`, `tokens` … */
  name: string;
  /** Used share, 0..1. */
  utilization: number | null;
  /** `allowed`, `allowed_warning`, `rejected` (Anthropic's unified windows). */
  status: string | null;
  /** Wall time by our clock, whatever the provider's says. */
  resetAtMs: number | null;
  limit: number | null;
  remaining: number | null;
}

export type RateLimitKind = 'requests-per-minute' | 'concurrent' | 'unknown';

/** More names than this are not a provider's limits any more. */
const MAX_WINDOWS = 16;
const MAX_NAME_LENGTH = 40;
/** A `date` header has whole seconds and was written some time ago: a smaller difference says nothing of the clocks. */
const CLOCK_DIFFERENCE_MS = 5_000;
/** A concurrency limit frees up when a request ends; a longer wait than this is about something else. */
const CONCURRENT_RETRY_MS = 30_000;

type Field = 'status' | 'utilization' | 'reset' | 'limit' | 'remaining';

/** The forms of names in use; each gives the window's name and the field. */
const FORMS: readonly { pattern: RegExp; name: number; field: number }[] = [
  // Claude subscriptions: `…-unified-5h-utilization`, `…-unified-status`. First, since the next form would match too.
  { pattern: /^anthropic-ratelimit-unified(?:-(.+))?-(status|utilization|reset)$/, name: 1, field: 2 },
  // https://docs.claude.com/en/api/rate-limits#response-headers
  { pattern: /^anthropic-(?:ratelimit-)?(.+)-(limit|remaining|reset)$/, name: 1, field: 2 },
  // https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers; without a name: OpenRouter, IETF drafts
  { pattern: /^(?:x-)?ratelimit-(limit|remaining|reset)(?:-(.+))?$/, name: 2, field: 1 },
];

/** Window names of the forms without one. */
const UNIFIED = 'unified';
const UNNAMED = 'default';

/** The windows that the headers of any reply tell of; cheap when they tell of none. */
export function readRateLimits(headers: ReplyHeaders, nowMs: number): RateLimitWindow[] {
  let windows: Map<string, RateLimitWindow> | null = null;
  for (const [header, value] of headers) {
    if (!header.includes('ratelimit') && !header.startsWith('anthropic-priority-')) continue;
    const place = placeOf(header);
    if (!place) continue;
    windows ??= new Map();
    const window = windows.get(place.name) ?? blank(place.name);
    if (!windows.has(place.name) && windows.size >= MAX_WINDOWS) continue;
    windows.set(place.name, setField(window, { field: place.field, value, nowMs, headers }));
  }
  return windows ? [...windows.values()].map(withUtilization) : [];
}

/**
 * What a 429 was about. `requests-per-minute`: a counted window is used up, which says nothing of how many requests may
 * run at once. `inFlight` counts the refused request too.
 */
export function classifyRateLimit(reply: {
  headers: ReplyHeaders;
  retryAfterMs: number | null;
  inFlight: number;
}): RateLimitKind {
  const isUsedUp = readRateLimits(reply.headers, 0).some(
    ({ remaining, status }) => remaining === 0 || status === 'rejected',
  );
  if (isUsedUp) return 'requests-per-minute';
  const isShort = reply.retryAfterMs === null || reply.retryAfterMs <= CONCURRENT_RETRY_MS;
  return reply.inFlight >= 2 && isShort ? 'concurrent' : 'unknown';
}

/** What is to be cooled after a reply with these windows, and until when by our wall clock; null = nothing. */
export function rejectionOf(
  windows: readonly RateLimitWindow[],
): { scope: 'account' | 'account-model'; window: string; resetAtMs: number } | null {
  const overall = windows.find(({ name }) => name === UNIFIED);
  const overage = windows.find(({ name }) => name === 'overage');
  // Beyond the plan's windows requests may still be served as extra usage; then nothing is refused.
  if (overall?.status?.startsWith('allowed') || overage?.status?.startsWith('allowed')) return null;
  const planned = windows.filter(({ name }) => isPlanWindow(name));
  const spent = latestReset(planned.filter(({ status }) => status === 'rejected'));
  if (spent) return { scope: 'account', ...spent };
  if (overall?.status !== 'rejected') return null;
  // Refused although the plan has room: the limit of this model's family, such as `7d_opus`.
  const family = latestReset(
    windows.filter(({ name, status }) => isModelWindow(name) && status === 'rejected'),
  );
  const rejection = family ?? latestReset([overall]);
  return rejection && { scope: planned.length > 0 || family ? 'account-model' : 'account', ...rejection };
}

/** Windows whose use concerns every request of the account. */
export function countsForAll(window: RateLimitWindow): boolean {
  return isPlanWindow(window.name) || window.name === UNIFIED || window.limit !== null;
}

function isPlanWindow(name: string): boolean {
  return /^\d+[a-z]$/.test(name);
}

function isModelWindow(name: string): boolean {
  return /^\d+[a-z]_/.test(name);
}

function latestReset(windows: readonly RateLimitWindow[]): { window: string; resetAtMs: number } | null {
  let latest: { window: string; resetAtMs: number } | null = null;
  for (const { name, resetAtMs } of windows) {
    if (resetAtMs !== null && (!latest || resetAtMs > latest.resetAtMs)) latest = { window: name, resetAtMs };
  }
  return latest;
}

function placeOf(header: string): { name: string; field: Field } | null {
  for (const form of FORMS) {
    const match = form.pattern.exec(header);
    if (!match) continue;
    const field = fieldOf(match[form.field]);
    const name = match[form.name] ?? (header.includes('-unified-') ? UNIFIED : UNNAMED);
    return field && name.length <= MAX_NAME_LENGTH ? { name, field } : null;
  }
  return null;
}

const FIELDS: readonly Field[] = ['status', 'utilization', 'reset', 'limit', 'remaining'];

function fieldOf(text: string | undefined): Field | null {
  return FIELDS.find((field) => field === text) ?? null;
}

function blank(name: string): RateLimitWindow {
  return { name, utilization: null, status: null, resetAtMs: null, limit: null, remaining: null };
}

function setField(
  window: RateLimitWindow,
  { field, value, nowMs, headers }: { field: Field; value: string; nowMs: number; headers: ReplyHeaders },
): RateLimitWindow {
  switch (field) {
    case 'status':
      return { ...window, status: value.slice(0, MAX_NAME_LENGTH) };
    case 'utilization':
      return { ...window, utilization: share(countOf(value)) };
    case 'reset':
      return { ...window, resetAtMs: resetOf(value, { nowMs, headers }) };
    case 'limit':
    case 'remaining':
      return { ...window, [field]: countOf(value) };
    default:
      return field satisfies never;
  }
}

function withUtilization(window: RateLimitWindow): RateLimitWindow {
  const { limit, remaining } = window;
  if (window.utilization !== null || limit === null || remaining === null || limit === 0) return window;
  return { ...window, utilization: share(1 - remaining / limit) };
}

function share(value: number | null): number | null {
  return value === null ? null : Math.min(1, Math.max(0, value));
}

/** A number that may have a policy behind it (`100;w=60`, IETF draft). Azure states -1 for a limit it does not have. */
function countOf(text: string): number | null {
  const digits = /^\s*(\d+(?:\.\d+)?)\s*(?:[;,]|$)/.exec(text)?.[1];
  const count = Number(digits ?? Number.NaN);
  return Number.isFinite(count) ? count : null;
}

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
};

/** An RFC 3339 time, an epoch in seconds or milliseconds, a wait in seconds, or a wait like `6m0s`, `20ms`, `7.66s`. */
function resetOf(text: string, { nowMs, headers }: { nowMs: number; headers: ReplyHeaders }): number | null {
  const number = countOf(text);
  if (number !== null) {
    if (number < 1e9) return nowMs + number * 1000;
    return byOurClock(number < 1e11 ? number * 1000 : number, { nowMs, headers });
  }
  const waitMs = durationMs(text);
  if (waitMs !== null) return nowMs + waitMs;
  const atMs = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(atMs) ? null : byOurClock(atMs, { nowMs, headers });
}

function durationMs(text: string): number | null {
  if (!/^(?:\d+(?:\.\d+)?(?:ms|[dhms]))+$/.test(text)) return null;
  let totalMs = 0;
  for (const [, count, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[dhms])/g)) {
    totalMs += Number(count) * (MS_PER_UNIT[unit ?? ''] ?? 0);
  }
  return Number.isFinite(totalMs) ? totalMs : null;
}

/** A provider's time of day as ours: a clock that is an hour off must not make a reset an hour early or late. */
function byOurClock(atMs: number, { nowMs, headers }: { nowMs: number; headers: ReplyHeaders }): number {
  const differenceMs = nowMs - Date.parse(headers.get('date') ?? '');
  return Math.abs(differenceMs) >= CLOCK_DIFFERENCE_MS ? atMs + differenceMs : atMs;
}
