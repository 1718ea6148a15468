// An admin API over stores in memory, and the ways to call it.

import assert from 'node:assert/strict';
import { AdminTokens } from '../../server/auth/admin-tokens.ts';
import { Sessions } from '../../server/auth/sessions.ts';
import { Vault } from '../../server/auth/vault.ts';
import { AffinityTable } from '../../server/gateway/affinity.ts';
import { CatalogHolder } from '../../server/gateway/catalog.ts';
import { HealthTable } from '../../server/gateway/health.ts';
import { UNRESTRICTED } from '../../server/gateway/key-restrictions.ts';
import { KeyUsage } from '../../server/gateway/key-usage.ts';
import { Slots } from '../../server/gateway/limits.ts';
import { Live } from '../../server/gateway/live.ts';
import { ModelMappingCache } from '../../server/gateway/model-mapping-cache.ts';
import type { Account, Binding, CatalogRows, RequestRow } from '../../server/gateway/ports.ts';
import { ROUTE_POLICY_FUNCTIONS } from '../../server/gateway/route.ts';
import { createRoutingState } from '../../server/gateway/routing-state.ts';
import type { AdminParts, DemoFailure } from '../../server/graphql/parts.ts';
import { type AdminApi, createAdminApi } from '../../server/graphql/yoga.ts';
import type { ReservationBook } from '../../server/routing/reservation-book.ts';
import { ManualClock } from '../manual-clock.ts';
import { MemoryAdminStore, MemoryAuditLog, MemoryCatalogStore, MemoryRequestLog } from './memory-stores.ts';

export const ADMIN_TOKEN = 'an-admin-token-for-tests';
export const ORIGIN = 'http://127.0.0.1:8787';
/** Every bench starts here. */
export const START_MS = Date.UTC(2026, 10, 21, 22);

export interface Reply {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: answers are compared whole, or read by the path a test expects
  data: any;
  errors: { message: string; path?: string[]; extensions: { code?: string } }[];
}

export interface CallOptions {
  /** Null sends none. Default: the admin token. */
  bearer?: string | null;
  cookie?: string;
  headers?: Record<string, string>;
  origin?: string;
  isLoopback?: boolean;
}

interface KeptBody {
  request: string;
  reply: string;
  isCut: boolean;
}

export interface Bench {
  api: AdminApi;
  parts: AdminParts;
  clock: ManualClock;
  store: MemoryCatalogStore;
  adminStore: MemoryAdminStore;
  log: MemoryRequestLog;
  health: HealthTable;
  slots: Slots;
  keyUsage: KeyUsage;
  reservations: ReservationBook;
  live: Live;
  affinity: AffinityTable;
  modelMappings: ModelMappingCache;
  vault: Vault;
  /** What the API reported through `logError`. */
  logged: unknown[];
  /** What is kept of requests, by the id of the row. */
  bodies: Map<string, KeptBody>;
  demoFailures: Map<string, DemoFailure>;
  call(query: string, variables?: Record<string, unknown>, options?: CallOptions): Promise<Reply>;
  /** The data of a call that has no errors. */
  // biome-ignore lint/suspicious/noExplicitAny: see Reply
  ask(query: string, variables?: Record<string, unknown>): Promise<any>;
}

export async function openBench(
  options: { rows?: Partial<CatalogRows>; parts?: Partial<AdminParts> } = {},
): Promise<Bench> {
  const clock = new ManualClock(START_MS);
  const store = new MemoryCatalogStore();
  Object.assign(store.rows, options.rows);
  const vault = await Vault.fromMasterKey(new Uint8Array(32).fill(7));
  const catalog = await CatalogHolder.open(store, () => Promise.resolve('sk-some-credential-abcd'));
  const adminStore = new MemoryAdminStore();
  const live = new Live();
  const health = new HealthTable(clock);
  const slots = new Slots(clock);
  const keyUsage = new KeyUsage(clock);
  const routing = createRoutingState(clock);
  const { reservations } = routing;
  const affinity = new AffinityTable({ clock, live });
  const modelMappings = new ModelMappingCache({ clock, catalog: () => catalog.current });
  const log = new MemoryRequestLog();
  const bodies = new Map<string, KeptBody>();
  const logged: unknown[] = [];
  const demoFailures = new Map<string, DemoFailure>();
  const parts: AdminParts = {
    catalog,
    log,
    bodies: { get: (id) => Promise.resolve(bodies.get(id) ?? null) },
    affinity,
    modelMappings,
    health,
    slots,
    accountTests: { test: () => Promise.resolve({ kind: 'untestable', reason: 'there is no gateway here' }) },
    keyUsage,
    reservations,
    routing,
    policies: ROUTE_POLICY_FUNCTIONS,
    live,
    alerts: { list: () => [], testWebhook: () => Promise.resolve({ isDelivered: true }) },
    sessions: new Sessions(adminStore, clock),
    adminTokens: new AdminTokens(adminStore, clock),
    audit: new MemoryAuditLog(),
    vault,
    clock,
    build: {
      version: '0.1.0',
      commit: null,
      runtime: 'test 1',
      startedAtMs: START_MS,
      nodeId: 'node-1',
      isDemo: true,
    },
    demo: {
      failure: (name) => demoFailures.get(name) ?? null,
      setFailure: (name, failure) => void demoFailures.set(name, failure),
    },
    storageType: 'memory',
    adminToken: ADMIN_TOKEN,
    isDevelopment: false,
    documents: new Map(),
    logError: (error) => void logged.push(error),
    ...options.parts,
  };
  const api = createAdminApi(parts);
  const call: Bench['call'] = async (query, variables, callOptions = {}) => {
    const request = graphqlRequest({ query, variables }, callOptions);
    const response = await api.fetch(request, { isLoopback: callOptions.isLoopback ?? true });
    const { data, errors } = await response.json();
    return { status: response.status, headers: response.headers, data, errors: errors ?? [] };
  };
  const ask: Bench['ask'] = async (query, variables) => {
    const reply = await call(query, variables);
    assert.deepEqual(reply.errors, []);
    return reply.data;
  };
  return {
    api,
    parts,
    clock,
    store,
    adminStore,
    log,
    health,
    slots,
    keyUsage,
    reservations,
    live,
    affinity,
    modelMappings,
    vault,
    logged,
    bodies,
    demoFailures,
    call,
    ask,
  };
}

export function graphqlRequest(body: unknown, options: CallOptions = {}): Request {
  const { bearer = ADMIN_TOKEN, cookie, headers = {}, origin = ORIGIN } = options;
  return new Request(`${origin}/graphql`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      ...(bearer !== null && { authorization: `Bearer ${bearer}` }),
      ...(cookie !== undefined && { cookie }),
      ...headers,
    },
    body: typeof body === 'string' ? body : JSON.stringify(body),
  });
}

/** Two providers (one in a private network), three accounts, two models, two users, three API keys. */
export function sampleRows(): Partial<CatalogRows> {
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
  };
}

/** An account of `sampleRows`, as routing and limits see it. */
export function sampleAccount(bench: Bench, id: string): Account {
  const account = bench.parts.catalog.current.accounts.get(id);
  assert.ok(account);
  return account;
}

/** Makes the account's model rest for so long, as a 429 does. */
export function coolDown(bench: Bench, id: string, delayMs: number): void {
  const failure = { fault: 'rate-limited' as const, retryAfterMs: delayMs, reason: 'rate limited (429)' };
  bench.health.failed(sampleAccount(bench, id), { upstreamModel: 'x', host: 'api.anthropic.com' }, failure);
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
