// What the router would do with a request now, without sending it: the same question, asked without taking a place.

import { sessionSignal } from '../wire/session-signal.ts';
import type { Surface } from '../wire/surface.ts';
import type { AffinityTable } from './affinity.ts';
import type { PassedOverCode } from './binding-reasons.ts';
import type { RequestBody } from './body.ts';
import { pullLevers } from './cache-levers.ts';
import { candidatesOf } from './candidates.ts';
import type { Candidate, Catalog } from './catalog.ts';
import { patienceMs } from './client-patience.ts';
import { promptView, whyGone } from './conversation.ts';
import { GatewayError } from './errors.ts';
import { affinityIdentity, type Caller, hashSession } from './identity.ts';
import { requireAllowed } from './key-access.ts';
import { type EffectivePolicy, policyOf } from './policy.ts';
import type { Account, Model } from './ports.ts';
import { chooseRoute, type RouteChoice, type RoutePolicyFunction } from './route.ts';
import type { RouteRecord } from './route-record.ts';
import type { RoutePolicy } from './routing-settings.ts';
import type { RouteParts, RouteQuestion } from './standing.ts';

export interface RouteProbe {
  catalog: Catalog;
  caller: Caller;
  surface: Surface;
  headers: Headers;
  body: RequestBody;
  /** The conversation as the request log has it; null = as the headers and the body say. */
  knownSessionId: string | null;
}

/** `send`: it would go there now; `wait`: it would wait for it; `refuse`: it would be answered with an error. */
export interface RouteExplanation {
  decision: 'send' | 'wait' | 'refuse';
  model: Model;
  /** Null = nobody would take it. */
  account: Account | null;
  /** Where the conversation is bound; null = nowhere, or the policy keeps no bindings. */
  boundAccountId: string | null;
  sessionId: string | null;
  expectedWarmTokens: number | null;
  code: RouteReasonCode;
  reason: string;
  /** Until one that rests is back; null unless every account rests. */
  retryAfterMs: number | null;
  record: RouteRecord | null;
}

/** Beside why it is not the bound account. */
const REASONS = {
  'best-place': 'the best place now',
  'waiting-pays': 'waiting costs less than going elsewhere',
  'all-busy': 'every account is busy',
  'all-busy-too-long': 'every account is busy, for longer than a request may wait',
  'all-resting': 'every account rests',
  'none-in-service': 'no account is in service',
} as const;

type ReasonCode = keyof typeof REASONS;
export type RouteReasonCode = ReasonCode | PassedOverCode;

interface ExplainParts extends RouteParts {
  affinity: Pick<AffinityTable, 'peek'>;
  policies: Readonly<Record<RoutePolicy, RoutePolicyFunction>>;
}

/** Throws GatewayError when no account serves the model on the surface, or none that the caller may use. */
export function explainRoute(probe: RouteProbe, parts: ExplainParts): RouteExplanation {
  const { catalog, caller, surface, headers, body } = probe;
  const model = catalog.resolveModel(body.model.replace(/^models\//, ''));
  const served = model ? candidatesOf(catalog, model.id, surface) : [];
  if (!model || served.length === 0) {
    throw new GatewayError(
      'model-not-found',
      `Cannot find model "${body.model.slice(0, 300)}" on ${surface}`,
    );
  }
  const candidates = requireAllowed(caller, { model, candidates: served, known: () => [] });
  const policy = policyOf(catalog.settings, model);
  const signal = sessionSignal(headers, body);
  const sessionId = probe.knownSessionId ?? (signal && hashSession(caller, signal));
  const bound = boundTo({ policy, caller, model, surface, sessionId }, { candidates, parts });
  const { routing, timeouts } = catalog.settings;
  const choice = chooseRoute(
    {
      candidates,
      policy,
      settings: catalog.settings,
      prompt: promptView(asSent(probe, { candidates, sessionId }).outline, {
        caller,
        warmthScope: routing.warmthScope,
        headers,
      }),
      ...bound,
      excluded: new Set(),
      excludedHosts: new Set(),
      leftMs: patienceMs(headers, {
        profile: policy.profile,
        maxWaitSeconds: routing.maxWaitSeconds,
        deadlineMs: timeouts.deadlineSeconds * 1000,
        elapsedMs: 0,
      }),
      place: null,
      isTrial: true,
    },
    { surface, policies: parts.policies },
    parts,
  );
  return { model, boundAccountId: bound.boundAccountId, sessionId, ...told(choice, candidates) };
}

const UNBOUND = { boundAccountId: null, borrowedAccountId: null };

function boundTo(
  of: { policy: EffectivePolicy; caller: Caller; model: Model; surface: Surface; sessionId: string | null },
  { candidates, parts }: { candidates: readonly Candidate[]; parts: ExplainParts },
): Pick<RouteQuestion, 'boundAccountId' | 'borrowedAccountId' | 'isHeldToBound'> {
  const { policy, caller, model, surface, sessionId } = of;
  const { scope } = policy;
  if (scope === null || policy.isAffinityOff) return UNBOUND;
  const identity = affinityIdentity(caller, { modelId: model.id, surface, scope, sessionId });
  const found = identity && parts.affinity.peek(identity);
  if (!found) return UNBOUND;
  const { binding, borrowedAccountId, isHeldToBound } = found;
  const isGone = whyGone(binding, candidates, parts) !== null;
  return { boundAccountId: isGone ? null : binding.accountId, borrowedAccountId, isHeldToBound };
}

/** With the cache marks that would be placed; their lifetime makes no difference to where it goes. */
function asSent(
  { catalog, surface, body }: RouteProbe,
  { candidates, sessionId }: { candidates: readonly Candidate[]; sessionId: string | null },
): RequestBody {
  if (!candidates.some(({ endpoint }) => endpoint.surface === surface)) return body;
  const settings = { ...catalog.settings.cacheLevers, chooseTtl: false };
  const ttlChoice = () => ({ ttl: '5m', code: 'no-gaps', reason: '', sums: null }) as const;
  return pullLevers(body, { surface, settings, sessionId, ttlChoice }).body;
}

function told(
  choice: RouteChoice,
  candidates: readonly Candidate[],
): Omit<RouteExplanation, 'model' | 'boundAccountId' | 'sessionId'> {
  switch (choice.kind) {
    case 'chosen': {
      const { standing, away, record } = choice;
      const { account } = standing.candidate;
      const expectedWarmTokens = standing.prediction.warmTokens;
      return {
        decision: 'send',
        account,
        expectedWarmTokens,
        ...(away ? { code: away.code, reason: away.reason } : reasonOf('best-place')),
        retryAfterMs: null,
        record,
      };
    }
    case 'wait': {
      const { accountId, record } = choice;
      const account = candidates.find((candidate) => candidate.account.id === accountId)?.account ?? null;
      const expectedWarmTokens =
        record.considered.find((considered) => considered.accountId === accountId)?.warmTokens ?? null;
      return {
        decision: 'wait',
        account,
        expectedWarmTokens,
        ...reasonOf(record.considered.some(({ state }) => state === 'open') ? 'waiting-pays' : 'all-busy'),
        retryAfterMs: null,
        record,
      };
    }
    case 'full':
      return refused(reasonOf('all-busy-too-long'));
    case 'cooling-down':
      return refused({
        code: 'all-resting',
        reason: `${REASONS['all-resting']}; the first is back in ${Math.ceil(choice.retryAfterMs / 1000)} s`,
        retryAfterMs: choice.retryAfterMs,
      });
    case 'none':
      return refused(reasonOf('none-in-service'));
    default:
      return choice satisfies never;
  }
}

function reasonOf(code: ReasonCode): { code: RouteReasonCode; reason: string } {
  return { code, reason: REASONS[code] };
}

function refused(
  why: Pick<RouteExplanation, 'code' | 'reason'> & { retryAfterMs?: number },
): Omit<RouteExplanation, 'model' | 'boundAccountId' | 'sessionId'> {
  return {
    decision: 'refuse',
    account: null,
    expectedWarmTokens: null,
    retryAfterMs: null,
    record: null,
    ...why,
  };
}
