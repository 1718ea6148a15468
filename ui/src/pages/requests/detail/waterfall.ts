// Where a request's time went, on one axis from its arrival to its last byte. Pure; milliseconds.

export interface TimedAttempt {
  startedAt: string;
  connectMs: number | null;
  firstByteMs: number | null;
  durationMs: number;
}

export interface TimedRequest {
  startedAt: string;
  queueMs: number;
  latencyMs: number;
  timeToFirstTokenMs: number | null;
  /** Spent waiting for an account, all waits together. */
  waitedMs: number;
  attempts: readonly TimedAttempt[];
}

/**
 * In the gateway: `queue` waited for a place, `prepare` read and routed, `account` waited for an account, `pause` between
 * attempts, `finish` after the last one. At an account: `connect`, `first-byte` until the first byte, `stream` from then on.
 */
export type PhaseKind =
  | 'queue'
  | 'prepare'
  | 'account'
  | 'pause'
  | 'finish'
  | 'connect'
  | 'first-byte'
  | 'stream';

export interface Phase {
  kind: PhaseKind;
  fromMs: number;
  toMs: number;
}

export interface Waterfall {
  spanMs: number;
  gateway: Phase[];
  /** One list an attempt. */
  attempts: Phase[][];
  firstTokenMs: number | null;
  /** Round moments, the first is 0. */
  ticksMs: number[];
}

/** At most so many steps on the axis. */
const MAX_STEPS = 5;

export function waterfallOf(request: TimedRequest): Waterfall {
  const arrivedMs = Date.parse(request.startedAt);
  const spans = request.attempts.map((attempt) => {
    const fromMs = Math.max(0, Date.parse(attempt.startedAt) - arrivedMs);
    return { attempt, fromMs, toMs: fromMs + Math.max(0, attempt.durationMs) };
  });
  // Times are rounded one by one: the parts may reach a millisecond beyond the whole.
  const spanMs = Math.max(1, request.latencyMs, ...spans.map(({ toMs }) => toMs));
  const firstTokenMs = request.timeToFirstTokenMs;
  return {
    spanMs,
    gateway: gatewayPhases(request, spans, spanMs),
    attempts: spans.map(({ attempt, fromMs, toMs }) => attemptPhases(attempt, fromMs, toMs)),
    firstTokenMs: firstTokenMs === null ? null : Math.min(firstTokenMs, spanMs),
    ticksMs: ticksOf(spanMs),
  };
}

function gatewayPhases(
  { queueMs, waitedMs }: TimedRequest,
  spans: readonly { fromMs: number; toMs: number }[],
  spanMs: number,
): Phase[] {
  const firstMs = spans[0]?.fromMs ?? spanMs;
  const queuedMs = Math.min(Math.max(0, queueMs), firstMs);
  const phases: Phase[] = [{ kind: 'queue', fromMs: 0, toMs: queuedMs }];
  let waitLeftMs = Math.max(0, waitedMs);
  let sinceMs = queuedMs;
  const gaps = spans.length === 0 ? [spanMs] : spans.map(({ fromMs }) => fromMs);
  for (const [index, untilMs] of gaps.entries()) {
    // The wait for an account is the last thing before an attempt.
    const waitMs = Math.min(waitLeftMs, Math.max(0, untilMs - sinceMs));
    waitLeftMs -= waitMs;
    const waitFromMs = untilMs - waitMs;
    phases.push({ kind: index === 0 ? 'prepare' : 'pause', fromMs: sinceMs, toMs: waitFromMs });
    phases.push({ kind: 'account', fromMs: waitFromMs, toMs: untilMs });
    sinceMs = Math.max(sinceMs, spans[index]?.toMs ?? untilMs);
  }
  phases.push({ kind: 'finish', fromMs: sinceMs, toMs: spanMs });
  return phases.filter(lasts);
}

function attemptPhases({ connectMs, firstByteMs }: TimedAttempt, fromMs: number, toMs: number): Phase[] {
  const within = (ms: number) => Math.min(fromMs + Math.max(0, ms), toMs);
  const connectedMs = within(connectMs ?? 0);
  const firstMs = firstByteMs === null ? toMs : Math.max(connectedMs, within(firstByteMs));
  const phases: Phase[] = [
    { kind: 'connect', fromMs, toMs: connectedMs },
    { kind: 'first-byte', fromMs: connectedMs, toMs: firstMs },
    { kind: 'stream', fromMs: firstMs, toMs },
  ];
  return phases.filter(lasts);
}

function lasts({ fromMs, toMs }: Phase): boolean {
  return toMs > fromMs;
}

function ticksOf(spanMs: number): number[] {
  const least = spanMs / MAX_STEPS;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= least) ?? power * 10;
  const wholeMs = Math.max(1, step);
  return Array.from({ length: Math.floor(spanMs / wholeMs) + 1 }, (_, index) => index * wholeMs);
}
