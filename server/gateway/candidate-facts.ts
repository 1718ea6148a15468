// What never changes of a candidate, worked out once: its cache's rule and name, and its prices by the size of the prompt.

import { type CacheRule, cacheRuleOf } from '../routing/cache-rules.ts';
import type { InputPrices } from '../routing/contender.ts';
import { type CacheSpace, domainOf, familyOf, spaceKey } from '../routing/space.ts';
import type { BucketKey } from '../routing/token-buckets.ts';
import type { Candidate } from './catalog.ts';
import { inputPricesAt, priceClass } from './pricing.ts';

/** USD per token of a prompt of a certain size, by what its cache marks ask for; and whether they are known or assumed. */
export interface CandidatePrices {
  unwritten: InputPrices;
  written5m: InputPrices;
  written1h: InputPrices;
  isUnpriced: boolean;
}

export interface CandidateFacts {
  domain: string;
  family: string;
  rule: CacheRule;
  /** Of the account's token bucket. */
  bucketKey: BucketKey;
  /** By what of the request is in a space's key. */
  spaces: Map<string, CacheSpace>;
  /** By size class. */
  prices: Map<number, CandidatePrices>;
}

/** Owned by the candidates of the snapshot: goes with them. */
const remembered = new WeakMap<Candidate, CandidateFacts>();
/** Tenants times flags, and sizes, remembered per candidate; beyond it they are worked out anew. */
const MAX_SPACES = 1_000;
const MAX_SIZES = 300;
/** Of an unpriced model input costs one unit, and the cache what it costs at most providers. */
const UNPRICED = { inputUsd: 1e-6, readUsd: 0.1e-6, write5mUsd: 1.25e-6, write1hUsd: 2e-6 };

export function factsOf(candidate: Candidate): CandidateFacts {
  const known = remembered.get(candidate);
  if (known) return known;
  const { account, provider, endpoint, upstreamModel, host } = candidate;
  const facts: CandidateFacts = {
    domain: domainOf(account),
    family: familyOf({ providerId: provider.id, surface: endpoint.surface, upstreamModel }),
    rule: cacheRuleOf(endpoint.surface, upstreamModel, host),
    bucketKey: { accountId: account.id, upstreamModel },
    spaces: new Map(),
    prices: new Map(),
  };
  remembered.set(candidate, facts);
  return facts;
}

/** Where a prompt is cached when it goes to this candidate; `requestKey` as `requestSpaceKey` makes it. */
export function spaceAt(candidate: Candidate, requestKey: string): CacheSpace {
  const { spaces, domain, family } = factsOf(candidate);
  const known = spaces.get(requestKey);
  if (known) return known;
  if (spaces.size >= MAX_SPACES) spaces.clear();
  const space = { key: spaceKey({ domain, family, requestKey }), family, domain };
  spaces.set(requestKey, space);
  return space;
}

export function pricesAt(candidate: Candidate, promptTokens: number): CandidatePrices {
  const { prices } = factsOf(candidate);
  const size = priceClass(promptTokens);
  const known = prices.get(size);
  if (known) return known;
  if (prices.size >= MAX_SIZES) prices.clear();
  const found = inputPricesAt(candidate, promptTokens);
  const { inputUsd, readUsd, write5mUsd, write1hUsd } = found ?? UNPRICED;
  const priced: CandidatePrices = {
    unwritten: { inputUsd, readUsd, writeUsd: inputUsd },
    written5m: { inputUsd, readUsd, writeUsd: write5mUsd },
    written1h: { inputUsd, readUsd, writeUsd: write1hUsd },
    isUnpriced: found === null,
  };
  prices.set(size, priced);
  return priced;
}
