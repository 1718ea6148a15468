// How busy the accounts were: requests in flight, from the times clients saw. Pure.

interface Interval {
  sentAtMs: number;
  endedAtMs: number;
}

const STEPS = 40;
const QUARTER_STEPS = STEPS / 4;

/** Mean number of requests in flight during the busiest quarter of the time from first to last request. */
export function busiestLoad(intervals: readonly Interval[]): number {
  const startMs = intervals.reduce(
    (least, { sentAtMs }) => Math.min(least, sentAtMs),
    Number.POSITIVE_INFINITY,
  );
  const endMs = intervals.reduce((most, { sentAtMs }) => Math.max(most, sentAtMs), startMs);
  const stepMs = (endMs - startMs) / STEPS;
  if (!(stepMs > 0)) return intervals.length;
  const steps = Array.from({ length: STEPS }, (_, step) => {
    const fromMs = startMs + step * stepMs;
    return (
      intervals.reduce((sum, interval) => sum + overlapMs(interval, fromMs, fromMs + stepMs), 0) / stepMs
    );
  });
  let most = 0;
  for (let first = 0; first + QUARTER_STEPS <= STEPS; first++) {
    const quarter = steps.slice(first, first + QUARTER_STEPS);
    most = Math.max(most, quarter.reduce((sum, load) => sum + load, 0) / QUARTER_STEPS);
  }
  return most;
}

function overlapMs({ sentAtMs, endedAtMs }: Interval, fromMs: number, toMs: number): number {
  return Math.max(0, Math.min(endedAtMs, toMs) - Math.max(sentAtMs, fromMs));
}
