// A clock that runs a given factor faster than real time, and slows down instead of skipping when the machine lags.

import type { Clock } from '../../../server/gateway/ports.ts';

interface Timer {
  dueMs: number;
  fire: () => void;
}

export interface AcceleratedClockOptions {
  /** Clock milliseconds per real millisecond, at most. */
  speed: number;
  startMs?: number;
  /** Real milliseconds that one tick may count for; what a busy event loop takes longer is not counted. */
  maxStepMs?: number;
  realNowMs?: () => number;
}

const TICK_MS = 1;

/**
 * Timers fire in order, each at its own due time on this clock. A pause of the process (garbage collection, a burst
 * of work) costs `maxStepMs * speed` of clock time at most, so that lifetimes and gaps keep their proportions.
 */
export class AcceleratedClock implements Clock {
  readonly #speed: number;
  readonly #maxStepMs: number;
  readonly #realNowMs: () => number;
  /** Sorted by due time; equal times stay in the order they were set. */
  readonly #timers: Timer[] = [];
  #nowMs: number;
  #realLastMs: number;
  #ticking: ReturnType<typeof setInterval> | null = null;

  constructor(options: AcceleratedClockOptions) {
    this.#speed = options.speed;
    this.#maxStepMs = options.maxStepMs ?? 2;
    this.#realNowMs = options.realNowMs ?? (() => performance.now());
    this.#nowMs = options.startMs ?? 1_700_000_000_000;
    this.#realLastMs = this.#realNowMs();
  }

  start(): void {
    this.#realLastMs = this.#realNowMs();
    this.#ticking ??= setInterval(() => this.tick(), TICK_MS);
  }

  stop(): void {
    if (this.#ticking) clearInterval(this.#ticking);
    this.#ticking = null;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** This clock is never set. */
  monotonicMs(): number {
    return this.#nowMs;
  }

  setTimer(fire: () => void, delayMs: number): () => void {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), fire };
    this.#timers.splice(this.#placeOf(timer.dueMs), 0, timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index !== -1) this.#timers.splice(index, 1);
    };
  }

  /** Resolves when this clock has reached the time. */
  reach(atMs: number): Promise<void> {
    return new Promise((resolve) => this.setTimer(resolve, atMs - this.#nowMs));
  }

  /** Moves on by the real time since the last call; `start` calls it all the time. */
  tick(): void {
    const realNowMs = this.#realNowMs();
    const stepMs = Math.min(realNowMs - this.#realLastMs, this.#maxStepMs);
    this.#realLastMs = realNowMs;
    const untilMs = this.#nowMs + stepMs * this.#speed;
    for (let timer = this.#takeDue(untilMs); timer; timer = this.#takeDue(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      timer.fire();
    }
    this.#nowMs = untilMs;
  }

  #takeDue(untilMs: number): Timer | undefined {
    const next = this.#timers[0];
    return next && next.dueMs <= untilMs ? this.#timers.shift() : undefined;
  }

  /** Index behind every timer that is due no later. */
  #placeOf(dueMs: number): number {
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#timers[middle]?.dueMs ?? 0) <= dueMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
