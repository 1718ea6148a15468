// What the overview asks the API.

import { graphql, type ResultOf } from '../../lib/graphql.ts';

export const STATS = graphql(`
  query OverviewStats($filter: RequestLogFilter) {
    requestLogStats(filter: $filter) {
      total succeeded failed inputTokens outputTokens cacheReadTokens cacheWriteTokens costUsd savedUsd
      requestCacheHitRate tokenCacheHitRate
      latencyMs { p50 p95 }
      timeToFirstTokenMs { p50 p95 }
    }
    requestLogHealth { droppedRows lastError }
  }
`);

const POINT = graphql(`
  fragment Point on RequestLogStats {
    total succeeded failed inputTokens tokenCacheHitRate savedUsd latencyMs { p50 } timeToFirstTokenMs { p50 }
  }
`);

export const ONE_POINT = graphql(
  `
  query OverviewPoint($filter: RequestLogFilter) {
    requestLogStats(filter: $filter) { ...Point }
  }
`,
  [POINT],
);

/** As many slices as one query may hold under the API's limit of aliases. */
export const POINTS_PER_QUERY = 10;

export const TEN_POINTS = graphql(
  `
  query OverviewPoints(
    $f0: RequestLogFilter, $f1: RequestLogFilter, $f2: RequestLogFilter, $f3: RequestLogFilter, $f4: RequestLogFilter,
    $f5: RequestLogFilter, $f6: RequestLogFilter, $f7: RequestLogFilter, $f8: RequestLogFilter, $f9: RequestLogFilter
  ) {
    p0: requestLogStats(filter: $f0) { ...Point }
    p1: requestLogStats(filter: $f1) { ...Point }
    p2: requestLogStats(filter: $f2) { ...Point }
    p3: requestLogStats(filter: $f3) { ...Point }
    p4: requestLogStats(filter: $f4) { ...Point }
    p5: requestLogStats(filter: $f5) { ...Point }
    p6: requestLogStats(filter: $f6) { ...Point }
    p7: requestLogStats(filter: $f7) { ...Point }
    p8: requestLogStats(filter: $f8) { ...Point }
    p9: requestLogStats(filter: $f9) { ...Point }
  }
`,
  [POINT],
);

const LOAD = graphql(`
  fragment AccountLoad on Account {
    id name state stateReason cooldownUntil inFlight maxConcurrent bindingCount provider { id name }
  }
`);

export const ACCOUNT_LOADS = graphql(
  `
  query OverviewAccounts {
    accounts(first: 100) { nodes { ...AccountLoad } totalCount }
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

export type Stats = ResultOf<typeof STATS>['requestLogStats'];
export type PointStats = ResultOf<typeof POINT>;
export type AccountLoad = ResultOf<typeof LOAD>;
export type RecentRow = ResultOf<typeof RECENT>;
