// The axis of pauses: short ones get most of the height, as caches live for minutes. Pure.

/** Where lines are drawn across, in minutes. */
export const GAP_TICKS = [0, 2, 5, 10, 30, 60, 120] as const;
/** Longer pauses are drawn at the top. */
export const MAX_GAP_MINUTES = 120;

const KNEE_MINUTES = 10;
const KNEE_SHARE = 0.7;

/** How far up it is drawn: 0 at the bottom, 1 at the top. */
export function gapShare(minutes: number): number {
  if (minutes <= 0) return 0;
  if (minutes <= KNEE_MINUTES) return (minutes / KNEE_MINUTES) * KNEE_SHARE;
  const above = (minutes - KNEE_MINUTES) / (MAX_GAP_MINUTES - KNEE_MINUTES);
  return Math.min(1, KNEE_SHARE + above * (1 - KNEE_SHARE));
}

/** The minutes at this height; the inverse of `gapShare`. */
export function gapAt(share: number): number {
  if (share <= 0) return 0;
  if (share <= KNEE_SHARE) return (share / KNEE_SHARE) * KNEE_MINUTES;
  const above = (Math.min(1, share) - KNEE_SHARE) / (1 - KNEE_SHARE);
  return KNEE_MINUTES + above * (MAX_GAP_MINUTES - KNEE_MINUTES);
}

/** As the crosshair tells it: no finer than can be seen. */
export function roundGap(minutes: number): number {
  return minutes < KNEE_MINUTES ? Math.round(minutes * 10) / 10 : Math.round(minutes);
}

export type GapStep = 'up' | 'down' | 'nextTick' | 'previousTick' | 'top' | 'bottom';

const STEPS: Readonly<Record<string, GapStep>> = {
  ArrowUp: 'up',
  ArrowRight: 'up',
  ArrowDown: 'down',
  ArrowLeft: 'down',
  PageUp: 'nextTick',
  PageDown: 'previousTick',
  Home: 'bottom',
  End: 'top',
};

/** What a key asks of the crosshair; null when nothing. */
export function gapStepOf(key: string): GapStep | null {
  return (Object.hasOwn(STEPS, key) ? STEPS[key] : undefined) ?? null;
}

/** The next place of the crosshair: half a minute on where the axis is wide, five minutes where it is narrow. */
export function gapAfter(minutes: number, step: GapStep): number {
  switch (step) {
    case 'up': {
      const size = minutes >= KNEE_MINUTES ? 5 : 0.5;
      return Math.min(MAX_GAP_MINUTES, (Math.floor(minutes / size) + 1) * size);
    }
    case 'down': {
      const size = minutes > KNEE_MINUTES ? 5 : 0.5;
      return Math.max(0, (Math.ceil(minutes / size) - 1) * size);
    }
    case 'nextTick':
      return GAP_TICKS.find((tick) => tick > minutes) ?? MAX_GAP_MINUTES;
    case 'previousTick':
      return GAP_TICKS.findLast((tick) => tick < minutes) ?? 0;
    case 'top':
      return MAX_GAP_MINUTES;
    case 'bottom':
      return 0;
  }
}
