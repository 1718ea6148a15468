// Follows every request from client to account and back, tells the clock what is on its way, and keeps the times.

import type { EventClock } from './event-clock.ts';

/** Where a message is; one request has at most one on each way at a time. */
type Way = 'out' | 'head' | 'end';

export class Journeys {
  readonly #clock: Pick<EventClock, 'depart' | 'arrive' | 'nowMs'>;
  readonly #reachedAtMs = new Map<string, number>();

  constructor(clock: Pick<EventClock, 'depart' | 'arrive' | 'nowMs'>) {
    this.#clock = clock;
  }

  /** When an account last took the request in; null = none did. */
  reachedAtMs(name: string): number | null {
    return this.#reachedAtMs.get(name) ?? null;
  }

  sent(name: string): void {
    this.#depart(name, 'out');
  }

  /** At an account, which may yet refuse it. */
  reached(name: string): void {
    this.#reachedAtMs.set(name, this.#clock.nowMs());
    this.#arrive(name, 'out');
    this.#arrive(name, 'head');
  }

  /** The account has answered: with a first piece or with a refusal. */
  answered(name: string): void {
    this.#depart(name, 'head');
  }

  ended(name: string): void {
    this.#depart(name, 'end');
  }

  /** The client has the first bytes of its answer. */
  seen(name: string): void {
    this.#arrive(name, 'out');
    this.#arrive(name, 'head');
  }

  /** The client has the whole answer. */
  finished(name: string): void {
    this.seen(name);
    this.#arrive(name, 'end');
  }

  #depart(name: string, way: Way): void {
    this.#clock.depart(`${name} ${way}`);
  }

  #arrive(name: string, way: Way): void {
    this.#clock.arrive(`${name} ${way}`);
  }
}
