// One request's hold on its conversation's binding, and what becomes of it. Types only.

import type { Candidate } from './catalog.ts';
import type { AffinityIdentity } from './identity.ts';
import type { AffinityOutcome } from './ports.ts';

/** One request's hold on its binding, from selection to settlement. */
export interface AffinityTicket {
  readonly identity: AffinityIdentity;
  /** The account the conversation is bound to, null when none. */
  boundAccountId: string | null;
  /** Second choice while the bound account cannot be used. */
  borrowedAccountId: string | null;
  /** Found through another model's binding of the same API key (scope `api-key`). */
  isThroughApiKey: boolean;
  /** The binding given up in the course of this request: what a new one counts as a move from. */
  movedFrom: { accountId: string; providerId: string; reason: string } | null;
  /** The last account tried: what a clear by provider or account is matched against. */
  candidate: Candidate | null;
  isRevoked: boolean;
}

/** What the routing did with the binding, with the reason in words. */
export interface AffinityResult {
  outcome: AffinityOutcome;
  reason: string;
}

export interface AffinityCounters {
  /** Bindings created since the start. */
  total: number;
  hits: number;
  misses: number;
  invalidations: ReadonlyMap<string, number>;
  providerSwitches: number;
  keySwitches: number;
}
