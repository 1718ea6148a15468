// Which slices of a chart over time carry a label: those that begin at a round time of the wall clock. Pure.

import { wallTimeOf } from '../lib/wall-time.ts';

export interface TimeTick {
  /** Of the slice. */
  index: number;
  fromMs: number;
  /** Begins a day: said by its date, not by 00:00. */
  isDay: boolean;
}

const HOUR = 60;
const DAY = 24 * HOUR;
const STEPS_MINUTES = [
  5,
  10,
  15,
  30,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
  14 * DAY,
];

/** At most about `count` labels, ascending; `fromMs` are the beginnings of slices of equal width. */
export function timeTicks(fromMs: readonly number[], count: number, timeZone: string): TimeTick[] {
  const minutes = fromMs.map((ms) => Math.floor(Date.parse(`${wallTimeOf(ms, timeZone)}Z`) / 60_000));
  const first = minutes[0];
  const last = minutes.at(-1);
  if (first === undefined || last === undefined) return [];
  const step = STEPS_MINUTES.find((one) => (last - first) / one <= count) ?? 28 * DAY;
  return minutes.flatMap((minute, index) => {
    // A slice that begins past a round time, as around a change of clocks, stands for it.
    const before = minutes[index - 1] ?? minute - 1;
    if (Math.floor(before / step) === Math.floor(minute / step)) return [];
    return [
      { index, fromMs: fromMs[index] ?? 0, isDay: Math.floor(before / DAY) !== Math.floor(minute / DAY) },
    ];
  });
}
