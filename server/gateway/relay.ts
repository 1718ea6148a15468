// Passes a begun stream on to the client, bytes as they come, watching usage on the way. Bounded by the reader's pull.

import type { StreamReply } from './attempt.ts';

/** How a stream ended. `interrupted`: the upstream broke off before the protocol's own end. */
export type StreamEnding = 'complete' | 'interrupted' | 'client-gone';

export interface RelayHooks {
  /** Called once, when nothing more will be read or written. */
  onEnd(ending: StreamEnding): void;
  /** The last event of a stream that broke off, in the client's own dialect. */
  interruptionEvent(): string;
}

/**
 * The client's stream. A pull over a reader is the one form that is bounded for slow clients and lets go of the
 * upstream when the client hangs up, on all three runtimes (tee and TransformStream do not).
 */
export function relayStream(reply: StreamReply, hooks: RelayHooks): ReadableStream<Uint8Array> {
  const { reader, watch, sse } = reply;
  const held = [...reply.held];
  let hasEnded = false;
  const end = (ending: StreamEnding) => {
    if (hasEnded) return;
    hasEnded = true;
    hooks.onEnd(ending);
  };
  const finish = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    const isWhole = watch.isComplete || watch.error !== null;
    if (!isWhole) {
      // A blank line first: the upstream may have stopped inside an event.
      const gap = sse.isInsideEvent ? '\n\n' : '';
      controller.enqueue(new TextEncoder().encode(gap + hooks.interruptionEvent()));
    }
    controller.close();
    end(isWhole ? 'complete' : 'interrupted');
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const first = held.shift();
        if (first) {
          controller.enqueue(first);
          return;
        }
        const chunk = await reader.read().catch(() => null);
        if (hasEnded) return;
        if (!chunk || chunk.done) {
          finish(controller);
          return;
        }
        controller.enqueue(chunk.value);
        for (const event of sse.feed(chunk.value)) watch.see(event);
      },
      async cancel(reason) {
        end('client-gone');
        await reader.cancel(reason).catch(() => undefined);
      },
    },
    { highWaterMark: 0 },
  );
}
