// What the Cache screen asks the API.

import { graphql, type ResultOf } from '../../lib/graphql.ts';

export const FIGURES = graphql(`
  query CacheFigures($filter: RequestLogFilter) {
    liveCounts { requestsLogged }
    requestLogStats(filter: $filter) {
      total inputTokens cacheReadTokens cacheWriteTokens costUsd savedUsd cacheWriteCostUsd unpricedRequests
      reportedRequests requestsWithCacheHit requestCacheHitRate
    }
    cacheMissAnalysis(filter: $filter) {
      totalColdTokens costUsd: totalCostUsd unpricedTokens
      causes { cause requests tokens costUsd share }
      byModel { model { id name } coldTokens costUsd causes { cause requests tokens costUsd share } }
    }
    requestGroups(filter: $filter, by: MODEL, first: 200) {
      inputTokens cacheReadTokens cacheWriteTokens cacheReadCostUsd cacheWriteCostUsd savedUsd unpricedRequests
    }
  }
`);

export const GROUPS = graphql(`
  query CacheGroups($filter: RequestLogFilter, $bound: RequestLogFilter, $by: RequestDimension!) {
    liveCounts { requestsLogged }
    requestGroups(filter: $filter, by: $by, first: 200) {
      groupId name total inputTokens cacheReadTokens cacheWriteTokens costUsd savedUsd unpricedRequests
    }
    bound: requestGroups(filter: $bound, by: $by, first: 200) {
      groupId total inputTokens cacheReadTokens
    }
  }
`);

export const SERIES = graphql(`
  query CacheSeries($filter: RequestLogFilter, $bucketSeconds: Int!, $timeZone: String) {
    requestSeries(filter: $filter, bucketSeconds: $bucketSeconds, timeZone: $timeZone) {
      from to inputTokens cacheReadTokens savedUsd
    }
  }
`);

/** Only that something was logged: the figures are then asked for anew. */
export const LOGGED = graphql(`
  subscription CacheRequestLogged {
    requestLogged { id }
  }
`);

const RESERVATION = graphql(`
  fragment Reservation on DynamicReservation {
    enabled probePhaseRequests probeReservation stableMinReservation stableMaxReservation lowLoadThreshold
    highLoadThreshold successCountForFullConfidence cooldownHoursForFullConfidence
  }
`);

const HELD_BACK = graphql(`
  fragment HeldBack on AccountReservation {
    ratio phase confidence loadFactor reasonCode newcomerSlots
  }
`);

const ACCOUNT = graphql(
  `
  fragment ReservingAccount on Account {
    id name inFlight currentLimit provider { name } reservation { ...HeldBack }
  }
`,
  [HELD_BACK],
);

export const SETTINGS = graphql(
  `
  query CacheSettings {
    settings { version reservation { ...Reservation } }
  }
`,
  [RESERVATION],
);

export const RESERVING_ACCOUNTS = graphql(
  `
  query CacheAccounts($after: String) {
    liveCounts { accountsChanged }
    accounts(first: 100, after: $after) { nodes { ...ReservingAccount } totalCount pageInfo { hasNextPage endCursor } }
  }
`,
  [ACCOUNT],
);

export const RESERVING_CHANGED = graphql(
  `
  subscription CacheAccountChanged {
    accountChanged { ...ReservingAccount }
  }
`,
  [ACCOUNT],
);

export const CHECKS = graphql(`
  query CacheChecks {
    affinityStats { cacheReservationRatio reservation { totalChecks averageRatio probePhaseShare } }
  }
`);

export const CHECKS_CHANGED = graphql(`
  subscription CacheChecksChanged {
    affinityStats { cacheReservationRatio reservation { totalChecks averageRatio probePhaseShare } }
  }
`);

export const PREVIEW = graphql(
  `
  query CachePreview($input: ReservationSettingsInput!, $confidences: [Float!]!, $after: String) {
    reservationPreview(input: $input) {
      probePresent probeProposed
      curves(confidences: $confidences) { confidence points { loadFactor present proposed } }
      accounts(first: 100, after: $after) {
        nodes { account { id } proposed { ...HeldBack } } pageInfo { hasNextPage endCursor }
      }
      errors { code message path problem min max detail }
    }
  }
`,
  [HELD_BACK],
);

export const SAVE = graphql(
  `
  mutation CacheSaveReservation($input: UpdateSettingsInput!) {
    updateSettings(input: $input) {
      settings { version reservation { ...Reservation } }
      errors { code message path problem min max detail }
    }
  }
`,
  [RESERVATION],
);

export const FACTS = graphql(`
  query CacheFacts {
    providerCacheFacts {
      rule provider modelFamilies surfaces caches minimumTokens stepTokens readableAt needsMarks maxBreakpoints
      lookbackBlocks lifetimesSeconds isLifetimeAssumed refreshedByReads statesWrites limitsCountReads pricedModel
      readPriceRatio writePriceRatio longWritePriceRatio invalidatedBy { field scope } modelNames sources
    }
  }
`);

export type Figures = ResultOf<typeof FIGURES>;
export type CauseSum = Figures['cacheMissAnalysis']['causes'][number];
export type Groups = ResultOf<typeof GROUPS>;
export type SeriesBucket = ResultOf<typeof SERIES>['requestSeries'][number];
export type ReservationValues = ResultOf<typeof RESERVATION>;
export type ReservingAccount = ResultOf<typeof ACCOUNT>;
export type Checks = ResultOf<typeof CHECKS>['affinityStats'];
export type HeldBack = ResultOf<typeof HELD_BACK>;
export type Preview = ResultOf<typeof PREVIEW>['reservationPreview'];
export type Facts = ResultOf<typeof FACTS>['providerCacheFacts'][number];
