// Which conversation an exchange belongs to, and whether its bound account can still serve it.

import { sessionSignal } from '../wire/session-signal.ts';
import type { AffinityTable } from './affinity.ts';
import { BINDING_REASONS, bindingReason, type OutCode } from './binding-reasons.ts';
import type { RequestBody } from './body.ts';
import { candidatesOf } from './candidates.ts';
import type { Candidate } from './catalog.ts';
import { GatewayError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import type { HealthTable } from './health.ts';
import { affinityIdentity, type Caller, hashSession, tenantOf } from './identity.ts';
import { allowedOf, requireAllowed } from './key-access.ts';
import type { GatewayParts } from './parts.ts';
import { policyOf } from './policy.ts';
import type { Binding } from './ports.ts';
import type { WarmthScope } from './routing-settings.ts';
import type { SignalTrust } from './signal-trust.ts';
import { EVERYONE, type PromptView } from './standing.ts';
import type { AffinityResult, Why } from './ticket.ts';

interface ConversationParts {
  affinity: AffinityTable;
  health: HealthTable;
  signalTrust: SignalTrust;
}

/** Every account that can serve the caller the model on the surface; throws with what exists when none can. */
export function candidatesFor(
  exchange: Exchange,
  requestedModel: string,
  { modelMappings }: Pick<GatewayParts, 'modelMappings'>,
): readonly Candidate[] {
  const { catalog, surface, row, caller } = exchange;
  const model = modelMappings.resolve(catalog, requestedModel.replace(/^models\//, ''));
  // Counting and embedding are not translated: only who speaks the dialect can do it.
  const isChat = exchange.operation.kind === 'generate';
  const find = (id: string) =>
    isChat ? candidatesOf(catalog, id, surface) : catalog.candidates(id, surface);
  const candidates = model ? find(model.id) : [];
  const names = () =>
    catalog.rows.models.filter(({ id }) => allowedOf(caller, find(id)).length > 0).map(({ name }) => name);
  if (model && candidates.length > 0) {
    row.modelId = model.id;
    exchange.policy = policyOf(catalog.settings, model);
    return requireAllowed(caller, { model, candidates, known: names });
  }
  const served = names();
  const known =
    served.length > 0 ? `Available here: ${served.join(', ')}` : 'No model is configured for this surface';
  throw new GatewayError('model-not-found', `Cannot find model "${requestedModel.slice(0, 300)}". ${known}`, {
    param: 'model',
  });
}

/** What the prompt caches will see of the request. */
export function viewPrompt(exchange: Exchange, { outline }: RequestBody): void {
  const { request, caller, catalog } = exchange;
  const { warmthScope } = catalog.settings.routing;
  exchange.prompt = promptView(outline, { caller, warmthScope, headers: request.headers });
}

/** The same of any request. */
export function promptView(
  outline: RequestBody['outline'],
  of: { caller: Caller; warmthScope: WarmthScope; headers: Headers },
): PromptView {
  return {
    outline,
    tenant: of.warmthScope === 'everyone' ? EVERYONE : tenantOf(of.caller),
    seesOthers: of.warmthScope === 'tenant',
    betas: of.headers.get('anthropic-beta') ?? '',
  };
}

/** Looks up the caller's binding for this conversation. */
export function openTicket(
  exchange: Exchange,
  asked: { body: RequestBody; candidates: readonly Candidate[] },
  parts: ConversationParts,
): void {
  const { row, caller, surface, policy } = exchange;
  row.sessionId = sessionOf(exchange, asked.body, parts.signalTrust);
  const why = whyUnbound(exchange);
  const { scope } = policy;
  const modelId = row.modelId ?? '';
  const identity =
    why || scope === null
      ? null
      : affinityIdentity(caller, { modelId, surface, scope, sessionId: row.sessionId });
  const { outcome, code, reason } = why ?? (identity ? UNANSWERED : UNIDENTIFIED);
  row.affinity = outcome;
  row.affinityCode = code;
  row.affinityReason = reason;
  if (identity) {
    exchange.ticket = parts.affinity.open(identity, (binding) => whyGone(binding, asked.candidates, parts));
  }
}

const UNANSWERED: AffinityResult = {
  outcome: 'none',
  code: 'no-account',
  reason: 'no account took the request',
};
const UNIDENTIFIED: AffinityResult = {
  outcome: 'none',
  code: 'no-identity',
  reason: 'no API key and no session to bind to',
};

/** Null = a binding can be kept. */
function whyUnbound({ operation, policy }: Exchange): AffinityResult | null {
  if (operation.kind !== 'generate') {
    return { outcome: 'none', code: 'not-cacheable-call', reason: 'not a call that has a prompt cache' };
  }
  if (policy.isAffinityOff) {
    return { outcome: 'off', code: 'affinity-off', reason: 'affinity is switched off' };
  }
  if (policy.scope !== null) return null;
  const reason = `the policy ${policy.policy} keeps no bindings`;
  return { outcome: 'off', code: 'policy-without-bindings', reason };
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

/** Why a bound account cannot serve the request even later; null = it can, or soon will, or an administrator wants it so. */
export function whyGone(
  binding: Binding,
  candidates: readonly Candidate[],
  parts: { health: Pick<HealthTable, 'condition'> },
): Why | null {
  const candidate = candidates.find(({ account }) => account.id === binding.accountId);
  if (!candidate) return bindingReason('account-removed');
  return binding.isPinned ? null : whyOut(candidate, binding, parts);
}

/** Why an account cannot serve a binding that lives so long; null = it can, or soon will. */
export function whyOut(
  candidate: Candidate,
  { expiresAtMs }: Pick<Binding, 'expiresAtMs'>,
  { health }: { health: Pick<HealthTable, 'condition'> },
): Why<OutCode> | null {
  const condition = health.condition(candidate.account, candidate);
  switch (condition.state) {
    case 'available':
    case 'half-open':
    case 'ejected':
      return null;
    case 'paused':
      return bindingReason('account-paused');
    case 'disabled':
      return because('account-disabled', condition.reason);
    case 'cooling-down':
      return condition.untilMs > expiresAtMs ? because('account-resting', condition.reason) : null;
    default:
      return condition satisfies never;
  }
}

function because(code: OutCode, reason: string): Why<OutCode> {
  return { code, reason: `${BINDING_REASONS[code]}: ${reason}` };
}

/** Lifetime of a binding to this account; 0 = it does not cache. */
export function bindingTtlMs(
  { catalog }: Pick<Exchange, 'catalog'>,
  { account }: Pick<Candidate, 'account'>,
): number {
  const { ttlSeconds } = catalog.settings.affinity;
  return account.cacheTtlMinutes === null ? ttlSeconds * 1000 : account.cacheTtlMinutes * 60_000;
}
