// Token counts of one reply, normalised across providers. Pure.

/**
 * Token counts of one reply. `null` = the provider did not report it, `0` = it reported none.
 * `inputTokens` counts ALL input, cache reads and writes included (the OpenTelemetry rule).
 * `cacheWriteTokens` is the total of both lifetimes; the 5-minute and 1-hour parts are null unless reported apart.
 */
export interface Usage {
  inputTokens: number | null;
  outputTokens: number | null;
  reasoningTokens: number | null;
  cacheReadTokens: number | null;
  cacheWriteTokens: number | null;
  cacheWrite5mTokens: number | null;
  cacheWrite1hTokens: number | null;
}

/** Where the counts of a row came from: the whole reply, a reply that broke off, or nowhere. */
export type UsageSource = 'upstream' | 'partial' | 'estimated' | 'none';

export const NO_USAGE: Usage = {
  inputTokens: null,
  outputTokens: null,
  reasoningTokens: null,
  cacheReadTokens: null,
  cacheWriteTokens: null,
  cacheWrite5mTokens: null,
  cacheWrite1hTokens: null,
};

const FIELDS = [
  'inputTokens',
  'outputTokens',
  'reasoningTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'cacheWrite5mTokens',
  'cacheWrite1hTokens',
] as const satisfies readonly (keyof Usage)[];

/**
 * Merges two sightings of one reply's usage, field by field, keeping the larger. Providers repeat cumulative
 * snapshots in several frames (Anthropic: `message_start`, then `message_delta`), so counts are never added.
 */
export function mergeUsage(a: Usage, b: Usage): Usage {
  const merged = { ...a };
  for (const field of FIELDS) merged[field] = larger(a[field], b[field]);
  return merged;
}

function larger(a: number | null, b: number | null): number | null {
  if (a === null) return b;
  return b === null ? a : Math.max(a, b);
}

/** Largest token count believed; anything above is a reporting error and read as "not reported". */
const MAX_TOKENS = 1e9;

/** A reported count as a whole number, or null when it is absent or absurd (negative, NaN, not a number, huge). */
export function tokenCount(value: unknown): number | null {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0 || value > MAX_TOKENS) return null;
  return Math.round(value);
}
