// What the TTL advice screen asks the API.

import { graphql, type ResultOf } from '../../lib/graphql.ts';

const PLAN_COSTS = graphql(`
  fragment PlanCosts on CachePlanCosts {
    fiveMinutesUsd oneHourUsd keepWarmUsd
    plusMinus { fiveMinutesUsd oneHourUsd keepWarmUsd }
  }
`);

const ADVICE = graphql(
  `
  fragment Advice on TtlAdvice {
    basedOnRequests implicitRequests unpricedRequests sampledSessions sessions cheapest
    savings { plan usd plusMinusUsd isClear }
    per1000Requests { ...PlanCosts }
    inPeriod { ...PlanCosts }
  }
`,
  [PLAN_COSTS],
);

/** The first group is asked for only because there is no asking for none. */
export const TTL_SUMMARY = graphql(
  `
  query TtlSummary($hours: Int!) {
    cacheHitAnalysis(hours: $hours) {
      totalRequests requestsWithCacheHit requestCacheHitRate tokenCacheHitRate totalInputTokens totalCacheReadTokens
      totalCacheCreationTokens totalCacheCreationCostUsd totalCacheReadCostUsd estimatedSavingsUsd grossSavingsUsd
      unpricedRequests
    }
    ttlAnalysis(hours: $hours, first: 1) { advice { ...Advice } }
    settings { affinity { enabled ttlSeconds } cacheLevers { chooseTtl keepWarm { enabled } } }
  }
`,
  [ADVICE],
);

export const TTL_GROUPS = graphql(
  `
  query TtlGroups($hours: Int!, $by: TtlGroup!, $first: Int!) {
    ttlAnalysis(hours: $hours, groupBy: $by, first: $first) {
      isExact totalUsersAnalyzed
      ttlDistribution { min5 min15 min30 min60 }
      users {
        groupId name email requestCount
        intervalDistribution { within5min within15min within30min within60min over60min }
        intervalPercentages { within5min within15min within30min within60min over60min }
        percentiles { p50 p75 p90 }
        avgIntervalMinutes minIntervalMinutes maxIntervalMinutes
        recommendedTtlMinutes
        advice { ...Advice }
      }
    }
  }
`,
  [ADVICE],
);

/** Pauses of everybody, of one user, of one API key, or of one session. */
export const TTL_POINTS = graphql(`
  query TtlPoints($hours: Int!, $limit: Int!, $userId: ID, $apiKeyId: ID, $sessionId: String) {
    intervalTimeline(
      hours: $hours, limit: $limit, userId: $userId, apiKeyId: $apiKeyId, sessionId: $sessionId, includeUserInfo: true
    ) {
      availablePoints
      columns { from startedAfterSeconds minutes userIds user models model cacheRead }
      users { userId username }
    }
  }
`);

export type Advice = ResultOf<typeof ADVICE>;
export type PlanCosts = ResultOf<typeof PLAN_COSTS>;
export type Summary = ResultOf<typeof TTL_SUMMARY>;
export type Groups = ResultOf<typeof TTL_GROUPS>['ttlAnalysis'];
export type Group = Groups['users'][number];
export type Timeline = ResultOf<typeof TTL_POINTS>['intervalTimeline'];
export type Columns = Timeline['columns'];
