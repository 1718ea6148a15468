// The real clock.

import type { Clock } from '../gateway/ports.ts';

/** Longer delays overflow a timer and would fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer(fire, delayMs) {
    const timer = setTimeout(fire, Math.min(delayMs, MAX_TIMER_MS));
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Runs `task` every `everyMs` until the returned function is called; a slow task delays the next run. */
export function repeat(clock: Clock, everyMs: number, task: () => void | Promise<void>): () => void {
  let cancel: () => void = () => undefined;
  let isStopped = false;
  const schedule = () => {
    if (isStopped) return;
    cancel = clock.setTimer(() => void Promise.resolve(task()).finally(schedule), everyMs);
  };
  schedule();
  return () => {
    isStopped = true;
    cancel();
  };
}
