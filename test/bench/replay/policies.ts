// The routings that are compared: settings of the gateway, or a policy of the bench in the place of the gateway's own.

import type { GatewayParts } from '../../../server/gateway/parts.ts';
import type { Settings } from '../../../server/gateway/ports.ts';
import { keyStickyPolicy, sglangPolicy } from './reference-policies.ts';

/**
 * `one-account`: everything to a single account without limits. `kiro-go`, `sglang`: see reference-policies.ts.
 * `aether`: API key and model to an account for 300 s, with slots reserved for them. `session`: session to account for an
 * hour. `warm-cost`: the gateway as it is installed.
 */
export const POLICIES = [
  'one-account',
  'round-robin',
  'least-loaded',
  'kiro-go',
  'aether',
  'session',
  'sglang',
  'warm-cost',
] as const;
export type Policy = (typeof POLICIES)[number];

type Change = (settings: Settings) => Settings;

function routedBy(
  policy: Settings['routing']['policy'],
  affinity: Partial<Settings['affinity']>,
  reservation = false,
): Change {
  return (settings) => ({
    ...settings,
    affinity: { ...settings.affinity, ...affinity },
    routing: { ...settings.routing, policy },
    reservation: { ...settings.reservation, enabled: reservation },
  });
}

const CHANGES: Record<Policy, Change> = {
  'one-account': routedBy('round-robin', { enabled: false }),
  'round-robin': routedBy('round-robin', { enabled: false }),
  'least-loaded': routedBy('least-loaded', { enabled: false }),
  'kiro-go': routedBy('api-key', { enabled: true, scope: 'api-key' }),
  aether: routedBy('api-key', { enabled: true, scope: 'api-key', ttlSeconds: 300 }, true),
  session: routedBy('session', { enabled: true, scope: 'session', ttlSeconds: 3600 }),
  sglang: routedBy('least-loaded', { enabled: false }),
  'warm-cost': (settings) => settings,
};

export function settingsOf(policy: Policy, settings: Settings): Settings {
  return CHANGES[policy](settings);
}

/** The gateway with the policy's rules in it, where they are the bench's. */
export function partsOf(policy: Policy, parts: GatewayParts): GatewayParts {
  switch (policy) {
    case 'kiro-go':
      return { ...parts, policies: { ...parts.policies, 'api-key': keyStickyPolicy() } };
    case 'sglang':
      return { ...parts, policies: { ...parts.policies, 'least-loaded': sglangPolicy() } };
    default:
      return parts;
  }
}
