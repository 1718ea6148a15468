// What a run showed, as numbers. Pure.

import { percentile } from '../statistics.ts';
import { hitShare } from './ceiling.ts';
import type { Policy } from './policies.ts';
import type { RunResult } from './run.ts';
import { ceilingOf, counted } from './scene.ts';
import type { Reply, SeenUsage } from './send.ts';

export interface Measures {
  policy: Policy | 'ceiling';
  /** Share of the input tokens that was read from a cache. */
  hitShare: number;
  shareOfCeiling: number;
  /** Of the input, next to no caching at all: reads at 0.1, writes at 1.25. */
  costShare: number;
  /** From sending to the account that answered. */
  meanWaitMs: number;
  meanTtftMs: number;
  p95TtftMs: number;
  limitedShare: number;
  /** Seconds that the busiest account worked, next to the mean. */
  imbalance: number;
  ok: number;
  /** Neither answered nor refused with a 429. */
  other: number;
  /** Requests that accounts refused, those tried again elsewhere among them. */
  refused: number;
  /** Clients less request log; all of it, the warm-up too. */
  logDiff: { inputTokens: number; readTokens: number; rows: number };
  /** Mean time between sending and account that the gateway does not tell of as waiting: what the bench itself adds. */
  lagMs: number;
  /** Clock seconds per real second. */
  speed: number;
  wallMs: number;
}

export const WRITE_PRICE = 1.25;
export const READ_PRICE = 0.1;
/** A bench that is later than this disturbs what it measures. */
export const MAX_LAG_MS = 60;

export function measure(result: RunResult): Measures {
  const { scene, policy, replies } = result;
  const { load } = scene;
  const seen = counted(load, replies);
  const ok = seen.filter(({ status }) => status === 200);
  const limited = seen.filter(({ status }) => status === 429).length;
  const usage = sumUsage(ok);
  const inputTokens = total(usage);
  const hit = inputTokens === 0 ? 0 : usage.readTokens / inputTokens;
  const ttfts = ok.map(({ firstByteAtMs, dueAtMs }) => firstByteAtMs - dueAtMs);
  const reached = counted(load, result.reachedAtMs);
  const waits = seen.flatMap((reply, index) => (reply.status === 200 ? waitOf(reply, reached[index]) : []));
  return {
    policy,
    hitShare: hit,
    shareOfCeiling: hit / Math.max(hitShare(ceilingOf(load)), Number.MIN_VALUE),
    costShare: inputTokens === 0 ? 0 : costOf(usage) / inputTokens,
    meanWaitMs: mean(waits),
    meanTtftMs: mean(ttfts),
    p95TtftMs: percentile(ttfts, 0.95) ?? 0,
    limitedShare: limited / Math.max(1, seen.length),
    imbalance: imbalanceOf(result),
    ok: ok.length,
    other: seen.length - ok.length - limited,
    refused: result.refusals.slots + result.refusals.bucket + result.refusals.down,
    logDiff: logDiff(result),
    lagMs: lagOf(result),
    speed: result.clockMs / result.wallMs,
    wallMs: result.wallMs,
  };
}

function waitOf({ dueAtMs, endedAtMs }: Reply, reachedAtMs: number | null | undefined): number {
  return (reachedAtMs ?? endedAtMs) - dueAtMs;
}

function sumUsage(replies: readonly Reply[]): SeenUsage {
  const sum = { freshTokens: 0, writeTokens: 0, readTokens: 0 };
  for (const { usage } of replies) {
    sum.freshTokens += usage?.freshTokens ?? 0;
    sum.writeTokens += usage?.writeTokens ?? 0;
    sum.readTokens += usage?.readTokens ?? 0;
  }
  return sum;
}

function total({ freshTokens, writeTokens, readTokens }: SeenUsage): number {
  return freshTokens + writeTokens + readTokens;
}

function costOf({ freshTokens, writeTokens, readTokens }: SeenUsage): number {
  return freshTokens + writeTokens * WRITE_PRICE + readTokens * READ_PRICE;
}

function imbalanceOf({ scene, services }: RunResult): number {
  const { warmupMs } = scene.load.options;
  const busy = services.map((list) =>
    list
      .filter(({ startedAtMs }) => startedAtMs >= warmupMs)
      .reduce((sum, { startedAtMs, endedAtMs }) => sum + endedAtMs - startedAtMs, 0),
  );
  const average = mean(busy);
  return average === 0 ? 1 : busy.reduce((most, ms) => Math.max(most, ms), 0) / average;
}

function logDiff({ replies, logged }: RunResult): Measures['logDiff'] {
  const usage = sumUsage(replies);
  return {
    inputTokens: total(usage) - logged.inputTokens,
    readTokens: usage.readTokens - logged.readTokens,
    rows: replies.length - logged.rows,
  };
}

function lagOf({ replies, reachedAtMs, loggedWaitMs }: RunResult): number {
  const waitMs = replies.reduce(
    (sum, reply, index) => sum + waitOf(reply, reply.status === 200 ? reachedAtMs[index] : null),
    0,
  );
  return (waitMs - loggedWaitMs) / Math.max(1, replies.length);
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
