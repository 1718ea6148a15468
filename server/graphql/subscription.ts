// The life of one subscription: admitted against a cap, ended by the client, by logout or by the session's expiry.

import type { AdminContext } from './context.ts';

/** How often an open subscription asks whether its session still holds. Logout on this node ends it at once. */
const SESSION_CHECK_INTERVAL_MS = 15_000;

/** The events of `open`, until the reader leaves or the session ends. `open`'s signal aborts then. */
export function whileLoggedIn<Event>(
  context: AdminContext,
  open: (signal: AbortSignal) => AsyncIterable<Event>,
): AsyncIterableIterator<Event> {
  const controller = new AbortController();
  const stops = [
    context.desk.admitSubscription(context.visitor.session?.hash ?? 'admin-token'),
    watchSession(context, () => end()),
    () => controller.abort(),
  ];
  const events = open(controller.signal)[Symbol.asyncIterator]();
  const over: IteratorResult<Event> = { done: true, value: undefined };
  const end = () => {
    for (const stop of stops.splice(0)) stop();
  };
  const next = async (): Promise<IteratorResult<Event>> => {
    try {
      const result = await events.next();
      if (!result.done && !controller.signal.aborted) return result;
      end();
      return over;
    } catch (error) {
      end();
      throw error;
    }
  };
  return {
    next,
    // Never waits for `events`: a generator that sleeps for its next event would only hear of it then.
    return: async () => {
      end();
      void events.return?.().catch(() => undefined);
      return over;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Calls `onEnd` when the visitor's session is over; the result stops watching. The admin token has no session. */
function watchSession({ parts, visitor }: AdminContext, onEnd: () => void): () => void {
  const { session } = visitor;
  if (!session) return () => undefined;
  const { sessions, clock } = parts;
  let cancelTimer: () => void = () => undefined;
  let isWatching = true;
  const check = async () => {
    // A store that cannot answer now proves nothing; the next check asks again.
    const isLive = await sessions.isLive(session.hash).catch(() => true);
    if (!isWatching) return;
    if (isLive) schedule();
    else onEnd();
  };
  const schedule = () => {
    cancelTimer = clock.setTimer(() => void check(), SESSION_CHECK_INTERVAL_MS);
  };
  const stopListening = sessions.onEnd(session.hash, onEnd);
  schedule();
  return () => {
    isWatching = false;
    cancelTimer();
    stopListening();
  };
}
