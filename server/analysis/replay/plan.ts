// Lays the requests of a trace out in time: copies, start times of sessions, API keys. Pure, the same for the same seed.

import type { PrefixTree } from './prefix-tree.ts';
import { SeededRandom } from './random.ts';
import type { ReplayRequest, ReplayTrace } from './trace.ts';

export interface PlannedRequest {
  /** Whole milliseconds from the start of the replay. */
  atMs: number;
  /** Contents of different copies never match. */
  copy: number;
  /** Node of the prefix tree where the cacheable part of its prompt ends. */
  tip: number;
  /** Different in each copy. */
  session: number;
  key: number;
  model: number;
  inputTokens: number;
  cacheableTokens: number;
  outputTokens: number;
  /** Place in the trace. */
  index: number;
  /** False: sent before the warm-up was over. */
  isCounted: boolean;
}

export interface Plan {
  /** In the order they are sent. */
  requests: readonly PlannedRequest[];
  copies: number;
  /** True: it goes round, so that its end is as busy as its beginning. */
  isRound: boolean;
  /** From the end of the warm-up to the last request, or to the end of the window. */
  countedMs: number;
  tree: PrefixTree;
}

export interface PlanOptions {
  /** Times the trace is overlaid with itself, contents kept apart. */
  copies: number;
  /** Length of the replay where times are relative: sessions begin evenly over it, what runs over its end goes to its beginning. */
  windowMs: number;
  /** Sessions without a key get one of so many, key k with weight 1/(k+1). */
  keyCount: number;
  /** Where times are relative: requests of this first time are sent, not counted; a quarter of the window at most. */
  warmUpMs: number;
  seed: number;
}

const STRIDE = 1024;
/** Requests with the same time were noted in steps of up to so many milliseconds: they are spread until the next step. */
const MAX_STEP_MS = 5_000;
/** Copies of a trace with absolute times follow each other at this distance, so that their bursts do not coincide. */
const COPY_SHIFT_MS = 15_000;

export function* makePlan(
  trace: ReplayTrace,
  tree: PrefixTree,
  options: PlanOptions,
): Generator<undefined, Plan> {
  const times = yield* trace.isRelative ? roundTimes(trace, options) : absoluteTimes(trace, options);
  const { requests } = trace;
  const { copies, seed } = options;
  const order = orderOf(times);
  yield;
  const lastMs = times[order.at(-1) ?? 0] ?? 0;
  const lengthMs = trace.isRelative ? options.windowMs : lastMs;
  const warmUpMs = trace.isRelative ? Math.min(options.warmUpMs, lengthMs / 4) : 0;
  const sessionCount = requests.reduce((most, { session }) => Math.max(most, session + 1), 0);
  const keyOf = keyDealer({ keyCount: options.keyCount, random: new SeededRandom(seed + 7919) });
  const planned: PlannedRequest[] = [];
  for (const [place, slot] of order.entries()) {
    if (place % STRIDE === STRIDE - 1) yield;
    const index = slot % requests.length;
    const request = requests[index];
    if (!request) continue;
    const copy = Math.floor(slot / requests.length);
    const atMs = times[slot] ?? 0;
    const session = copy * sessionCount + request.session;
    const key = request.key ?? keyOf(session);
    planned.push({
      ...placed(request, { atMs, copy, session, key }),
      tip: tree.tips[index] ?? 0,
      index,
      isCounted: atMs >= warmUpMs,
    });
  }
  const countedMs = Math.max(1, lengthMs - warmUpMs);
  return { requests: planned, copies, isRound: trace.isRelative, countedMs, tree };
}

/** Places of the times in their order, equal ones as they are; recorded requests are in order already. */
function orderOf(times: Float64Array): Uint32Array {
  const order = new Uint32Array(times.length);
  let isSorted = true;
  for (let place = 0; place < times.length; place += 1) {
    order[place] = place;
    if (place > 0 && (times[place - 1] ?? 0) > (times[place] ?? 0)) isSorted = false;
  }
  return isSorted ? order : order.sort((a, b) => (times[a] ?? 0) - (times[b] ?? 0) || a - b);
}

function placed(
  { model, inputTokens, cacheableTokens, outputTokens }: ReplayRequest,
  at: { atMs: number; copy: number; session: number; key: number },
) {
  return { ...at, model, inputTokens, cacheableTokens, outputTokens };
}

/** By copy and request. */
function* roundTimes(
  { requests }: ReplayTrace,
  { copies, windowMs, seed }: PlanOptions,
): Generator<undefined, Float64Array> {
  const sessions = [...new Set(requests.map(({ session }) => session))];
  const places = Array.from({ length: copies * sessions.length }, (_, place) => place);
  const starts = new Map<number, number>();
  const width = requests.reduce((most, { session }) => Math.max(most, session + 1), 0);
  for (const [order, place] of new SeededRandom(seed).shuffled(places).entries()) {
    const session = sessions[place % sessions.length] ?? 0;
    starts.set(Math.floor(place / sessions.length) * width + session, (order * windowMs) / places.length);
  }
  const times = new Float64Array(copies * requests.length);
  for (let copy = 0; copy < copies; copy += 1) {
    yield;
    for (const [index, { session, atMs }] of requests.entries()) {
      const start = starts.get(copy * width + session) ?? 0;
      times[copy * requests.length + index] = Math.floor((start + atMs) % windowMs);
    }
  }
  return times;
}

function* absoluteTimes(
  { requests }: ReplayTrace,
  { copies, seed }: PlanOptions,
): Generator<undefined, Float64Array> {
  const random = new SeededRandom(seed);
  const firstMs = requests.reduce((least, { atMs }) => Math.min(least, atMs), Number.POSITIVE_INFINITY);
  const steps = yield* stepsOf(requests);
  const times = new Float64Array(copies * requests.length);
  for (let copy = 0; copy < copies; copy += 1) {
    for (const [step, { atMs, lengthMs, members }] of steps.entries()) {
      if (step % STRIDE === STRIDE - 1) yield;
      const offsets = members.map(() => random.next() * lengthMs).sort((a, b) => a - b);
      for (const [place, index] of members.entries()) {
        times[copy * requests.length + index] = Math.floor(
          atMs - firstMs + (offsets[place] ?? 0) + copy * COPY_SHIFT_MS,
        );
      }
    }
  }
  return times;
}

interface TimeStep {
  atMs: number;
  /** Until the next one. */
  lengthMs: number;
  /** Indexes of its requests, in their order. */
  members: number[];
}

function* stepsOf(requests: readonly ReplayRequest[]): Generator<undefined, TimeStep[]> {
  const byTime = new Map<number, number[]>();
  for (const [index, { atMs }] of requests.entries()) {
    if (index % STRIDE === STRIDE - 1) yield;
    const members = byTime.get(atMs);
    if (members) members.push(index);
    else byTime.set(atMs, [index]);
  }
  const sorted = [...byTime].sort(([a], [b]) => a - b);
  return sorted.map(([atMs, members], place) => {
    const nextMs = sorted[place + 1]?.[0] ?? atMs;
    return { atMs, lengthMs: members.length === 1 ? 0 : Math.min(MAX_STEP_MS, nextMs - atMs), members };
  });
}

function keyDealer({
  keyCount,
  random,
}: {
  keyCount: number;
  random: SeededRandom;
}): (session: number) => number {
  const weights = Array.from({ length: keyCount }, (_, key) => 1 / (key + 1));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const dealt = new Map<number, number>();
  const draw = () => {
    let left = random.next() * sum;
    const key = weights.findIndex((weight) => {
      left -= weight;
      return left < 0;
    });
    return key === -1 ? keyCount - 1 : key;
  };
  return (session) => {
    const known = dealt.get(session);
    if (known !== undefined) return known;
    const key = draw();
    dealt.set(session, key);
    return key;
  };
}
