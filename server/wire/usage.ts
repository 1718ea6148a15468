// Token counts of one reply: normalised across providers, merged over frames, checked against what the provider stated.

import { isObject } from './json.ts';

/**
 * Token counts of one reply. `null` = the provider did not report it, `0` = it reported none.
 * `inputTokens` counts ALL input, cache reads, cache writes and audio included (the OpenTelemetry rule);
 * `outputTokens` ALL output, reasoning and audio included. `cacheWriteTokens` is the total of both lifetimes; the
 * 5-minute and 1-hour parts are null unless reported apart.
 */
export interface Usage {
  inputTokens: number | null;
  outputTokens: number | null;
  reasoningTokens: number | null;
  cacheReadTokens: number | null;
  cacheWriteTokens: number | null;
  cacheWrite5mTokens: number | null;
  cacheWrite1hTokens: number | null;
  audioInputTokens: number | null;
  audioOutputTokens: number | null;
}

/** Where the counts of a row came from: the whole reply, a reply that broke off, or nowhere. */
export type UsageSource = 'upstream' | 'partial' | 'estimated' | 'none';

/**
 * Why a row's counts deserve a look. `absurd-count`: a count below zero, not finite or beyond belief, read as not
 * reported. `cache-exceeds-input`, `reasoning-exceeds-output`: a part was larger than its whole. `total-mismatch`: the
 * parts do not add up to what the provider stated. `unreadable`: the reply's JSON could not be read.
 */
export type UsageFlag =
  | 'absurd-count'
  | 'cache-exceeds-input'
  | 'reasoning-exceeds-output'
  | 'total-mismatch'
  | 'unreadable';

/** The same counts as parts of which none contains another: they add up to all input and all output. */
export interface Ledger {
  /** Input that was neither read from nor written to the prompt cache. */
  inputTokens: number | null;
  cacheReadTokens: number | null;
  cacheWrite5mTokens: number | null;
  cacheWrite1hTokens: number | null;
  /** Output the caller sees as text or calls. */
  outputTokens: number | null;
  reasoningTokens: number | null;
  /** Spoken input and output. */
  audioTokens: number | null;
}

/** What one usage object says. `totals` are the sums as the provider itself states them, in its own sense of the word. */
export interface UsageReading {
  usage: Usage;
  totals: UsageTotals;
}

/** All input, all output, and both, as stated by the provider and brought to the sense of `Usage`; null = not stated. */
export interface UsageTotals {
  input: number | null;
  output: number | null;
  total: number | null;
}

export const NO_USAGE: Usage = {
  inputTokens: null,
  outputTokens: null,
  reasoningTokens: null,
  cacheReadTokens: null,
  cacheWriteTokens: null,
  cacheWrite5mTokens: null,
  cacheWrite1hTokens: null,
  audioInputTokens: null,
  audioOutputTokens: null,
};

const FIELDS = [
  'inputTokens',
  'outputTokens',
  'reasoningTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'cacheWrite5mTokens',
  'cacheWrite1hTokens',
  'audioInputTokens',
  'audioOutputTokens',
] as const satisfies readonly (keyof Usage)[];

/** Owns what was seen of one reply's usage over all its frames; keeps the provider's own objects verbatim. */
export class UsageTally {
  readonly #read: (raw: unknown) => UsageReading;
  #usage: Usage = NO_USAGE;
  #totals: UsageTotals = { input: null, output: null, total: null };
  #first: unknown = null;
  #last: unknown = null;
  #isAbsurd = false;

  constructor(read: (raw: unknown) => UsageReading) {
    this.#read = read;
  }

  get usage(): Usage {
    return this.#usage;
  }

  /**
   * Takes in one usage object. Providers repeat cumulative snapshots in several frames (Anthropic: `message_start`, then
   * `message_delta`), so each field keeps its maximum; counts are never added. Anything but an object is left out.
   */
  see(raw: unknown): void {
    if (!isObject(raw)) return;
    const { usage, totals } = this.#read(raw);
    this.#usage = mergeUsage(this.#usage, usage);
    this.#totals = {
      input: larger(this.#totals.input, totals.input),
      output: larger(this.#totals.output, totals.output),
      total: larger(this.#totals.total, totals.total),
    };
    this.#isAbsurd ||= hasAbsurdCount(raw);
    if (this.#first === null) this.#first = raw;
    else this.#last = raw;
  }

  /** The provider's usage objects as they came: one, or the first and the last of several; null = none came. */
  get raw(): unknown {
    if (this.#first === null) return null;
    return this.#last === null ? this.#first : [this.#first, this.#last];
  }

  /** Checks that the parts re-sum to what the provider stated. */
  get flags(): UsageFlag[] {
    return [...(this.#isAbsurd ? (['absurd-count'] as const) : []), ...mismatches(this.#usage, this.#totals)];
  }
}

/** The disjoint parts. A part that is larger than what it is a part of leaves the rest at 0, never below. */
export function ledgerOf(usage: Usage): Ledger {
  const read = usage.cacheReadTokens ?? 0;
  const { write5m, write1h } = cacheWrites(usage);
  const audioInput = usage.audioInputTokens ?? 0;
  const reasoning = usage.reasoningTokens ?? 0;
  const audioOutput = usage.audioOutputTokens ?? 0;
  const rest = (whole: number | null, parts: number) => (whole === null ? null : Math.max(0, whole - parts));
  const hasAudio = usage.audioInputTokens !== null || usage.audioOutputTokens !== null;
  return {
    inputTokens: rest(usage.inputTokens, read + (write5m ?? 0) + (write1h ?? 0) + audioInput),
    cacheReadTokens: usage.cacheReadTokens,
    cacheWrite5mTokens: write5m,
    cacheWrite1hTokens: write1h,
    outputTokens: rest(usage.outputTokens, reasoning + audioOutput),
    reasoningTokens: usage.reasoningTokens,
    audioTokens: hasAudio ? audioInput + audioOutput : null,
  };
}

/** Writes of unstated lifetime are 5-minute writes: that is every provider's default lifetime. */
export function cacheWrites(usage: Usage): { write5m: number | null; write1h: number | null } {
  const { cacheWriteTokens: total, cacheWrite5mTokens: write5m, cacheWrite1hTokens: write1h } = usage;
  if (total === null) return { write5m, write1h };
  const stated = (write5m ?? 0) + (write1h ?? 0);
  return { write5m: (write5m ?? 0) + Math.max(0, total - stated), write1h };
}

/** Merges two sightings of one reply's usage, field by field, keeping the larger. */
export function mergeUsage(a: Usage, b: Usage): Usage {
  const merged = { ...a };
  for (const field of FIELDS) merged[field] = larger(a[field], b[field]);
  return merged;
}

function mismatches(usage: Usage, totals: UsageTotals): UsageFlag[] {
  const flags: UsageFlag[] = [];
  const ledger = ledgerOf(usage);
  const cached =
    (usage.cacheReadTokens ?? 0) + (ledger.cacheWrite5mTokens ?? 0) + (ledger.cacheWrite1hTokens ?? 0);
  if (usage.inputTokens !== null && cached > usage.inputTokens) flags.push('cache-exceeds-input');
  if (usage.outputTokens !== null && (usage.reasoningTokens ?? 0) > usage.outputTokens)
    flags.push('reasoning-exceeds-output');
  const audioInput = usage.audioInputTokens ?? 0;
  const audioOutput = usage.audioOutputTokens ?? 0;
  const input = (ledger.inputTokens ?? 0) + cached + audioInput;
  const output = (ledger.outputTokens ?? 0) + (usage.reasoningTokens ?? 0) + audioOutput;
  const isOff =
    (totals.input !== null && totals.input !== input) ||
    (totals.output !== null && totals.output !== output) ||
    (totals.total !== null && totals.total !== input + output);
  if (isOff) flags.push('total-mismatch');
  return flags;
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

/** Adds counts of which at least one was reported; null when none was. */
export function sumCounts(...counts: readonly (number | null)[]): number | null {
  const known = counts.filter((count) => count !== null);
  return known.length === 0 ? null : known.reduce((sum, count) => sum + count, 0);
}

/** Two levels are as deep as any provider nests its counts; money and texts in there are not counts. */
function hasAbsurdCount(raw: unknown, depth = 0): boolean {
  if (!isObject(raw) || depth > 2) return false;
  return Object.entries(raw).some(([field, value]) => {
    if (isObject(value)) return hasAbsurdCount(value, depth + 1);
    return (
      /token|count/i.test(field) && value !== null && !Array.isArray(value) && tokenCount(value) === null
    );
  });
}
