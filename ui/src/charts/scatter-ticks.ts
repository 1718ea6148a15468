// Which moments the time axis of a scatter chart names: full hours and days of the zone shown, and where folds end. Pure.

import type { TimeSpan } from './scatter-time.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

const STEPS_MS = [
  5 * MINUTE_MS,
  10 * MINUTE_MS,
  15 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
  2 * HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  DAY_MS,
  2 * DAY_MS,
  3 * DAY_MS,
  5 * DAY_MS,
  7 * DAY_MS,
  10 * DAY_MS,
] as const;

export interface TimeTick {
  ms: number;
  px: number;
  /** Midnight: the day alone says it. */
  isMidnight: boolean;
  /** Of another day than the tick before it, or the first one. */
  isNewDay: boolean;
}

/** `leastPx`: between two ticks, so that their texts do not touch. `offsetAt`: of the zone, from UTC. */
export function timeTicks(
  spans: readonly TimeSpan[],
  { leastPx, offsetAt }: { leastPx: number; offsetAt: (ms: number) => number },
): TimeTick[] {
  const open = spans.filter(({ isFold }) => !isFold);
  const openMs = open.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
  const openPx = open.reduce((sum, { fromPx, toPx }) => sum + toPx - fromPx, 0);
  const most = Math.max(1, openPx / leastPx);
  const stepMs = STEPS_MS.find((step) => openMs / step <= most) ?? 10 * DAY_MS;
  const afterFolds = open
    .filter((span) => spans[spans.indexOf(span) - 1]?.isFold)
    .map(({ fromMs }) => fromMs);
  const full = open.flatMap((span) => momentsIn(span, { stepMs, offsetAt }));
  const places: { ms: number; px: number }[] = [];
  // Where time jumps matters more than that an hour is full.
  for (const ms of [...afterFolds, ...full]) {
    const px = placeIn(open, ms);
    if (px !== null && places.every((other) => Math.abs(other.px - px) >= leastPx)) places.push({ ms, px });
  }
  places.sort((a, b) => a.px - b.px);
  const dayOf = (ms: number) => Math.floor((ms + offsetAt(ms)) / DAY_MS);
  return places.map(({ ms, px }, index) => {
    const before = places[index - 1];
    return {
      ms,
      px,
      isMidnight: (ms + offsetAt(ms)) % DAY_MS === 0,
      isNewDay: before === undefined || dayOf(before.ms) !== dayOf(ms),
    };
  });
}

/** Multiples of the step on the clock of the zone; where the clock is changed, they stay on its full hours. */
function momentsIn(
  { fromMs, toMs }: TimeSpan,
  { stepMs, offsetAt }: { stepMs: number; offsetAt: (ms: number) => number },
): number[] {
  const moments: number[] = [];
  const first = Math.ceil((fromMs + offsetAt(fromMs)) / stepMs) * stepMs;
  for (let wall = first; wall <= toMs + offsetAt(toMs); wall += stepMs) {
    // The offset is that of the moment, which is not known without it: the second guess is right.
    const ms = wall - offsetAt(wall - offsetAt(wall));
    if (ms >= fromMs && ms <= toMs) moments.push(ms);
  }
  return moments;
}

function placeIn(open: readonly TimeSpan[], ms: number): number | null {
  const span = open.find(({ fromMs, toMs }) => ms >= fromMs && ms <= toMs);
  if (!span) return null;
  return (
    span.fromPx + ((ms - span.fromMs) / Math.max(1, span.toMs - span.fromMs)) * (span.toPx - span.fromPx)
  );
}

/** Tells how far a zone's clock is ahead of UTC at a moment, in milliseconds. */
export function zoneOffset(timeZone: string): (ms: number) => number {
  const clock = new Intl.DateTimeFormat('en-US', {
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
    const parts = new Map(clock.formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
    const of = (type: Intl.DateTimeFormatPartTypes) => parts.get(type) ?? 0;
    const wall = Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
    return wall - Math.floor(ms / 1000) * 1000;
  };
}
