// One client request and its reply while it is under way: the draft of its row in the request log.

import { uuidv7 } from 'uuidv7';
import type { Operation, Surface } from '../wire/surface.ts';
import { NO_USAGE } from '../wire/usage.ts';
import type { Candidate, Catalog } from './catalog.ts';
import type { Caller } from './identity.ts';
import type { AttemptRow, RequestRow } from './ports.ts';
import type { AffinityTicket } from './ticket.ts';

/** Everything about one exchange. The row is filled in on the way and settled exactly once. */
export interface Exchange {
  readonly request: Request;
  readonly operation: Operation;
  readonly surface: Surface;
  /** The configuration this exchange began with; it keeps it to the end. */
  readonly catalog: Catalog;
  readonly requestId: string;
  /** Aborts when the client is gone before its reply began. */
  readonly gone: AbortSignal;
  /** Told when the body is here: until then a connection that falls silent may be cut, from then on it must not. */
  readonly onBodyRead: () => void;
  row: RequestRow;
  caller: Caller;
  ticket: AffinityTicket | null;
  candidate: Candidate | null;
  isSettled: boolean;
}

export function openExchange(input: {
  request: Request;
  path: string;
  operation: Operation;
  catalog: Catalog;
  onBodyRead: () => void;
  nowMs: number;
}): Exchange {
  const { request, operation } = input;
  const requestId = acceptedRequestId(request.headers.get('x-request-id')) ?? uuidv7();
  const { surface } = operation;
  return {
    request,
    operation,
    surface,
    catalog: input.catalog,
    requestId,
    gone: request.signal,
    onBodyRead: input.onBodyRead,
    row: emptyRow({ requestId, surface, path: input.path, nowMs: input.nowMs }),
    caller: { kind: 'anonymous', fingerprint: null },
    ticket: null,
    candidate: null,
    isSettled: false,
  };
}

/** A client's own request id is kept when it is short and harmless in a header and a log. */
function acceptedRequestId(value: string | null): string | null {
  return value !== null && /^[A-Za-z0-9._:-]{1,128}$/.test(value) ? value : null;
}

function emptyRow(at: { requestId: string; surface: Surface; path: string; nowMs: number }): RequestRow {
  return {
    ...NO_USAGE,
    id: uuidv7(),
    requestId: at.requestId,
    startedAtMs: at.nowMs,
    finishedAtMs: at.nowMs,
    path: at.path,
    surface: at.surface,
    isStreamed: false,
    requestedModel: '',
    modelId: null,
    upstreamModel: null,
    status: 500,
    outcome: 'failed',
    errorCode: null,
    errorMessage: null,
    apiKeyId: null,
    apiKeyName: null,
    userId: null,
    sessionId: null,
    providerId: null,
    endpointId: null,
    accountId: null,
    usageSource: 'none',
    costNanoUsd: null,
    savedNanoUsd: null,
    credits: null,
    priceVersion: null,
    queueMs: 0,
    timeToFirstTokenMs: null,
    latencyMs: 0,
    affinity: 'none',
    affinityReason: 'refused before an account was chosen',
    expectedWarmTokens: null,
    missCause: null,
    attempts: [],
  };
}

/** Notes one attempt; `startedAtMs` is when it was sent, `firstByteAtMs` when its reply began. */
export function noteAttempt(
  exchange: Exchange,
  candidate: Candidate,
  seen: Pick<AttemptRow, 'status' | 'outcome' | 'reason' | 'startedAtMs'> & {
    firstByteAtMs: number | null;
    endedAtMs: number;
  },
): AttemptRow {
  const { status, outcome, reason, startedAtMs } = seen;
  const attempt: AttemptRow = {
    accountId: candidate.account.id,
    accountName: candidate.account.name,
    providerName: candidate.provider.name,
    status,
    outcome,
    reason,
    startedAtMs,
    firstByteMs: seen.firstByteAtMs === null ? null : Math.max(0, seen.firstByteAtMs - startedAtMs),
    durationMs: Math.max(0, seen.endedAtMs - startedAtMs),
  };
  exchange.row.attempts.push(attempt);
  return attempt;
}
