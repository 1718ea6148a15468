// What a logged request used: token counts, the ledger, the provider's own words, money, and kept bodies.

import type { BodyTexts } from '../gateway/body-copy.ts';
import { ledgerOf } from '../wire/usage.ts';
import { builder, OWN, VIEWER } from './builder.ts';
import { RequestLogRef } from './refs.ts';
import { UsageFlagRef, UsageSourceRef } from './request-enums.ts';

const NANO_USD_PER_USD = 1e9;

const LEDGER_PARTS = {
  inputTokens: 'Input that was neither read from nor written to the prompt cache.',
  cacheReadTokens: 'Input read from the prompt cache.',
  cacheWrite5mTokens: 'Input written to the prompt cache for 5 minutes, or for no stated time.',
  cacheWrite1hTokens: 'Input written to the prompt cache for 1 hour.',
  outputTokens: 'Output that the caller sees as text or calls.',
  reasoningTokens: 'Output spent on reasoning.',
  audioTokens: 'Spoken input and output.',
} as const;

const LedgerRef = builder.objectRef<ReturnType<typeof ledgerOf>>('Ledger').implement({
  description:
    'Token counts as parts of which none contains another: they add up to all input and output. Null = not reported.',
  authScopes: OWN,
  fields: (t) => {
    const part = (name: keyof typeof LEDGER_PARTS) =>
      t.field({
        type: 'Long',
        nullable: true,
        description: LEDGER_PARTS[name],
        resolve: (ledger) => ledger[name],
      });
    return {
      inputTokens: part('inputTokens'),
      cacheReadTokens: part('cacheReadTokens'),
      cacheWrite5mTokens: part('cacheWrite5mTokens'),
      cacheWrite1hTokens: part('cacheWrite1hTokens'),
      outputTokens: part('outputTokens'),
      reasoningTokens: part('reasoningTokens'),
      audioTokens: part('audioTokens'),
    };
  },
});

const BodiesRef = builder.objectRef<BodyTexts>('RequestBodies').implement({
  description: 'What a request and its reply said, without secrets.',
  authScopes: VIEWER,
  fields: (t) => ({
    request: t.exposeString('request', { description: 'As the client sent it.' }),
    upstreamRequest: t.exposeString('upstreamRequest', {
      nullable: true,
      description:
        'As the last account that was tried got it; null when that is the same, or was not kept yet.',
    }),
    requestHeaders: t.exposeString('requestHeaders', {
      nullable: true,
      description:
        "JSON of the client's headers, texts by name; what is or may be a secret is dots. Null when they were not kept yet.",
    }),
    reply: t.exposeString('reply', { description: 'As the client got it.' }),
    isCut: t.exposeBoolean('isCut', { description: 'At least one of them is only a beginning.' }),
  }),
});

builder.objectFields(RequestLogRef, (t) => ({
  inputTokens: t.field({
    type: 'Long',
    nullable: true,
    description: 'All input, cache reads and writes included.',
    resolve: ({ inputTokens }) => inputTokens,
  }),
  outputTokens: t.field({
    type: 'Long',
    nullable: true,
    description: 'Generated tokens, reasoning included.',
    resolve: ({ outputTokens }) => outputTokens,
  }),
  reasoningTokens: t.field({
    type: 'Long',
    nullable: true,
    description: 'Part of outputTokens.',
    resolve: ({ reasoningTokens }) => reasoningTokens,
  }),
  cacheReadTokens: t.field({
    type: 'Long',
    nullable: true,
    description: 'Part of inputTokens that was read from the prompt cache.',
    resolve: ({ cacheReadTokens }) => cacheReadTokens,
  }),
  cacheWriteTokens: t.field({
    type: 'Long',
    nullable: true,
    description: 'Part of inputTokens that was written to the prompt cache.',
    resolve: ({ cacheWriteTokens }) => cacheWriteTokens,
  }),
  cacheWrite5mTokens: t.field({
    type: 'Long',
    nullable: true,
    description: 'Part of cacheWriteTokens kept for 5 minutes.',
    resolve: ({ cacheWrite5mTokens }) => cacheWrite5mTokens,
  }),
  cacheWrite1hTokens: t.field({
    type: 'Long',
    nullable: true,
    description: 'Part of cacheWriteTokens kept for 1 hour.',
    resolve: ({ cacheWrite1hTokens }) => cacheWrite1hTokens,
  }),
  expectedWarmTokens: t.field({
    type: 'Long',
    nullable: true,
    description: 'What the routing expected to be read from the prompt cache.',
    resolve: ({ expectedWarmTokens }) => expectedWarmTokens,
  }),
}));

builder.objectFields(RequestLogRef, (t) => ({
  ledger: t.field({
    type: LedgerRef,
    description: 'The same counts as disjoint parts.',
    resolve: (row) => ledgerOf(row),
  }),
  rawUsage: t.exposeString('rawUsage', {
    nullable: true,
    description: "JSON of the provider's own usage object, or of its first and last; null when it sent none.",
  }),
  usageFlags: t.field({
    type: [UsageFlagRef],
    description: 'Why the counts deserve a look; empty when nothing is odd.',
    resolve: ({ usageFlags }) => usageFlags,
  }),
  bodies: t.field({
    type: BodiesRef,
    nullable: true,
    description: 'Null unless bodies were being kept at the time, and have not been deleted since.',
    resolve: ({ id }, _args, { parts }) => parts.bodies.get(id),
  }),
  usageSource: t.field({
    type: UsageSourceRef,
    description: 'Where the token counts come from.',
    resolve: ({ usageSource }) => usageSource,
  }),
  priceVersion: t.exposeString('priceVersion', {
    nullable: true,
    description: 'Price list by which it was billed.',
  }),
  credits: t.exposeFloat('credits', {
    nullable: true,
    description: "The provider's own unit, where it bills in one.",
  }),
  costUsd: t.float({
    nullable: true,
    description: 'USD; null when the model has no price.',
    resolve: ({ costNanoUsd }) => toUsd(costNanoUsd),
  }),
  savedUsd: t.float({
    nullable: true,
    description:
      'USD that the prompt cache saved against the same tokens without it; negative when writing cost more.',
    resolve: ({ savedNanoUsd }) => toUsd(savedNanoUsd),
  }),
}));

function toUsd(nanoUsd: number | null): number | null {
  return nanoUsd === null ? null : nanoUsd / NANO_USD_PER_USD;
}
