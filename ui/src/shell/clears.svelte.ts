// Tells every open panel when logs or bindings were cleared, whoever did it; pages listen to reload.

import { graphql } from '../lib/graphql.ts';
import { type Feed, openFeed } from '../lib/live.svelte.ts';
import { countTold } from '../lib/look-back.svelte.ts';

const CLEARED = graphql(`
  subscription Cleared($after: String) {
    cleared(after: $after) { subject at actor clearedCount message cursor }
  }
`);

const SUBJECTS = ['AFFINITIES', 'REQUEST_LOGS', 'MODEL_MAPPINGS'] as const;
type Subject = (typeof SUBJECTS)[number];

const listeners = new Set<(subject: Subject) => void>();

/** Calls `listener` after each clearing; returns how to stop. */
export function onCleared(listener: (subject: Subject) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function announceClears(): Feed {
  let known: number | null = null;
  return openFeed(
    CLEARED,
    {},
    {
      onData: ({ cleared }) => announce(cleared.subject),
      positionOf: ({ cleared }) => cleared.cursor,
      onOpen: async (isAgain) => {
        const count = await countTold('cleared');
        // Nobody says what was cleared while the tab rested.
        if (isAgain && count !== known) SUBJECTS.forEach(announce);
        known = count;
      },
    },
  );
}

function announce(subject: Subject): void {
  for (const listener of listeners) listener(subject);
}
