// Wall-clock stamps that never jump.

import type { Clock } from './ports.ts';

/**
 * Time as the wall clock showed it at the call, going on steadily from there: what expires by it is not touched when
 * the wall clock is set back or ahead.
 */
export function steadyNow(clock: Clock): () => number {
  const aheadMs = clock.nowMs() - clock.monotonicMs();
  return () => Math.round(aheadMs + clock.monotonicMs());
}
