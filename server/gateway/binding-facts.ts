// What a binding and a ticket are made of, and what holds of them. Touches no table.

import type { BindingEntry } from './bindings.ts';
import type { Candidate } from './catalog.ts';
import type { AffinityIdentity } from './identity.ts';
import type { Binding } from './ports.ts';
import type { AffinityTicket } from './ticket.ts';

export function isAlive({ isPinned, expiresAtMs }: Binding, nowMs: number): boolean {
  return isPinned || expiresAtMs > nowMs;
}

/**
 * Whether requests go there whatever another account would cost. One that was moved by hand and not used since counts no
 * request: it has to be used once to be as warm as where it was.
 */
export function isHeld({ isPinned, requestCount }: Binding): boolean {
  return isPinned || requestCount === 0;
}

export function newBinding(
  identity: AffinityIdentity,
  candidate: Candidate,
  { nowMs, ttlMs }: { nowMs: number; ttlMs: number },
): Binding {
  return {
    key: identity.key,
    apiKeyId: identity.apiKeyId,
    userId: identity.userId,
    sessionId: identity.sessionId,
    modelId: identity.modelId,
    surface: identity.surface,
    ...placeOf(candidate),
    createdAtMs: nowMs,
    expiresAtMs: nowMs + ttlMs,
    lastHitAtMs: nowMs,
    requestCount: 1,
    warmTokens: 0,
    cacheReadTokens: 0,
    isPinned: false,
  };
}

/** The same conversation at another account, where it was never used. */
export function movedBinding(
  before: Binding,
  candidate: Candidate,
  { nowMs, ttlMs }: { nowMs: number; ttlMs: number },
): Binding {
  return {
    ...before,
    ...placeOf(candidate),
    createdAtMs: nowMs,
    expiresAtMs: nowMs + ttlMs,
    requestCount: 0,
    warmTokens: 0,
    cacheReadTokens: 0,
  };
}

function placeOf({ provider, endpoint, account }: Candidate) {
  return { providerId: provider.id, endpointId: endpoint.id, accountId: account.id };
}

export function newTicket(identity: AffinityIdentity): AffinityTicket {
  return {
    identity,
    entry: null,
    boundAccountId: null,
    isHeldToBound: false,
    borrowedAccountId: null,
    isThroughApiKey: false,
    movedFrom: null,
    candidate: null,
    isRevoked: false,
  };
}

/** The request goes by this binding. */
export function goBy(ticket: AffinityTicket, entry: BindingEntry): void {
  ticket.entry = entry;
  ticket.boundAccountId = entry.binding.accountId;
  ticket.isHeldToBound = isHeld(entry.binding);
}

/** What it went by was cleared: it chooses afresh, and binds nothing. */
export function revoke(ticket: AffinityTicket): void {
  ticket.isRevoked = true;
  ticket.entry = null;
  ticket.boundAccountId = null;
  ticket.borrowedAccountId = null;
  ticket.isHeldToBound = false;
}
