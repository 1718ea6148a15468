// Which policy a request is routed by, and what it means for bindings. Pure.

import type { AffinityScope, Model, Settings } from './ports.ts';
import type { RoutePolicy, RouteProfile } from './routing-settings.ts';

export interface EffectivePolicy {
  policy: RoutePolicy;
  profile: RouteProfile;
  /** What a binding belongs to; null = the policy keeps none. */
  scope: AffinityScope | null;
  /** Bindings are switched off altogether, whatever the policy. */
  isAffinityOff: boolean;
}

/** The model's own policy, else that of the settings. */
export function policyOf(
  { affinity, routing }: Pick<Settings, 'affinity' | 'routing'>,
  model: Pick<Model, 'routePolicy' | 'routeProfile'> | null,
): EffectivePolicy {
  const profile = model?.routeProfile ?? routing.profile;
  const stated = model?.routePolicy ?? byScope(routing.policy, affinity.scope);
  const policy = affinity.enabled || !SCOPES[stated] ? stated : 'round-robin';
  return { policy, profile, scope: SCOPES[policy], isAffinityOff: !affinity.enabled };
}

/** Bindings per API key are a policy of their own: content has no say in it. */
function byScope(policy: RoutePolicy, scope: AffinityScope): RoutePolicy {
  return scope === 'api-key' && (policy === 'warm-cost' || policy === 'session') ? 'api-key' : policy;
}

const SCOPES: Readonly<Record<RoutePolicy, AffinityScope | null>> = {
  'warm-cost': 'session',
  session: 'session',
  'api-key': 'api-key',
  'round-robin': null,
  'least-loaded': null,
  'fixed-order': null,
};
