// Analysis of cache hits and request intervals, as Aether's usage API has it: bare bodies, percent, minutes.

import * as v from 'valibot';
import { percent, RestError, type Route, rounded, textOf, wholeNumber } from './route.ts';

const USAGE = '/api/admin/usage/cache-affinity';
const HOURS = { least: 1, most: 720 };

const BUCKETS = ['within5min', 'within15min', 'within30min', 'within60min', 'over60min'] as const;
const bucket = v.object({
  within5min: v.number(),
  within15min: v.number(),
  within30min: v.number(),
  within60min: v.number(),
  over60min: v.number(),
});

/** As many groups as the API gives at once: theirs gives all. */
const MAX_GROUPS = 1000;
const TTL = `query ($userId: ID, $apiKeyId: ID, $hours: Int) {
  ttlAnalysis(userId: $userId, apiKeyId: $apiKeyId, hours: $hours, first: ${MAX_GROUPS}) {
    analysisPeriodHours totalUsersAnalyzed ttlDistribution { min5 min15 min30 min60 }
    users {
      groupId username email requestCount
      intervalDistribution { ${BUCKETS.join(' ')} } intervalPercentages { ${BUCKETS.join(' ')} }
      percentiles { p50 p75 p90 } avgIntervalMinutes minIntervalMinutes maxIntervalMinutes
      recommendedTtlMinutes recommendationReason
    }
  }
}`;

const minutes = v.nullable(v.number());
const text = v.nullable(v.string());

const ttl = v.object({
  ttlAnalysis: v.object({
    analysisPeriodHours: v.number(),
    totalUsersAnalyzed: v.number(),
    ttlDistribution: v.object({ min5: v.number(), min15: v.number(), min30: v.number(), min60: v.number() }),
    users: v.array(
      v.object({
        groupId: v.string(),
        username: text,
        email: text,
        requestCount: v.number(),
        intervalDistribution: bucket,
        intervalPercentages: bucket,
        percentiles: v.object({ p50: minutes, p75: minutes, p90: minutes }),
        avgIntervalMinutes: minutes,
        minIntervalMinutes: minutes,
        maxIntervalMinutes: minutes,
        recommendedTtlMinutes: v.number(),
        recommendationReason: v.string(),
      }),
    ),
  }),
});

const HIT = `query ($userId: ID, $apiKeyId: ID, $hours: Int) {
  cacheHitAnalysis(userId: $userId, apiKeyId: $apiKeyId, hours: $hours) {
    analysisPeriodHours totalRequests requestsWithCacheHit requestCacheHitRate totalInputTokens totalCacheReadTokens
    totalCacheCreationTokens tokenCacheHitRate totalCacheReadCostUsd totalCacheCreationCostUsd estimatedSavingsUsd
    originalTokenCacheHitRate originalEstimatedSavingsUsd
  }
}`;

const hit = v.object({
  cacheHitAnalysis: v.object({
    analysisPeriodHours: v.number(),
    totalRequests: v.number(),
    requestsWithCacheHit: v.number(),
    requestCacheHitRate: v.number(),
    totalInputTokens: v.number(),
    totalCacheReadTokens: v.number(),
    totalCacheCreationTokens: v.number(),
    tokenCacheHitRate: v.number(),
    totalCacheReadCostUsd: v.number(),
    totalCacheCreationCostUsd: v.number(),
    estimatedSavingsUsd: v.number(),
    originalTokenCacheHitRate: v.number(),
    originalEstimatedSavingsUsd: v.number(),
  }),
});

const TIMELINE = `query ($hours: Int, $limit: Int, $userId: ID, $includeUserInfo: Boolean) {
  intervalTimeline(hours: $hours, limit: $limit, userId: $userId, includeUserInfo: $includeUserInfo) {
    analysisPeriodHours totalPoints points { x y userId model } users { userId username } models
  }
}`;

const timeline = v.object({
  intervalTimeline: v.object({
    analysisPeriodHours: v.number(),
    totalPoints: v.number(),
    points: v.array(v.object({ x: v.string(), y: v.number(), userId: text, model: text })),
    users: v.nullable(v.array(v.object({ userId: v.string(), username: v.string() }))),
    models: v.nullable(v.array(v.string())),
  }),
});

export const ANALYSIS_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: `${USAGE}/ttl-analysis`,
    answer: async ({ query, ask }) => {
      const { ttlAnalysis: found } = await ask(TTL, ttl, groupOf(query));
      const { min5, min15, min30, min60 } = found.ttlDistribution;
      return {
        analysis_period_hours: found.analysisPeriodHours,
        total_users_analyzed: found.totalUsersAnalyzed,
        ttl_distribution: { '5min': min5, '15min': min15, '30min': min30, '60min': min60 },
        users: found.users.map(ttlGroup),
      };
    },
  },
  {
    method: 'GET',
    path: `${USAGE}/hit-analysis`,
    answer: async ({ query, ask }) => {
      const { cacheHitAnalysis: found } = await ask(HIT, hit, groupOf(query));
      return {
        analysis_period_hours: found.analysisPeriodHours,
        total_requests: found.totalRequests,
        requests_with_cache_hit: found.requestsWithCacheHit,
        request_cache_hit_rate: percent(found.requestCacheHitRate),
        total_input_tokens: found.totalInputTokens,
        total_cache_read_tokens: found.totalCacheReadTokens,
        total_cache_creation_tokens: found.totalCacheCreationTokens,
        token_cache_hit_rate: percent(found.tokenCacheHitRate),
        total_cache_read_cost_usd: rounded(found.totalCacheReadCostUsd, 4),
        total_cache_creation_cost_usd: rounded(found.totalCacheCreationCostUsd, 4),
        estimated_savings_usd: rounded(found.estimatedSavingsUsd, 4),
        original_token_cache_hit_rate: percent(found.originalTokenCacheHitRate),
        original_estimated_savings_usd: rounded(found.originalEstimatedSavingsUsd, 4),
      };
    },
  },
  {
    method: 'GET',
    path: `${USAGE}/interval-timeline`,
    answer: async ({ query, ask }) => {
      const includeUserInfo = flagOf(query, 'include_user_info');
      const { intervalTimeline: found } = await ask(TIMELINE, timeline, {
        hours: wholeNumber(query, 'hours', { ...HOURS, otherwise: 24 }),
        limit: wholeNumber(query, 'limit', { least: 100, most: 50_000, otherwise: 10_000 }),
        userId: textOf(query, 'user_id'),
        includeUserInfo,
      });
      return {
        analysis_period_hours: found.analysisPeriodHours,
        total_points: found.totalPoints,
        points: found.points.map(({ x, y, userId, model }) => ({
          x,
          y,
          ...(includeUserInfo && userId !== null ? { user_id: userId } : {}),
          ...(model === null ? {} : { model }),
        })),
        ...(found.users && found.users.length > 0
          ? { users: Object.fromEntries(found.users.map(({ userId, username }) => [userId, username])) }
          : {}),
        ...(found.models && found.models.length > 0 ? { models: found.models } : {}),
      };
    },
  },
];

function groupOf(query: URLSearchParams) {
  return {
    userId: textOf(query, 'user_id'),
    apiKeyId: textOf(query, 'api_key_id'),
    hours: wholeNumber(query, 'hours', { ...HOURS, otherwise: 168 }),
  };
}

function flagOf(query: URLSearchParams, name: string): boolean {
  const value = (query.get(name) ?? 'false').toLowerCase();
  if (['true', '1', 'yes', 'on'].includes(value)) return true;
  if (['false', '0', 'no', 'off', ''].includes(value)) return false;
  throw new RestError(422, `Cannot read ${name}: it must be true or false`);
}

type TtlGroup = v.InferOutput<typeof ttl>['ttlAnalysis']['users'][number];

function ttlGroup(group: TtlGroup) {
  const { intervalDistribution, intervalPercentages } = group;
  return {
    group_id: group.groupId,
    username: group.username,
    email: group.email,
    request_count: group.requestCount,
    interval_distribution: bucketsAs(intervalDistribution, (count) => count),
    interval_percentages: bucketsAs(intervalPercentages, (share) => rounded(share * 100, 1)),
    percentiles: group.percentiles,
    avg_interval_minutes: group.avgIntervalMinutes,
    min_interval_minutes: group.minIntervalMinutes,
    max_interval_minutes: group.maxIntervalMinutes,
    recommended_ttl_minutes: group.recommendedTtlMinutes,
    recommendation_reason: group.recommendationReason,
  };
}

/** `within5min` becomes `within_5min`. */
function bucketsAs(buckets: v.InferOutput<typeof bucket>, shown: (value: number) => number) {
  return Object.fromEntries(
    BUCKETS.map((name) => [name.replace(/^(within|over)/, '$1_'), shown(buckets[name])]),
  );
}
