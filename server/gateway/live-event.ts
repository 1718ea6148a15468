// What is told to everybody who listens. Types only.

import type { AffinityEvent, RequestRow } from './ports.ts';

export type ClearedSubject = 'affinities' | 'request-logs';

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
  | { kind: 'account'; accountId: string };
