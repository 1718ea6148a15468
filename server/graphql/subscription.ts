// The life of one subscription: admitted against a cap, ended by the client, by logout, expiry or a revoked token.

import { GraphQLError } from 'graphql';
import { SlowReaderError } from '../gateway/live-queue.ts';
import type { AdminContext } from './context.ts';
import type { Visitor } from './parts.ts';

/** How often what is open asks whether its login still holds. Logout on this node ends it at once. */
const LOGIN_CHECK_INTERVAL_MS = 15_000;

/** The events of `open`, until the reader leaves or the login ends. `open`'s signal aborts then. */
export function whileLoggedIn<Event>(
  context: AdminContext,
  open: (signal: AbortSignal) => AsyncIterable<Event>,
): AsyncIterableIterator<Event> {
  const controller = new AbortController();
  const stops = [
    context.desk.admitSubscription(ownerOf(context.visitor)),
    watchLogin(context, () => end()),
    () => controller.abort(),
  ];
  const events = opened(() => open(controller.signal)[Symbol.asyncIterator](), stops);
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
      throw error instanceof SlowReaderError ? tooSlow(error) : error;
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

/** Opens, or leaves nothing behind. */
function opened<Iterator>(open: () => Iterator, stops: (() => void)[]): Iterator {
  try {
    return open();
  } catch (error) {
    for (const stop of stops.splice(0)) stop();
    throw error;
  }
}

function tooSlow(error: SlowReaderError): GraphQLError {
  return new GraphQLError(`${error.message}; read faster, or subscribe to less with a filter`, {
    extensions: { code: 'SUBSCRIPTION_TOO_SLOW' },
  });
}

/** To whom what is open is counted. */
export function ownerOf({ login }: Visitor): string {
  return login?.id ?? 'admin-token';
}

/** Calls `onEnd` when what the visitor came in by is over; the result stops watching. */
export function watchLogin(
  { parts, visitor }: Pick<AdminContext, 'parts' | 'visitor'>,
  onEnd: () => void,
): () => void {
  const { login } = visitor;
  if (!login) return () => undefined;
  const { clock } = parts;
  let cancelTimer: () => void = () => undefined;
  let isWatching = true;
  const check = async () => {
    // A store that cannot answer now proves nothing; the next check asks again.
    const isLive = await login.isLive().catch(() => true);
    if (!isWatching) return;
    if (isLive) schedule();
    else onEnd();
  };
  const schedule = () => {
    cancelTimer = clock.setTimer(() => void check(), LOGIN_CHECK_INTERVAL_MS);
  };
  const stopListening = login.onEnd(onEnd);
  schedule();
  return () => {
    isWatching = false;
    cancelTimer();
    stopListening();
  };
}
