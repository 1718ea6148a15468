// A clock that moves only when a test says so, firing timers in order.

import { setImmediate } from 'node:timers';
import type { Clock } from '../server/gateway/ports.ts';

interface Timer {
  dueMs: number;
  fire: () => void;
}

/** Rounds of the event loop given to promises and streams between two timers. */
const SETTLE_ROUNDS = 8;

export class ManualClock implements Clock {
  #nowMs: number;
  #steppedMs = 0;
  /** Sorted by due time; equal times stay in the order they were set. */
  readonly #timers: Timer[] = [];

  constructor(startMs = 1_700_000_000_000) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs + this.#steppedMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  /** Sets the wall clock ahead or back, as an operator or a time server does; time itself does not move. */
  stepWall(ms: number): void {
    this.#steppedMs += ms;
  }

  setTimer(fire: () => void, delayMs: number): () => void {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), fire };
    const later = this.#timers.findIndex((other) => other.dueMs > timer.dueMs);
    this.#timers.splice(later === -1 ? this.#timers.length : later, 0, timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index !== -1) this.#timers.splice(index, 1);
    };
  }

  /** Timers set and neither fired nor cancelled: a test's proof that nothing was left behind. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /**
   * Moves time on by `ms`. Timers due on the way fire at their own time, each followed by a pause in which
   * promises settle, so that a timer set as a consequence still fires if it falls due within `ms`.
   */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (let timer = this.#takeDue(untilMs); timer; timer = this.#takeDue(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      timer.fire();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  #takeDue(untilMs: number): Timer | undefined {
    const next = this.#timers[0];
    return next && next.dueMs <= untilMs ? this.#timers.shift() : undefined;
  }
}

async function settle(): Promise<void> {
  for (let round = 0; round < SETTLE_ROUNDS; round++) await new Promise((resolve) => setImmediate(resolve));
}
