// A clock that stands still while a message is on its way and then leaps to the next timer: as fast as the machine allows.

import { setImmediate } from 'node:timers';
import type { Clock } from '../../../server/gateway/ports.ts';
import { TimerHeap } from './timer-heap.ts';

export interface EventClockOptions {
  startMs?: number;
  /** Timers due within so much of the next one fire together, each at its own time; answers to them come that late at most. */
  stepMs?: number;
  /** Real milliseconds of silence after which what is on its way counts as held back by the gateway. */
  patienceMs?: number;
}

/** Rounds of the event loop without a message before the next leap: what a message has set off comes to its end. */
const QUIET_ROUNDS = 3;
/** A round counts for so much silence at most: a pause of the process is none. */
const MAX_ROUND_MS = 0.2;

/**
 * Clock time stops for the work of gateway, client and sockets, however slow the machine: only timers take time. Who
 * sends a message calls `depart`, who receives it `arrive`. A request that the gateway keeps waiting never arrives: after
 * `patienceMs` the clock goes on without it.
 */
export class EventClock implements Clock {
  readonly #timers = new TimerHeap();
  readonly #underway = new Set<string>();
  readonly #stepMs: number;
  readonly #patienceMs: number;
  #nowMs: number;
  #isRunning = false;
  #quietRounds = 0;
  #silenceMs = 0;
  #roundAtMs = 0;
  #heldBack = 0;

  constructor({ startMs = 1_700_000_000_000, stepMs = 10, patienceMs = 1.5 }: EventClockOptions = {}) {
    this.#nowMs = startMs;
    this.#stepMs = stepMs;
    this.#patienceMs = patienceMs;
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#next();
  }

  stop(): void {
    this.#isRunning = false;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  /** This clock is never set. */
  monotonicMs(): number {
    return this.#nowMs;
  }

  setTimer(fire: () => void, delayMs: number): () => void {
    return this.#timers.add(this.#nowMs + Math.max(0, delayMs), fire);
  }

  /** A message named `name` is on its way; another departure under the same name takes its place. */
  depart(name: string): void {
    this.#underway.add(name);
    this.#stir();
  }

  arrive(name: string): void {
    this.#underway.delete(name);
    this.#stir();
  }

  /** Times the clock went on although something was on its way. */
  get heldBack(): number {
    return this.#heldBack;
  }

  /** One round of the event loop; `start` calls it all the time. */
  round(realNowMs: number): void {
    const roundMs = Math.min(realNowMs - this.#roundAtMs, MAX_ROUND_MS);
    this.#roundAtMs = realNowMs;
    if (this.#underway.size > 0) {
      this.#silenceMs += roundMs;
      if (this.#silenceMs < this.#patienceMs) return;
      this.#underway.clear();
      this.#heldBack++;
    }
    this.#quietRounds++;
    if (this.#quietRounds >= QUIET_ROUNDS) this.#leap();
  }

  #next(): void {
    setImmediate(() => {
      if (!this.#isRunning) return;
      this.round(performance.now());
      this.#next();
    });
  }

  #stir(): void {
    this.#quietRounds = 0;
    this.#silenceMs = 0;
  }

  #leap(): void {
    const firstMs = this.#timers.nextDueMs();
    if (firstMs === null) return;
    const untilMs = firstMs + this.#stepMs;
    for (let timer = this.#timers.takeDue(untilMs); timer; timer = this.#timers.takeDue(untilMs)) {
      this.#nowMs = Math.max(this.#nowMs, timer.dueMs);
      timer.fire();
    }
    this.#stir();
  }
}
