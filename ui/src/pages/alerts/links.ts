// Where an alert leads: its subject, and the requests and caches of its time. Pure.

import { requestsLink } from '../../lib/request-filter.ts';

export interface AlertSubject {
  subject: 'API_KEY' | 'MODEL' | 'ACCOUNT';
  subjectId: string;
  subjectName: string;
  startedAt: string;
  /** Null = it is active. */
  endedAt: string | null;
  windowMinutes: number;
}

const MINUTE_MS = 60_000;
const CACHE_GROUPS = { API_KEY: 'key', MODEL: 'model', ACCOUNT: 'account' } as const;

/** From the beginning of the window that gave the alert to its end. */
export function spanOf({ startedAt, endedAt, windowMinutes }: AlertSubject): {
  from: string;
  to: string | null;
} {
  const from = new Date(Date.parse(startedAt) - windowMinutes * MINUTE_MS).toISOString();
  return { from, to: endedAt };
}

export function requestsOf(alert: AlertSubject): string {
  const span = spanOf(alert);
  switch (alert.subject) {
    case 'API_KEY':
      return requestsLink({ key: alert.subjectName, ...span });
    case 'MODEL':
      return requestsLink({ model: alert.subjectId, ...span });
    case 'ACCOUNT':
      return requestsLink({ account: alert.subjectId, ...span });
    default:
      return alert.subject satisfies never;
  }
}

export function cacheOf(alert: AlertSubject): string {
  const { from, to } = spanOf(alert);
  const params = new URLSearchParams({
    by: CACHE_GROUPS[alert.subject],
    from,
    ...(to === null ? {} : { to }),
  });
  return `/cache?${params}`;
}

export function subjectOf({ subject, subjectId, subjectName }: AlertSubject): string {
  switch (subject) {
    case 'API_KEY':
      return `/keys?${new URLSearchParams({ q: subjectName })}`;
    case 'MODEL':
      return `/models?${new URLSearchParams({ q: subjectName })}`;
    case 'ACCOUNT':
      return `/accounts?${new URLSearchParams({ open: subjectId })}`;
    default:
      return subject satisfies never;
  }
}
