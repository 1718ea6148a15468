// What the Requests screen asks the API.

import { graphql, type ResultOf } from '../../lib/graphql.ts';

const ROW = graphql(`
  fragment Row on RequestLog {
    id startedAt path requestedModel upstreamModel apiKeyName sessionId surface streamed status outcome errorCode
    affinity missCause keepWarm inputTokens outputTokens cacheReadTokens cacheWriteTokens costUsd savedUsd
    queueMs timeToFirstTokenMs latencyMs
    account { id name }
    provider { id name }
    user { id username }
    attempts { outcome }
  }
`);

export const REQUEST_PAGE = graphql(
  `
  query RequestPage($filter: RequestLogFilter, $first: Int, $after: String, $last: Int, $before: String) {
    requestLogs(filter: $filter, first: $first, after: $after, last: $last, before: $before) {
      nodes { ...Row }
      pageInfo { hasNextPage endCursor hasPreviousPage startCursor }
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

export const LOG_BEGIN = graphql(`
  query LogBegin($filter: RequestLogFilter, $isCounted: Boolean!) {
    requestLogHealth { oldestAt }
    requestLogs(filter: $filter, first: 1) @include(if: $isCounted) { totalCount }
  }
`);

/** How many requests of a filter there were over time; the parts are asked for where they differ. */
export const REQUEST_SERIES = graphql(`
  query RequestSeries(
    $filter: RequestLogFilter, $rejected: RequestLogFilter, $gone: RequestLogFilter, $seconds: Int!, $zone: String,
    $hasParts: Boolean!
  ) {
    all: requestSeries(filter: $filter, bucketSeconds: $seconds, timeZone: $zone) { from to total succeeded }
    rejected: requestSeries(filter: $rejected, bucketSeconds: $seconds, timeZone: $zone) @include(if: $hasParts) { total }
    gone: requestSeries(filter: $gone, bucketSeconds: $seconds, timeZone: $zone) @include(if: $hasParts) { total }
  }
`);

export const FACET = graphql(`
  query Facet($filter: RequestLogFilter, $by: RequestDimension!) {
    requestGroups(filter: $filter, by: $by, first: 100) { groupId name total }
  }
`);

/** The name of what a filter in the address holds the id of. */
export const FILTER_NAME = graphql(`
  query FilterName($id: ID!) {
    node(id: $id) {
      ... on Model { name }
      ... on Account { name }
      ... on Provider { name }
      ... on ApiKey { name }
      ... on User { username }
    }
  }
`);

export const CLEAR_REQUEST_LOGS = graphql(`
  mutation ClearRequestLogs($filter: RequestLogFilter) {
    clearRequestLogs(filter: $filter) { clearedCount message errors { code message path problem min max detail } }
  }
`);

export type Row = ResultOf<typeof ROW>;
export type Series = ResultOf<typeof REQUEST_SERIES>;
