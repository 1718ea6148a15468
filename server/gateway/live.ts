// Live events to whoever listens: in order, never waiting, each listener bounded.

import type { LiveEvent } from './live-event.ts';

/** A listener further behind than this is ended: it would otherwise grow without bound. */
const MAX_BEHIND = 10_000;

type EventOf<K extends LiveEvent['kind']> = Extract<LiveEvent, { kind: K }>;

interface Listener {
  kind: LiveEvent['kind'];
  push(event: LiveEvent): void;
}

/** Owns the set of listeners. */
export class Live {
  readonly #listeners = new Set<Listener>();

  /** Hands the event to every listener of its kind; never waits. */
  publish(event: LiveEvent): void {
    for (const listener of this.#listeners) if (listener.kind === event.kind) listener.push(event);
  }

  /** How many listeners of the kind there are, so that events nobody reads need not be made. */
  has(kind: LiveEvent['kind']): boolean {
    for (const listener of this.#listeners) if (listener.kind === kind) return true;
    return false;
  }

  /**
   * Events from the moment of the call, in order, until the signal aborts. Throws when the reader has fallen
   * more than 10,000 events behind.
   */
  subscribe<K extends LiveEvent['kind']>(kind: K, signal: AbortSignal): AsyncIterable<EventOf<K>> {
    const queue: EventOf<K>[] = [];
    let wake: () => void = () => undefined;
    let isOverrun = false;
    const listener: Listener = {
      kind,
      push: (event) => {
        if (queue.length >= MAX_BEHIND) isOverrun = true;
        else if (isKind(event, kind)) queue.push(event);
        wake();
      },
    };
    const stop = () => {
      this.#listeners.delete(listener);
      wake();
    };
    this.#listeners.add(listener);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const listeners = this.#listeners;
    return {
      async *[Symbol.asyncIterator]() {
        try {
          while (!signal.aborted) {
            if (isOverrun) throw new Error(`Cannot follow ${kind} events: ${MAX_BEHIND} events behind`);
            const event = queue.shift();
            if (event) yield event;
            else
              await new Promise<void>((resolve) => {
                wake = resolve;
              });
          }
        } finally {
          listeners.delete(listener);
          signal.removeEventListener('abort', stop);
        }
      },
    };
  }
}

function isKind<K extends LiveEvent['kind']>(event: LiveEvent, kind: K): event is EventOf<K> {
  return event.kind === kind;
}
