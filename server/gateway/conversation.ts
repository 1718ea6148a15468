// Which conversation an exchange belongs to, and whether its bound account can still serve it.

import { sessionSignal } from '../wire/session-signal.ts';
import type { AffinityTable } from './affinity.ts';
import type { RequestBody } from './body.ts';
import type { Candidate } from './catalog.ts';
import type { Exchange } from './exchange.ts';
import type { HealthTable } from './health.ts';
import { affinityIdentity, hashSession, tenantOf } from './identity.ts';
import type { Binding } from './ports.ts';
import type { SignalTrust } from './signal-trust.ts';

interface ConversationParts {
  affinity: AffinityTable;
  health: HealthTable;
  signalTrust: SignalTrust;
}

/** Looks up the caller's binding for this conversation. */
export function openTicket(
  exchange: Exchange,
  asked: { body: RequestBody; candidates: readonly Candidate[] },
  parts: ConversationParts,
): void {
  const { row, caller, catalog, surface } = exchange;
  const { affinity } = catalog.settings;
  row.sessionId = sessionOf(exchange, asked.body, parts.signalTrust);
  if (!affinity.enabled) {
    row.affinity = 'off';
    row.affinityReason = 'affinity is switched off';
    return;
  }
  const modelId = row.modelId ?? '';
  const { scope } = affinity;
  const identity = affinityIdentity(caller, { modelId, surface, scope, sessionId: row.sessionId });
  if (!identity) {
    row.affinityReason = 'no API key and no session to bind to';
    return;
  }
  row.affinityReason = 'no account took the request';
  exchange.ticket = parts.affinity.open(identity, (binding) => whyGone(binding, asked.candidates, parts));
}

/** The conversation the client names, hashed; a `prompt_cache_key` made anew for every request names none. */
function sessionOf({ caller, request }: Exchange, body: RequestBody, trust: SignalTrust): string | null {
  const signal = sessionSignal(request.headers, body);
  if (!signal) return null;
  const sessionId = hashSession(caller, signal);
  if (signal.kind !== 'prompt-cache-key' || trust.believes(tenantOf(caller), sessionId)) return sessionId;
  const weaker = sessionSignal(request.headers, { metadata: body.metadata, promptCacheKey: null });
  return weaker ? hashSession(caller, weaker) : null;
}

/** Why a bound account cannot serve the request even later; null = it can, or soon will. */
function whyGone(
  binding: Binding,
  candidates: readonly Candidate[],
  parts: ConversationParts,
): string | null {
  const candidate = candidates.find(({ account }) => account.id === binding.accountId);
  if (!candidate) return 'the account no longer serves the model';
  const condition = parts.health.condition(candidate.account, candidate.upstreamModel);
  switch (condition.state) {
    case 'available':
      return null;
    case 'paused':
      return 'the account was paused';
    case 'disabled':
      return `the account was disabled: ${condition.reason}`;
    case 'cooling-down':
      return condition.untilMs > binding.expiresAtMs
        ? `the account rests too long: ${condition.reason}`
        : null;
    default:
      return condition satisfies never;
  }
}

/** Lifetime of a binding to this account; 0 = it does not cache. */
export function bindingTtlMs({ catalog }: Exchange, { account }: Candidate): number {
  const { ttlSeconds } = catalog.settings.affinity;
  return account.cacheTtlMinutes === null ? ttlSeconds * 1000 : account.cacheTtlMinutes * 60_000;
}
