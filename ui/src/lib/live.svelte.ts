// Subscriptions over server-sent events: reconnects for ever, rests while the tab is hidden, knows when data is stale.

import { createClient } from 'graphql-sse';
import { backoffMs } from './backoff.ts';
import { type Document, type NamedDocument, namedDocument } from './document.ts';
import { FeedCursor } from './feed-cursor.ts';
import { announceLoggedOut, REQUEST_HEADERS, UNKNOWN_DOCUMENT } from './graphql.ts';
import { reloadOutdated } from './outdated.ts';

export type FeedStatus = 'connecting' | 'live' | 'down' | 'resting';

export interface FeedHandlers<Data> {
  onData(data: Data): void;
  /**
   * Runs when the stream is open and does not go on where it stopped; `isAgain` tells a reconnection, after which missed
   * rows must be fetched.
   */
  onOpen?(isAgain: boolean): void;
  /** The position of an event, for subscriptions with `after`: a reconnection then misses nothing. */
  positionOf?(data: Data): string;
}

/** What waits to hear that its subscription runs, by the number that it goes by in its request. */
const waiting = new Map<number, () => void>();
let lastNumber = 0;

// One connection carries all subscriptions of a tab: browsers allow six of HTTP/1.1 in all, over all tabs.
// Retrying is done here, because a page must know at once that its data is stale.
const sse = createClient({
  url: '/graphql/stream',
  singleConnection: true,
  lazyCloseTimeout: 1000,
  retryAttempts: 0,
  credentials: 'same-origin',
  headers: REQUEST_HEADERS,
  fetchFn: async (url: string, init: RequestInit) => {
    const response = await fetch(url, init);
    if (init.method === 'POST' && response.ok) announceRunning(init.body);
    return response;
  },
});

/** The client does not say when a subscription runs, but its request does, which the server has just accepted. */
function announceRunning(body: unknown): void {
  const number = typeof body === 'string' ? /"feed":(\d+)/.exec(body)?.[1] : undefined;
  const announce = waiting.get(Number(number));
  waiting.delete(Number(number));
  announce?.();
}

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
export function openFeed<Data, Variables extends object>(
  document: Document<Data, Variables>,
  variables: Variables,
  handlers: FeedHandlers<Data>,
): Feed {
  const cursor = new FeedCursor<Data>(handlers.positionOf ?? null);
  return new Feed(
    (events) => {
      let stop: (() => void) | null = null;
      let isStopped = false;
      void namedDocument(document).then((named) => {
        if (!isStopped)
          stop = connect({ ...named, variables: { ...variables, ...cursor.variables } }, events);
      });
      return () => {
        isStopped = true;
        stop?.();
      };
    },
    (isAgain) => {
      // The first event may be here before it is known that the stream is open.
      if (!isAgain || !cursor.isKnown) handlers.onOpen?.(isAgain);
    },
  );

  function connect(request: SseRequest, events: FeedEvents): () => void {
    lastNumber += 1;
    const feed = lastNumber;
    waiting.set(feed, events.onOpen);
    const stop = sse.subscribe<Data>(
      { ...request, extensions: { feed } },
      {
        next({ data, errors }) {
          const codes = errors?.map(({ extensions }) => extensions?.code) ?? [];
          if (codes.includes('UNAUTHENTICATED')) announceLoggedOut();
          if (codes.includes(UNKNOWN_DOCUMENT)) reloadOutdated();
          // The next connection starts afresh, and the page then reads what was missed.
          if (cursor.refusedBy(codes)) events.onDown();
          if (!data) return;
          cursor.see(data);
          handlers.onData(data);
        },
        error(error) {
          if (isRefusal(error)) announceLoggedOut();
          events.onDown();
        },
        complete: events.onDown,
      },
    );
    return () => {
      waiting.delete(feed);
      stop();
    };
  }
}

interface FeedEvents {
  onOpen(): void;
  onDown(): void;
}

interface SseRequest extends NamedDocument {
  variables: Record<string, unknown>;
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
