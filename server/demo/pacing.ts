// Spends time on the injected clock: pauses that a signal ends, and streams whose pieces come when they are due.

import type { Clock } from '../gateway/ports.ts';
import type { Frame } from './dialect.ts';

/** Resolves after `ms`, at once for 0; rejects with the signal's reason when it aborts first. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.reject(signal.reason);
  if (ms <= 0) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const onAbort = () => {
      cancelTimer();
      reject(signal.reason);
    };
    const cancelTimer = clock.setTimer(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    signal.addEventListener('abort', onAbort, { once: true });
  });
}

export interface StreamPace {
  clock: Clock;
  msPerToken: number;
  /** Aborting breaks the stream off with the signal's reason. */
  signal: AbortSignal;
  /** Runs once when the stream is over: sent in full, broken off or cancelled by its reader. */
  onEnd: () => void;
}

/** The frames as a body. Time runs from the call; nothing is produced before the reader asks for it. */
export function pacedBody(
  frames: Iterable<Frame>,
  pace: StreamPace,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const { clock, msPerToken, signal } = pace;
  const startedAtMs = clock.nowMs();
  const encoder = new TextEncoder();
  const iterator = frames[Symbol.iterator]();
  const stopped = new AbortController();
  let next = iterator.next();
  let breakOff = () => {};

  function end(): void {
    signal.removeEventListener('abort', breakOff);
    stopped.abort();
    pace.onEnd();
  }

  return new ReadableStream({
    start(controller) {
      breakOff = () => {
        end();
        controller.error(signal.reason);
      };
      if (signal.aborted) breakOff();
      else signal.addEventListener('abort', breakOff, { once: true });
    },
    async pull(controller) {
      if (next.done) return;
      const { text, afterTokens } = next.value;
      const dueInMs = startedAtMs + afterTokens * msPerToken - clock.nowMs();
      const isStopped = await pause(clock, dueInMs, stopped.signal).then(
        () => stopped.signal.aborted,
        () => true,
      );
      if (isStopped) return;
      controller.enqueue(encoder.encode(text));
      next = iterator.next();
      if (!next.done) return;
      // Closed with the last piece, so that a reader which stops at the final event does not hold the slot.
      controller.close();
      end();
    },
    cancel: end,
  });
}
