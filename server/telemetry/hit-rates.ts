// How much of a subject's input was read from prompt caches: in a short window, and before it. Sums only, of fixed size.
//
// The window is a ring of slices. A slice that leaves it goes into the baseline, whose sums halve every half of
// `baselineHours`: older requests count less, and no request is in both. Times are monotonic.

export interface RateSums {
  requests: number;
  inputTokens: number;
  readTokens: number;
  /** By prompt caches, in nano-USD; may be below 0. */
  savedNanoUsd: number;
}

export interface RateMemory {
  /** Oldest first; the last one is being filled. */
  slices: { startMs: number; sums: RateSums }[];
  baseline: RateSums;
  /** When the baseline was last made to forget. */
  baselineAtMs: number;
}

export interface RateRule {
  windowMinutes: number;
  baselineHours: number;
}

/** Slices of a window: the least by which it moves. */
const SLICES = 5;
const MINUTE_MS = 60_000;

const NOTHING: RateSums = { requests: 0, inputTokens: 0, readTokens: 0, savedNanoUsd: 0 };

export function newMemory(nowMs: number, baseline: RateSums = NOTHING): RateMemory {
  return { slices: [], baseline: { ...baseline }, baselineAtMs: nowMs };
}

export function noteUse(
  memory: RateMemory,
  use: RateSums,
  { nowMs, rule }: { nowMs: number; rule: RateRule },
): void {
  moveOn(memory, { nowMs, rule });
  const last = memory.slices.at(-1);
  if (last && nowMs < last.startMs + sliceMs(rule)) last.sums = plus(last.sums, use);
  else memory.slices.push({ startMs: nowMs, sums: { ...use } });
}

/** Lets slices that have left the window count for the baseline, and the baseline forget. */
export function moveOn(memory: RateMemory, { nowMs, rule }: { nowMs: number; rule: RateRule }): void {
  const oldestMs = nowMs - rule.windowMinutes * MINUTE_MS;
  const halfLifeMs = (rule.baselineHours * 60 * MINUTE_MS) / 2;
  const share = 0.5 ** ((nowMs - memory.baselineAtMs) / halfLifeMs);
  memory.baseline = times(memory.baseline, share);
  memory.baselineAtMs = nowMs;
  while (memory.slices[0] && memory.slices[0].startMs <= oldestMs) {
    const { sums } = memory.slices.shift() ?? { sums: NOTHING };
    memory.baseline = plus(memory.baseline, sums);
  }
}

export function windowSums({ slices }: RateMemory): RateSums {
  return slices.reduce((sums, slice) => plus(sums, slice.sums), NOTHING);
}

/** Null when there is no input to judge by. */
export function hitRate({ inputTokens, readTokens }: RateSums): number | null {
  return inputTokens > 0 ? readTokens / inputTokens : null;
}

function sliceMs({ windowMinutes }: RateRule): number {
  return (windowMinutes * MINUTE_MS) / SLICES;
}

function plus(a: RateSums, b: RateSums): RateSums {
  return {
    requests: a.requests + b.requests,
    inputTokens: a.inputTokens + b.inputTokens,
    readTokens: a.readTokens + b.readTokens,
    savedNanoUsd: a.savedNanoUsd + b.savedNanoUsd,
  };
}

function times(sums: RateSums, factor: number): RateSums {
  return {
    requests: sums.requests * factor,
    inputTokens: sums.inputTokens * factor,
    readTokens: sums.readTokens * factor,
    savedNanoUsd: sums.savedNanoUsd * factor,
  };
}
