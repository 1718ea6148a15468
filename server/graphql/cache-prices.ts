// What input costs at the account that a logged request went to, and whether its cache lifetime can be chosen.

import type { CachePrices, PricesOf } from '../analysis/ttl-advice.ts';
import type { Candidate, Catalog } from '../gateway/catalog.ts';
import { inputPricesAt } from '../gateway/pricing.ts';
import { cacheRuleOf } from '../routing/cache-rules.ts';
import type { Surface } from './parts.ts';

const SURFACES = [
  'anthropic-messages',
  'openai-chat',
  'openai-responses',
  'openai-embeddings',
  'gemini',
] as const satisfies readonly Surface[];

/** Looks each pair of model and account up once, in the catalogue as it is now. */
export function pricesFrom(catalog: Catalog): PricesOf {
  const candidates = new Map<string, Candidate | null>();
  return ({ modelId, accountId, inputTokens }) => {
    if (modelId === null || accountId === null) return 'unpriced';
    const key = `${modelId} ${accountId}`;
    const known = candidates.get(key);
    const candidate = known === undefined ? candidateOf(catalog, { modelId, accountId }) : known;
    candidates.set(key, candidate);
    return candidate ? pricesOf(candidate, inputTokens) : 'unpriced';
  };
}

function pricesOf(candidate: Candidate, inputTokens: number): CachePrices | 'implicit' | 'unpriced' {
  const { endpoint, upstreamModel, host } = candidate;
  const { lifetime, pricesWrites } = cacheRuleOf(endpoint.surface, upstreamModel, host);
  if (lifetime !== 'stated' || !pricesWrites) return 'implicit';
  return inputPricesAt(candidate, inputTokens) ?? 'unpriced';
}

function candidateOf(
  catalog: Catalog,
  { modelId, accountId }: { modelId: string; accountId: string },
): Candidate | null {
  for (const surface of SURFACES) {
    const found = catalog.candidates(modelId, surface).find(({ account }) => account.id === accountId);
    if (found) return found;
  }
  return null;
}
