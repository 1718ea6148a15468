// One request's hold on its conversation's binding, and what becomes of it. Types only.

import type { Candidate } from './catalog.ts';
import type { AffinityIdentity } from './identity.ts';
import type { AffinityOutcome } from './ports.ts';
import type { AffinityCode } from './route-record.ts';

/** A reason for machines and for people. */
export interface Why {
  code: AffinityCode;
  reason: string;
}

/** Why a request goes elsewhere than to its bound account; `moves` = it is at home there from now on. */
export interface Away extends Why {
  moves: boolean;
}

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
  movedFrom: ({ accountId: string; providerId: string } & Why) | null;
  /** The last account tried: what a clear by provider or account is matched against. */
  candidate: Candidate | null;
  isRevoked: boolean;
}

/** What the routing did with the binding, and why. */
export interface AffinityResult extends Why {
  outcome: AffinityOutcome;
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
