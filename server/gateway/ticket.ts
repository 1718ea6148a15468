// One request's hold on its conversation's binding, and what becomes of it. Types only.

import type { AwayCode, BindingCode } from './binding-reasons.ts';
import type { BindingEntry } from './bindings.ts';
import type { Candidate } from './catalog.ts';
import type { AffinityIdentity } from './identity.ts';
import type { AffinityOutcome } from './ports.ts';
import type { AffinityCode } from './route-record.ts';

/** A reason for programs and for people. */
export interface Why<Code extends AwayCode = AwayCode> {
  code: Code;
  reason: string;
}

/** Why a request goes elsewhere than to its bound account; `moves` = it is at home there from now on. */
export interface Away<Code extends AwayCode = AwayCode> extends Why<Code> {
  moves: boolean;
}

/** One request's hold on its binding, from selection to settlement. */
export interface AffinityTicket {
  readonly identity: AffinityIdentity;
  /**
   * The very binding it goes by: found at the lookup, or made by it since. Another one under the same key is newer, and
   * is not this request's to move or to update.
   */
  entry: BindingEntry | null;
  /** The account the conversation is bound to, null when none. */
  boundAccountId: string | null;
  /** It goes there whenever there is room, whatever another account would cost: the binding is pinned or was moved by hand. */
  isHeldToBound: boolean;
  /** Second choice while the bound account cannot be used. */
  borrowedAccountId: string | null;
  /** Found through another model's binding of the same API key (scope `api-key`). */
  isThroughApiKey: boolean;
  /** The binding given up in the course of this request: what a new one counts as a move from. */
  movedFrom: ({ accountId: string; providerId: string } & Why) | null;
  /** The last account tried: what a clear by provider or account is matched against. */
  candidate: Candidate | null;
  /** What it went by was cleared: it binds nothing any more. */
  isRevoked: boolean;
}

/** What the routing did with the binding, and why. */
export interface AffinityResult {
  code: AffinityCode;
  reason: string;
  outcome: AffinityOutcome;
}

/** Since the start of this process. */
export interface AffinityCounters {
  /** Bindings made. */
  total: number;
  hits: number;
  misses: number;
  /** Requests that went elsewhere for once. */
  borrowed: number;
  /** Bindings that nobody used for their lifetime, and those that had to make room. */
  expired: number;
  /** Bindings that ended before their time, by reason. */
  invalidations: ReadonlyMap<BindingCode, number>;
  /** Moves to another provider. */
  providerSwitches: number;
  /** Moves to another account of the same provider. */
  keySwitches: number;
}
