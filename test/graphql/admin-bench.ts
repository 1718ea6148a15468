// An admin API over stores in memory, and the ways to call it.

import assert from 'node:assert/strict';
import { AdminTokens } from '../../server/auth/admin-tokens.ts';
import { Sessions } from '../../server/auth/sessions.ts';
import { Vault } from '../../server/auth/vault.ts';
import { AffinityTable } from '../../server/gateway/affinity.ts';
import type { BodyTexts } from '../../server/gateway/body-copy.ts';
import { CatalogHolder } from '../../server/gateway/catalog.ts';
import { HealthTable } from '../../server/gateway/health.ts';
import { KeyUsage } from '../../server/gateway/key-usage.ts';
import { Slots } from '../../server/gateway/limits.ts';
import { Live } from '../../server/gateway/live.ts';
import { ModelMappingCache } from '../../server/gateway/model-mapping-cache.ts';
import type { Account, CatalogRows } from '../../server/gateway/ports.ts';
import { ROUTE_POLICY_FUNCTIONS } from '../../server/gateway/route.ts';
import { createRoutingState } from '../../server/gateway/routing-state.ts';
import type { AdminParts, DemoFailure } from '../../server/graphql/parts.ts';
import { type AdminApi, createAdminApi } from '../../server/graphql/yoga.ts';
import type { ReservationBook } from '../../server/routing/reservation-book.ts';
import { ManualClock } from '../manual-clock.ts';
import { MemoryAdminStore, MemoryAuditLog, MemoryCatalogStore, MemoryRequestLog } from './memory-stores.ts';
import { START_MS } from './sample-rows.ts';

export const ADMIN_TOKEN = 'an-admin-token-for-tests';
export const ORIGIN = 'http://127.0.0.1:8787';

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
  bodies: Map<string, BodyTexts>;
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
  const bodies = new Map<string, BodyTexts>();
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
    accountTests: { test: () => Promise.resolve({ kind: 'untestable', reason: 'provider-without-model' }) },
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
