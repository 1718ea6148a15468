// What the admin API is built from, and who calls it. Types only.

import type { Sessions } from '../auth/sessions.ts';
import type { Vault } from '../auth/vault.ts';
import type { AdminSession } from '../gateway/admin-store.ts';
import type { AffinityTable } from '../gateway/affinity.ts';
import type { CatalogHolder } from '../gateway/catalog.ts';
import type { HealthTable } from '../gateway/health.ts';
import type { Slots } from '../gateway/limits.ts';
import type { Live } from '../gateway/live.ts';
import type { GatewayParts } from '../gateway/parts.ts';
import type { Clock, Endpoint, RequestLog } from '../gateway/ports.ts';
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
  bodies: { get(id: string): Promise<{ request: string; reply: string; isCut: boolean } | null> };
  affinity: Pick<AffinityTable, 'list' | 'counters' | 'clear' | 'peek'>;
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
  slots: Pick<Slots, 'inFlight' | 'isFull' | 'limitOf' | 'learned' | 'reset'>;
  /** Live state of the routing, for explanations; nothing here changes it. */
  routing: RoutingState;
  policies: GatewayParts['policies'];
  reservations: Pick<ReservationBook, 'look' | 'stats' | 'reset'>;
  live: Pick<Live, 'publish' | 'subscribe'>;
  sessions: Sessions;
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
  /** Told of every error that is not one of ours; the caller sees "Unexpected error." only. */
  logError(error: unknown): void;
}

export type Actor = 'panel' | 'admin-token';

/** Who sent the request, and what its reply must carry. */
export interface Visitor {
  /** Null = nobody: only the login fields answer. */
  actor: Actor | null;
  session: AdminSession | null;
  /** The session cookie as presented, valid or not. */
  cookieToken: string | null;
  /** Whether a session cookie set now would be kept: see `cookies.ts`. */
  cookieRule: CookieRule;
  /** `Set-Cookie` values, in order. */
  setCookies: string[];
}

/** `refused`: plain http from another machine, where browsers drop the cookie. */
export type CookieRule = 'secure' | 'loopback-http' | 'refused';
