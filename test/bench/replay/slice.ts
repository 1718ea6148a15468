// Chooses which requests of a trace are replayed, when each is sent, and with whose API key. Pure.

import { Random } from '../../../server/demo/random.ts';
import type { Trace, TraceRequest } from './trace.ts';

export interface PlannedRequest {
  request: TraceRequest;
  /** Place in the trace. */
  index: number;
  /** From the start of the replay. */
  atMs: number;
}

/** Sessions start in this part of the window, so that the load is steady for the rest of it. */
const START_SHARE = 0.5;
const GOLDEN_RATIO = (Math.sqrt(5) - 1) / 2;

/**
 * At most `requestCount` requests, in the order they are sent. A trace with absolute times is cut off. Sessions with
 * relative times are drawn by `seed`, begin evenly over the first half of the window and are cut off at its end.
 */
export function planSlice(
  trace: Trace,
  { requestCount, windowMs, seed }: { requestCount: number; windowMs: number; seed: number },
): PlannedRequest[] {
  const all = trace.requests.map((request, index) => ({ request, index, atMs: request.atMs }));
  const chosen = trace.isRelative ? layOut(all, { requestCount, windowMs, seed }) : all;
  const ordered = chosen.toSorted((a, b) => a.atMs - b.atMs || a.index - b.index).slice(0, requestCount);
  const firstAtMs = ordered[0]?.atMs ?? 0;
  return ordered.map((planned) => ({ ...planned, atMs: planned.atMs - firstAtMs }));
}

function layOut(
  all: readonly PlannedRequest[],
  { requestCount, windowMs, seed }: { requestCount: number; windowMs: number; seed: number },
): PlannedRequest[] {
  const sessions = Map.groupBy(all, ({ request }) => request.session);
  const chosen: PlannedRequest[] = [];
  // Multiples of the golden ratio lie evenly however many sessions there will be.
  for (const [place, session] of shuffled([...sessions.values()], new Random(seed)).entries()) {
    if (chosen.length >= requestCount) break;
    const startMs = ((place * GOLDEN_RATIO) % 1) * windowMs * START_SHARE;
    const placed = session.map((planned) => ({ ...planned, atMs: startMs + planned.atMs }));
    chosen.push(...placed.filter(({ atMs }) => atMs < windowMs));
  }
  return chosen;
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  return list
    .map((item) => ({ item, place: random.next() }))
    .toSorted((a, b) => a.place - b.place)
    .map(({ item }) => item);
}

/** Gives each session one of the keys; key k is chosen with weight 1/(k+1) (Zipf, exponent 1). */
export function assignKeys(
  sessions: Iterable<number>,
  { keyCount, seed }: { keyCount: number; seed: number },
): Map<number, number> {
  const random = new Random(seed + 7919);
  const weights = Array.from({ length: keyCount }, (_, key) => 1 / (key + 1));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const draw = () => {
    let left = random.next() * sum;
    const key = weights.findIndex((weight) => {
      left -= weight;
      return left < 0;
    });
    return key === -1 ? keyCount - 1 : key;
  };
  return new Map([...new Set(sessions)].map((session) => [session, draw()]));
}
