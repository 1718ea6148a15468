// What became of bindings lately, newest last: kept to be read, over the end of the bindings themselves.

import type { AffinityEvent } from './affinity-event.ts';

/** Each holds a binding as it was, half a kilobyte. */
export const MAX_KEPT_CHANGES = 5_000;

export interface KeptAffinityEvent {
  event: AffinityEvent;
  /** Number of the event among all that were told to listeners; grows. */
  sequence: number;
}

/** Owns the last changes of all bindings together; the oldest go. */
export class AffinityHistory {
  readonly #max: number;
  /** A ring once it is full: `#next` is then the oldest. */
  readonly #ring: KeptAffinityEvent[] = [];
  #next = 0;
  #sinceMs: number;

  constructor(nowMs: number, max = MAX_KEPT_CHANGES) {
    this.#sinceMs = nowMs;
    this.#max = max;
  }

  /** Uses are not kept: there are as many as requests, which the log has, and nothing changes by them. */
  add(kept: KeptAffinityEvent): void {
    if (kept.event.kind === 'renewed') return;
    const dropped = this.#ring[this.#next];
    if (dropped) this.#sinceMs = dropped.event.atMs;
    this.#ring[this.#next] = kept;
    this.#next = (this.#next + 1) % this.#max;
  }

  /** Newest first. */
  *newestFirst(): Generator<KeptAffinityEvent> {
    const count = this.#ring.length;
    for (let back = 1; back <= count; back += 1) {
      const kept = this.#ring[(this.#next - back + count) % count];
      if (kept) yield kept;
    }
  }

  /** From when on nothing is missing: the start of the process, or when what was dropped last happened. */
  get sinceMs(): number {
    return this.#sinceMs;
  }
}
