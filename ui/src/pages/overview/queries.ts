// What the overview asks the API.

import { graphql, type ResultOf, type VariablesOf } from '../../lib/graphql.ts';

/** All figures of the period and of today in one question. */
export const FIGURES = graphql(`
  query OverviewFigures(
    $filter: RequestLogFilter, $cached: RequestLogFilter, $failures: RequestLogFilter, $today: RequestLogFilter,
    $bucketSeconds: Int!, $timeZone: String
  ) {
    liveCounts { requestsLogged }
    requestLogStats(filter: $filter) {
      total succeeded costUsd unpricedRequests
      timeToFirstTokenMs { p50 p95 p99 }
    }
    cached: requestLogStats(filter: $cached) { cacheReadTokens savedUsd }
    today: requestLogStats(filter: $today) { savedUsd costUsd }
    cacheMissAnalysis(filter: $cached) { totalColdTokens causes { cause tokens costUsd requests } }
    requestSeries(filter: $filter, bucketSeconds: $bucketSeconds, timeZone: $timeZone) {
      from to total inputTokens tokenCacheHitRate savedUsd costUsd timeToFirstTokenMs { p50 }
    }
    failures: requestSeries(filter: $failures, bucketSeconds: $bucketSeconds, timeZone: $timeZone) { from total }
    requestLogHealth { droppedRows lastError }
  }
`);

export const TOP_COSTS = graphql(`
  query OverviewTopCosts($filter: RequestLogFilter, $by: RequestDimension!, $first: Int!) {
    liveCounts { requestsLogged }
    requestGroups(filter: $filter, by: $by, first: $first) { groupId name total costUsd savedUsd }
  }
`);

const LOAD = graphql(`
  fragment AccountLoad on Account {
    id name state stateReason stateReasonCode stateReasonDetail cooldownUntil inFlight currentLimit bindingCount provider { id name }
    rateLimits { name utilization limit remaining resetAt }
  }
`);

export const ACCOUNT_LOADS = graphql(
  `
  query OverviewAccounts($after: String) {
    liveCounts { accountsChanged }
    accounts(first: 200, after: $after) { nodes { ...AccountLoad } pageInfo { hasNextPage endCursor } }
  }
`,
  [LOAD],
);

export const ACCOUNT_LOAD_CHANGED = graphql(
  `
  subscription OverviewAccountChanged {
    accountChanged { ...AccountLoad }
  }
`,
  [LOAD],
);

const RECENT = graphql(`
  fragment Recent on RequestLog {
    id startedAt path requestedModel apiKeyName status outcome affinity inputTokens cacheReadTokens savedUsd latencyMs
    account { id name }
  }
`);

export const RECENT_REQUESTS = graphql(
  `
  query OverviewRecent($first: Int!) {
    liveCounts { requestsLogged }
    requestLogs(first: $first) { nodes { ...Recent } }
  }
`,
  [RECENT],
);

export const REQUEST_LOGGED = graphql(
  `
  subscription OverviewRequestLogged($after: String) {
    requestLogged(after: $after) { ...Recent }
  }
`,
  [RECENT],
);

export type TopCostVariables = VariablesOf<typeof TOP_COSTS>;
export type Figures = ResultOf<typeof FIGURES>;
export type Cause = Figures['cacheMissAnalysis']['causes'][number];
export type AccountLoadPage = ResultOf<typeof ACCOUNT_LOADS>;
export type AccountLoad = ResultOf<typeof LOAD>;
export type RecentRow = ResultOf<typeof RECENT>;
