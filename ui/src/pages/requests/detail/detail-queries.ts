// What the details of one request ask the API.

import { graphql, type ResultOf } from '../../../lib/graphql.ts';

const NEIGHBOUR = graphql(`
  fragment Neighbour on RequestLog {
    id startedAt requestedModel path status outcome affinity inputTokens cacheReadTokens cacheWriteTokens costUsd keepWarm
    account { id name }
  }
`);

export const REQUEST_DETAIL = graphql(
  `
  query RequestDetail($id: ID!) {
    requestLog(id: $id) {
      id requestId traceId startedAt finishedAt path surface endpointSurface losses streamed requestedModel upstreamModel
      status outcome errorCode errorMessage apiKeyName sessionId
      model { id name displayName }
      apiKey { id name masked }
      user { id username }
      provider { id name }
      endpoint { id name baseUrl }
      account { id name state }
      inputTokens outputTokens cacheReadTokens cacheWriteTokens rawUsage usageFlags
      ledger { inputTokens cacheReadTokens cacheWrite5mTokens cacheWrite1hTokens outputTokens reasoningTokens audioTokens }
      bodies { request upstreamRequest requestHeaders reply isCut }
      usageSource costUsd credits savedUsd priceVersion
      costLines { part tokens usdPerMillion costUsd }
      priceSheet { aboveInputTokens rateMultiplier usdPerCredit }
      queueMs timeToFirstTokenMs latencyMs
      affinity affinityCode affinityReasonDetail affinityWarmerTokens expectedWarmTokens missCause keepWarm
      misses { cause tokens costUsd detail detailCode detailMs detailCount detailUpTo detailName }
      prefixParentId prefixSharedTokens
      route {
        policy profile promptTokens waitedMs isUnpriced
        considered {
          accountName state warmTokens waitMs
          account { id }
          cost { missUsd readUsd othersUsd waitUsd loadUsd failureUsd headroomUsd totalUsd }
        }
      }
      cacheLevers { ttl ttlReason ttlReasonCode ttlSavedUsd ttlExtraUsd breakpointsPlaced promptCacheKeySet }
      attempts { accountName providerName status outcome fault reasonDetail isPossibleDuplicate connectMs startedAt firstByteMs durationMs account { id } }
      sessionNeighbours(first: 3) {
        before { ...Neighbour }
        after { ...Neighbour }
      }
    }
  }
`,
  [NEIGHBOUR],
);

export type Detail = NonNullable<ResultOf<typeof REQUEST_DETAIL>['requestLog']>;
export type Neighbour = ResultOf<typeof NEIGHBOUR>;
