// What happens to bindings, live: one stream for the list, the events and the drawer.

import { type FeedStatus, openFeed } from '../../lib/live.svelte.ts';
import { AFFINITY_CHANGED, type Binding, type BindingEvent } from './queries.ts';
import { type ApiFilter, eventFilterOf } from './query.ts';

/** Events of so long are handed on together: on a busy gateway each would be a redraw of its own. */
const BATCH_MS = 200;

export interface FeedListener {
  /** In the order in which they happened. */
  onEvents(events: readonly BindingEvent[]): void;
  /** Some may have been missed: read the state anew. */
  onGap(): void;
}

export interface AffinityFeed {
  readonly status: FeedStatus;
  listen(listener: FeedListener): () => void;
  /** What the person did here is shown before it is told by the stream. */
  tell(affinity: Binding): void;
  close(): void;
}

export function openAffinityFeed(filter: ApiFilter): AffinityFeed {
  const listeners = new Set<FeedListener>();
  let batch: BindingEvent[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;

  function handOn(): void {
    timer = undefined;
    const events = batch;
    batch = [];
    for (const listener of listeners) listener.onEvents(events);
  }

  const feed = openFeed(
    AFFINITY_CHANGED,
    { filter: eventFilterOf(filter) },
    {
      onData: ({ affinityChanged }) => {
        batch.push(affinityChanged);
        timer ??= setTimeout(handOn, BATCH_MS);
      },
      positionOf: ({ affinityChanged }) => affinityChanged.cursor,
      // The first opening too: something may have happened between the first page and the stream.
      onOpen: () => {
        for (const listener of listeners) listener.onGap();
      },
    },
  );

  return {
    get status() {
      return feed.status;
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    tell(affinity) {
      const at = new Date().toISOString();
      const nowhere = { accountBefore: null, accountAfter: null };
      const noReason = { reason: '', reasonCode: 'USED', reasonDetail: null } as const;
      // As if it were used: listeners take the binding, and no history names it.
      const event: BindingEvent = { kind: 'RENEWED', affinity, at, ...noReason, cursor: '', ...nowhere };
      for (const listener of listeners) listener.onEvents([event]);
    },
    close() {
      clearTimeout(timer);
      feed.close();
    },
  };
}
