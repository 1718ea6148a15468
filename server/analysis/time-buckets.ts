// Cuts a time range into equal buckets, or into hours and days as a wall clock shows them. Pure.

const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 86_400;
export const MAX_BUCKETS = 1_000;

export interface BucketRange {
  fromMs: number;
  toMs: number;
  bucketSeconds: number;
  /** IANA name; null = UTC. Buckets of whole days (or hours) begin when a day (or hour) begins there. */
  timeZone: string | null;
}

/** Whether the runtime knows the zone. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/**
 * Edges of neighbouring buckets `[edge, next)` that cover the range: the first is at or before `fromMs`, the last at or
 * after `toMs`. Null when there are more than `MAX_BUCKETS` of them. In a zone, a day has 23 or 25 hours when its clocks
 * are changed.
 */
export function bucketEdges({ fromMs, toMs, bucketSeconds, timeZone }: BucketRange): number[] | null {
  // The shortest bucket that can come out is an hour less than asked for.
  const leastMs = bucketSeconds >= DAY_SECONDS ? (bucketSeconds - HOUR_SECONDS) * 1000 : bucketSeconds * 1000;
  if ((toMs - fromMs) / leastMs > MAX_BUCKETS * 1.1) return null;
  const edges = isLocal(bucketSeconds, timeZone)
    ? localEdges({ fromMs, toMs, bucketSeconds, timeZone })
    : plainEdges({ fromMs, toMs, bucketSeconds });
  return edges.length - 1 > MAX_BUCKETS ? null : edges;
}

function isLocal(bucketSeconds: number, timeZone: string | null): timeZone is string {
  return timeZone !== null && bucketSeconds % HOUR_SECONDS === 0;
}

function plainEdges({ fromMs, toMs, bucketSeconds }: Omit<BucketRange, 'timeZone'>): number[] {
  const bucketMs = bucketSeconds * 1000;
  const edges: number[] = [];
  for (let edge = Math.floor(fromMs / bucketMs) * bucketMs; ; edge += bucketMs) {
    edges.push(edge);
    if (edge >= toMs) return edges.length > 1 ? edges : [edge, edge + bucketMs];
  }
}

/**
 * Counts whole hours or days on the wall clock, from a fixed one so that the edges do not depend on the range, and looks
 * up when the clock shows each of them. What the clock skips has no bucket; an hour that it shows twice has two.
 */
function localEdges({ fromMs, toMs, bucketSeconds, timeZone }: BucketRange & { timeZone: string }): number[] {
  const bucketMs = bucketSeconds * 1000;
  const clock = wallClock(timeZone);
  // A quarter of an hour more than any offset changes by, so that the first edge is not after the range begins.
  const firstWall = Math.floor((clock(fromMs) - HOUR_SECONDS * 1000) / bucketMs) * bucketMs;
  const edges: number[] = [];
  for (let wall = firstWall; ; wall += bucketMs) {
    const instants = instantsOf(wall, clock);
    for (const edge of bucketSeconds === HOUR_SECONDS ? instants : instants.slice(0, 1)) {
      if (edge > (edges.at(-1) ?? Number.NEGATIVE_INFINITY)) edges.push(edge);
    }
    if ((edges.at(-1) ?? 0) >= toMs && edges.length > 1) break;
  }
  const start = edges.findLastIndex((edge) => edge <= fromMs);
  const end = edges.findIndex((edge, index) => edge >= toMs && index > start);
  return edges.slice(Math.max(0, start), end + 1);
}

/** What the zone's clock shows at an instant, as the milliseconds at which a clock in UTC would show it. */
function wallClock(timeZone: string): (ms: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
  });
  return (ms) => {
    const parts = new Map(format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    const part = (name: Intl.DateTimeFormatPartTypes) => parts.get(name) ?? 0;
    return Date.UTC(
      part('year'),
      part('month') - 1,
      part('day'),
      part('hour'),
      part('minute'),
      part('second'),
    );
  };
}

/**
 * The instants at which the clock shows `wall`, else the first one at which it shows more. Offsets are tried as they are a day before and after: zones
 * do not change their clocks twice in two days.
 */
function instantsOf(wall: number, clock: (ms: number) => number): number[] {
  const dayMs = DAY_SECONDS * 1000;
  const offsets = [clock(wall - dayMs) - (wall - dayMs), clock(wall + dayMs) - (wall + dayMs)];
  const candidates = offsets.map((offset) => wall - offset).toSorted((a, b) => a - b);
  const exact = candidates.filter((instant) => clock(instant) === wall);
  return exact.length > 0 ? exact : [skipInstant(wall, candidates, clock)];
}

/** Within the hour or so that lies between the candidates, the first instant with a later wall time. */
function skipInstant(wall: number, [low = 0, high = 0]: number[], clock: (ms: number) => number): number {
  let before = low - HOUR_SECONDS * 1000;
  let after = Math.max(high, low) + HOUR_SECONDS * 1000;
  while (after - before > 1000) {
    const middle = Math.floor((before + after) / 2000) * 1000;
    if (clock(middle) >= wall) after = middle;
    else before = middle;
  }
  return after;
}
