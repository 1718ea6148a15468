// What is known of each provider's prompt cache: the rules that the routing itself goes by, with what reads and writes cost.

import type { Catalog } from '../gateway/catalog.ts';
import type { Model } from '../gateway/ports.ts';
import { inputPricesOf } from '../gateway/pricing.ts';
import {
  type CacheRule,
  type CacheRuleSubject,
  cacheRules,
  cacheSubjectOf,
  FIVE_MINUTES_MS,
  ONE_HOUR_MS,
} from '../routing/cache-rules.ts';
import { type CacheScope, type FieldRole, PROMPT_SHAPES } from '../wire/prompt-shape.ts';
import { isChatSurface } from '../wire/surface.ts';
import { builder, VIEWER } from './builder.ts';
import type { Surface } from './parts.ts';
import { SurfaceRef } from './surface.ts';

/** Prices are looked up for a prompt of this size: tiers for very long prompts cost more, mostly by the same factors. */
const PRICED_PROMPT_TOKENS = 10_000;
/** Models of this gateway that are named with each rule. */
const MAX_MODELS = 50;

interface CacheFacts {
  subject: CacheRuleSubject;
  surfaces: readonly Surface[];
  rule: CacheRule;
}

interface Invalidation {
  field: string;
  scope: CacheScope;
}

const ReadableAtRef = builder.enumType('CacheReadableAt', {
  description: 'Where an earlier prompt can be read again.',
  values: {
    MARKS: { value: 'marks', description: 'At its cache marks only.' },
    REQUEST_END: { value: 'request-end', description: 'At its end only.' },
    ANYWHERE: { value: 'anywhere', description: 'Up to wherever two prompts are the same.' },
  } as const,
});

const ScopeRef = builder.enumType('CacheInvalidationScope', {
  description: 'From where on a prompt is cold after a change.',
  values: {
    ALL: { value: 'all', description: 'All of it.' },
    SYSTEM: { value: 'system', description: 'From the system prompt on; tools stay warm.' },
    MESSAGES: { value: 'messages', description: 'From the messages on; tools and system prompt stay warm.' },
  } as const,
});

const InvalidationRef = builder.objectRef<Invalidation>('CacheInvalidation').implement({
  description: 'Something whose change makes a prompt cold.',
  authScopes: VIEWER,
  fields: (t) => ({
    field: t.exposeString('field', {
      description: 'A field of the request such as `tool_choice` or `reasoning.effort`, or a header.',
    }),
    scope: t.field({
      type: ScopeRef,
      description: 'From where on it is cold then.',
      resolve: ({ scope }) => scope,
    }),
  }),
});

const FactsRef = builder.objectRef<CacheFacts>('ProviderCacheFacts').implement({
  description:
    "What the routing takes a provider's prompt cache to do, until usage shows otherwise; with list prices.",
  authScopes: VIEWER,
  fields: (t) => ({
    rule: t.string({
      description: 'Names the rule; tells it from the others.',
      resolve: ({ subject }) => subject.key,
    }),
    provider: t.string({
      description: 'Whose cache it is, in English.',
      resolve: ({ subject }) => subject.provider,
    }),
    modelFamilies: t.stringList({
      description: 'Models that it holds for; empty = all of the provider that no other rule is for.',
      resolve: ({ subject }) => [...subject.models],
    }),
    surfaces: t.field({
      type: [SurfaceRef],
      description: 'Dialects that they are called in.',
      resolve: ({ surfaces }) => [...surfaces],
    }),
    caches: t.boolean({
      description: 'False = there is no prompt cache, and the rest says nothing.',
      resolve: ({ rule }) => rule.caches,
    }),
    minimumTokens: t.int({
      description: 'Shorter beginnings are never cached.',
      resolve: ({ rule }) => rule.minTokens,
    }),
    stepTokens: t.int({
      description: 'Reads are counted in steps of so many tokens; 1 = to the token.',
      resolve: ({ rule }) => rule.stepTokens,
    }),
    readableAt: t.field({
      type: ReadableAtRef,
      description: 'Where an earlier prompt can be read again.',
      resolve: ({ rule }) => rule.readableAt,
    }),
    needsMarks: t.boolean({
      description: 'Nothing is cached without a cache mark in the request; false = it caches by itself.',
      resolve: ({ rule }) => rule.needsMarks,
    }),
    maxBreakpoints: t.int({
      description: 'Cache marks allowed in one request; 0 = it takes none.',
      resolve: ({ rule }) => rule.maxBreakpoints,
    }),
    lookbackBlocks: t.int({
      nullable: true,
      description: 'Blocks looked through backwards from a mark for an earlier entry; null = no such limit.',
      resolve: ({ rule }) => rule.lookbackBlocks,
    }),
    lifetimesSeconds: t.intList({
      description:
        'How long an unused entry lives, in seconds: what a request may ask for, else what is assumed.',
      resolve: ({ rule }) => lifetimesMs(rule).map((ms) => ms / 1000),
    }),
    isLifetimeAssumed: t.boolean({
      description:
        'True when the provider promises no lifetime: the routing starts with this one and learns.',
      resolve: ({ rule }) => rule.lifetime === 'learned',
    }),
    refreshedByReads: t.boolean({
      description: 'A read starts the lifetime anew.',
      resolve: ({ rule }) => rule.refreshedByReads,
    }),
    statesWrites: t.boolean({
      description: 'Usage tells what was written, not only what was read.',
      resolve: ({ rule }) => rule.statesWrites,
    }),
    limitsCountReads: t.boolean({
      description: 'Input limits per minute count what was read from the cache too.',
      resolve: ({ rule }) => !rule.countsUncachedOnly,
    }),
    pricedModel: t.string({
      nullable: true,
      description: 'The model whose list prices the ratios are of; null = its models are too different.',
      resolve: ({ subject }) => subject.priced?.model ?? null,
    }),
    readPriceRatio: t.float({
      nullable: true,
      description:
        'What a token read costs, as a fraction of an uncached input token; null = no price known.',
      resolve: (facts) => priceRatios(facts)?.read ?? null,
    }),
    writePriceRatio: t.float({
      nullable: true,
      description:
        'What a token written for the shortest lifetime costs, as a multiple of an uncached input token: 1 = no premium.',
      resolve: (facts) => priceRatios(facts)?.write ?? null,
    }),
    longWritePriceRatio: t.float({
      nullable: true,
      description: 'The same for the longest lifetime; null when there is only one, or no price is known.',
      resolve: (facts) => (facts.rule.lifetime === 'stated' ? (priceRatios(facts)?.longWrite ?? null) : null),
    }),
    invalidatedBy: t.field({
      type: [InvalidationRef],
      description: 'What beside the prompt itself makes it cold when it changes.',
      resolve: invalidationsOf,
    }),
    modelNames: t.stringList({
      description: `Models of this gateway that some account serves under this rule, by name, at most ${MAX_MODELS}.`,
      resolve: ({ subject }, _args, { parts }) =>
        modelsUnder(subject, parts.catalog.current).slice(0, MAX_MODELS),
    }),
    sources: t.stringList({
      description: "The provider's own pages; none where nothing is documented.",
      resolve: ({ subject }) => [...subject.sources],
    }),
  }),
});

builder.queryField('providerCacheFacts', (t) =>
  t.field({
    type: [FactsRef],
    description:
      "What is known of the providers' prompt caches: the rules that the routing goes by, one entry for each kind of cache.",
    resolve: () => cacheRules(),
  }),
);

function lifetimesMs({ lifetime, lifetimeMs }: CacheRule): number[] {
  return lifetime === 'stated' ? [FIVE_MINUTES_MS, ONE_HOUR_MS] : [lifetimeMs];
}

function priceRatios({ subject }: CacheFacts): { read: number; write: number; longWrite: number } | null {
  if (!subject.priced) return null;
  const { model, baseUrl } = subject.priced;
  const priced = { model: { name: model, price: null }, upstreamModel: model, baseUrl, rateMultiplier: 1 };
  const prices = inputPricesOf(priced, PRICED_PROMPT_TOKENS);
  if (!prices || prices.inputUsd === 0) return null;
  const ratio = (usd: number) => Math.round((usd / prices.inputUsd) * 1000) / 1000;
  return {
    read: ratio(prices.readUsd),
    write: ratio(prices.write5mUsd),
    longWrite: ratio(prices.write1hUsd),
  };
}

/** The fields that the outline of a prompt depends on, and what its space depends on beside them. */
function invalidationsOf({ surfaces, rule }: CacheFacts): Invalidation[] {
  if (!rule.caches) return [];
  const found = new Map<string, Invalidation>([['model', { field: 'model', scope: 'all' }]]);
  for (const surface of surfaces.filter(isChatSurface)) {
    for (const [name, role] of Object.entries(PROMPT_SHAPES[surface])) {
      for (const each of fieldsOf(name, role)) found.set(each.field, each);
    }
    if (surface === 'anthropic-messages') {
      found.set('anthropic-beta', { field: 'anthropic-beta', scope: 'all' });
    }
  }
  return [...found.values()];
}

function fieldsOf(field: string, role: FieldRole): Invalidation[] {
  if (typeof role !== 'string') {
    return Object.entries(role).map(([member, scope]) => ({ field: `${field}.${member}`, scope }));
  }
  switch (role) {
    case 'all':
    case 'system':
    case 'messages':
      return [{ field, scope: role }];
    case 'tools':
      return [{ field, scope: 'all' }];
    case 'system-prompt':
      return [{ field, scope: 'system' }];
    // A message that is added leaves what stands before it warm.
    case 'message-list':
    case 'automatic-mark':
      return [];
    default:
      return role satisfies never;
  }
}

function modelsUnder(subject: CacheRuleSubject, catalog: Catalog): string[] {
  const isUnder = (model: Model) =>
    SURFACES.some((surface) =>
      catalog
        .candidates(model.id, surface)
        .some(
          ({ endpoint, upstreamModel, host }) =>
            cacheSubjectOf(endpoint.surface, upstreamModel, host) === subject,
        ),
    );
  return catalog.rows.models
    .filter(isUnder)
    .map(({ name }) => name)
    .toSorted();
}

const SURFACES = [
  'anthropic-messages',
  'openai-chat',
  'openai-responses',
  'openai-embeddings',
  'gemini',
] as const satisfies readonly Surface[];
