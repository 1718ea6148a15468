// What the storage tests share: a temporary directory and a sample of each row.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { UNRESTRICTED } from '../../server/gateway/key-restrictions.ts';
import type {
  AccountRow,
  ApiKey,
  AttemptRow,
  Binding,
  Endpoint,
  Model,
  ModelMapping,
  Provider,
  RequestRow,
  User,
} from '../../server/gateway/ports.ts';
import type { LogDatabase } from '../../server/storage/database.ts';
import { openStorage, type Storage } from '../../server/storage/open-storage.ts';
import { NO_USAGE } from '../../server/wire/usage.ts';
import { ManualClock } from '../manual-clock.ts';

export const WORKER_ENTRY = new URL('../../server/storage/sqlite-worker.ts', import.meta.url);
export const NOW_MS = 1_800_000_000_000;

export async function withTempDir(run: (dir: string) => Promise<void>): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), 'warmpath storage '));
  try {
    await run(dir);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

export async function withStorage(
  run: (storage: Storage, clock: ManualClock) => Promise<void>,
): Promise<void> {
  await withTempDir(async (dataDir) => {
    const clock = new ManualClock(NOW_MS);
    const storage = await openStorage({ dataDir, entry: WORKER_ENTRY, clock });
    try {
      await run(storage, clock);
    } finally {
      await storage.close();
    }
  });
}

/** Waits for another thread's doing; fails after ten seconds. */
export async function until(isTrue: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + 10_000;
  while (!isTrue()) {
    if (performance.now() > deadlineMs) throw new Error(`Cannot go on: never became true: ${isTrue}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

export function provider(over: Partial<Provider> = {}): Provider {
  return { id: 'p1', name: 'Anthropic', allowPrivateNetwork: false, ...over };
}

export function endpoint(over: Partial<Endpoint> = {}): Endpoint {
  return {
    id: 'e1',
    providerId: 'p1',
    name: 'messages',
    surface: 'anthropic-messages',
    baseUrl: 'https://api.anthropic.test',
    ...over,
  };
}

export function account(over: Partial<AccountRow> = {}): AccountRow {
  return {
    id: 'a1',
    providerId: 'p1',
    name: 'work',
    weight: 2,
    maxConcurrent: null,
    cacheTtlMinutes: 5,
    rateMultiplier: 0.8,
    usdPerCredit: null,
    cacheDomain: 'org-1',
    isPaused: true,
    disabledReason: null,
    credentialLast4: 'wxyz',
    credentialFingerprint: 'f00d',
    credentialOrigins: ['https://api.anthropic.test'],
    sealedCredential: 'v1.sealed',
    ...over,
  };
}

export function model(over: Partial<Model> = {}): Model {
  return {
    id: 'm1',
    name: 'claude-sonnet',
    displayName: 'Claude Sonnet',
    price: null,
    routePolicy: null,
    routeProfile: null,
    ...over,
  };
}

export function mapping(over: Partial<ModelMapping> = {}): ModelMapping {
  return {
    id: 'mm1',
    providerId: 'p1',
    modelId: 'm1',
    upstreamModel: 'claude-sonnet-5',
    aliases: [],
    ...over,
  };
}

export function user(over: Partial<User> = {}): User {
  return { id: 'u1', username: 'ada', email: null, ...over };
}

export function apiKey(over: Partial<ApiKey> = {}): ApiKey {
  return {
    ...UNRESTRICTED,
    id: 'k1',
    name: 'ci',
    hash: 'aa'.repeat(32),
    masked: 'wp_1…9999',
    userId: null,
    isEnabled: true,
    createdAtMs: NOW_MS,
    ...over,
  };
}

export function binding(over: Partial<Binding> = {}): Binding {
  return {
    key: 'b1',
    apiKeyId: 'k1',
    userId: null,
    sessionId: 's1',
    modelId: 'm1',
    surface: 'anthropic-messages',
    providerId: 'p1',
    endpointId: 'e1',
    accountId: 'a1',
    createdAtMs: NOW_MS - 1_000,
    expiresAtMs: NOW_MS + 300_000,
    lastHitAtMs: NOW_MS,
    requestCount: 3,
    warmTokens: 1_200,
    cacheReadTokens: 5_000_000_000,
    isPinned: false,
    ...over,
  };
}

export function attemptRow(over: Partial<AttemptRow> = {}): AttemptRow {
  return {
    accountId: 'a2',
    accountName: 'spare',
    providerName: 'Anthropic',
    status: 429,
    outcome: 'retryable',
    fault: 'rate-limited',
    reason: 'rate limited',
    isPossibleDuplicate: false,
    connectMs: null,
    startedAtMs: NOW_MS,
    firstByteMs: null,
    durationMs: 12,
    ...over,
  };
}

export function requestRow(over: Partial<RequestRow> = {}): RequestRow {
  return {
    ...NO_USAGE,
    id: 'r1',
    requestId: 'req-1',
    startedAtMs: NOW_MS,
    finishedAtMs: NOW_MS + 900,
    path: '/v1/messages',
    surface: 'anthropic-messages',
    isStreamed: true,
    requestedModel: 'claude-sonnet',
    modelId: 'm1',
    upstreamModel: 'claude-sonnet-5',
    endpointSurface: 'anthropic-messages',
    losses: [],
    status: 200,
    outcome: 'ok',
    errorCode: null,
    errorMessage: null,
    apiKeyId: 'k1',
    apiKeyName: 'ci',
    userId: 'u1',
    sessionId: 's1',
    providerId: 'p1',
    endpointId: 'e1',
    accountId: 'a1',
    usageSource: 'upstream',
    rawUsage: null,
    usageFlags: [],
    costNanoUsd: null,
    savedNanoUsd: null,
    cacheReadNanoUsd: null,
    cacheWriteNanoUsd: null,
    credits: null,
    priceVersion: null,
    priceSheet: null,
    queueMs: 0,
    timeToFirstTokenMs: 120,
    latencyMs: 900,
    affinity: 'hit',
    affinityCode: 'bound-account',
    affinityReason: 'bound account',
    expectedWarmTokens: null,
    missCause: null,
    misses: null,
    route: null,
    cacheLevers: null,
    isKeepWarm: false,
    prefixParentId: null,
    prefixSharedTokens: null,
    traceId: null,
    attempts: [],
    ...over,
  };
}

/** Writes `requestRow()` into a log of an older version, whose `tail` held less. */
export async function insertOldRow(db: Kysely<LogDatabase>, tail: string): Promise<void> {
  await sql`INSERT INTO request (id, requestId, startedAtMs, latencyMs, timeToFirstTokenMs, surface, isStreamed,
    requestedModel, modelId, status, outcome, apiKeyId, apiKeyName, userId, sessionId, providerId, accountId, usageSource,
    affinity, tail)
    VALUES ('r1', 'req-1', ${NOW_MS}, 900, 120, 'anthropic-messages', 1, 'claude-sonnet', 'm1', 200, 'ok', 'k1', 'ci',
      'u1', 's1', 'p1', 'a1', 'upstream', 'hit', ${tail})`.execute(db);
}
