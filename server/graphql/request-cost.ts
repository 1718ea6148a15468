// What a logged request cost by kind of token, as long as the prices are those by which it was billed.

import type { Catalog } from '../gateway/catalog.ts';
import type { RequestRow } from '../gateway/ports.ts';
import { type CostPart, costPartsOf } from '../gateway/pricing.ts';
import { builder, OWN } from './builder.ts';
import { RequestLogRef } from './refs.ts';

/** Each part was rounded with the others; a price that changed makes more of a difference. */
const ROUNDING_NANO_USD = 1;

const CostPartRef = builder.enumType('CostPartKind', {
  description: 'Kinds of tokens with a price of their own.',
  values: {
    INPUT: { value: 'input', description: 'Input neither read from nor written to the prompt cache.' },
    CACHE_READ: { value: 'cache-read', description: 'Input read from the prompt cache.' },
    CACHE_WRITE_5M: { value: 'cache-write-5m', description: 'Input written to it for 5 minutes.' },
    CACHE_WRITE_1H: { value: 'cache-write-1h', description: 'Input written to it for 1 hour.' },
    AUDIO_INPUT: { value: 'audio-input', description: 'Spoken input.' },
    OUTPUT: { value: 'output', description: 'Output, reasoning included.' },
    AUDIO_OUTPUT: { value: 'audio-output', description: 'Spoken output.' },
  } as const,
});

const CostLineRef = builder.objectRef<CostPart>('CostLine').implement({
  description: 'What tokens of one kind cost: tokens times price.',
  authScopes: OWN,
  fields: (t) => ({
    part: t.field({ type: CostPartRef, description: 'Which tokens.', resolve: ({ part }) => part }),
    tokens: t.field({ type: 'Long', description: 'How many.', resolve: ({ tokens }) => tokens }),
    usdPerMillion: t.exposeFloat('usdPerMillion', {
      description: "USD per million of them, the account's factor on list prices included.",
    }),
    costUsd: t.float({
      description: 'USD for all of them.',
      resolve: ({ costNanoUsd }) => costNanoUsd / 1e9,
    }),
  }),
});

builder.objectFields(RequestLogRef, (t) => ({
  costLines: t.field({
    type: [CostLineRef],
    nullable: true,
    description:
      'How `costUsd` adds up. Null when it was not priced, or the prices are no longer those by which it was.',
    resolve: (row, _args, { parts }) => costLines(row, parts.catalog.current),
  }),
}));

/** Prices are not kept with each row: what they are today must come to the sum of then. */
function costLines(row: RequestRow, { models, accounts, endpoints }: Catalog): CostPart[] | null {
  const model = models.get(row.modelId ?? '');
  const account = accounts.get(row.accountId ?? '');
  const endpoint = endpoints.get(row.endpointId ?? '');
  if (row.costNanoUsd === null || row.upstreamModel === null || !model || !account || !endpoint) return null;
  const { rateMultiplier, usdPerCredit } = account;
  const cost = costPartsOf(row, {
    model,
    upstreamModel: row.upstreamModel,
    baseUrl: endpoint.baseUrl,
    rateMultiplier,
    usdPerCredit,
  });
  if (!cost || cost.priceVersion !== row.priceVersion) return null;
  const sum = cost.parts.reduce((total, { costNanoUsd }) => total + costNanoUsd, 0);
  return Math.abs(sum - row.costNanoUsd) <= ROUNDING_NANO_USD ? cost.parts : null;
}
