// Every policy that a replay knows: those a gateway can be set to, and others beside for comparison.

import { ROUTE_POLICIES, type RouteProfile } from '../../gateway/routing-settings.ts';
import { PROFILES } from '../../routing/contender.ts';
import { keyAndModelBound } from './aether-policy.ts';
import { fixedOrder, leastLoaded, roundRobin } from './plain-policies.ts';
import type { Plan, PlannedRequest } from './plan.ts';
import type { ReplayPolicy } from './policy.ts';
import { radixTree } from './radix-tree-policy.ts';
import { keyBound, sessionBound, sessionMoving, sessionWaiting } from './sticky-policies.ts';
import type { TokenPrices } from './tally.ts';
import { warmCost } from './warm-cost-policy.ts';

/**
 * Beside the gateway's own. `session-moving`: a session is bound for an hour and stays where it had to go.
 * `session-wait`: so, but waits up to 20 s first. `aether`: API key and model are bound for 300 s. `sglang`: radix tree
 * with a match threshold.
 */
export const REPLAY_POLICIES = [
  ...ROUTE_POLICIES,
  'session-moving',
  'session-wait',
  'aether',
  'sglang',
] as const;
export type ReplayPolicyName = (typeof REPLAY_POLICIES)[number];

export interface PolicyBuild {
  plan: Plan;
  accounts: number;
  /** Lifetime that policies believe in. */
  believedTtlMs: number;
  profile: RouteProfile;
  pricesOf: (request: PlannedRequest) => TokenPrices;
}

export function buildPolicy(name: ReplayPolicyName, build: PolicyBuild): ReplayPolicy {
  const { plan, accounts, believedTtlMs, profile, pricesOf } = build;
  const { tree, copies } = plan;
  switch (name) {
    case 'warm-cost':
      return warmCost({
        tree,
        copies,
        accounts,
        believedTtlMs,
        profile: PROFILES[profile],
        pricesOf: (request) => {
          const { input, read, write } = pricesOf(request);
          return { inputUsd: input, readUsd: read, writeUsd: write };
        },
      });
    case 'session':
      return sessionBound(believedTtlMs);
    case 'session-moving':
      return sessionMoving();
    case 'session-wait':
      return sessionWaiting();
    case 'api-key':
      return keyBound();
    case 'aether':
      return keyAndModelBound();
    case 'sglang':
      return radixTree({ tree, copies }, accounts);
    case 'round-robin':
      return roundRobin();
    case 'least-loaded':
      return leastLoaded();
    case 'fixed-order':
      return fixedOrder();
    default:
      return name satisfies never;
  }
}
