// What the admin API is built from, and who calls it. Types only.

import type { AdminTokens } from '../auth/admin-tokens.ts';
import type { Sessions } from '../auth/sessions.ts';
import type { Vault } from '../auth/vault.ts';
import type { AccountTests } from '../gateway/account-test.ts';
import type { AdminRole, AdminSession, AuditLog } from '../gateway/admin-store.ts';
import type { AffinityTable } from '../gateway/affinity.ts';
import type { BodyTexts } from '../gateway/body-copy.ts';
import type { CacheAlerts } from '../gateway/cache-alert.ts';
import type { CatalogHolder } from '../gateway/catalog.ts';
import type { HealthTable } from '../gateway/health.ts';
import type { KeyUsage } from '../gateway/key-usage.ts';
import type { Slots } from '../gateway/limits.ts';
import type { Live } from '../gateway/live.ts';
import type { RequestLog } from '../gateway/log-queries.ts';
import type { ModelMappingCache } from '../gateway/model-mapping-cache.ts';
import type { GatewayParts } from '../gateway/parts.ts';
import type { Clock, Endpoint } from '../gateway/ports.ts';
import type { RoutingState } from '../gateway/routing-state.ts';
import type { ReservationBook } from '../routing/reservation-book.ts';

export type Surface = Endpoint['surface'];

/** How an account of the embedded demo upstream is made to fail; `none` = it works. */
export type DemoFailure = 'none' | 'rate-limited' | 'unauthorized' | 'server-error' | 'overloaded-in-stream';

export interface BuildInfo {
  version: string;
  commit: string | null;
  runtime: string;
  startedAtMs: number;
  nodeId: string;
  isDemo: boolean;
}

/** The switch of the embedded demo upstream. */
export interface DemoSwitch {
  /** Null when there is no demo account of that name. */
  failure(accountName: string): DemoFailure | null;
  setFailure(accountName: string, failure: DemoFailure): void;
}

export interface AdminParts {
  catalog: Pick<CatalogHolder, 'current' | 'apply'>;
  log: RequestLog;
  bodies: { get(id: string): Promise<BodyTexts | null> };
  affinity: Pick<
    AffinityTable,
    'list' | 'get' | 'counters' | 'history' | 'clear' | 'peek' | 'pin' | 'move' | 'sweep'
  >;
  modelMappings: Pick<ModelMappingCache, 'contents' | 'clearName' | 'clearPair' | 'clearAll'>;
  health: Pick<
    HealthTable,
    | 'condition'
    | 'reset'
    | 'rateLimits'
    | 'circuit'
    | 'hostTrouble'
    | 'isStrained'
    | 'weightFactor'
    | 'failureShare'
  >;
  accountTests: Pick<AccountTests, 'test'>;
  /** What API keys use now. */
  keyUsage: Pick<KeyUsage, 'look'>;
  slots: Pick<Slots, 'inFlight' | 'isFull' | 'limitOf' | 'learned' | 'reset'>;
  /** Live state of the routing, for explanations; nothing here changes it. */
  routing: RoutingState;
  policies: GatewayParts['policies'];
  reservations: Pick<ReservationBook, 'look' | 'stats' | 'reset'>;
  live: Pick<Live, 'publish' | 'subscribe' | 'subscribeAfter' | 'epoch' | 'count'>;
  sessions: Sessions;
  adminTokens: AdminTokens;
  audit: AuditLog;
  alerts: CacheAlerts;
  vault: Pick<Vault, 'seal' | 'fingerprint'>;
  clock: Clock;
  build: BuildInfo;
  /** Null when the demo upstream is not running. */
  demo: DemoSwitch | null;
  /** Where bindings and the log are kept, for people: `sqlite`, `postgres`. */
  storageType: string;
  /** Bearer token with full admin scope; null or empty = there is none. */
  adminToken: string | null;
  /** Switches introspection and GraphiQL on. */
  isDevelopment: boolean;
  /** Documents that clients may name instead of sending, by `sha256:` and the digest of their text in hex. */
  documents: ReadonlyMap<string, string>;
  /** Told of every error that is not one of ours; the caller sees "Unexpected error." only. */
  logError(error: unknown): void;
}

/** Each may do what those after it may: change what is configured, keep it running, read all, read its own rows. */
export type Role = AdminRole | 'own';

/** What is known of the connection that a request came by. */
export interface Connection {
  /** The peer is this very machine. */
  readonly isLoopback: boolean;
  /** Absent or null = not known, which no list of addresses allows. */
  readonly remoteAddress?: string | null;
}

export interface Actor {
  kind: 'panel' | 'admin-token' | 'api-key';
  /** For the audit log: `panel`, `admin-token`, or the name of the token or API key. */
  name: string;
  role: Role;
  /** The API key whose rows a visitor with the role `own` may read; else null. */
  apiKeyId: string | null;
}

/** Something a visitor came in by, which may end while a subscription is open. */
export interface Login {
  /** Tells logins apart; says nothing about a secret. */
  id: string;
  isLive(): Promise<boolean>;
  /** Calls `listener` when it ends; the result stops listening. */
  onEnd(listener: () => void): () => void;
}

/** Who sent the request, and what its reply must carry. */
export interface Visitor {
  /** Null = nobody: only the login fields answer. */
  actor: Actor | null;
  session: AdminSession | null;
  /** What the visitor has open ends with it; null = nothing ends it (the admin token of the environment). */
  login: Login | null;
  /** The session cookie as presented, valid or not. */
  cookieToken: string | null;
  /** Whether a session cookie set now would be kept: see `cookies.ts`. */
  cookieRule: CookieRule;
  /** `Set-Cookie` values, in order. */
  setCookies: string[];
}

/** `refused`: plain http from another machine, where browsers drop the cookie. */
export type CookieRule = 'secure' | 'loopback-http' | 'refused';
