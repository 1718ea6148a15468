// One proxied request from top to bottom: who calls, what for, which account, attempts, reply. Owns the attempt loop.

import type { Operation } from '../wire/surface.ts';
import type { RequestBody } from './body.ts';
import type { Candidate } from './catalog.ts';
import { candidatesFor, openTicket } from './conversation.ts';
import { GatewayError } from './errors.ts';
import { type Exchange, openExchange } from './exchange.ts';
import { type Failure, giveUp } from './give-up.ts';
import { admit, identify, readAdmittedBody } from './intake.ts';
import { listModels } from './models.ts';
import type { GatewayParts } from './parts.ts';
import { pinnedCandidates } from './pinning.ts';
import { errorReply } from './reply.ts';
import { chooseAccount, type RouteChoice } from './route.ts';
import { callStoredResponse } from './stored-response.ts';
import { tryAccount } from './try-account.ts';

/** Accounts tried for one request at most, all before the first byte reaches the client. */
const MAX_ATTEMPTS = 3;
/** Connections that broke after the request had gone out: each may be billed, so that only one more is risked. */
const MAX_BROKEN_ATTEMPTS = 2;
/** A provider without room gets one more try at another account, after a short pause that differs between requests. */
const MAX_OVERLOADED_ATTEMPTS = 2;
const OVERLOADED_PAUSE_MS = { least: 200, spread: 300 };

/** Answers one data-plane request; never throws. Every call becomes exactly one row of the request log. */
export async function handleExchange(
  request: Request,
  route: { path: string; operation: Operation; onBodyRead: () => void },
  parts: GatewayParts,
): Promise<Response> {
  const exchange = openExchange({ request, ...route, catalog: parts.catalog(), clock: parts.clock });
  parts.open.add(exchange);
  exchange.releases.push(() => parts.open.delete(exchange));
  try {
    identify(exchange, parts);
    switch (route.operation.kind) {
      case 'unavailable':
        throw new GatewayError(
          'surface-unavailable',
          `Cannot serve ${request.method} ${route.path}: not available`,
        );
      case 'list-models':
        return listModels(exchange, route.operation, parts);
      case 'stored-response':
        await admit(exchange, parts);
        return await callStoredResponse(exchange, route.operation, parts);
      case 'generate':
      case 'count-tokens':
      case 'embed':
        await admit(exchange, parts);
        return await callModel(exchange, await readAdmittedBody(exchange, parts), parts);
      default:
        return route.operation satisfies never;
    }
  } catch (error) {
    const known = asGatewayError(error, exchange);
    if (known.code === 'internal-error') parts.onFault(error);
    return errorReply(exchange, known, parts);
  }
}

/** From the model's name to the reply: candidates, binding, attempts one after another. */
async function callModel(exchange: Exchange, body: RequestBody, parts: GatewayParts): Promise<Response> {
  const served = candidatesFor(exchange, body.model);
  const candidates = pinnedCandidates(exchange, { body, candidates: served }, parts.pins);
  openTicket(exchange, { body, candidates }, parts);
  const tried: Tried = { failures: [], excluded: new Set(), excludedHosts: new Set(), refusal: null };
  for (;;) {
    // Nothing may wait between the choice and the attempt but for this: two first requests of a conversation would not see
    // each other's account.
    const choice = nextChoice(exchange, { candidates, tried }, parts);
    if (choice.kind !== 'chosen') return giveUp(exchange, { choice, ...tried }, parts);
    const { candidate } = choice;
    if (needsPause(exchange, candidate, tried)) await pause(exchange, parts);
    tried.excluded.add(candidate.account.id);
    const endRetry = tried.failures.length > 0 ? parts.retries.tryTake() : noRetry;
    if (!endRetry) return giveUp(exchange, { choice: { kind: 'none' }, ...tried }, parts);
    const outcome = await tryAccount(exchange, { candidate, body }, parts).finally(endRetry);
    if (outcome.kind === 'done') return outcome.response;
    if (outcome.kind === 'untranslatable') tried.refusal ??= outcome.error;
    else note(tried, candidate, outcome.failure);
  }
}

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

function note(tried: Tried, candidate: Candidate, failure: Failure): void {
  tried.failures.push(failure);
  if (failure.fault === 'unreachable' || failure.fault === 'blocked') {
    tried.excludedHosts.add(candidate.host);
  }
}

/** The account for the next attempt, unless enough has been tried. */
function nextChoice(
  exchange: Exchange,
  { candidates, tried }: { candidates: readonly Candidate[]; tried: Tried },
  parts: GatewayParts,
): RouteChoice {
  const broken = tried.failures.filter(
    (failure) => failure.fault === 'broken' && failure.isPossibleDuplicate,
  ).length;
  const isEnough =
    tried.failures.length >= MAX_ATTEMPTS ||
    overloads(tried) >= MAX_OVERLOADED_ATTEMPTS ||
    broken >= MAX_BROKEN_ATTEMPTS;
  return isEnough ? { kind: 'none' } : choose(exchange, { candidates, tried }, parts);
}

/** Another account of a provider that had no room a moment ago. */
function needsPause({ row }: Exchange, { provider }: Candidate, tried: Tried): boolean {
  return overloads(tried) > 0 && provider.id === row.providerId;
}

function overloads({ failures }: Tried): number {
  return failures.filter(({ fault }) => fault === 'overloaded').length;
}

function choose(
  exchange: Exchange,
  { candidates, tried }: { candidates: readonly Candidate[]; tried: Tried },
  { health, slots, rotation, clock }: GatewayParts,
): RouteChoice {
  const { ticket, surface, row } = exchange;
  return chooseAccount(
    { name: `${row.modelId}|${surface}`, candidates, rotation },
    {
      condition: (candidate) => health.condition(candidate.account, candidate),
      isStrained: (candidate) => health.isStrained(candidate.account, candidate),
      weightFactor: (accountId) => health.weightFactor(accountId),
      inFlight: (accountId) => slots.inFlight(accountId),
      isFull: (account) => slots.isFull(account),
    },
    {
      surface,
      excluded: tried.excluded,
      excludedHosts: tried.excludedHosts,
      preferred: [ticket?.boundAccountId ?? null, ticket?.borrowedAccountId ?? null],
      nowMs: clock.nowMs(),
    },
  );
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
