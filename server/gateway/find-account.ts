// From the question "which account?" to a place at one: chosen and taken in one step, after waiting in line when that is cheaper.

import type { Place } from '../routing/waiting-line.ts';
import type { Candidate } from './catalog.ts';
import { patienceMs } from './client-patience.ts';
import { GatewayError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { GatewayParts } from './parts.ts';
import { chooseRoute, type RouteChoice } from './route.ts';
import { type Seat, takeSeat } from './seat.ts';
import type { RouteQuestion } from './standing.ts';

/** The gateway's line is as long as it may get. */
const FULL_RETRY_MS = 1_000;

export type FoundAccount =
  | { kind: 'seated'; seat: Seat }
  | Exclude<RouteChoice, { kind: 'chosen' } | { kind: 'wait' }>;

/** What is asked for, and what the attempts of this request have shown so far. */
export interface Search {
  candidates: readonly Candidate[];
  excluded: ReadonlySet<string>;
  excludedHosts: ReadonlySet<string>;
}

/**
 * A place at an account; a promise only when the request has to wait. Nothing may come between the choice and taking the
 * place: two first requests of a conversation would not see each other's account, and a slot would be given twice.
 * Rejects with GatewayError when the client is gone or the gateway stops.
 */
export function findAccount(
  exchange: Exchange,
  search: Search,
  parts: GatewayParts,
): FoundAccount | Promise<FoundAccount> {
  exchange.patienceEndsMs ??= parts.clock.monotonicMs() + patienceOf(exchange, parts);
  const found = look(exchange, { search, place: null }, parts);
  return found.kind === 'wait' ? wait(exchange, { search, first: found }, parts) : found;
}

/** How long this caller would rather wait than pay. */
function patienceOf({ request, catalog, policy, startedMs }: Exchange, { clock }: GatewayParts): number {
  const { routing, timeouts } = catalog.settings;
  return patienceMs(request.headers, {
    profile: policy.profile,
    maxWaitSeconds: routing.maxWaitSeconds,
    deadlineMs: timeouts.deadlineSeconds * 1000,
    elapsedMs: clock.monotonicMs() - startedMs,
  });
}

type Waiting = Extract<RouteChoice, { kind: 'wait' }>;

function look(
  exchange: Exchange,
  { search, place }: { search: Search; place: Place | null },
  parts: GatewayParts,
): FoundAccount | Waiting {
  const choice = chooseRoute(
    questionOf(exchange, { search, place }, parts),
    { surface: exchange.surface, policies: parts.policies },
    parts,
  );
  if (choice.kind !== 'chosen') return choice;
  return { kind: 'seated', seat: takeSeat(exchange, choice, parts) };
}

function questionOf(
  { catalog, policy, prompt, ticket, patienceEndsMs }: Exchange,
  { search, place }: { search: Search; place: Place | null },
  { clock }: GatewayParts,
): RouteQuestion {
  return {
    candidates: search.candidates,
    policy,
    settings: catalog.settings,
    prompt,
    boundAccountId: ticket?.boundAccountId ?? null,
    isHeldToBound: ticket?.isHeldToBound ?? false,
    borrowedAccountId: ticket?.borrowedAccountId ?? null,
    excluded: search.excluded,
    excludedHosts: search.excludedHosts,
    leftMs: Math.max(0, (patienceEndsMs ?? 0) - clock.monotonicMs()),
    place,
  };
}

function wait(
  exchange: Exchange,
  { search, first }: { search: Search; first: Waiting },
  parts: GatewayParts,
): Promise<FoundAccount> {
  const { clock, routing } = parts;
  const startedMs = clock.monotonicMs();
  return new Promise((resolve, reject) => {
    let stopListening: (() => void) | null = null;
    const done = () => {
      stopListening?.();
      exchange.isWaiting = false;
      exchange.stop.listen(null);
      const waitedMs = clock.monotonicMs() - startedMs;
      exchange.waitedMs += waitedMs;
      exchange.row.queueMs += Math.round(waitedMs);
    };
    let place: Place | null = null;
    place = routing.line.join(first.accountId, {
      untilMs: exchange.patienceEndsMs ?? startedMs,
      notBeforeMs: first.notBeforeMs,
      onWake: () => {
        // While a freed slot goes down the line it can come by before `join` has returned; it comes by again.
        if (!place) return;
        const found = look(exchange, { search, place }, parts);
        if (found.kind === 'wait') return stay(found);
        done();
        if (exchange.row.route) exchange.row.route.waitedMs = Math.round(exchange.waitedMs);
        if (found.kind === 'seated') place.served(found.seat.standing.candidate.account.id);
        else place.leave();
        resolve(found);
      },
    });
    if (!place) return resolve({ kind: 'full', retryAfterMs: FULL_RETRY_MS });
    const stay = ({ accountId, notBeforeMs, claim }: Waiting) => {
      place?.moveTo(accountId, { notBeforeMs });
      stopListening?.();
      stopListening = claim?.listen(() => place?.lookSoon()) ?? null;
    };
    exchange.isWaiting = true;
    exchange.onWait?.();
    exchange.stop.listen(() => {
      done();
      place?.leave();
      reject(new GatewayError('client-gone', 'The client hung up while waiting for an account'));
    });
    stay(first);
  });
}
