// Live events to whoever listens: in order, never waiting, each listener bounded. Keeps the last few of some kinds.

import { randomUUID } from 'node:crypto';
import type { KeptKind, LiveEvent, LiveKind, ToldEvent } from './live-event.ts';
import { EventQueue } from './live-queue.ts';

/** A listener further behind than this is ended: it would otherwise grow without bound. */
const MAX_BEHIND = 10_000;

/** What came after a known event, or why that cannot be told. */
export type Continuation<K extends KeptKind> =
  | { kind: 'continued'; events: AsyncIterable<ToldEvent<K>> }
  | { kind: 'unknown' }
  | { kind: 'too-old' };

/** Owns the listeners of each kind and the events kept. */
export class Live {
  /** Tells the sequence numbers of this process from those of the one before it. */
  readonly epoch = randomUUID();
  readonly #listeners: Readonly<Record<LiveKind, Set<{ push(event: LiveEvent): void }>>> = {
    request: new Set(),
    affinity: new Set(),
    cleared: new Set(),
    account: new Set(),
    alert: new Set(),
  };
  readonly #counts: Record<LiveKind, number> = { request: 0, affinity: 0, cleared: 0, account: 0, alert: 0 };
  readonly #kept: { [K in KeptKind]: Kept<K> } = {
    affinity: new Kept<'affinity'>(1000),
    // Clearing is rare; affinities change with every request.
    cleared: new Kept<'cleared'>(200),
  };

  /** Hands the event to every listener of its kind; never waits. */
  publish(event: LiveEvent): void {
    this.#counts[event.kind] += 1;
    const told = this.#numbered(event);
    for (const listener of this.#listeners[event.kind]) listener.push(told);
  }

  /** Events of the kind since the start of this process, whether anybody listened or not. */
  count(kind: LiveKind): number {
    return this.#counts[kind];
  }

  /** The number of the last event of the kind; 0 before the first. */
  lastSequence(kind: KeptKind): number {
    return this.#kept[kind].lastSequence;
  }

  /** Whether anybody listens to the kind. */
  has(kind: LiveKind): boolean {
    return this.#listeners[kind].size > 0;
  }

  /**
   * Events from the moment of the call, in order, until the signal aborts. Throws SlowReaderError when the reader has
   * fallen more than 10,000 events behind.
   */
  subscribe<K extends LiveKind>(kind: K, signal: AbortSignal): AsyncIterable<ToldEvent<K>> {
    const queue = new EventQueue<K>(kind, MAX_BEHIND);
    const listeners = this.#listeners[kind];
    const stop = () => {
      listeners.delete(queue);
      signal.removeEventListener('abort', stop);
      queue.end();
    };
    listeners.add(queue);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    return queue.read(stop);
  }

  /** Like `subscribe`, beginning with what came after the event numbered `sequence` in the process `epoch`. */
  subscribeAfter<K extends KeptKind>(
    kind: K,
    { epoch, sequence }: { epoch: string; sequence: number },
    signal: AbortSignal,
  ): Continuation<K> {
    const missed = epoch === this.epoch ? this.#kept[kind].since(sequence) : 'unknown';
    if (missed === 'unknown' || missed === 'too-old') return { kind: missed };
    return { kind: 'continued', events: joined(missed, this.subscribe(kind, signal)) };
  }

  #numbered(event: LiveEvent): LiveEvent {
    if (event.kind === 'affinity') return this.#kept.affinity.add(event);
    return event.kind === 'cleared' ? this.#kept.cleared.add(event) : event;
  }
}

/** The last events of a kind: a ring, in which the event numbered n lies at n modulo its size. */
class Kept<K extends KeptKind> {
  readonly #size: number;
  readonly #ring: (Extract<LiveEvent, { kind: K }> & { sequence: number })[] = [];
  #lastSequence = 0;

  constructor(size: number) {
    this.#size = size;
  }

  get lastSequence(): number {
    return this.#lastSequence;
  }

  add(event: Extract<LiveEvent, { kind: K }>): Extract<LiveEvent, { kind: K }> & { sequence: number } {
    this.#lastSequence += 1;
    const told = { ...event, sequence: this.#lastSequence };
    this.#ring[this.#lastSequence % this.#size] = told;
    return told;
  }

  since(sequence: number): ToldEvent<K>[] | 'unknown' | 'too-old' {
    if (sequence < 0 || sequence > this.#lastSequence) return 'unknown';
    const missed = this.#lastSequence - sequence;
    if (missed > this.#size) return 'too-old';
    return Array.from(
      { length: missed },
      (_, index) => this.#ring[(sequence + 1 + index) % this.#size],
    ).filter((x) => x !== undefined);
  }
}

async function* joined<Event>(first: readonly Event[], rest: AsyncIterable<Event>): AsyncGenerator<Event> {
  yield* first;
  yield* rest;
}
