// Tells every open panel when logs or bindings were cleared, whoever did it; pages listen to reload.

import { graphql } from '../lib/graphql.ts';
import { type Feed, openFeed } from '../lib/live.svelte.ts';

const CLEARED = graphql(`
  subscription Cleared {
    cleared { subject at actor clearedCount message }
  }
`);

type Subject = 'AFFINITIES' | 'REQUEST_LOGS';

const listeners = new Set<(subject: Subject) => void>();

/** Calls `listener` after each clearing; returns how to stop. */
export function onCleared(listener: (subject: Subject) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function announceClears(): Feed {
  return openFeed(
    CLEARED,
    {},
    {
      onData: ({ cleared }) => {
        for (const listener of listeners) listener(cleared.subject);
      },
    },
  );
}
