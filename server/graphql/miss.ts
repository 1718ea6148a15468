// Why tokens of a request were cold: one entry a cause.

import type { Miss } from '../gateway/route-record.ts';
import { builder, OWN } from './builder.ts';
import { encodeGlobalId } from './global-id.ts';
import { MissDetailRef } from './miss-detail.ts';
import { RequestLogRef } from './refs.ts';
import { MissCauseRef } from './request-enums.ts';

const NANO_USD_PER_USD = 1e9;

const MissRef = builder.objectRef<Miss>('Miss').implement({
  description: 'Cold tokens of one request with one cause.',
  authScopes: OWN,
  fields: (t) => ({
    cause: t.field({ type: MissCauseRef, description: 'Why they were cold.', resolve: ({ cause }) => cause }),
    tokens: t.field({ type: 'Long', description: 'How many.', resolve: ({ tokens }) => tokens }),
    costUsd: t.float({
      nullable: true,
      description:
        'USD that they cost more than if they had been read from the cache; null when the model has no price.',
      resolve: ({ costNanoUsd }) => (costNanoUsd === null ? null : costNanoUsd / NANO_USD_PER_USD),
    }),
    detail: t.exposeString('detail', {
      nullable: true,
      description:
        'In words, such as `unused for 412 s`, `warm on team-b; the bound account was full`, `system` or `message 14` (counted from 0, as in the request); null = nothing to add.',
    }),
    detailCode: t.field({
      type: MissDetailRef,
      nullable: true,
      description:
        'What `detail` says, for programs; null = nothing, or the request is older than the codes.',
      resolve: ({ facts }) => facts?.code ?? null,
    }),
    detailMs: t.float({
      nullable: true,
      description: 'Milliseconds of UNUSED_FOR, EXPIRED_AGO and BEFORE_EXPIRY; null for other codes.',
      resolve: ({ facts }) => facts?.ms ?? null,
    }),
    detailCount: t.int({
      nullable: true,
      description:
        'Tokens of PROMPT_TOO_SHORT and BEGINNING_TOO_SHORT, blocks of TOO_MANY_BLOCKS, index of MESSAGE, of the first of MESSAGES; null for other codes.',
      resolve: ({ facts }) => facts?.count ?? null,
    }),
    detailUpTo: t.int({
      nullable: true,
      description: 'Index of the last of MESSAGES; null for other codes.',
      resolve: ({ facts }) => facts?.upTo ?? null,
    }),
    detailName: t.string({
      nullable: true,
      description:
        "Name of the account of WARM_ON, of the provider's model of MODEL_WAS; null for other codes.",
      resolve: ({ facts }) => facts?.name ?? null,
    }),
  }),
});

builder.objectFields(RequestLogRef, (t) => ({
  missCause: t.field({
    type: MissCauseRef,
    nullable: true,
    description:
      'The costliest cause of cold tokens but for new content; null when there is none worth mentioning, or nothing was reported.',
    resolve: ({ missCause }) => missCause,
  }),
  misses: t.field({
    type: [MissRef],
    nullable: true,
    description:
      'Every cold token with exactly one cause, costliest first: they add up to inputTokens less cacheReadTokens. Null when the provider reported no cache counts.',
    resolve: ({ misses }) => misses,
  }),
  prefixParentId: t.id({
    nullable: true,
    description:
      'Global id of the latest earlier request that has the longest beginning in common; null when none is known.',
    resolve: ({ prefixParentId }) =>
      prefixParentId === null ? null : encodeGlobalId('RequestLog', prefixParentId),
  }),
  prefixSharedTokens: t.field({
    type: 'Long',
    nullable: true,
    description: 'About how many tokens that beginning has.',
    resolve: ({ prefixSharedTokens }) => prefixSharedTokens,
  }),
}));
