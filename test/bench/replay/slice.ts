// Lays copies of a trace over each other, cuts a window out of them, and says whose API key each session has. Pure.

import { Random } from '../../../server/demo/random.ts';
import type { Trace, TraceRequest } from './trace.ts';

export interface PlannedRequest {
  request: TraceRequest;
  /** Which copy of the trace it belongs to; contents of copies are kept apart. */
  copy: number;
  /** Distinct over all copies. */
  session: number;
  /** From the start of the window. */
  atMs: number;
}

export interface SlicePlan {
  copies: number;
  /** Time that a trace with relative times is laid out over, running round; one with absolute times has its own length. */
  roundMs: number;
  windowMs: number;
  /** At most so many requests; what comes later is cut off. */
  requestCount: number;
  seed: number;
}

/**
 * The requests of the first `windowMs` of a round, in the order they are sent. Sessions with relative times begin evenly
 * over the round, in an order drawn by `seed`; what goes beyond its end comes at its beginning, so that as many sessions
 * are under way at the window's start as at any time. Copies of a trace with absolute times follow each other
 * closely, so that busy minutes stay busy.
 */
export function planSlice(trace: Trace, plan: SlicePlan): PlannedRequest[] {
  const laid = trace.isRelative ? layOutSessions(trace, plan) : layOutCopies(trace, plan);
  return laid
    .filter(({ atMs }) => atMs < plan.windowMs)
    .toSorted((a, b) => a.atMs - b.atMs || a.copy - b.copy)
    .slice(0, plan.requestCount);
}

/** How long one round takes, from its first request to its first again. */
export function roundOf(trace: Trace, roundMs: number): number {
  if (trace.isRelative) return roundMs;
  const times = trace.requests.map(({ atMs }) => atMs);
  const spanMs = times.reduce((most, atMs) => Math.max(most, atMs), 0) - (times[0] ?? 0);
  return Math.max(1, spanMs + timeGrid(trace));
}

function layOutSessions(trace: Trace, { copies, roundMs, seed }: SlicePlan): PlannedRequest[] {
  const sessions = copiesOf(trace, copies);
  const bySession = [...Map.groupBy(sessions, ({ session }) => session).values()];
  return shuffled(bySession, new Random(seed)).flatMap((requests, place) => {
    const startMs = (place / bySession.length) * roundMs;
    return requests.map((planned) => ({ ...planned, atMs: (startMs + planned.atMs) % roundMs }));
  });
}

/** Not at once: the bursts of copies would coincide. */
const COPY_SHIFT_MS = 15_000;

/** Times that are only known on a grid are spread over it, so that requests do not come in bursts. */
function layOutCopies(trace: Trace, { copies, seed }: SlicePlan): PlannedRequest[] {
  const roundMs = roundOf(trace, 0);
  const gridMs = timeGrid(trace);
  const startMs = trace.requests[0]?.atMs ?? 0;
  const random = new Random(seed);
  return copiesOf(trace, copies).map((planned) => {
    const shiftMs = planned.copy * COPY_SHIFT_MS + random.next() * gridMs;
    return { ...planned, atMs: (planned.atMs - startMs + shiftMs) % roundMs };
  });
}

function copiesOf({ requests }: Trace, copies: number): PlannedRequest[] {
  const sessionCount = requests.reduce((most, { session }) => Math.max(most, session), 0) + 1;
  return Array.from({ length: copies }, (_, copy) =>
    requests.map((request) => ({
      request,
      copy,
      session: copy * sessionCount + request.session,
      atMs: request.atMs,
    })),
  ).flat();
}

/** The smallest step between two times. */
function timeGrid({ requests }: Trace): number {
  const times = [...new Set(requests.map(({ atMs }) => atMs))].toSorted((a, b) => a - b);
  const least = times.reduce(
    (step, atMs, index) => (index === 0 ? step : Math.min(step, atMs - (times[index - 1] ?? 0))),
    Number.POSITIVE_INFINITY,
  );
  return Number.isFinite(least) ? least : 0;
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
