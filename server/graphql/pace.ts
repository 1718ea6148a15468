// Slows streams of changes down to what a screen can show. Holds at most one pending change per key.

import type { Clock } from '../gateway/ports.ts';

interface Pace {
  clock: Clock;
  periodMs: number;
  signal: AbortSignal;
}

/** What `read` gives now, then again whenever it gives something else, looked at once per period. */
export async function* changesOf<Value>(read: () => Promise<Value>, pace: Pace): AsyncGenerator<Value> {
  let last: string | null = null;
  while (!pace.signal.aborted) {
    const value = await read();
    const text = JSON.stringify(value);
    if (text !== last) yield value;
    last = text;
    await sleep(pace.periodMs, pace);
  }
}

/** The keys of events: the first at once, further ones of the same key merged into one per period. Ends with `events`. */
export async function* spacedOut<Event>(
  events: AsyncIterable<Event>,
  { keyOf, clock, periodMs }: Omit<Pace, 'signal'> & { keyOf: (event: Event) => string },
): AsyncGenerator<string> {
  const pending = new Set<string>();
  /** When a key was last given out; forgotten after a period. */
  const givenMs = new Map<string, number>();
  const inlet = gather(events, (event) => pending.add(keyOf(event)));
  while (!inlet.isOver) {
    const nowMs = clock.nowMs();
    for (const [key, ms] of givenMs) if (nowMs - ms >= periodMs) givenMs.delete(key);
    const due = [...pending].find((key) => !givenMs.has(key));
    if (due === undefined) {
      const dueMs = [...pending].map((key) => (givenMs.get(key) ?? 0) + periodMs);
      await inlet.next(dueMs.length > 0 ? { clock, withinMs: Math.min(...dueMs) - nowMs } : null);
      continue;
    }
    pending.delete(due);
    givenMs.set(due, nowMs);
    yield due;
  }
  inlet.rethrow();
}

/** Reads the events as they come. `next` resolves after the following event, at the end, or when the time is up. */
function gather<Event>(events: AsyncIterable<Event>, take: (event: Event) => void) {
  let wake: () => void = () => undefined;
  let failure: unknown = null;
  const inlet = {
    isOver: false,
    next: (limit: { clock: Clock; withinMs: number } | null) =>
      new Promise<void>((resolve) => {
        const cancel = limit?.clock.setTimer(resolve, limit.withinMs);
        wake = () => {
          cancel?.();
          resolve();
        };
      }),
    rethrow: () => {
      if (failure !== null) throw failure;
    },
  };
  const read = async () => {
    try {
      for await (const event of events) {
        take(event);
        wake();
      }
    } catch (error) {
      failure = error;
    }
    inlet.isOver = true;
    wake();
  };
  void read();
  return inlet;
}

/** Resolves after the time, or when the signal aborts. */
function sleep(delayMs: number, { clock, signal }: Pick<Pace, 'clock' | 'signal'>): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const finish = () => {
      cancel();
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const cancel = clock.setTimer(finish, Math.max(0, delayMs));
    signal.addEventListener('abort', finish, { once: true });
  });
}
