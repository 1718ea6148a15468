// One client request and its reply while it is under way: the draft of its row in the request log.

import { uuidv7 } from 'uuidv7';
import type { Operation, Surface } from '../wire/surface.ts';
import { NO_USAGE } from '../wire/usage.ts';
import type { RequestBody } from './body.ts';
import type { BodyCopy } from './body-copy.ts';
import type { Candidate, Catalog } from './catalog.ts';
import { NO_PEER, type Peer } from './client-address.ts';
import type { GatewayError } from './errors.ts';
import type { Caller } from './identity.ts';
import { type LimitHeaders, NO_LIMIT_HEADERS } from './key-headers.ts';
import type { KeyPlace } from './key-usage.ts';
import { type EffectivePolicy, policyOf } from './policy.ts';
import type { AttemptRow, Clock, RequestRow } from './ports.ts';
import type { Destination } from './route.ts';
import type { CacheLeverRecord } from './route-record.ts';
import type { SentRequest } from './sent-request.ts';
import type { PromptView } from './standing.ts';
import { Stop } from './stop.ts';
import type { AffinityTicket } from './ticket.ts';
import type { TraceContext } from './trace.ts';

/** Everything about one exchange. The row is filled in on the way and settled exactly once. */
export interface Exchange {
  readonly request: Request;
  readonly operation: Operation;
  readonly surface: Surface;
  /** The configuration this exchange began with; it keeps it to the end. */
  readonly catalog: Catalog;
  readonly requestId: string;
  /** Null = traces are not recorded. */
  trace: TraceContext | null;
  /** Monotonic. */
  readonly startedMs: number;
  /** Ends when the client is gone before its reply began, or when the gateway stops (`stopReason` then says so). */
  readonly stop: Stop;
  stopReason: GatewayError | null;
  /** Told when the body is here: until then a connection that falls silent may be cut, from then on it must not. */
  readonly onBodyRead: () => void;
  readonly peer: Peer;
  row: RequestRow;
  caller: Caller;
  /** Null = the caller has no key, or has not been let in yet. */
  keyPlace: KeyPlace | null;
  /** What the reply says of the caller's own limits. */
  limitHeaders: LimitHeaders;
  ticket: AffinityTicket | null;
  policy: EffectivePolicy;
  /** What the prompt caches see of the request. */
  prompt: PromptView;
  /** What of it is at an account now. */
  sent: SentRequest | null;
  /** Waits for an account at this moment. */
  isWaiting: boolean;
  /** Told each time that it begins to wait. */
  onWait: (() => void) | null;
  /** For an account, all waits together. */
  waitedMs: number;
  /** Monotonic: until then it may wait for an account; null = it has not asked for one yet. */
  patienceEndsMs: number | null;
  candidate: Candidate | null;
  /** What was done to the request for the cache's sake, where its account speaks the caller's surface. */
  levers: CacheLeverRecord | null;
  /** What was sent, while prefixes are kept warm: a ping repeats it. */
  warmBody: RequestBody | null;
  /** What is kept of the bodies, when bodies are kept. */
  copy: BodyCopy | null;
  /** Ends a reply that has begun, with an error of the gateway; null = none has begun. */
  interrupt: ((error: GatewayError) => void) | null;
  /** Run once when the exchange is settled: places are given back. */
  readonly releases: (() => void)[];
  /** Run when the body is needed no more: the reply has begun, or the exchange is settled. Idempotent. */
  readonly bodyReleases: (() => void)[];
  isSettled: boolean;
}

export function openExchange(input: {
  request: Request;
  path: string;
  operation: Operation;
  catalog: Catalog;
  onBodyRead: () => void;
  /** Who is at the other end of the connection; without it, nobody is known to be. */
  peer?: Peer;
  clock: Clock;
}): Exchange {
  const { request, operation, clock } = input;
  const id = uuidv7();
  const requestId = acceptedRequestId(request.headers.get('x-request-id')) ?? id;
  const { surface } = operation;
  return {
    request,
    operation,
    surface,
    catalog: input.catalog,
    requestId,
    trace: null,
    startedMs: clock.monotonicMs(),
    stop: new Stop(),
    stopReason: null,
    onBodyRead: input.onBodyRead,
    peer: input.peer ?? NO_PEER,
    row: emptyRow({ id, requestId, surface, path: input.path, nowMs: clock.nowMs() }),
    caller: { kind: 'anonymous', fingerprint: null },
    keyPlace: null,
    limitHeaders: NO_LIMIT_HEADERS,
    ticket: null,
    policy: policyOf(input.catalog.settings, null),
    prompt: { outline: null, tenant: '', seesOthers: false, betas: '' },
    sent: null,
    isWaiting: false,
    onWait: null,
    waitedMs: 0,
    patienceEndsMs: null,
    candidate: null,
    levers: null,
    warmBody: null,
    copy: null,
    interrupt: null,
    releases: [],
    bodyReleases: [],
    isSettled: false,
  };
}

/** A client's own request id is kept when it is short and harmless in a header and a log. */
export function acceptedRequestId(value: string | null): string | null {
  return value !== null && /^[A-Za-z0-9._:-]{1,128}$/.test(value) ? value : null;
}

function emptyRow(at: {
  id: string;
  requestId: string;
  surface: Surface;
  path: string;
  nowMs: number;
}): RequestRow {
  return {
    ...NO_USAGE,
    id: at.id,
    requestId: at.requestId,
    startedAtMs: at.nowMs,
    finishedAtMs: at.nowMs,
    path: at.path,
    surface: at.surface,
    isStreamed: false,
    requestedModel: '',
    modelId: null,
    upstreamModel: null,
    endpointSurface: null,
    losses: [],
    status: 500,
    outcome: 'failed',
    errorCode: null,
    errorMessage: null,
    apiKeyId: null,
    apiKeyName: null,
    userId: null,
    sessionId: null,
    traceId: null,
    providerId: null,
    endpointId: null,
    accountId: null,
    usageSource: 'none',
    rawUsage: null,
    usageFlags: [],
    costNanoUsd: null,
    savedNanoUsd: null,
    cacheReadNanoUsd: null,
    cacheWriteNanoUsd: null,
    credits: null,
    priceVersion: null,
    priceSheet: null,
    queueMs: 0,
    timeToFirstTokenMs: null,
    latencyMs: 0,
    affinity: 'none',
    affinityCode: 'not-routed',
    affinityReason: 'refused before an account was chosen',
    expectedWarmTokens: null,
    missCause: null,
    misses: null,
    route: null,
    cacheLevers: null,
    isKeepWarm: false,
    prefixParentId: null,
    prefixSharedTokens: null,
    attempts: [],
  };
}

/** How one attempt went. Times are monotonic. */
export interface AttemptNote extends Pick<AttemptRow, 'status' | 'outcome' | 'reason'> {
  fault?: AttemptRow['fault'];
  isPossibleDuplicate?: boolean;
  connectMs?: number | null;
  startedMs: number;
  firstByteMs: number | null;
  endedMs: number;
}

/** Notes one attempt in the exchange's row. */
export function noteAttempt(exchange: Exchange, { account, provider }: Destination, seen: AttemptNote): void {
  const { status, outcome, reason, startedMs } = seen;
  exchange.row.attempts.push({
    accountId: account.id,
    accountName: account.name,
    providerName: provider.name,
    status,
    outcome,
    fault: seen.fault ?? null,
    reason,
    isPossibleDuplicate: seen.isPossibleDuplicate ?? false,
    connectMs: typeof seen.connectMs === 'number' ? Math.round(seen.connectMs) : null,
    startedAtMs: exchange.row.startedAtMs + Math.round(startedMs - exchange.startedMs),
    firstByteMs: seen.firstByteMs === null ? null : Math.round(seen.firstByteMs - startedMs),
    durationMs: Math.round(seen.endedMs - startedMs),
  });
}
