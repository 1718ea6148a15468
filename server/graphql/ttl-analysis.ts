// How long bindings and prompt caches should live, from the pauses between requests.

import { type TtlReport, ttlReport } from '../analysis/ttl.ts';
import { type AdviceOptions, type TtlAdvice, ttlAdvice } from '../analysis/ttl-advice.ts';
import type { CacheUse, IntervalFilter, IntervalGroup, IntervalGrouping } from '../gateway/log-queries.ts';
import { analysisWindow, HOURS_DESCRIPTION } from './analysis-window.ts';
import { badInput, builder, VIEWER } from './builder.ts';
import { pricesFrom } from './cache-prices.ts';
import { encodeGlobalId } from './global-id.ts';
import type { AdminParts } from './parts.ts';
import { TtlAdviceRef } from './ttl-advice.ts';

const MAX_GROUPS = 1_000;
/** Requests that the advice is computed from, more or less: about 25 ms, most of it to read them. */
const SAMPLED_REQUESTS = 4_000;
/** A sample has few of the largest sessions: where sessions are asked about, they are read themselves. */
const SESSION_REQUESTS = 12_000;

interface TtlGroupShape extends TtlReport {
  id: string;
  by: IntervalGrouping;
  advice(): Promise<TtlAdvice | null>;
}

interface TtlShape {
  hours: number;
  groupCount: number;
  recommended: readonly [number, number, number, number];
  isExact: boolean;
  groups: TtlGroupShape[];
  advice(): Promise<TtlAdvice | null>;
}

const TtlGroupRef = builder.enumType('TtlGroup', {
  description: 'Whose requests follow each other.',
  values: {
    USER: { value: 'user', description: 'Those of one user.' },
    API_KEY: { value: 'api-key', description: 'Those of one API key.' },
    SESSION: { value: 'session', description: 'Those of one session.' },
    MODEL: { value: 'model', description: 'Those for one model.' },
  } as const satisfies Record<string, { value: IntervalGrouping; description: string }>,
});

const BUCKETS = {
  within5min: 'At most 5 minutes.',
  within15min: 'More than 5, at most 15 minutes.',
  within30min: 'More than 15, at most 30 minutes.',
  within60min: 'More than 30, at most 60 minutes.',
  over60min: 'More than 60 minutes.',
} as const;
type BucketName = keyof typeof BUCKETS;

const DistributionRef = builder.objectRef<Record<BucketName, number>>('IntervalDistribution').implement({
  description: 'Numbers of intervals; each counts once.',
  authScopes: VIEWER,
  fields: (t) => {
    const bucket = (name: BucketName) => t.exposeInt(name, { description: BUCKETS[name] });
    return {
      within5min: bucket('within5min'),
      within15min: bucket('within15min'),
      within30min: bucket('within30min'),
      within60min: bucket('within60min'),
      over60min: bucket('over60min'),
    };
  },
});

const PercentagesRef = builder.objectRef<Record<BucketName, number>>('IntervalPercentages').implement({
  description: 'Parts of the intervals as fractions 0 to 1, rounded to a tenth of a percent.',
  authScopes: VIEWER,
  fields: (t) => {
    const bucket = (name: BucketName) => t.exposeFloat(name, { description: BUCKETS[name] });
    return {
      within5min: bucket('within5min'),
      within15min: bucket('within15min'),
      within30min: bucket('within30min'),
      within60min: bucket('within60min'),
      over60min: bucket('over60min'),
    };
  },
});

const PercentilesRef = builder.objectRef<TtlReport['percentiles']>('IntervalMinutes').implement({
  description: 'Percentiles in minutes with two decimals, linear between neighbouring values.',
  authScopes: VIEWER,
  fields: (t) => ({
    p50: t.exposeFloat('p50', { description: 'Half of the intervals are at most this.' }),
    p75: t.exposeFloat('p75', { description: '75 % are at most this.' }),
    p90: t.exposeFloat('p90', { description: '90 % are at most this.' }),
  }),
});

const NODE_TYPES = { user: 'User', 'api-key': 'ApiKey', model: 'Model', session: null } as const;

const TtlUserRef = builder.objectRef<TtlGroupShape>('TtlAnalysisUser').implement({
  description: 'The intervals of one group: a user, or what `groupBy` says.',
  authScopes: VIEWER,
  fields: (t) => ({
    groupId: t.id({
      description: 'Global id of the user, API key or model; of a session, its own id.',
      resolve: ({ id, by }) => {
        const type = NODE_TYPES[by];
        return type === null ? id : encodeGlobalId(type, id);
      },
    }),
    username: t.string({
      nullable: true,
      description: 'Of the user; null in other groupings, or when deleted since.',
      resolve: ({ id, by }, _args, { parts }) =>
        by === 'user' ? (parts.catalog.current.users.get(id)?.username ?? null) : null,
    }),
    email: t.string({
      nullable: true,
      description: 'Of the user; null in other groupings, when there is none, or when deleted since.',
      resolve: ({ id, by }, _args, { parts }) =>
        by === 'user' ? (parts.catalog.current.users.get(id)?.email ?? null) : null,
    }),
    name: t.string({
      nullable: true,
      description: 'Of the user, API key or model, for people; null for sessions, or when deleted since.',
      resolve: ({ id, by }, _args, { parts: { catalog } }) => nameOf(catalog.current, by, id),
    }),
    requestCount: t.exposeInt('requestCount', {
      description: 'Number of intervals, which is one less than that of requests.',
    }),
    intervalDistribution: t.field({
      type: DistributionRef,
      description: 'How many intervals are how long.',
      resolve: ({ intervalDistribution }) => intervalDistribution,
    }),
    intervalPercentages: t.field({
      type: PercentagesRef,
      description: 'The same as parts of all.',
      resolve: ({ intervalPercentages }) => intervalPercentages,
    }),
    percentiles: t.field({
      type: PercentilesRef,
      description: 'Of the intervals.',
      resolve: ({ percentiles }) => percentiles,
    }),
    avgIntervalMinutes: t.exposeFloat('avgIntervalMinutes', { description: 'Mean, in minutes.' }),
    minIntervalMinutes: t.exposeFloat('minIntervalMinutes', { description: 'Shortest, in minutes.' }),
    maxIntervalMinutes: t.exposeFloat('maxIntervalMinutes', { description: 'Longest, in minutes.' }),
    recommendedTtlMinutes: t.exposeInt('recommendedTtlMinutes', {
      description:
        'How long a binding of the group should live: 5 if 90 % of the intervals are at most 5 minutes, else 15 or 30 if 75 % are at most that, else 60.',
    }),
    recommendationReason: t.exposeString('recommendationReason', { description: 'Why, in English.' }),
    advice: t.field({
      type: TtlAdviceRef,
      nullable: true,
      description:
        'The same question in money. Null = not applicable: none of the sampled requests went to a provider with cache lifetimes to choose and a price. Sessions are no sample but read whole, those with the most requests first until there are 12,000.',
      resolve: ({ advice }) => advice(),
    }),
  }),
});

const TtlDistributionRef = builder.objectRef<TtlShape['recommended']>('TtlDistribution').implement({
  description: 'Numbers of groups by the lifetime recommended to them.',
  authScopes: VIEWER,
  fields: (t) => ({
    min5: t.int({ description: '5 minutes; `5min` in Aether.', resolve: (counts) => counts[0] }),
    min15: t.int({ description: '15 minutes; `15min` in Aether.', resolve: (counts) => counts[1] }),
    min30: t.int({ description: '30 minutes; `30min` in Aether.', resolve: (counts) => counts[2] }),
    min60: t.int({ description: '60 minutes; `60min` in Aether.', resolve: (counts) => counts[3] }),
  }),
});

const TtlAnalysisRef = builder.objectRef<TtlShape>('TtlAnalysis').implement({
  description:
    'How long callers pause: the intervals between the starts of consecutive successful requests of a group, both in the period, keep-warm pings left out.',
  authScopes: VIEWER,
  fields: (t) => ({
    analysisPeriodHours: t.int({
      description: 'The period in hours, as asked for.',
      resolve: ({ hours }) => hours,
    }),
    totalUsersAnalyzed: t.int({
      description: 'Groups with at least two intervals; others are left out.',
      resolve: ({ groupCount }) => groupCount,
    }),
    ttlDistribution: t.field({
      type: TtlDistributionRef,
      description: 'What is recommended to how many groups.',
      resolve: ({ recommended }) => recommended,
    }),
    users: t.field({
      type: [TtlUserRef],
      description: 'The groups, most intervals first, at most as many as asked for.',
      resolve: ({ groups }) => groups,
    }),
    isExact: t.exposeBoolean('isExact', {
      description:
        'False when there were too many requests to look at each: percentiles are then of values rounded within 1 %, the period begins with a whole hour (a whole day for the models of one user or API key), an interval that reaches into it counts, sessions count as a whole where their last request is in the period, and requests that took very long may be missing.',
    }),
    advice: t.field({
      type: TtlAdviceRef,
      nullable: true,
      description: 'What each cache lifetime would cost for all groups together; null = not applicable.',
      resolve: ({ advice }) => advice(),
    }),
  }),
});

builder.queryField('ttlAnalysis', (t) =>
  t.field({
    type: TtlAnalysisRef,
    description: 'How long bindings and prompt caches should live.',
    args: {
      userId: t.arg.id({ description: 'Requests of this user only.' }),
      apiKeyId: t.arg.id({
        description: 'Requests of this API key only; groups by user are then groups by API key.',
      }),
      hours: t.arg.int({ defaultValue: 168, description: HOURS_DESCRIPTION }),
      groupBy: t.arg({ type: TtlGroupRef, defaultValue: 'user', description: 'What makes a group.' }),
      first: t.arg.int({ defaultValue: 200, description: `At most so many groups, up to ${MAX_GROUPS}.` }),
    },
    resolve: async (_root, { userId, apiKeyId, hours, groupBy, first }, { parts }) => {
      const limit = first ?? 200;
      if (limit < 1 || limit > MAX_GROUPS) throw badInput(`Cannot analyse: first must be 1 to ${MAX_GROUPS}`);
      const period = hours ?? 168;
      const filter = analysisWindow(parts.clock.nowMs(), { hours: period, userId, apiKeyId });
      const asked = groupBy ?? 'user';
      const by = asked === 'user' && apiKeyId != null ? 'api-key' : asked;
      const { groups, ...all } = await parts.log.intervals(filter, { by, limit });
      const sample = sampleAdviser(parts, { filter, by });
      const ofGroup = by === 'session' ? sessionAdviser(parts, { filter, groups }) : sample.ofGroup;
      return {
        ...all,
        hours: period,
        groups: groups.map((group) => ({
          ...ttlReport(group),
          id: group.id,
          by,
          advice: () => ofGroup(group.id),
        })),
        advice: sample.ofAll,
      };
    },
  }),
);

type AdviserParts = Pick<AdminParts, 'log' | 'catalog' | 'clock'>;

/** Reads the sample once, and only if anybody asks for advice. */
function sampleAdviser(
  parts: AdviserParts,
  { filter, by }: { filter: IntervalFilter; by: IntervalGrouping },
) {
  const read = once(async () => {
    const { uses, sample } = await parts.log.cacheUses(filter, SAMPLED_REQUESTS);
    const options = { ...adviceOptions(parts, filter.toMs), sample };
    return { uses, groups: Map.groupBy(uses, (use) => groupOf(use, by)), options };
  });
  return {
    ofAll: async () => {
      const { uses, options } = await read();
      return ttlAdvice(uses, options);
    },
    ofGroup: async (id: string) => {
      const { groups, options } = await read();
      return ttlAdvice(groups.get(id) ?? [], options);
    },
  };
}

/** Of each session by itself, largest first, as many as have so many requests. */
function sessionAdviser(
  parts: AdviserParts,
  { filter, groups }: { filter: IntervalFilter; groups: readonly IntervalGroup[] },
) {
  const read = once(async () => {
    let requests = 0;
    const ids = groups.flatMap(({ id, intervals }) => {
      requests += intervals + 1;
      return requests <= SESSION_REQUESTS ? [id] : [];
    });
    const uses = await parts.log.sessionUses(filter, ids);
    return {
      bySession: Map.groupBy(uses, ({ sessionId }) => sessionId),
      options: adviceOptions(parts, filter.toMs),
    };
  });
  return async (id: string) => {
    const { bySession, options } = await read();
    const own = bySession.get(id) ?? [];
    const sample = {
      sessions: 1,
      requests: own.length,
      drawn: new Map([[id, { requests: own.length, chance: 1 }]]),
    };
    return ttlAdvice(own, { ...options, sample });
  };
}

function adviceOptions({ catalog, clock }: AdviserParts, toMs: number): Omit<AdviceOptions, 'sample'> {
  return {
    pricesOf: pricesFrom(catalog.current),
    maxPings: catalog.current.settings.cacheLevers.keepWarm.maxPings,
    toMs: Math.min(toMs, clock.nowMs()),
  };
}

function groupOf(use: CacheUse, by: IntervalGrouping): string | null {
  switch (by) {
    case 'user':
      return use.userId;
    case 'api-key':
      return use.apiKeyId;
    case 'model':
      return use.modelId;
    case 'session':
      return use.sessionId;
  }
}

function once<Result>(make: () => Promise<Result>): () => Promise<Result> {
  let made: Promise<Result> | null = null;
  return () => (made ??= make());
}

function nameOf(
  { users, apiKeys, models }: AdminParts['catalog']['current'],
  by: IntervalGrouping,
  id: string,
): string | null {
  switch (by) {
    case 'user':
      return users.get(id)?.username ?? null;
    case 'api-key':
      return apiKeys.get(id)?.name ?? null;
    case 'model':
      return models.get(id)?.name ?? null;
    case 'session':
      return null;
  }
}
