// What a row of the request log tells of its routing: the candidates with their costs, and why which tokens were cold. Types.

import type { MissFacts } from './miss-facts.ts';
import type { RoutePolicy, RouteProfile } from './routing-settings.ts';

/**
 * Why input was not read from the prompt cache. `cold-start`: nothing of the conversation was warm anywhere yet.
 * `ttl-expired`: it had been, but nobody used it within its lifetime. `account-moved`: warm on another account than the
 * one that answered. `prefix-changed`: the prompt is another from some tool, system block or message on.
 * `model-changed`: the model, or a flag that the cache depends on, is another. `below-minimum`: shorter than what the
 * provider caches. `lookback-exceeded`: more new blocks than the provider looks back over. `evicted-upstream`: it should
 * have been warm, and the provider had dropped it. `not-cacheable`: no cache mark, or an account that does not cache.
 * `new-content`: never sent before; no routing could have had it warm.
 */
export const MISS_CAUSES = [
  'cold-start',
  'ttl-expired',
  'account-moved',
  'prefix-changed',
  'model-changed',
  'below-minimum',
  'lookback-exceeded',
  'evicted-upstream',
  'not-cacheable',
  'new-content',
] as const;
export type MissCause = (typeof MISS_CAUSES)[number];

/** Cold tokens of one request with one cause. */
export interface Miss {
  cause: MissCause;
  tokens: number;
  /** What they cost more than if they had been read from the cache; null = the model is unpriced. */
  costNanoUsd: number | null;
  /** In words: `unused for 412 s`, `bound account was full`, `message 14`, `tools`. Null = nothing to add. */
  detail: string | null;
  /** What `detail` says, for programs; null = nothing, or the row is older than the codes. */
  facts: MissFacts | null;
}

/**
 * Why the affinity outcome is what it is, for machines. First what became of a binding: `bound-account`, `nothing-bound`,
 * `api-key-bound` (another binding of the API key led here). Why it was given up: `account-removed`, `account-paused`,
 * `account-disabled`, `account-resting`, `account-failing`, `warmer-elsewhere`. Why the request went elsewhere for once:
 * `bound-account-full`, `bound-account-resting`, `bound-account-failed`, `cheaper-elsewhere`, `bound-meanwhile`. Why there was no binding:
 * `account-does-not-cache`, `cleared`, `request-refused`, `no-account`, `no-identity`, `not-cacheable-call`,
 * `not-a-model-call`, `not-routed`, `affinity-off`, `policy-without-bindings`, `keep-warm`.
 */
export const AFFINITY_CODES = [
  'bound-account',
  'nothing-bound',
  'api-key-bound',
  'account-removed',
  'account-paused',
  'account-disabled',
  'account-resting',
  'account-failing',
  'warmer-elsewhere',
  'bound-account-full',
  'bound-account-resting',
  'bound-account-failed',
  'cheaper-elsewhere',
  'bound-meanwhile',
  'account-does-not-cache',
  'cleared',
  'request-refused',
  'no-account',
  'no-identity',
  'not-cacheable-call',
  'not-a-model-call',
  'not-routed',
  'affinity-off',
  'policy-without-bindings',
  'keep-warm',
] as const;
export type AffinityCode = (typeof AFFINITY_CODES)[number];

/** What an account looked like at the moment of choice. */
export type ConsideredState =
  | 'open'
  | 'full'
  | 'cooling-down'
  | 'ejected'
  | 'half-open'
  | 'paused'
  | 'disabled'
  | 'tried';

/** Expected cost of sending the request to one account, in USD; the total is the sum of the others. */
export interface CostTerms {
  /** Input that would have to be processed anew, written to the cache where that costs. */
  missUsd: number;
  readUsd: number;
  /** What is saved where other callers have warmed more of the same prompt; 0 or below. */
  othersUsd: number;
  waitUsd: number;
  loadUsd: number;
  failureUsd: number;
  headroomUsd: number;
  totalUsd: number;
}

export interface ConsideredCandidate {
  accountId: string;
  accountName: string;
  state: ConsideredState;
  /** Input tokens expected to be read from the prompt cache there. */
  warmTokens: number;
  /** Expected wait until it can take the request; null = not within its patience. */
  waitMs: number | null;
  /** Null = the policy does not count costs, or the account is out of the question. */
  cost: CostTerms | null;
}

export interface RouteRecord {
  policy: RoutePolicy;
  profile: RouteProfile;
  /** The estimate that the costs were counted with. */
  promptTokens: number;
  /** The model has no price: costs are in millionths of input tokens' worth, not in USD. */
  isUnpriced: boolean;
  /** Time spent waiting for an account, without the wait for a place in the gateway. */
  waitedMs: number;
  /** As they stood when the account was chosen that answered, cheapest first; at most 16. */
  considered: readonly ConsideredCandidate[];
}

/** What 1 h would save and cost more than 5 min, by the pauses seen. */
export interface TtlSums {
  /** The session's own pauses were enough; otherwise those of its kind count as well. */
  isOwn: boolean;
  savedUsd: number;
  extraUsd: number;
}

/** What the gateway did to the request for the sake of the cache. */
export interface CacheLeverRecord {
  /** Lifetime set on the client's marks; null = left as they were. */
  ttl: '5m' | '1h' | null;
  ttlReason: string | null;
  /** What that reason says, for programs; null = none, or the row is older. */
  ttlSums: TtlSums | null;
  breakpointsPlaced: number;
  promptCacheKeySet: boolean;
}
