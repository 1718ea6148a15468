// The prices that requests for a model are really reckoned with, of models and of their mappings; and who can serve it.

import * as v from 'valibot';
import type { UnitPrices } from '../gateway/pricing.ts';
import { SURFACES } from '../wire/surface.ts';
import { badInput, builder, VIEWER } from './builder.ts';
import { ModelPriceInput, PRICES, priceField } from './model.ts';
import { mappingPrices, modelPrices, type PriceQuestion } from './model-prices.ts';
import { ModelMappingRef, ModelRef } from './refs.ts';

const MAX_INPUT_TOKENS = 1_000_000_000;

const PriceSourceRef = builder.enumType('PriceSource', {
  description: 'Who states a price.',
  values: {
    OVERRIDE: {
      value: 'override',
      description: 'The model’s own `price`; what that leaves open is filled from the table.',
    },
    PRICE_TABLE: { value: 'price-table', description: 'The price table that comes with this version.' },
  } as const,
});

const EffectivePriceRef = builder.objectRef<UnitPrices>('EffectivePrice').implement({
  description:
    'Prices as costs are reckoned with them, before the factor of the account. Every one is known: a cache price that nobody states is that of fresh input.',
  authScopes: VIEWER,
  fields: (t) => ({
    source: t.field({
      type: PriceSourceRef,
      description: 'Who states them.',
      resolve: ({ version }) => (version === 'override' ? ('override' as const) : ('price-table' as const)),
    }),
    version: t.exposeString('version', {
      description: 'As requests state it: `override`, or the table with its version and the entry of it.',
    }),
    inputUsdPerMillion: t.exposeFloat('input', { description: PRICES.inputUsdPerMillion }),
    outputUsdPerMillion: t.exposeFloat('output', { description: PRICES.outputUsdPerMillion }),
    cacheReadUsdPerMillion: t.exposeFloat('cacheRead', { description: PRICES.cacheReadUsdPerMillion }),
    cacheWrite5mUsdPerMillion: t.exposeFloat('cacheWrite5m', {
      description: PRICES.cacheWrite5mUsdPerMillion,
    }),
    cacheWrite1hUsdPerMillion: t.exposeFloat('cacheWrite1h', {
      description: PRICES.cacheWrite1hUsdPerMillion,
    }),
  }),
});

const INPUT_TOKENS = 'Size of the prompt in tokens: tiers of the prices depend on it.';
const OVERRIDE =
  'Asks what it would be with this override: null = without any, absent = with the one that is stored.';

builder.objectField(ModelRef, 'effectivePrice', (t) =>
  t.field({
    type: EffectivePriceRef,
    nullable: true,
    description:
      'What its requests are priced by at its first mapping, without one by its own name; null = unpriced, which is not $0.',
    args: {
      inputTokens: t.arg.int({ defaultValue: 0, description: INPUT_TOKENS }),
      override: t.arg({ type: ModelPriceInput, description: OVERRIDE }),
    },
    resolve: (model, args, { parts }) => modelPrices(parts.catalog.current, model, questionOf(args)),
  }),
);

builder.objectField(ModelMappingRef, 'effectivePrice', (t) =>
  t.field({
    type: EffectivePriceRef,
    nullable: true,
    description:
      'What requests sent by it are priced by, at the first endpoint of its provider; null = unpriced, which is not $0.',
    args: {
      inputTokens: t.arg.int({ defaultValue: 0, description: INPUT_TOKENS }),
      override: t.arg({ type: ModelPriceInput, description: OVERRIDE }),
    },
    resolve: (mapping, args, { parts }) => mappingPrices(parts.catalog.current, mapping, questionOf(args)),
  }),
);

builder.objectField(ModelRef, 'accountNames', (t) =>
  t.stringList({
    description: 'Names of the accounts that can serve it on some surface, whatever their state; sorted.',
    resolve: ({ id }, _args, { parts: { catalog } }) => {
      const names = new Map<string, string>();
      for (const surface of SURFACES)
        for (const { account } of catalog.current.candidates(id, surface))
          names.set(account.id, account.name);
      return [...names.values()].sort();
    },
  }),
);

interface QuestionArgs {
  inputTokens?: number | null | undefined;
  override?: typeof ModelPriceInput.$inferInput | null | undefined;
}

function questionOf({ inputTokens, override }: QuestionArgs): PriceQuestion {
  const size = inputTokens ?? 0;
  if (size < 0 || size > MAX_INPUT_TOKENS)
    throw badInput(
      `Cannot price a prompt of ${size} tokens: inputTokens must be from 0 to ${MAX_INPUT_TOKENS}`,
    );
  if (override === undefined) return { inputTokens: size };
  const price = v.safeParse(priceField, override);
  if (price.success) return { inputTokens: size, price: price.output };
  throw badInput(`Cannot price by the override: ${price.issues[0].message}`);
}
