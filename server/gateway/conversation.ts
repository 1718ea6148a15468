// Which conversation an exchange belongs to, and whether its bound account can still serve it.

import { sessionSignal } from '../wire/session-signal.ts';
import type { AffinityTable } from './affinity.ts';
import type { RequestBody } from './body.ts';
import { candidatesOf } from './candidates.ts';
import type { Candidate } from './catalog.ts';
import { GatewayError } from './errors.ts';
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

/** Every account that can serve the model on the caller's surface; throws with what exists when none can. */
export function candidatesFor(exchange: Exchange, requestedModel: string): readonly Candidate[] {
  const { catalog, surface, row } = exchange;
  const model = catalog.resolveModel(requestedModel.replace(/^models\//, ''));
  // Counting and embedding are not translated: only who speaks the dialect can do it.
  const isChat = exchange.operation.kind === 'generate';
  const find = (id: string) =>
    isChat ? candidatesOf(catalog, id, surface) : catalog.candidates(id, surface);
  const candidates = model ? find(model.id) : [];
  if (model && candidates.length > 0) {
    row.modelId = model.id;
    return candidates;
  }
  const names = catalog.rows.models.filter((other) => find(other.id).length > 0).map(({ name }) => name);
  const known =
    names.length > 0 ? `Available here: ${names.join(', ')}` : 'No model is configured for this surface';
  throw new GatewayError('model-not-found', `Cannot find model "${requestedModel.slice(0, 300)}". ${known}`, {
    param: 'model',
  });
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
  if (exchange.operation.kind !== 'generate') {
    row.affinityReason = 'not a call that has a prompt cache';
    return;
  }
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
  const condition = parts.health.condition(candidate.account, candidate);
  switch (condition.state) {
    case 'available':
    case 'half-open':
    case 'ejected':
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
