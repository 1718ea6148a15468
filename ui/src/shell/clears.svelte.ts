// Tells every open panel when logs or bindings were cleared, whoever did it; pages listen to reload.

import { graphql } from '../lib/graphql.ts';
import { type Feed, openFeed } from '../lib/live.svelte.ts';

const CLEARED = graphql(`
  subscription Cleared($after: String) {
    cleared(after: $after) { subject at actor clearedCount message cursor }
  }
`);

type Subject = 'AFFINITIES' | 'REQUEST_LOGS' | 'MODEL_MAPPINGS';

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
      positionOf: ({ cleared }) => cleared.cursor,
    },
  );
}
