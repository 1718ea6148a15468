// What the Requests screen asks the API.

import { graphql, type ResultOf } from '../../lib/graphql.ts';

const ROW = graphql(`
  fragment Row on RequestLog {
    id startedAt path requestedModel apiKeyName surface streamed status outcome errorCode affinity missCause keepWarm
    inputTokens outputTokens cacheReadTokens cacheWriteTokens usageSource costUsd savedUsd timeToFirstTokenMs latencyMs
    account { id name }
    provider { id name }
  }
`);

export const REQUEST_PAGE = graphql(
  `
  query RequestPage($filter: RequestLogFilter, $first: Int!, $after: String) {
    requestLogs(filter: $filter, first: $first, after: $after) {
      nodes { ...Row }
      pageInfo { hasNextPage endCursor }
    }
  }
`,
  [ROW],
);

export const REQUEST_COUNT = graphql(`
  query RequestCount($filter: RequestLogFilter) {
    requestLogs(filter: $filter, first: 1) { totalCount }
  }
`);

export const REQUEST_LOGGED = graphql(
  `
  subscription RequestLogged($filter: RequestLogFilter, $after: String) {
    requestLogged(filter: $filter, after: $after) { ...Row }
  }
`,
  [ROW],
);

export const REQUEST_DETAIL = graphql(`
  query RequestDetail($id: ID!) {
    requestLog(id: $id) {
      id requestId startedAt finishedAt path surface endpointSurface losses streamed requestedModel upstreamModel
      status outcome errorCode errorMessage apiKeyName sessionId
      model { id name displayName }
      apiKey { id name masked }
      user { id username }
      provider { id name }
      endpoint { id name baseUrl }
      account { id name state }
      inputTokens outputTokens cacheReadTokens rawUsage usageFlags
      ledger { inputTokens cacheReadTokens cacheWrite5mTokens cacheWrite1hTokens outputTokens reasoningTokens audioTokens }
      bodies { request reply isCut }
      usageSource costUsd credits savedUsd priceVersion
      queueMs timeToFirstTokenMs latencyMs
      affinity affinityCode affinityReason expectedWarmTokens missCause keepWarm
      misses { cause tokens costUsd detail }
      prefixParentId prefixSharedTokens
      route {
        policy profile promptTokens waitedMs isUnpriced
        considered {
          accountName state warmTokens waitMs
          account { id }
          cost { missUsd readUsd othersUsd waitUsd loadUsd failureUsd headroomUsd totalUsd }
        }
      }
      cacheLevers { ttl ttlReason breakpointsPlaced promptCacheKeySet }
      attempts { accountName providerName status outcome fault reason isPossibleDuplicate connectMs startedAt firstByteMs durationMs account { id } }
    }
  }
`);

export const FILTER_CHOICES = graphql(`
  query FilterChoices {
    models(first: 100) { nodes { id name } }
    accounts(first: 100) { nodes { id name provider { name } } }
    apiKeys(first: 100) { nodes { id name } }
  }
`);

export const CLEAR_REQUEST_LOGS = graphql(`
  mutation ClearRequestLogs($filter: RequestLogFilter) {
    clearRequestLogs(filter: $filter) { clearedCount message errors { code message } }
  }
`);

export type Row = ResultOf<typeof ROW>;
export type Detail = NonNullable<ResultOf<typeof REQUEST_DETAIL>['requestLog']>;
export type FilterChoices = ResultOf<typeof FILTER_CHOICES>;
