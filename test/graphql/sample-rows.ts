// Rows as an installation in use has them: what is configured, a binding, a logged request.

import { UNRESTRICTED } from '../../server/gateway/key-restrictions.ts';
import {
  type Binding,
  type CatalogRows,
  DEFAULT_SETTINGS,
  type RequestRow,
} from '../../server/gateway/ports.ts';

/** When everything in here happened. */
export const START_MS = Date.UTC(2026, 10, 21, 22);

/** Two providers (one in a private network), three accounts, two models, two users, three API keys. */
export function sampleRows(): CatalogRows {
  const account = {
    weight: 1,
    maxConcurrent: 2,
    cacheTtlMinutes: 5,
    rateMultiplier: 1,
    usdPerCredit: null,
    cacheDomain: null,
    isPaused: false,
    disabledReason: null,
    credentialLast4: 'abcd',
    credentialFingerprint: 'f00d',
    credentialOrigins: ['https://api.anthropic.com', 'http://127.0.0.1:9000'],
    sealedCredential: 'sealed',
  };
  const apiKey = { ...UNRESTRICTED, masked: 'wp_a…0001', isEnabled: true, createdAtMs: START_MS };
  return {
    providers: [
      { id: 'p1', name: 'anthropic', allowPrivateNetwork: false },
      { id: 'p2', name: 'local', allowPrivateNetwork: true },
    ],
    endpoints: [
      {
        id: 'e1',
        providerId: 'p1',
        name: 'main',
        surface: 'anthropic-messages',
        baseUrl: 'https://api.anthropic.com',
      },
      { id: 'e2', providerId: 'p2', name: 'main', surface: 'openai-chat', baseUrl: 'http://127.0.0.1:9000' },
    ],
    accounts: [
      { ...account, id: 'a1', providerId: 'p1', name: 'team-a' },
      { ...account, id: 'a2', providerId: 'p1', name: 'team-b' },
      { ...account, id: 'a3', providerId: 'p2', name: 'gpu', maxConcurrent: null, cacheDomain: 'rack-1' },
    ],
    models: [
      {
        id: 'm1',
        name: 'claude-sonnet-4-5',
        displayName: 'Claude Sonnet 4.5',
        price: null,
        routePolicy: null,
        routeProfile: null,
      },
      {
        id: 'm2',
        name: 'llama',
        displayName: null,
        price: null,
        routePolicy: 'session',
        routeProfile: 'latency-first',
      },
    ],
    mappings: [
      {
        id: 'mm1',
        providerId: 'p1',
        modelId: 'm1',
        upstreamModel: 'claude-sonnet-4-5-20250929',
        aliases: ['sonnet'],
      },
      { id: 'mm2', providerId: 'p2', modelId: 'm2', upstreamModel: 'llama-70b', aliases: [] },
    ],
    users: [
      { id: 'u1', username: 'ada', email: 'ada@example.com' },
      { id: 'u2', username: 'bob', email: null },
    ],
    apiKeys: [
      { ...apiKey, id: 'k1', name: 'ada-laptop', hash: 'h1', userId: 'u1' },
      { ...apiKey, id: 'k2', name: 'ada-ci', hash: 'h2', userId: 'u1' },
      { ...apiKey, id: 'k3', name: 'robot', hash: 'h3', userId: null },
    ],
    settings: DEFAULT_SETTINGS,
  };
}

export function sampleBinding(key: string, given: Partial<Binding> = {}): Binding {
  return {
    key,
    apiKeyId: 'k1',
    userId: 'u1',
    sessionId: `session-${key}`,
    modelId: 'm1',
    surface: 'anthropic-messages',
    providerId: 'p1',
    endpointId: 'e1',
    accountId: 'a1',
    createdAtMs: START_MS,
    expiresAtMs: START_MS + 300_000,
    lastHitAtMs: START_MS,
    requestCount: 1,
    warmTokens: 1000,
    cacheReadTokens: 5000,
    isPinned: false,
    ...given,
  };
}

export function sampleRow(id: string, given: Partial<RequestRow> = {}): RequestRow {
  return {
    id,
    requestId: `req-${id}`,
    startedAtMs: START_MS,
    finishedAtMs: START_MS + 900,
    path: '/v1/messages',
    surface: 'anthropic-messages',
    isStreamed: true,
    requestedModel: 'sonnet',
    modelId: 'm1',
    upstreamModel: 'claude-sonnet-4-5-20250929',
    endpointSurface: 'anthropic-messages',
    losses: [],
    status: 200,
    outcome: 'ok',
    errorCode: null,
    errorMessage: null,
    apiKeyId: 'k1',
    apiKeyName: 'ada-laptop',
    userId: 'u1',
    sessionId: 'session-1',
    providerId: 'p1',
    endpointId: 'e1',
    accountId: 'a1',
    inputTokens: 1000,
    outputTokens: 50,
    reasoningTokens: null,
    cacheReadTokens: 800,
    cacheWriteTokens: 100,
    cacheWrite5mTokens: 100,
    cacheWrite1hTokens: 0,
    audioInputTokens: null,
    audioOutputTokens: null,
    usageSource: 'upstream',
    rawUsage: '{"input_tokens":100}',
    usageFlags: [],
    costNanoUsd: 1_500_000,
    savedNanoUsd: 2_160_000,
    cacheReadNanoUsd: 240_000,
    cacheWriteNanoUsd: 0,
    credits: null,
    priceVersion: 'table-1',
    priceSheet: null,
    queueMs: 1,
    timeToFirstTokenMs: 300,
    latencyMs: 900,
    affinity: 'hit',
    affinityCode: 'bound-account',
    affinityReason: 'went to the account it is bound to',
    expectedWarmTokens: 900,
    missCause: null,
    misses: null,
    route: null,
    cacheLevers: null,
    isKeepWarm: false,
    prefixParentId: null,
    prefixSharedTokens: null,
    traceId: null,
    attempts: [
      {
        accountId: 'a1',
        accountName: 'team-a',
        providerName: 'anthropic',
        status: 200,
        outcome: 'ok',
        fault: null,
        reason: 'answered',
        isPossibleDuplicate: false,
        connectMs: 12,
        startedAtMs: START_MS + 1,
        firstByteMs: 200,
        durationMs: 899,
      },
    ],
    ...given,
  };
}
