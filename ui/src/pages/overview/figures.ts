// What to ask for the overview's figures, and where they lead. Pure.

import { WITHOUT_PINGS } from '../../lib/ceiling.ts';
import { midnightMs, type Range } from '../../lib/period.ts';
import { requestsLink } from '../../lib/request-filter.ts';

/** Variables of the question: the period, what caches did in it, and today in the reader's zone. */
export function figureVariables(range: Range, nowMs: number, timeZone: string) {
  const to = range.toMs === null ? {} : { to: new Date(range.toMs).toISOString() };
  const filter = { from: new Date(range.fromMs).toISOString(), ...to };
  return {
    filter,
    cached: { ...filter, ...WITHOUT_PINGS },
    today: { from: new Date(midnightMs(nowMs, timeZone)).toISOString(), ...WITHOUT_PINGS },
    bucketSeconds: range.bucketSeconds,
    timeZone,
  };
}

/** The requests of the period, narrowed further. */
export function periodLink(range: Range, filters: Parameters<typeof requestsLink>[0] = {}): string {
  return requestsLink({
    from: new Date(range.fromMs).toISOString(),
    ...(range.toMs === null ? {} : { to: new Date(range.toMs).toISOString() }),
    ...filters,
  });
}
