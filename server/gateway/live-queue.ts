// The events that one listener has not read yet: in order, bounded, and nothing is waited for when one is added.

import type { LiveEvent, LiveKind, ToldEvent } from './live-event.ts';

/** Thrown to a reader that has fallen too far behind. */
export class SlowReaderError extends Error {
  constructor(kind: LiveKind, maxEvents: number) {
    super(`Cannot follow ${kind} events: more than ${maxEvents} events behind`);
    this.name = 'SlowReaderError';
  }
}

/** Has one reader. */
export class EventQueue<K extends LiveKind> {
  readonly #kind: K;
  readonly #maxEvents: number;
  #events: ToldEvent<K>[] = [];
  /** How many of `#events` were read: taking them off one by one would move the rest each time. */
  #readCount = 0;
  #isOverrun = false;
  #isOver = false;
  /** Set while the reader waits. */
  #wake: (() => void) | null = null;

  constructor(kind: K, maxEvents: number) {
    this.#kind = kind;
    this.#maxEvents = maxEvents;
  }

  push(event: LiveEvent): void {
    if (this.#isOver || this.#isOverrun || !isTold(event, this.#kind)) return;
    if (this.#events.length - this.#readCount >= this.#maxEvents) {
      // Whoever is this slow gets an error next, so what waits for it is of no use.
      this.#isOverrun = true;
      this.#events = [];
      this.#readCount = 0;
    } else this.#events.push(event);
    this.#awaken();
  }

  /** No more events; what waits is dropped. */
  end(): void {
    this.#isOver = true;
    this.#events = [];
    this.#readCount = 0;
    this.#awaken();
  }

  /** The events until `end`; `onLeft` runs when the reader stops, for whatever reason. */
  async *read(onLeft: () => void): AsyncGenerator<ToldEvent<K>> {
    try {
      while (!this.#isOver) {
        if (this.#isOverrun) throw new SlowReaderError(this.#kind, this.#maxEvents);
        const event = this.#take();
        if (event) yield event;
        else await this.#added();
      }
    } finally {
      onLeft();
    }
  }

  #take(): ToldEvent<K> | undefined {
    const event = this.#events[this.#readCount];
    if (event) this.#readCount += 1;
    // Now and then the read ones go, at a cost that is small for each.
    if (this.#readCount === this.#events.length || this.#readCount >= 1000) {
      this.#events.splice(0, this.#readCount);
      this.#readCount = 0;
    }
    return event;
  }

  #awaken(): void {
    this.#wake?.();
    this.#wake = null;
  }

  #added(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

function isTold<K extends LiveKind>(event: LiveEvent, kind: K): event is ToldEvent<K> {
  return event.kind === kind;
}
