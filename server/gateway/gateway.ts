// One proxied request from top to bottom: who calls, what for, which account, attempts, reply. Owns the attempt loop.

import type { Operation } from '../wire/surface.ts';
import type { RequestBody } from './body.ts';
import { leveredBody } from './cache-levers.ts';
import type { Candidate } from './catalog.ts';
import type { Peer } from './client-address.ts';
import { candidatesFor, openTicket, viewPrompt } from './conversation.ts';
import { GatewayError } from './errors.ts';
import { type Exchange, openExchange } from './exchange.ts';
import { findAccount } from './find-account.ts';
import { gapKeyOf } from './gap-key.ts';
import { type Failure, giveUp } from './give-up.ts';
import { admit, identify, readAdmittedBody } from './intake.ts';
import { takeKeyPlace } from './key-access.ts';
import { listModels } from './models.ts';
import type { GatewayParts } from './parts.ts';
import { pinnedCandidates } from './pinning.ts';
import { errorReply } from './reply.ts';
import { leaveSeat } from './seat.ts';
import { callStoredResponse } from './stored-response.ts';
import { parseTraceparent } from './trace.ts';
import { tryAccount } from './try-account.ts';
import { withKeepAlive } from './waiting-reply.ts';

/** Accounts tried for one request at most, all before the first byte reaches the client. */
const MAX_ATTEMPTS = 3;
/** A 429 costs nothing but time, and the account is worth coming back to. */
const MAX_LIMITED_ATTEMPTS = 6;
/** Connections that broke after the request had gone out: each may be billed, so that only one more is risked. */
const MAX_BROKEN_ATTEMPTS = 2;
/** A provider without room gets one more try at another account, after a short pause that differs between requests. */
const MAX_OVERLOADED_ATTEMPTS = 2;
const OVERLOADED_PAUSE_MS = { least: 200, spread: 300 };

/** Answers one data-plane request; never throws. Every call becomes exactly one row of the request log. */
export function handleExchange(
  request: Request,
  route: { path: string; operation: Operation; onBodyRead: () => void; peer?: Peer },
  parts: GatewayParts,
): Promise<Response> {
  const { clock } = parts;
  const exchange = openExchange({ request, ...route, catalog: parts.catalog(), clock });
  const traceparent = request.headers.get('traceparent');
  exchange.trace = parts.beginTrace?.(traceparent) ?? null;
  // Who traces without us still finds the row by it.
  exchange.row.traceId = (exchange.trace ?? parseTraceparent(traceparent))?.traceId ?? null;
  parts.open.add(exchange);
  exchange.releases.push(() => parts.open.delete(exchange));
  const keepAliveMs = exchange.catalog.settings.timeouts.keepAliveSeconds * 1000;
  return withKeepAlive(exchange, answer(exchange, parts), { clock, keepAliveMs });
}

async function answer(exchange: Exchange, parts: GatewayParts): Promise<Response> {
  const { operation, request, row } = exchange;
  try {
    identify(exchange, parts);
    switch (operation.kind) {
      case 'unavailable':
        throw new GatewayError(
          'surface-unavailable',
          `Cannot serve ${request.method} ${row.path}: not available`,
        );
      case 'list-models':
        return listModels(exchange, operation, parts);
      case 'stored-response':
        takeKeyPlace(exchange, parts);
        await admit(exchange, parts);
        return await callStoredResponse(exchange, operation, parts);
      case 'generate':
      case 'count-tokens':
      case 'embed':
        takeKeyPlace(exchange, parts);
        await admit(exchange, parts);
        return await callModel(exchange, await readAdmittedBody(exchange, parts), parts);
      default:
        return operation satisfies never;
    }
  } catch (error) {
    return failed(exchange, error, parts);
  }
}

function failed(exchange: Exchange, error: unknown, parts: GatewayParts): Response {
  const known = asGatewayError(error, exchange);
  if (known.code === 'internal-error') parts.onFault(error);
  return errorReply(exchange, known, parts);
}

/** A request of the gateway's own to this one account: no binding, no waiting. Never rejects. */
export async function callAccount(
  exchange: Exchange,
  accountId: string,
  parts: GatewayParts,
): Promise<Response> {
  try {
    await admit(exchange, parts);
    const body = await readAdmittedBody(exchange, parts);
    const candidates = candidatesFor(exchange, body.model, parts).filter(
      ({ account, endpoint }) => account.id === accountId && endpoint.surface === exchange.surface,
    );
    viewPrompt(exchange, body);
    exchange.patienceEndsMs = parts.clock.monotonicMs();
    return await callCandidates(exchange, { candidates, native: body, original: body }, parts);
  } catch (error) {
    return failed(exchange, error, parts);
  }
}

/** From the model's name to the reply: candidates, binding, attempts. */
async function callModel(exchange: Exchange, body: RequestBody, parts: GatewayParts): Promise<Response> {
  const served = candidatesFor(exchange, body.model, parts);
  const candidates = pinnedCandidates(exchange, { body, candidates: served }, parts.pins);
  viewPrompt(exchange, body);
  openTicket(exchange, { body, candidates }, parts);
  const levered = leveredBody(exchange, { body, candidates }, parts.routing.gaps);
  exchange.levers = levered.record;
  viewPrompt(exchange, levered.body);
  keepWarmItself(exchange, { body: levered.body }, parts);
  return callCandidates(exchange, { candidates, native: levered.body, original: body }, parts);
}

/** A conversation that has come back needs no ping, until it pauses again. */
function keepWarmItself(
  exchange: Exchange,
  { body }: { body: RequestBody },
  { keepWarm }: GatewayParts,
): void {
  if (exchange.operation.kind !== 'generate' || !keepWarm.isEnabled) return;
  const key = gapKeyOf(exchange);
  if (key) keepWarm.returned(key);
  exchange.warmBody = body;
}

/** Attempts one after another, at most a few. `native` is what accounts get that speak the caller's surface. */
async function callCandidates(
  exchange: Exchange,
  asked: { candidates: readonly Candidate[]; native: RequestBody; original: RequestBody },
  parts: GatewayParts,
): Promise<Response> {
  const { candidates, native, original } = asked;
  const tried: Tried = { failures: [], excluded: new Set(), excludedHosts: new Set(), refusal: null };
  const search = { candidates, ...tried };
  for (;;) {
    if (isEnough(tried)) return giveUp(exchange, { choice: NOBODY, ...tried }, parts);
    if (needsPause(exchange, { candidates, tried })) await pause(exchange, parts);
    const found = findAccount(exchange, search, parts);
    // Awaited only when it waits: see findAccount.
    const account = found instanceof Promise ? await found : found;
    if (account.kind !== 'seated') return giveUp(exchange, { choice: account, ...tried }, parts);
    const { seat } = account;
    const { candidate } = seat.standing;
    tried.excluded.add(candidate.account.id);
    const endRetry = tried.failures.length > 0 ? parts.retries.tryTake() : noRetry;
    if (!endRetry) {
      leaveSeat(exchange, seat);
      return giveUp(exchange, { choice: NOBODY, ...tried }, parts);
    }
    const body = candidate.endpoint.surface === exchange.surface ? native : original;
    exchange.row.cacheLevers = body === native ? exchange.levers : null;
    const outcome = await tryAccount(exchange, { seat, body }, parts).finally(endRetry);
    if (outcome.kind === 'done') return outcome.response;
    if (outcome.kind === 'untranslatable') tried.refusal ??= outcome.error;
    else note(tried, candidate, outcome.failure);
  }
}

const NOBODY = { kind: 'none' } as const;
const noRetry = () => undefined;

/** What the attempts of one request have shown so far. */
interface Tried {
  failures: Failure[];
  excluded: Set<string>;
  /** Hosts that could not be reached: their other accounts would fare no better. */
  excludedHosts: Set<string>;
  /** Why the request could not be said in another dialect. */
  refusal: GatewayError | null;
}

function note(tried: Tried, { account, host }: Candidate, failure: Failure): void {
  tried.failures.push(failure);
  switch (failure.fault) {
    case 'unreachable':
    case 'blocked':
      tried.excludedHosts.add(host);
      return;
    case 'rate-limited':
      // It rests, and is worth waiting for while it is warm.
      tried.excluded.delete(account.id);
      return;
    default:
  }
}

function isEnough({ failures }: Tried): boolean {
  const limited = failures.filter(({ fault }) => fault === 'rate-limited').length;
  const broken = failures.filter(
    ({ fault, isPossibleDuplicate }) => fault === 'broken' && isPossibleDuplicate,
  );
  return (
    failures.length - limited >= MAX_ATTEMPTS ||
    limited >= MAX_LIMITED_ATTEMPTS ||
    overloads({ failures }) >= MAX_OVERLOADED_ATTEMPTS ||
    broken.length >= MAX_BROKEN_ATTEMPTS
  );
}

/** Only accounts of a provider that had no room a moment ago are left. */
function needsPause(
  { row }: Exchange,
  { candidates, tried }: { candidates: readonly Candidate[]; tried: Tried },
): boolean {
  const isLeft = ({ account }: Candidate) => !tried.excluded.has(account.id);
  return (
    overloads(tried) > 0 && candidates.filter(isLeft).every(({ provider }) => provider.id === row.providerId)
  );
}

function overloads({ failures }: Pick<Tried, 'failures'>): number {
  return failures.filter(({ fault }) => fault === 'overloaded').length;
}

function pause({ stop }: Exchange, { clock, random }: GatewayParts): Promise<void> {
  return new Promise((resolve) => {
    const delayMs = OVERLOADED_PAUSE_MS.least + random() * OVERLOADED_PAUSE_MS.spread;
    const cancel = clock.setTimer(resolve, delayMs);
    stop.listen(() => {
      cancel();
      resolve();
    });
  });
}

function asGatewayError(error: unknown, { request, stopReason }: Exchange): GatewayError {
  if (stopReason) return stopReason;
  if (error instanceof GatewayError) return error;
  if (request.signal.aborted) return new GatewayError('client-gone', 'The client hung up while sending');
  return new GatewayError('internal-error', 'Cannot serve the request: internal error', { cause: error });
}
