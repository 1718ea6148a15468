// One scene of the load model: what is sent when, and how many slots the accounts have.

import { type CeilingPrompt, ceilingReads, type HitCount, sumHits } from './ceiling.ts';
import type { DownStatus } from './mock-account.ts';
import { maxScale, PromptWriter } from './prompt.ts';
import { dealEvenly, slotsFor } from './service-time.ts';
import { assignKeys, type PlannedRequest, planSlice, roundOf, type SlicePlan } from './slice.ts';
import type { Trace } from './trace.ts';

export const TTL_MS = 300_000;
/** What the mock accounts cache at least, in trace tokens. */
export const MIN_TRACE_TOKENS = 1_024;

/** How each account is out of service, where it is at all. */
export const DOWNTIME = { ms: 60_000, everyMs: 660_000 };

export interface LoadOptions extends SlicePlan {
  /** Requests sent before are not counted. */
  warmupMs: number;
  /** Trace tokens for one token that is sent. */
  scale: number;
}

/** What does not depend on accounts: made once for all runs of a trace. */
export interface Load {
  trace: Trace;
  options: LoadOptions;
  slice: readonly PlannedRequest[];
  writer: PromptWriter;
  /** What each request reads at the ceiling, in sent tokens; parallel to `slice`. */
  best: readonly HitCount[];
  /** From the end of the warm-up to the last request. */
  countedMs: number;
}

export function prepareLoad(trace: Trace, options: LoadOptions): Load {
  const slice = planSlice(trace, options);
  const writer = new PromptWriter(trace, slice, options.scale);
  const prompts = slice.map(
    (planned): CeilingPrompt => ({
      prompt: writer.prompt(planned),
      model: planned.request.model,
      atMs: planned.atMs,
    }),
  );
  const best = ceilingReads(prompts, { ttlMs: TTL_MS, minTokens: MIN_TRACE_TOKENS / options.scale });
  const lastMs = slice.at(-1)?.atMs ?? 0;
  return { trace, options, slice, writer, best, countedMs: Math.max(1, lastMs - options.warmupMs) };
}

/** The counted requests' part of a list that is parallel to the slice. */
export function counted<T>({ slice, options }: Load, list: readonly T[]): T[] {
  return list.filter((_, index) => (slice[index]?.atMs ?? 0) >= options.warmupMs);
}

export function ceilingOf(load: Load): HitCount {
  return sumHits(counted(load, load.best));
}

export interface SceneOptions {
  accounts: number;
  utilisation: number;
  keyCount: number;
  /** The gateway lets API keys profit from each other's prefixes. */
  hasSharedWarmth: boolean;
  /** The gateway is not told how many slots there are. */
  hasUnknownSlots: boolean;
  /** Accounts limit their uncached input per minute, so that the ceiling would use 0.8 times `utilisation` of it. */
  hasTokenLimit: boolean;
  lostWrites: number;
  /** How accounts refuse while they are down; null = they never are. */
  downtime: DownStatus | null;
}

export interface Scene extends SceneOptions {
  load: Load;
  slots: readonly number[];
  /** Sent tokens per minute and account; null = no limit. */
  uncachedTokensPerMinute: number | null;
  keyOfSession: ReadonlyMap<number, number>;
}

const TOKEN_LIMIT_SHARE = 0.8;

export function planScene(load: Load, options: SceneOptions): Scene {
  const { accounts, utilisation, keyCount } = options;
  const { scale, seed } = load.options;
  const best = counted(load, load.best);
  const works = counted(load, load.slice).map(({ request }, index) => ({
    inputTokens: request.inputTokens,
    readTokens: (best[index]?.readTokens ?? 0) * scale,
    outputTokens: request.outputTokens,
  }));
  const total = slotsFor(works, { spanMs: load.countedMs, utilisation });
  const { inputTokens, readTokens } = ceilingOf(load);
  const uncachedPerMinute = ((inputTokens - readTokens) / load.countedMs) * 60_000;
  const sessions = load.slice.map(({ session }) => session);
  return {
    ...options,
    load,
    slots: dealEvenly(total, accounts),
    uncachedTokensPerMinute: options.hasTokenLimit
      ? Math.round(uncachedPerMinute / (TOKEN_LIMIT_SHARE * utilisation) / accounts)
      : null,
    keyOfSession: assignKeys(sessions, { keyCount, seed }),
  };
}

/** Long prompts may shrink further: more requests fit into a minute. Sent prompts are about so many tokens on average. */
const WANTED_PROMPT_TOKENS = 7_000;
const DEFAULT_WINDOW_MS = 40 * 60_000;

/** A window of the trace as the options ask for it. */
export function loadOf(
  trace: Trace,
  options: Omit<LoadOptions, 'windowMs' | 'scale'> & { windowMs: number | null; scale: number | null },
): Load {
  const roundMs = roundOf(trace, options.roundMs);
  const windowMs = options.windowMs ?? (trace.isRelative ? DEFAULT_WINDOW_MS : roundMs);
  const { copies, requestCount, warmupMs, seed } = options;
  const scale = options.scale ?? defaultScale(trace);
  return prepareLoad(trace, { copies, requestCount, warmupMs, seed, roundMs, windowMs, scale });
}

/** A power of two, so that blocks and the shortest cacheable prefix have whole sizes. */
function defaultScale({ requests, blockTokens }: Trace): number {
  const sum = requests.reduce((total, { inputTokens }) => total + inputTokens, 0);
  const mean = sum / Math.max(1, requests.length);
  let scale = 1;
  while (scale * 2 <= maxScale(blockTokens) && mean / scale > WANTED_PROMPT_TOKENS * 1.5) scale *= 2;
  return scale;
}
