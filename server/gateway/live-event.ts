// What is told to everybody who listens. Types only.

import type { AffinityEvent } from './affinity-event.ts';
import type { CacheAlert } from './cache-alert.ts';
import type { RequestRow } from './ports.ts';

export type ClearedSubject = 'affinities' | 'request-logs' | 'model-mappings';

export interface ClearedEvent {
  subject: ClearedSubject;
  atMs: number;
  /** Who: `panel` or `admin-token`. */
  actor: string;
  clearedCount: number;
  message: string;
}

export type LiveEvent =
  | { kind: 'request'; row: RequestRow }
  | { kind: 'affinity'; event: AffinityEvent }
  | { kind: 'cleared'; event: ClearedEvent }
  | { kind: 'account'; accountId: string }
  | { kind: 'alert'; alert: CacheAlert };

export type LiveKind = LiveEvent['kind'];

/** Kinds whose last events are kept, so that a listener can go on where it stopped. The others tell of a state or are in the log. */
export type KeptKind = 'affinity' | 'cleared';

/** An event as listeners get it: numbered from 1 by kind where it is kept. */
export type ToldEvent<K extends LiveKind> = Extract<LiveEvent, { kind: K }> &
  (K extends KeptKind ? { sequence: number } : unknown);
