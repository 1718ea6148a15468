// What the Affinities screen asks the API.

import { graphql, type ResultOf } from '../../lib/graphql.ts';

const BINDING = graphql(`
  fragment Binding on Affinity {
    id isStandalone sessionId surface createdAt expiresAt lastHitAt requestCount warmTokens cacheReadTokens rateMultiplier pinned
    apiKey { id name masked }
    user { id username email }
    provider { id name }
    endpoint { id name }
    account { id name }
    model { id name displayName }
  }
`);

const EVENT = graphql(
  `
  fragment BindingEvent on AffinityEvent {
    kind reason reasonCode reasonDetail at cursor
    accountBefore { id name }
    accountAfter { id name }
    affinity { ...Binding }
  }
`,
  [BINDING],
);

export const AFFINITY_PAGE = graphql(
  `
  query AffinityPage($search: String, $filter: AffinityFilter, $orderBy: AffinityOrder, $first: Int!, $after: String) {
    affinities(search: $search, filter: $filter, orderBy: $orderBy, first: $first, after: $after) {
      nodes { ...Binding }
      pageInfo { hasNextPage endCursor }
      totalCount
    }
  }
`,
  [BINDING],
);

export const AFFINITY_COUNT = graphql(`
  query AffinityCount($search: String, $filter: AffinityFilter) {
    affinities(search: $search, filter: $filter, first: 1) { totalCount }
  }
`);

export const AFFINITY_CHANGED = graphql(
  `
  subscription AffinityChanged($filter: AffinityFilter, $after: String) {
    affinityChanged(filter: $filter, after: $after) { ...BindingEvent }
  }
`,
  [EVENT],
);

export const AFFINITY_HISTORY = graphql(
  `
  query AffinityHistory($filter: AffinityFilter, $kinds: [AffinityEventKind!], $first: Int!, $after: String) {
    affinityHistory(filter: $filter, kinds: $kinds, first: $first, after: $after) {
      nodes { ...BindingEvent }
      pageInfo { hasNextPage endCursor }
      since
    }
  }
`,
  [EVENT],
);

export const AFFINITY_DETAIL = graphql(
  `
  query AffinityDetail($id: ID!) {
    node(id: $id) { ... on Affinity { __typename ...Binding } }
    affinityHistory(filter: { id: $id }, first: 50) { nodes { ...BindingEvent } since }
  }
`,
  [BINDING, EVENT],
);

export const ALSO_WARM = graphql(
  `
  query AlsoWarm($identifier: String!) {
    userAffinity(identifier: $identifier) {
      affinities(first: 21) { ...Binding }
      totalCount
    }
  }
`,
  [BINDING],
);

export const SESSION_REQUESTS = graphql(`
  query SessionRequests($filter: RequestLogFilter!) {
    requestLogs(filter: $filter, first: 8) {
      nodes { id startedAt requestedModel status outcome affinity inputTokens cacheReadTokens costUsd account { name } }
      pageInfo { hasNextPage }
    }
  }
`);

export const DESTINATIONS = graphql(`
  query AffinityDestinations($id: ID!) {
    node(id: $id) {
      ... on Affinity {
        __typename
        destinations {
          refusal refusalCode isTranslated coldUsd
          account {
            id name state stateReason stateReasonCode stateReasonDetail inFlight currentLimit bindingCount rateMultiplier
            provider { id name }
          }
        }
      }
    }
  }
`);

export const PIN_AFFINITY = graphql(
  `
  mutation PinAffinity($id: ID!, $pinned: Boolean!) {
    pinAffinity(id: $id, pinned: $pinned) { affinity { ...Binding } errors { code message path problem min max detail } }
  }
`,
  [BINDING],
);

export const MOVE_AFFINITY = graphql(
  `
  mutation MoveAffinity($id: ID!, $accountId: ID!) {
    moveAffinity(id: $id, accountId: $accountId) { affinity { ...Binding } errors { code message path problem min max detail } }
  }
`,
  [BINDING],
);

const COUNTERS = graphql(`
  fragment Counters on AffinityStats {
    scheduler cacheReservationRatio totalAffinities activeAffinities pinnedAffinities borrowedRequests cacheHits cacheMisses
    cacheHitRate promptCacheHitRate cacheInvalidations invalidationsByReason { reason reasonCode count } providerSwitches keySwitches
    defaultTtlSeconds
  }
`);

export const AFFINITY_STATS = graphql(
  `
  query AffinityStats {
    affinityStats { ...Counters }
    cacheConfig { dynamicReservation { enabled probeReservation stableMinReservation stableMaxReservation } }
  }
`,
  [COUNTERS],
);

export const AFFINITY_STATS_CHANGED = graphql(
  `
  subscription AffinityStatsChanged {
    affinityStats { ...Counters }
  }
`,
  [COUNTERS],
);

export const CLEAR_AFFINITIES = graphql(`
  mutation ClearAffinities($ids: [ID!]!) {
    clearAffinities(ids: $ids) { clearedCount errors { code message path problem min max detail } }
  }
`);

export const CLEAR_KEY_AFFINITIES = graphql(`
  mutation ClearAffinity($apiKeyId: ID!, $endpointId: ID!, $modelId: ID!, $surface: Surface!) {
    clearAffinity(apiKeyId: $apiKeyId, endpointId: $endpointId, modelId: $modelId, surface: $surface) {
      clearedCount errors { code message path problem min max detail }
    }
  }
`);

export const CLEAR_USER_AFFINITIES = graphql(`
  mutation ClearUserAffinities($identifier: String!) {
    clearUserAffinities(identifier: $identifier) { clearedCount errors { code message path problem min max detail } }
  }
`);

export const CLEAR_PROVIDER_AFFINITIES = graphql(`
  mutation ClearProviderAffinities($providerId: ID!) {
    clearProviderAffinities(providerId: $providerId) { clearedCount errors { code message path problem min max detail } }
  }
`);

export const CLEAR_ALL_AFFINITIES = graphql(`
  mutation ClearAllAffinities {
    clearAllAffinities { clearedCount errors { code message path problem min max detail } }
  }
`);

export const NEXT_ROUTE = graphql(`
  query NextRoute($input: ExplainRouteInput!) {
    explainRoute(input: $input) { decision account { name } }
  }
`);

export const POLICY = graphql(`
  query AffinityPolicy {
    affinityStats { scheduler }
  }
`);

export const CHOICES = graphql(`
  query AffinityChoices {
    providers(first: 200) { nodes { id name } }
    accounts(first: 200) { nodes { id name provider { name } } }
    models(first: 200) { nodes { id name } }
    users(first: 200) { nodes { id username email } }
    apiKeys(first: 200) { nodes { id name } }
  }
`);

export type Binding = ResultOf<typeof BINDING>;
export type BindingEvent = ResultOf<typeof EVENT>;
export type Counters = ResultOf<typeof COUNTERS>;
export type Choices = ResultOf<typeof CHOICES>;
