// A place at an account: taken when it is chosen, given back when the reply has ended.

import { bindingTtlMs } from './conversation.ts';
import type { Exchange } from './exchange.ts';
import type { GatewayParts } from './parts.ts';
import type { RouteChoice } from './route.ts';
import type { Standing } from './standing.ts';
import type { Away } from './ticket.ts';
import { beginSending, endSending } from './warmth.ts';

export interface Seat {
  standing: Standing;
  away: Away | null;
  /** Gives the place back, once. */
  release(): void;
}

/** The request is about to go to this account. */
export function takeSeat(
  exchange: Exchange,
  choice: Extract<RouteChoice, { kind: 'chosen' }>,
  parts: GatewayParts,
): Seat {
  const { standing, record, away } = choice;
  const { candidate, prediction } = standing;
  const { account, provider, endpoint, upstreamModel } = candidate;
  const { row, ticket } = exchange;
  const freeSlot = parts.slots.take(account);
  const endProbe = parts.health.begin(account);
  const endLoad = parts.routing.loads.began(account.id);
  // A ping is nobody's return, and shorter than any request.
  const endReturn = row.isKeepWarm ? null : parts.routing.returns.sawRequest(account.id, prediction);
  parts.live.publish({ kind: 'account', accountId: account.id });
  exchange.candidate = candidate;
  row.providerId = provider.id;
  row.endpointId = endpoint.id;
  row.accountId = account.id;
  row.upstreamModel = upstreamModel;
  row.route = { ...record, waitedMs: Math.round(exchange.waitedMs) };
  row.expectedWarmTokens = exchange.prompt.outline ? prediction.warmTokens : null;
  if (ticket) parts.affinity.reserve(ticket, candidate, bindingTtlMs(exchange, candidate));
  beginSending(exchange, choice, parts);
  let isHeld = true;
  const release = () => {
    if (!isHeld) return;
    isHeld = false;
    freeSlot();
    endProbe();
    endLoad({ wasServed: exchange.sent?.begunAtMs != null && !row.isKeepWarm });
    endReturn?.();
    parts.routing.line.freed(account.id, () => parts.slots.room(account));
  };
  exchange.releases.push(release);
  return { standing, away, release };
}

/** Nothing was sent: the request never was at this account. */
export function vacateSeat(exchange: Exchange, seat: Seat): void {
  leaveSeat(exchange, seat);
  const { row } = exchange;
  exchange.candidate = null;
  row.providerId = null;
  row.endpointId = null;
  row.accountId = null;
  row.upstreamModel = null;
  row.expectedWarmTokens = null;
}

/** Nothing came of it: the place is free again, and nobody need wait for what it would have written. */
export function leaveSeat(exchange: Exchange, seat: Seat): void {
  endSending(exchange);
  seat.release();
}
