// Subscriptions over server-sent events: reconnects for ever, rests while the tab is hidden, knows when data is stale.

import { type AnyVariables, stringifyDocument, type TypedDocumentNode } from '@urql/core';
import { createClient } from 'graphql-sse';
import { backoffMs } from './backoff.ts';
import { announceLoggedOut, REQUEST_HEADERS } from './graphql.ts';

export type FeedStatus = 'connecting' | 'live' | 'down' | 'resting';

export interface FeedHandlers<Data> {
  onData(data: Data): void;
  /** Runs each time the stream is open; `isAgain` tells a reconnection, after which missed rows must be fetched. */
  onOpen?(isAgain: boolean): void;
}

// Retrying is done here, because a page must know at once that its data is stale.
const sse = createClient({
  url: '/graphql',
  retryAttempts: 0,
  credentials: 'same-origin',
  headers: REQUEST_HEADERS,
});

const feeds = $state<Feed[]>([]);

/** The worst state of all open subscriptions: what the connection badge shows. */
export function connectionStatus(): FeedStatus {
  const statuses = feeds.map((feed) => feed.status);
  for (const status of ['down', 'connecting', 'live'] as const) {
    if (statuses.includes(status)) return status;
  }
  return 'resting';
}

/** Opens a subscription now; close it when the component goes. */
export function openFeed<Data, Variables extends AnyVariables>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  handlers: FeedHandlers<Data>,
): Feed {
  const request = { query: stringifyDocument(document), variables: variables ?? {} };
  return new Feed(
    (events) => connect<Data>(request, handlers, events),
    (isAgain) => handlers.onOpen?.(isAgain),
  );
}

interface FeedEvents {
  onOpen(): void;
  onDown(): void;
}

function connect<Data>(
  request: { query: string; variables: Record<string, unknown> },
  handlers: FeedHandlers<Data>,
  events: FeedEvents,
): () => void {
  return sse.subscribe<Data>(
    request,
    {
      next(result) {
        if (result.errors?.some((error) => error.extensions?.code === 'UNAUTHENTICATED')) announceLoggedOut();
        if (result.data) handlers.onData(result.data);
      },
      error(error) {
        if (isRefusal(error)) announceLoggedOut();
        events.onDown();
      },
      complete: events.onDown,
    },
    { connected: events.onOpen },
  );
}

function isRefusal(error: unknown): boolean {
  const response = error instanceof Error && 'response' in error ? error.response : null;
  return response instanceof Response && response.status === 401;
}

export class Feed {
  status = $state<FeedStatus>('connecting');
  #connect: (events: FeedEvents) => () => void;
  #onOpen: (isAgain: boolean) => void;
  #disconnect: (() => void) | null = null;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #hasBeenOpen = false;
  // Grows with each connection, so that late events of an old one are ignored.
  #generation = 0;

  constructor(connectWith: (events: FeedEvents) => () => void, onOpen: (isAgain: boolean) => void) {
    this.#connect = connectWith;
    this.#onOpen = onOpen;
    feeds.push(this);
    document.addEventListener('visibilitychange', this.#followVisibility);
    window.addEventListener('online', this.#retryNow);
    window.addEventListener('offline', this.#goDown);
    this.#followVisibility();
  }

  close(): void {
    this.#stop('resting');
    document.removeEventListener('visibilitychange', this.#followVisibility);
    window.removeEventListener('online', this.#retryNow);
    window.removeEventListener('offline', this.#goDown);
    const index = feeds.indexOf(this);
    if (index >= 0) feeds.splice(index, 1);
  }

  #followVisibility = (): void => {
    if (document.hidden) this.#stop('resting');
    else if (!this.#disconnect) this.#start();
  };

  #retryNow = (): void => {
    if (this.status === 'down' && !document.hidden) this.#start();
  };

  // A stream may look open long after the network has gone; the browser knows sooner.
  #goDown = (): void => {
    if (this.#disconnect) this.#failed();
  };

  #start(): void {
    this.#stop(this.status === 'down' ? 'down' : 'connecting');
    this.#generation += 1;
    const generation = this.#generation;
    this.#disconnect = this.#connect({
      onOpen: () => {
        if (generation === this.#generation) this.#opened();
      },
      onDown: () => {
        if (generation === this.#generation) this.#failed();
      },
    });
  }

  #opened(): void {
    const isAgain = this.#hasBeenOpen;
    this.#hasBeenOpen = true;
    this.#failures = 0;
    this.status = 'live';
    this.#onOpen(isAgain);
  }

  #failed(): void {
    this.#stop('down');
    this.#failures += 1;
    this.#retryTimer = setTimeout(() => this.#start(), backoffMs(this.#failures, Math.random()));
  }

  #stop(status: FeedStatus): void {
    clearTimeout(this.#retryTimer);
    this.#generation += 1;
    this.#disconnect?.();
    this.#disconnect = null;
    this.status = status;
  }
}
