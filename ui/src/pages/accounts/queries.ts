// What the Accounts screen asks the API. What it changes is in changes.ts.

import { graphql, type ResultOf } from '../../lib/graphql.ts';

export const ACCOUNT = graphql(`
  fragment ListedAccount on Account {
    id version name weight maxConcurrent cacheTtlMinutes rateMultiplier usdPerCredit cacheDomain unboundOrigins
    paused state stateReason stateReasonCode stateReasonDetail cooldownUntil inFlight currentLimit bindingCount credentialLast4 credentialFingerprint demoFailure
    rateLimits { name utilization status resetAt limit remaining }
    provider { id name }
  }
`);

const PROVIDER = graphql(
  `
  fragment ListedProvider on Provider {
    id version name allowPrivateNetwork
    endpoints { id version name surface baseUrl troubleReason troubleCode troubleDetail }
    accounts { ...ListedAccount }
    mappings { id upstreamModel aliases model { id name displayName } }
  }
`,
  [ACCOUNT],
);

export const PROVIDERS = graphql(
  `
  query Providers($after: String) {
    liveCounts { accountsChanged }
    providers(first: 50, after: $after) {
      nodes { ...ListedProvider }
      pageInfo { hasNextPage endCursor }
    }
  }
`,
  [PROVIDER],
);

/** How much each account was used lately; accounts that were not used are absent. */
export const ACCOUNT_USE = graphql(`
  query AccountUse($from: DateTime!) {
    all: requestGroups(by: ACCOUNT, first: 200, filter: { from: $from }) { groupId total tokenCacheHitRate }
    failed: requestGroups(by: ACCOUNT, first: 200, filter: { from: $from, outcome: FAILED }) { groupId total }
  }
`);

export const ACCOUNT_DETAIL = graphql(
  `
  query AccountDetail($id: ID!) {
    node(id: $id) {
      __typename
      ... on Account {
        ...ListedAccount
        circuit { state retryAt recentResults recentFailures }
        learnedLimit {
          limit concurrentRateLimits perMinuteRateLimits unknownRateLimits lastRateLimitedAt
          history { at from to reason }
        }
        reservation { phase ratio confidence loadFactor newcomerSlots reasonCode }
      }
    }
  }
`,
  [ACCOUNT],
);

export const ACCOUNT_PAST = graphql(`
  query AccountPast(
    $filter: RequestLogFilter!, $failures: RequestLogFilter!, $refusals: RequestLogFilter!,
    $accountId: ID!, $from: DateTime!, $to: DateTime, $bucketSeconds: Int!, $timeZone: String!
  ) {
    all: requestSeries(bucketSeconds: $bucketSeconds, timeZone: $timeZone, filter: $filter) {
      from to tokenCacheHitRate reportedRequests timeToFirstTokenMs { p50 }
    }
    health: accountHealthSeries(
      accountId: $accountId, from: $from, to: $to, bucketSeconds: $bucketSeconds, timeZone: $timeZone
    ) { from attempts failed rateLimited refused serverErrors networkErrors otherFailures }
    stats: requestLogStats(filter: $filter) {
      total reportedRequests tokenCacheHitRate costUsd savedUsd unpricedRequests
      timeToFirstTokenMs { p50 p95 }
    }
    lastFailed: requestLogs(first: 5, filter: $failures) {
      nodes { id requestId startedAt status requestedModel path outcome errorCode errorMessage }
    }
    lastRefused: requestLogs(first: 5, filter: $refusals) {
      nodes { id requestId startedAt status requestedModel path outcome errorCode errorMessage }
    }
  }
`);

export const ACCOUNT_CHANGED = graphql(
  `
  subscription AccountChanged {
    accountChanged { ...ListedAccount }
  }
`,
  [ACCOUNT],
);

export type Account = ResultOf<typeof ACCOUNT>;
export type Provider = ResultOf<typeof PROVIDER>;
export type ProviderPage = ResultOf<typeof PROVIDERS>;
export type Endpoint = Provider['endpoints'][number];
export type DemoFailure = NonNullable<Account['demoFailure']>;
type DetailNode = NonNullable<ResultOf<typeof ACCOUNT_DETAIL>['node']>;
export type AccountDetail = Extract<DetailNode, { __typename: 'Account' }>;
export type AccountPast = ResultOf<typeof ACCOUNT_PAST>;
export type RateLimitWindow = Account['rateLimits'][number];
