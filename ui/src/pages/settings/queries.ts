// What the Settings screen asks the API.

import { graphql, type ResultOf } from '../../lib/graphql.ts';

const SETTINGS_VALUES = graphql(`
  fragment SettingsValues on Settings {
    version requireApiKey trustedProxies routingHeaders translation
    affinity { enabled ttlSeconds scope }
    routing { policy profile maxWaitSeconds warmthScope }
    reservation {
      enabled probePhaseRequests probeReservation stableMinReservation stableMaxReservation
      lowLoadThreshold highLoadThreshold successCountForFullConfidence cooldownHoursForFullConfidence
    }
    cacheLevers {
      chooseTtl placeBreakpoints setPromptCacheKey
      keepWarm { enabled maxUsdPerDay maxPings }
    }
    retention { maxAgeDays maxRows }
    timeouts {
      connectSeconds firstByteSeconds streamFirstByteSeconds streamGapSeconds
      keepAliveSeconds deadlineSeconds queueSeconds shutdownSeconds
    }
    limits { maxBodyMb maxInFlight maxBufferedMb }
    clientGone { policy drainSeconds }
    bodyLog { enabled maxKb ttlHours }
    alerts {
      enabled webhookOrigin allowPrivateNetwork minRequests dropShare windowMinutes baselineHours cooldownMinutes
    }
  }
`);

export const SETTINGS = graphql(
  `
  query Settings {
    settings { ...SettingsValues }
    defaultSettings { ...SettingsValues }
  }
`,
  [SETTINGS_VALUES],
);

export const UPDATE_SETTINGS = graphql(
  `
  mutation UpdateSettings($input: UpdateSettingsInput!) {
    updateSettings(input: $input) { settings { ...SettingsValues } errors { code message path problem min max detail } }
  }
`,
  [SETTINGS_VALUES],
);

export const LOG_STATE = graphql(`
  query LogState {
    requestLogHealth { droppedRows queuedRows lastError }
    requestLogs(first: 1) { totalCount }
  }
`);

export const TEST_WEBHOOK = graphql(`
  mutation TestAlertWebhook {
    testAlertWebhook { delivered reason reasonCode status errors { code message path problem min max detail } }
  }
`);

export const WHO_AM_I = graphql(`
  query WhoAmI {
    session { name role expiresAt }
  }
`);

export const ADMIN_TOKENS = graphql(`
  query AdminTokens {
    adminTokens { id name masked role createdAt expiresAt }
  }
`);

export const CREATE_ADMIN_TOKEN = graphql(`
  mutation CreateAdminToken($input: CreateAdminTokenInput!) {
    createAdminToken(input: $input) { secret adminToken { id name } errors { code message path problem min max detail } }
  }
`);

export const REVOKE_ADMIN_TOKEN = graphql(`
  mutation RevokeAdminToken($id: ID!) {
    revokeAdminToken(id: $id) { endedSessionCount errors { code message path problem min max detail } }
  }
`);

export const EXPORT_CONFIG = graphql(`
  query ExportConfig {
    exportConfig { text placeholders }
  }
`);

export const IMPORT_CONFIG = graphql(`
  mutation ImportConfig($input: ImportConfigInput!) {
    importConfig(input: $input) {
      isApplied warnings
      changes { kind type name fields { name before after } }
      errors { code message path problem min max detail }
    }
  }
`);

export type SettingsRead = ResultOf<typeof SETTINGS_VALUES>;
export type AdminToken = ResultOf<typeof ADMIN_TOKENS>['adminTokens'][number];
export type Plan = ResultOf<typeof IMPORT_CONFIG>['importConfig'];
