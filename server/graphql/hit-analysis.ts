// How well prompt caches did: the share of requests and tokens, and the money, in all and by model, account and binding.

import { addSums, type HitFigures, hitFigures, originalFigures, writePremiumUsd } from '../analysis/hits.ts';
import { bucketEdges } from '../analysis/time-buckets.ts';
import type { RequestGroup, RequestSums, RequestTotals } from '../gateway/log-queries.ts';
import type { RequestFilter } from '../gateway/ports.ts';
import { analysisWindow, HOURS_DESCRIPTION } from './analysis-window.ts';
import { BY_OWN_KEY, builder, OWN, VIEWER } from './builder.ts';
import { encodeGlobalId } from './global-id.ts';
import { ownFilter } from './own-rows.ts';
import type { AdminParts } from './parts.ts';

/** Buckets of the trend: the finest of these that makes at most so many. */
const TREND_BUCKETS = 200;
const TREND_SECONDS = [300, 900, 3_600, 14_400, 86_400] as const;
/** Of one caller sums are kept by the hour and day, and only a few hours are read from rows. */
const MAX_FINE_CALLER_HOURS = 6;
const MAX_HOURLY_CALLER_HOURS = 200;
const HOUR_SECONDS = 3_600;
const DAY_SECONDS = 86_400;
const HOUR_MS = 3_600_000;

interface HitShape extends HitFigures {
  sums: RequestSums;
}

const HitFiguresRef = builder.interfaceRef<HitShape>('CacheHitFigures').implement({
  description: 'How well prompt caches did for some requests.',
  authScopes: OWN,
  fields: (t) => ({
    totalRequests: t.int({
      description:
        'Successful requests whose provider reported input tokens; calls that only count tokens are none.',
      resolve: ({ sums }) => sums.reportedRequests,
    }),
    requestsWithCacheHit: t.int({
      description: 'Requests of which some input was read from a prompt cache.',
      resolve: ({ sums }) => sums.requestsWithCacheRead,
    }),
    requestCacheHitRate: t.exposeFloat('requestCacheHitRate', {
      description: 'requestsWithCacheHit as a fraction 0 to 1 of totalRequests.',
    }),
    totalInputTokens: t.field({
      type: 'Long',
      description: 'All input, cache reads and writes included, whatever the provider calls input.',
      resolve: ({ sums }) => sums.inputTokens,
    }),
    totalCacheReadTokens: t.field({
      type: 'Long',
      description: 'Input read from prompt caches.',
      resolve: ({ sums }) => sums.cacheReadTokens,
    }),
    totalCacheCreationTokens: t.field({
      type: 'Long',
      description: 'Input written to prompt caches.',
      resolve: ({ sums }) => sums.cacheWriteTokens,
    }),
    tokenCacheHitRate: t.exposeFloat('tokenCacheHitRate', {
      description: 'totalCacheReadTokens as a fraction 0 to 1 of totalInputTokens.',
    }),
    totalCacheReadCostUsd: t.exposeFloat('cacheReadUsd', { description: 'USD that the cache reads cost.' }),
    totalCacheCreationCostUsd: t.exposeFloat('cacheCreationUsd', {
      description: 'USD that the cache writes cost.',
    }),
    estimatedSavingsUsd: t.exposeFloat('savedUsd', {
      description:
        'Net USD saved against the same tokens without a cache, at the prices that were billed: what writing cost more is taken off, so it can be negative. Requests without a price count nothing.',
    }),
    unpricedRequests: t.int({
      description: 'Requests with token counts and no price: they are in no sum of money.',
      resolve: ({ sums }) => sums.unpricedRequests,
    }),
  }),
});

interface Named {
  id: string | null;
}

const ModelHitsRef = builder.objectRef<HitShape & Named>('ModelCacheHits').implement({
  description: 'How well prompt caches did for one model.',
  authScopes: OWN,
  interfaces: [HitFiguresRef],
  fields: (t) => ({
    modelId: t.id({
      nullable: true,
      description: 'Global id; null = requests for no known model.',
      resolve: ({ id }) => (id === null ? null : encodeGlobalId('Model', id)),
    }),
    model: t.string({
      nullable: true,
      description: 'Its name; null when it has been deleted since.',
      resolve: ({ id }, _args, { parts }) => parts.catalog.current.models.get(id ?? '')?.name ?? null,
    }),
  }),
});

const AccountHitsRef = builder.objectRef<HitShape & Named>('AccountCacheHits').implement({
  description: 'How well prompt caches did at one account.',
  authScopes: VIEWER,
  interfaces: [HitFiguresRef],
  fields: (t) => ({
    accountId: t.id({
      nullable: true,
      description: 'Global id; null = none was called.',
      resolve: ({ id }) => (id === null ? null : encodeGlobalId('Account', id)),
    }),
    account: t.string({
      nullable: true,
      description: 'Its name; null when it has been deleted since.',
      resolve: ({ id }, _args, { parts }) => parts.catalog.current.accounts.get(id ?? '')?.name ?? null,
    }),
  }),
});

const PartHitsRef = builder.objectRef<HitShape>('PartCacheHits').implement({
  description: 'How well prompt caches did for a part of the requests.',
  authScopes: OWN,
  interfaces: [HitFiguresRef],
});

const HitBucketRef = builder
  .objectRef<HitShape & { fromMs: number; toMs: number }>('CacheHitBucket')
  .implement({
    description: 'How well prompt caches did in one bucket of time, `[from, to)`.',
    authScopes: OWN,
    interfaces: [HitFiguresRef],
    fields: (t) => ({
      from: t.field({ type: 'DateTime', description: 'Where it begins.', resolve: ({ fromMs }) => fromMs }),
      to: t.field({
        type: 'DateTime',
        description: 'Where the next one begins.',
        resolve: ({ toMs }) => toMs,
      }),
    }),
  });

interface AnalysisShape extends HitShape {
  hours: number;
  models(): Promise<RequestGroup[]>;
  accounts(): Promise<RequestGroup[]>;
  affinities(): Promise<RequestGroup[]>;
  trend(): Promise<(RequestTotals & { fromMs: number; toMs: number })[]>;
}

const HitAnalysisRef = builder.objectRef<AnalysisShape>('CacheHitAnalysis').implement({
  description:
    "How well the providers' prompt caches did for the successful requests of the period, keep-warm pings left out. Times are UTC.",
  authScopes: OWN,
  interfaces: [HitFiguresRef],
  fields: (t) => ({
    analysisPeriodHours: t.int({
      description: 'The period in hours, as asked for.',
      resolve: ({ hours }) => hours,
    }),
    originalTokenCacheHitRate: t.float({
      description:
        'As Aether computes it: read tokens as a fraction 0 to 1 of read and uncached tokens. Tokens written to the cache are ignored, so it says too much.',
      resolve: ({ sums }) => originalFigures(sums).tokenCacheHitRate,
    }),
    originalEstimatedSavingsUsd: t.float({
      description:
        'As Aether computes it: 9 times the cost of the cache reads. Takes every provider to sell reads at 10 % of the input price, and ignores what writing cost more.',
      resolve: ({ sums }) => originalFigures(sums).savedUsd,
    }),
    grossSavingsUsd: t.float({
      nullable: true,
      description:
        'USD saved before the write premium is taken off; null when that cannot be told, see writePremiumUsd.',
      resolve: async ({ savedUsd, models }) => {
        const premiumUsd = writePremiumUsd(await models());
        return premiumUsd === null ? null : savedUsd + premiumUsd;
      },
    }),
    writePremiumUsd: t.float({
      nullable: true,
      description:
        'USD that writing to caches cost more than sending the same tokens uncached, from the average input price of each model; null when a model with cache writes has requests without a price.',
      resolve: async ({ models }) => writePremiumUsd(await models()),
    }),
    byModel: t.field({
      type: [ModelHitsRef],
      description: 'For each model, most requests first.',
      resolve: async ({ models }) => (await models()).map((group) => ({ ...shapeOf(group), id: group.id })),
    }),
    byAccount: t.field({
      type: [AccountHitsRef],
      description: 'For each account, most requests first.',
      resolve: async ({ accounts }) =>
        (await accounts()).map((group) => ({ ...shapeOf(group), id: group.id })),
    }),
    bound: t.field({
      type: PartHitsRef,
      description: 'Requests that went to the account they were bound to (affinity HIT).',
      resolve: async ({ affinities }) =>
        shapeOf(addSums((await affinities()).filter(({ id }) => id === 'hit'))),
    }),
    unbound: t.field({
      type: PartHitsRef,
      description: 'All others: first, moved, borrowed, and those without a binding.',
      resolve: async ({ affinities }) =>
        shapeOf(addSums((await affinities()).filter(({ id }) => id !== 'hit'))),
    }),
    trend: t.field({
      type: [HitBucketRef],
      description: `The same over time in whole buckets of 5 minutes to 4 hours, at most about ${TREND_BUCKETS}, oldest first. For one user or API key the shortest are an hour when the period is longer than ${MAX_FINE_CALLER_HOURS} hours, and a day when it is longer than ${MAX_HOURLY_CALLER_HOURS}.`,
      resolve: async ({ trend }) =>
        (await trend()).map((bucket) => ({ ...shapeOf(bucket), fromMs: bucket.fromMs, toMs: bucket.toMs })),
    }),
  }),
});

function shapeOf(sums: RequestSums): HitShape {
  return { ...hitFigures(sums), sums };
}

builder.queryField('cacheHitAnalysis', (t) =>
  t.field({
    type: HitAnalysisRef,
    ...BY_OWN_KEY,
    description:
      'How well prompt caches did. Given both a user and an API key, requests must be of both. Beyond 30,000 requests the period begins with a whole hour and ends with what was written last.',
    args: {
      userId: t.arg.id({ description: 'Requests of this user only.' }),
      apiKeyId: t.arg.id({ description: 'Requests of this API key only.' }),
      hours: t.arg.int({ defaultValue: 168, description: HOURS_DESCRIPTION }),
    },
    resolve: (_root, { userId, apiKeyId, hours }, { parts, visitor }) => {
      const period = hours ?? 168;
      const asked = analysisWindow(parts.clock.nowMs(), { hours: period, userId, apiKeyId });
      const window = ownFilter(visitor, asked);
      return hitAnalysis(parts.log, { ...window, outcome: 'ok', isKeepWarm: false }, period);
    },
  }),
);

const SUMS_ONLY = { hasPercentiles: false };
/** Beyond so many requests the period begins with a whole hour. */
const MAX_EXACT_REQUESTS = 30_000;

interface Period {
  fromMs: number;
  toMs: number;
  hours: number;
}

/**
 * Whole hours up to what was written last come from sums alone; the parts of hours at either end are read row by row,
 * which is worth it as long as there are not too many.
 */
async function hitAnalysis(
  log: AdminParts['log'],
  { fromMs, toMs, ...others }: RequestFilter & { fromMs: number; toMs: number },
  hours: number,
): Promise<AnalysisShape> {
  const wholeFromMs = Math.floor(fromMs / HOUR_MS) * HOUR_MS;
  const whole = { ...others, fromMs: wholeFromMs };
  const totals = await log.totals(whole, SUMS_ONLY);
  if (totals.total > MAX_EXACT_REQUESTS) {
    return analysisShape(log, whole, { totals, period: { fromMs: wholeFromMs, toMs, hours } });
  }
  const exact = { ...others, fromMs, toMs };
  return analysisShape(log, exact, {
    totals: await log.totals(exact, SUMS_ONLY),
    period: { fromMs, toMs, hours },
  });
}

/** Asks the log for a part only when the document does. */
function analysisShape(
  log: AdminParts['log'],
  filter: RequestFilter,
  { totals, period }: { totals: RequestTotals; period: Period },
): AnalysisShape {
  const groups = (by: 'model' | 'account' | 'affinity') => {
    let made: Promise<RequestGroup[]> | null = null;
    return () => (made ??= log.groups(filter, by, SUMS_ONLY));
  };
  return {
    ...shapeOf(totals),
    hours: period.hours,
    models: groups('model'),
    accounts: groups('account'),
    affinities: groups('affinity'),
    trend: async () => {
      const { fromMs, toMs, hours } = period;
      const range = { fromMs, toMs, bucketSeconds: trendSeconds(filter, hours), timeZone: null };
      const edges = bucketEdges(range) ?? [fromMs, toMs];
      const buckets = await log.series(filter, edges, SUMS_ONLY);
      return buckets.map((sums, index) => ({
        ...sums,
        fromMs: edges[index] ?? fromMs,
        toMs: edges[index + 1] ?? toMs,
      }));
    },
  };
}

function trendSeconds({ userId, apiKeyId }: RequestFilter, hours: number): number {
  const isOfCaller = userId !== undefined || apiKeyId !== undefined;
  const leastSeconds = isOfCaller ? leastCallerSeconds(hours) : 0;
  const fits = (seconds: number) =>
    seconds >= leastSeconds && (hours * HOUR_SECONDS) / seconds <= TREND_BUCKETS;
  return TREND_SECONDS.find(fits) ?? TREND_SECONDS[3];
}

/** The hours of a month are many. */
function leastCallerSeconds(hours: number): number {
  if (hours > MAX_HOURLY_CALLER_HOURS) return DAY_SECONDS;
  return hours > MAX_FINE_CALLER_HOURS ? HOUR_SECONDS : 0;
}
