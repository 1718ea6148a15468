// What the API keys screen asks the API. What it changes is in changes.ts.

import { graphql, type ResultOf } from '../../lib/graphql.ts';

export const KEY = graphql(`
  fragment ListedKey on ApiKey {
    id version name masked enabled isStandalone state createdAt expiresAt revokedAt lastUsedAt
    requestsPerMinute tokensPerMinute maxConcurrent budgetUsdPerDay budgetUsdPerMonth
    allowedModels { id name } allowedProviders { id name } allowedSurfaces allowedIps
    user { id username }
    usage {
      requestsLastMinute tokensLastMinute inFlight spentTodayUsd spentThisMonthUsd
      unpricedRequestsToday unpricedRequestsThisMonth dayEndsAt monthEndsAt
    }
  }
`);

export const API_KEYS = graphql(
  `
  query ApiKeys(
    $search: String, $state: ApiKeyState, $userId: ID, $isStandalone: Boolean,
    $orderBy: ApiKeyOrder, $first: Int!, $after: String
  ) {
    apiKeys(
      search: $search, state: $state, userId: $userId, isStandalone: $isStandalone,
      orderBy: $orderBy, first: $first, after: $after
    ) {
      nodes { ...ListedKey }
      pageInfo { hasNextPage endCursor }
      totalCount
    }
  }
`,
  [KEY],
);

export const API_KEY = graphql(
  `
  query ApiKeyDetail($id: ID!) {
    node(id: $id) { __typename ... on ApiKey { ...ListedKey } }
  }
`,
  [KEY],
);

export const KEY_AFFINITIES = graphql(`
  query KeyAffinities($id: ID!) {
    affinities(first: 1, filter: { apiKeyId: $id }) { totalCount }
  }
`);

/** A past of one key or one user: by days, and all of it together. */
export const PAST = graphql(`
  query CallerPast(
    $filter: RequestLogFilter!, $week: RequestLogFilter!, $failures: RequestLogFilter!, $timeZone: String!
  ) {
    days: requestSeries(bucketSeconds: 86400, timeZone: $timeZone, filter: $filter) { from to costUsd total }
    week: requestLogStats(filter: $week) {
      total costUsd savedUsd unpricedRequests reportedRequests tokenCacheHitRate
    }
    failures: requestLogStats(filter: $failures) { total }
  }
`);

export const USER = graphql(`
  fragment ListedUser on User {
    id version username email spentTodayUsd spentThisMonthUsd
    apiKeys { id name state usage { spentThisMonthUsd } lastUsedAt }
  }
`);

export const USERS = graphql(
  `
  query Users($search: String, $orderBy: UserOrder, $first: Int!, $after: String) {
    users(search: $search, orderBy: $orderBy, first: $first, after: $after) {
      nodes { ...ListedUser }
      pageInfo { hasNextPage endCursor }
      totalCount
    }
  }
`,
  [USER],
);

export const USER_DETAIL = graphql(
  `
  query UserDetail($id: ID!) {
    node(id: $id) { __typename ... on User { ...ListedUser } }
  }
`,
  [USER],
);

/** Names to choose from. */
export const USER_NAMES = graphql(`
  query UserNames {
    users(first: 200) { nodes { id username } }
  }
`);

export const MODEL_CHOICES = graphql(`
  query ModelChoices($search: String!) {
    models(first: 100, search: $search) { nodes { id name } }
  }
`);

export const PROVIDER_CHOICES = graphql(`
  query ProviderChoices {
    providers(first: 200) { nodes { id name } }
  }
`);

export type Key = ResultOf<typeof KEY>;
export type KeyState = Key['state'];
export type User = ResultOf<typeof USER>;
