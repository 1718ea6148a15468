// What a logged request cost by kind of token, by the prices in force when it was billed.

import type { Catalog } from '../gateway/catalog.ts';
import type { RequestRow } from '../gateway/ports.ts';
import type { PriceSheet } from '../gateway/price-sheet.ts';
import { type CostPart, costOf, costPartsOf } from '../gateway/pricing.ts';
import { builder, OWN, VIEWER } from './builder.ts';
import { RequestLogRef } from './refs.ts';

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

const PriceSheetRef = builder.objectRef<PriceSheet>('PriceSheet').implement({
  description:
    'What the prices in force when a request was billed depended on; the prices of its tokens are in `costLines`.',
  authScopes: VIEWER,
  fields: (t) => ({
    aboveInputTokens: t.field({
      type: 'Long',
      nullable: true,
      description:
        'They were those of requests with more input tokens than this; null = those of all, or of requests below the first tier.',
      resolve: ({ aboveInputTokens }) => aboveInputTokens,
    }),
    rateMultiplier: t.exposeFloat('rateMultiplier', { description: "The account's factor on list prices." }),
    usdPerCredit: t.exposeFloat('usdPerCredit', {
      nullable: true,
      description: 'What one of its credits cost in USD; null = it was not billed in credits.',
    }),
  }),
});

builder.objectFields(RequestLogRef, (t) => ({
  costLines: t.field({
    type: [CostLineRef],
    nullable: true,
    description:
      'How `costUsd` adds up, to the nano-dollar, by the prices in force at that time. Null when it was not priced; and for a request from before prices were kept (no `priceSheet`), when those of today do not come to `costUsd`.',
    resolve: (row, _args, { parts }) => costLines(row, parts.catalog.current),
  }),
  priceSheet: t.field({
    type: PriceSheetRef,
    nullable: true,
    description: 'Null when it was not priced, or is from before prices were kept.',
    resolve: ({ priceSheet }) => priceSheet,
  }),
}));

function costLines(row: RequestRow, catalog: Catalog): CostPart[] | null {
  if (row.costNanoUsd === null) return null;
  return row.priceSheet ? costPartsOf(row, row.priceSheet) : todaysLines(row, catalog);
}

/** What prices are today must come to the sum of then. */
function todaysLines(row: RequestRow, { models, accounts, endpoints }: Catalog): CostPart[] | null {
  const model = models.get(row.modelId ?? '');
  const account = accounts.get(row.accountId ?? '');
  const endpoint = endpoints.get(row.endpointId ?? '');
  const { upstreamModel } = row;
  if (upstreamModel === null || !model || !account || !endpoint) return null;
  const { rateMultiplier, usdPerCredit } = account;
  const cost = costOf(row, { model, upstreamModel, baseUrl: endpoint.baseUrl, rateMultiplier, usdPerCredit });
  if (cost?.costNanoUsd !== row.costNanoUsd || cost.priceVersion !== row.priceVersion) return null;
  return costPartsOf(row, cost.priceSheet);
}
