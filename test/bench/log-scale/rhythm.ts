// When the traffic of a period comes: working days are busy, nights and weekends quiet. Pure.

const HOUR_MS = 3_600_000;
const WEEKEND_FACTOR = 0.35;
/** Every period ends on a Wednesday afternoon, so that its last day is a full one and the gateway busy. */
const LAST_MOMENT_MS = Date.UTC(2026, 8, 16, 15, 30);
/** By hour of the day. */
const HOUR_WEIGHTS = [
  0.2, 0.15, 0.15, 0.15, 0.2, 0.3, 0.6, 1, 1.6, 2, 2.1, 1.9, 1.4, 1.8, 2.1, 2, 1.8, 1.5, 1.1, 0.9, 0.8, 0.6,
  0.4, 0.3,
];

/** The moment by which that part (0 to 1) of what comes in `[fromMs, toMs)` has come. Ask in ascending order. */
export function rhythm(fromMs: number, toMs: number): (share: number) => number {
  const hours = Math.max(1, Math.ceil((toMs - fromMs) / HOUR_MS));
  const hourMs = (toMs - fromMs) / hours;
  const weights = Array.from({ length: hours }, (_, hour) =>
    weightAt(LAST_MOMENT_MS - toMs + fromMs + hour * hourMs),
  );
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let hour = 0;
  let before = 0;
  return (share) => {
    while (hour < hours - 1 && before + (weights[hour] ?? 0) <= share * total) {
      before += weights[hour] ?? 0;
      hour += 1;
    }
    return fromMs + (hour + (share * total - before) / (weights[hour] ?? 1)) * hourMs;
  };
}

function weightAt(atMs: number): number {
  const date = new Date(atMs);
  const isWeekend = date.getUTCDay() % 6 === 0;
  return (HOUR_WEIGHTS[date.getUTCHours()] ?? 1) * (isWeekend ? WEEKEND_FACTOR : 1);
}
