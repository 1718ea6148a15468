// What the Affinities screen asks the API.

import { graphql, type ResultOf } from '../../lib/graphql.ts';

const BINDING = graphql(`
  fragment Binding on Affinity {
    id isStandalone sessionId surface createdAt expiresAt lastHitAt requestCount warmTokens cacheReadTokens rateMultiplier
    apiKey { id name masked }
    user { id username email }
    provider { id name }
    endpoint { id name }
    account { id name }
    model { id name displayName }
  }
`);

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

export const AFFINITY_CHANGED = graphql(
  `
  subscription AffinityChanged($filter: AffinityFilter, $after: String) {
    affinityChanged(filter: $filter, after: $after) { kind reason cursor affinity { ...Binding } }
  }
`,
  [BINDING],
);

const COUNTERS = graphql(`
  fragment Counters on AffinityStats {
    cacheReservationRatio totalAffinities activeAffinities cacheHits cacheMisses cacheHitRate promptCacheHitRate
    cacheInvalidations invalidationsByReason { reason count } providerSwitches keySwitches defaultTtlSeconds
  }
`);

export const AFFINITY_STATS = graphql(
  `
  query AffinityStats {
    affinityStats { ...Counters }
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

export const CLEAR_AFFINITY = graphql(`
  mutation ClearAffinity($apiKeyId: ID!, $endpointId: ID!, $modelId: ID!, $surface: Surface!) {
    clearAffinity(apiKeyId: $apiKeyId, endpointId: $endpointId, modelId: $modelId, surface: $surface) {
      clearedCount message errors { code message }
    }
  }
`);

export const CLEAR_USER_AFFINITIES = graphql(`
  mutation ClearUserAffinities($identifier: String!) {
    clearUserAffinities(identifier: $identifier) { clearedCount message errors { code message } }
  }
`);

export const CLEAR_PROVIDER_AFFINITIES = graphql(`
  mutation ClearProviderAffinities($providerId: ID!) {
    clearProviderAffinities(providerId: $providerId) { clearedCount message errors { code message } }
  }
`);

export const CLEAR_ALL_AFFINITIES = graphql(`
  mutation ClearAllAffinities {
    clearAllAffinities { clearedCount message errors { code message } }
  }
`);

export const CLEAR_CHOICES = graphql(`
  query ClearChoices {
    providers(first: 100) { nodes { id name } }
    users(first: 100) { nodes { id username email } }
    apiKeys(first: 100) { nodes { id name isStandalone } }
  }
`);

export type Binding = ResultOf<typeof BINDING>;
export type BindingEvent = ResultOf<typeof AFFINITY_CHANGED>['affinityChanged'];
export type Counters = ResultOf<typeof COUNTERS>;
