// What is left of a request to a gateway under test: what the upstream got, its row, and nothing else.

import assert from 'node:assert/strict';
import type { RequestLog } from '../../server/gateway/log-queries.ts';
import type { GatewayParts } from '../../server/gateway/parts.ts';
import type { RequestRow } from '../../server/gateway/ports.ts';
import type { UpstreamRequest } from '../../server/gateway/upstream.ts';
import type { ManualClock } from '../manual-clock.ts';

/** One request as the upstream saw it. */
export interface UpstreamCall {
  account: string;
  method: string;
  url: string;
  headers: Headers;
  body: string;
  signal: AbortSignal;
}

export function callOf({ method, url, headers: sent, body, signal }: UpstreamRequest): UpstreamCall {
  const headers = new Headers(sent);
  const bearer = headers.get('authorization')?.slice('Bearer '.length);
  const secret = headers.get('x-api-key') ?? headers.get('x-goog-api-key') ?? bearer ?? '';
  return {
    account: secret.replace('secret-', ''),
    method,
    url,
    headers,
    body: body ? new TextDecoder().decode(body) : '',
    signal,
  };
}

export function memoryLog(rows: RequestRow[]): RequestLog {
  const unused = () => Promise.reject(new Error('not used in these tests'));
  return {
    append: (row) => rows.push(row),
    health: () => ({ queuedRows: 0, droppedRows: 0, lastError: null }),
    page: unused,
    get: unused,
    neighbours: unused,
    count: unused,
    totals: unused,
    series: unused,
    groups: unused,
    attemptSeries: unused,
    intervals: unused,
    intervalSample: unused,
    cacheUses: unused,
    sessionUses: unused,
    writtenAfter: unused,
    missTotals: unused,
    oldestMs: unused,
    clear: unused,
  };
}

/** Everything taken has been given back, and every request has made exactly one row. */
export async function assertAtRest(bench: {
  parts: GatewayParts;
  clock: ManualClock;
  rows: readonly RequestRow[];
  openedCount: number;
}): Promise<void> {
  const { parts, clock, rows, openedCount } = bench;
  await clock.advance(0);
  const { slots, admission, affinity, open } = parts;
  assert.deepEqual(
    {
      rows: rows.length,
      rowIds: new Set(rows.map(({ id }) => id)).size,
      slots: slots.total(),
      inFlight: admission.inFlight,
      queued: admission.queued,
      bufferedBytes: admission.bufferedBytes,
      tickets: affinity.openTickets,
      open: open.size,
      timers: clock.pendingTimers,
    },
    {
      rows: openedCount,
      rowIds: openedCount,
      slots: 0,
      inFlight: 0,
      queued: 0,
      bufferedBytes: 0,
      tickets: 0,
      open: 0,
      timers: 0,
    },
  );
}
