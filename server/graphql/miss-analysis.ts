// Why prompts were cold, with what each cause cost: sums over the request log.

import type { MissTotal } from '../gateway/ports.ts';
import type { MissCause } from '../gateway/route-record.ts';
import { builder, VIEWER } from './builder.ts';
import { share } from './desk.ts';
import { ModelRef } from './refs.ts';
import { MissCauseRef } from './request-enums.ts';
import { RequestLogFilter, requestFilter } from './request-filter-input.ts';

const NANO_USD_PER_USD = 1e9;

interface CauseSum {
  cause: MissCause;
  requests: number;
  tokens: number;
  costUsd: number;
  /** Of the tokens summed up with it. */
  share: number;
}

interface MissSums {
  coldTokens: number;
  costUsd: number;
  unpricedTokens: number;
  causes: CauseSum[];
}

interface ModelMisses extends MissSums {
  modelId: string | null;
}

const CauseSumRef = builder.objectRef<CauseSum>('MissCauseTotal').implement({
  description: 'Cold tokens of one cause.',
  authScopes: VIEWER,
  fields: (t) => ({
    cause: t.field({ type: MissCauseRef, description: 'Why they were cold.', resolve: ({ cause }) => cause }),
    requests: t.exposeInt('requests', { description: 'Requests with any such token.' }),
    tokens: t.field({ type: 'Long', description: 'How many.', resolve: ({ tokens }) => tokens }),
    costUsd: t.exposeFloat('costUsd', {
      description:
        'USD that they cost more than if they had been read; tokens without a price count nothing.',
    }),
    share: t.exposeFloat('share', { description: 'Their part of the cold tokens, as a fraction 0 to 1.' }),
  }),
});

const ModelMissesRef = builder.objectRef<ModelMisses>('ModelMisses').implement({
  description: 'Cold tokens of requests for one model.',
  authScopes: VIEWER,
  fields: (t) => ({
    model: t.field({
      type: ModelRef,
      nullable: true,
      description: 'Null when it has been deleted since.',
      resolve: ({ modelId }, _args, { parts }) => parts.catalog.current.models.get(modelId ?? '') ?? null,
    }),
    coldTokens: t.field({
      type: 'Long',
      description: 'Input tokens that were not read from a prompt cache.',
      resolve: ({ coldTokens }) => coldTokens,
    }),
    costUsd: t.exposeFloat('costUsd', { description: 'USD that they cost more than if they had been read.' }),
    causes: t.field({
      type: [CauseSumRef],
      description: 'Costliest first.',
      resolve: ({ causes }) => causes,
    }),
  }),
});

const MissAnalysisRef = builder
  .objectRef<MissSums & { byModel: ModelMisses[] }>('CacheMissAnalysis')
  .implement({
    description:
      'Why prompts were cold, over every request that matches the filter and whose provider reported cache counts.',
    authScopes: VIEWER,
    fields: (t) => ({
      totalColdTokens: t.field({
        type: 'Long',
        description: 'Input tokens that were not read from a prompt cache.',
        resolve: ({ coldTokens }) => coldTokens,
      }),
      totalCostUsd: t.float({
        description: 'USD that they cost more than if they had been read.',
        resolve: ({ costUsd }) => costUsd,
      }),
      unpricedTokens: t.field({
        type: 'Long',
        description: 'Cold tokens of models without a price: they are in no cost.',
        resolve: ({ unpricedTokens }) => unpricedTokens,
      }),
      causes: t.field({
        type: [CauseSumRef],
        description: 'Costliest first; a request counts under each of its causes.',
        resolve: ({ causes }) => causes,
      }),
      byModel: t.field({
        type: [ModelMissesRef],
        description: 'The same for each model, costliest first.',
        resolve: ({ byModel }) => byModel,
      }),
    }),
  });

builder.queryField('cacheMissAnalysis', (t) =>
  t.field({
    type: MissAnalysisRef,
    description: 'Why prompts were cold, with what each cause cost.',
    args: { filter: t.arg({ type: RequestLogFilter }) },
    resolve: async (_root, { filter }, { parts }) =>
      analysisOf(await parts.log.missTotals(requestFilter(filter))),
  }),
);

function analysisOf(totals: readonly MissTotal[]) {
  const models = Map.groupBy(totals, ({ modelId }) => modelId);
  const byModel = [...models]
    .map(([modelId, ofModel]) => ({ modelId, ...sumsOf(ofModel) }))
    .toSorted(costliestFirst((sums) => sums.coldTokens));
  return { ...sumsOf(totals), byModel };
}

function sumsOf(totals: readonly MissTotal[]): MissSums {
  const sum = (of: readonly MissTotal[], field: 'requests' | 'tokens' | 'costNanoUsd' | 'unpricedTokens') =>
    of.reduce((total, row) => total + row[field], 0);
  const coldTokens = sum(totals, 'tokens');
  const causes = [...Map.groupBy(totals, ({ cause }) => cause)].map(([cause, ofCause]) => ({
    cause,
    requests: sum(ofCause, 'requests'),
    tokens: sum(ofCause, 'tokens'),
    costUsd: sum(ofCause, 'costNanoUsd') / NANO_USD_PER_USD,
    share: share(sum(ofCause, 'tokens'), coldTokens),
  }));
  return {
    coldTokens,
    costUsd: sum(totals, 'costNanoUsd') / NANO_USD_PER_USD,
    unpricedTokens: sum(totals, 'unpricedTokens'),
    causes: causes.toSorted(costliestFirst(({ tokens }) => tokens)),
  };
}

/** Where costs are equal, as for models without a price, by tokens. */
function costliestFirst<Sum extends { costUsd: number }>(tokensOf: (sum: Sum) => number) {
  return (a: Sum, b: Sum) => b.costUsd - a.costUsd || tokensOf(b) - tokensOf(a);
}
