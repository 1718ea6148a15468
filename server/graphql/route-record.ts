// How a logged request came to its account: the candidates with their costs, and what was done for the cache's sake.

import type {
  CacheLeverRecord,
  ConsideredCandidate,
  CostTerms,
  RouteRecord,
} from '../gateway/route-record.ts';
import { builder, VIEWER } from './builder.ts';
import { AccountRef, RequestLogRef } from './refs.ts';
import { ConsideredStateRef } from './request-enums.ts';
import { RoutePolicyRef, RouteProfileRef } from './settings-enums.ts';

const TERMS = {
  missUsd: 'Input that would have to be processed anew, and written to the cache where that costs.',
  readUsd: 'Input that would be read from the cache.',
  othersUsd: 'What is saved where other callers have warmed more of the same prompt; 0 or below.',
  waitUsd: 'What waiting for it is worth.',
  loadUsd: 'What its load is worth: busy accounts are slower.',
  failureUsd: 'What its failures of late make likely to be lost.',
  headroomUsd: 'What its rate limits being nearly used up is worth.',
  totalUsd: 'All of these together.',
} as const satisfies Record<keyof CostTerms, string>;

const CostTermsRef = builder.objectRef<CostTerms>('CostTerms').implement({
  description: 'Expected cost of sending the request to one account, in USD.',
  authScopes: VIEWER,
  fields: (t) => {
    const term = (name: keyof CostTerms) => t.exposeFloat(name, { description: TERMS[name] });
    return {
      missUsd: term('missUsd'),
      readUsd: term('readUsd'),
      othersUsd: term('othersUsd'),
      waitUsd: term('waitUsd'),
      loadUsd: term('loadUsd'),
      failureUsd: term('failureUsd'),
      headroomUsd: term('headroomUsd'),
      totalUsd: term('totalUsd'),
    };
  },
});

const ConsideredRef = builder.objectRef<ConsideredCandidate>('ConsideredAccount').implement({
  description: 'An account that could have served the request, as it stood then.',
  authScopes: VIEWER,
  fields: (t) => ({
    account: t.field({
      type: AccountRef,
      nullable: true,
      description: 'Null when it has been deleted since.',
      resolve: ({ accountId }, _args, { parts }) => parts.catalog.current.accounts.get(accountId) ?? null,
    }),
    accountName: t.exposeString('accountName', { description: 'Its name at that time.' }),
    state: t.field({
      type: ConsideredStateRef,
      description: 'What it looked like.',
      resolve: ({ state }) => state,
    }),
    warmTokens: t.field({
      type: 'Long',
      description: 'Input tokens expected to be read from the prompt cache there.',
      resolve: ({ warmTokens }) => warmTokens,
    }),
    waitMs: t.exposeFloat('waitMs', {
      nullable: true,
      description:
        'Expected wait in milliseconds until it could take the request; null = not within its patience.',
    }),
    cost: t.field({
      type: CostTermsRef,
      nullable: true,
      description: 'Null when the policy does not count costs, or the account was out of the question.',
      resolve: ({ cost }) => cost,
    }),
  }),
});

export const RouteRecordRef = builder.objectRef<RouteRecord>('RouteRecord').implement({
  description: 'How the account was chosen.',
  authScopes: VIEWER,
  fields: (t) => ({
    policy: t.field({
      type: RoutePolicyRef,
      description: 'The policy that chose.',
      resolve: ({ policy }) => policy,
    }),
    profile: t.field({
      type: RouteProfileRef,
      description: 'What waiting was worth.',
      resolve: ({ profile }) => profile,
    }),
    promptTokens: t.field({
      type: 'Long',
      description: 'The estimate of the input that costs were counted with.',
      resolve: ({ promptTokens }) => promptTokens,
    }),
    waitedMs: t.exposeFloat('waitedMs', {
      description: 'Milliseconds spent waiting for an account, without the wait for a place in the gateway.',
    }),
    isUnpriced: t.exposeBoolean('isUnpriced', {
      description: 'The model has no price: costs are in millionths of the worth of an input token.',
    }),
    considered: t.field({
      type: [ConsideredRef],
      description: 'As they stood when the account was chosen that answered, cheapest first; at most 16.',
      resolve: ({ considered }) => [...considered],
    }),
  }),
});

const TtlReasonRef = builder.enumType('TtlReason', {
  description: 'Why the gateway set the longer cache lifetime; the sums stand beside it.',
  values: {
    OWN_PAUSES: { value: 'own-pauses', description: "It pays, by the session's own pauses." },
    PAUSES_SEEN: {
      value: 'pauses-seen',
      description: 'It pays, by the pauses seen so far, of the session and of others of its kind.',
    },
  } as const,
});

const CacheLeversRef = builder.objectRef<CacheLeverRecord>('CacheLevers').implement({
  description: 'What the gateway did to the request for the sake of the cache.',
  authScopes: VIEWER,
  fields: (t) => ({
    ttl: t.exposeString('ttl', {
      nullable: true,
      description: "`5m` or `1h`: the lifetime set on the client's cache marks; null = left as they were.",
    }),
    ttlReason: t.exposeString('ttlReason', {
      nullable: true,
      description: 'Why that lifetime, in words; null = it was left as it was.',
    }),
    ttlReasonCode: t.field({
      type: TtlReasonRef,
      nullable: true,
      description: 'The same for programs; null = left as it was, or the request is older than the codes.',
      resolve: ({ ttlSums }) => ttlSums && (ttlSums.isOwn ? 'own-pauses' : 'pauses-seen'),
    }),
    ttlSavedUsd: t.float({
      nullable: true,
      description: 'USD that 1 h saves of writing again after those pauses; null without a `ttlReasonCode`.',
      resolve: ({ ttlSums }) => ttlSums?.savedUsd ?? null,
    }),
    ttlExtraUsd: t.float({
      nullable: true,
      description: 'USD that 1 h costs more to write; null without a `ttlReasonCode`.',
      resolve: ({ ttlSums }) => ttlSums?.extraUsd ?? null,
    }),
    breakpointsPlaced: t.exposeInt('breakpointsPlaced', { description: 'Cache marks added.' }),
    promptCacheKeySet: t.exposeBoolean('promptCacheKeySet', {
      description: 'A `prompt_cache_key` was added.',
    }),
  }),
});

builder.objectFields(RequestLogRef, (t) => ({
  route: t.field({
    type: RouteRecordRef,
    nullable: true,
    description: 'How the account was chosen; null when none was.',
    resolve: ({ route }) => route,
  }),
  cacheLevers: t.field({
    type: CacheLeversRef,
    nullable: true,
    description: 'Null when the request was sent as it came.',
    resolve: ({ cacheLevers }) => cacheLevers,
  }),
}));
