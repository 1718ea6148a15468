// Everything the request path works with. Types only; put together where the program starts.

import type { Admission } from './admission.ts';
import type { Catalog } from './catalog.ts';
import type { Exchange } from './exchange.ts';
import type { Caller } from './identity.ts';
import type { Slots } from './limits.ts';
import type { ModelMappingCache } from './model-mapping-cache.ts';
import type { Account } from './ports.ts';
import type { ReplyContext } from './reply.ts';
import type { RetryBudget } from './retry-budget.ts';
import type { RoutePolicyFunction } from './route.ts';
import type { RoutePolicy } from './routing-settings.ts';
import type { SignalTrust } from './signal-trust.ts';
import type { TraceContext } from './trace.ts';
import type { Upstream } from './upstream.ts';

/** What the gateway works with. All state has its owner here; nothing is global. */
export interface GatewayParts extends ReplyContext {
  /** The current snapshot; an exchange keeps the one it began with. */
  catalog(): Catalog;
  modelMappings: ModelMappingCache;
  /** Throws GatewayError when the caller is refused. */
  authenticate(headers: Headers, catalog: Catalog): Caller;
  slots: Slots;
  /** How each policy chooses. */
  policies: Readonly<Record<RoutePolicy, RoutePolicyFunction>>;
  signalTrust: SignalTrust;
  admission: Admission;
  retries: RetryBudget;
  /** Exchanges under way, to be ended when the gateway stops. */
  open: Set<Exchange>;
  upstream: Upstream;
  /** The trace of a request by its `traceparent`; absent = traces are not recorded. */
  beginTrace?(traceparent: string | null): TraceContext;
  /** 0 to 1, to spread retries; a fixed one in tests. */
  random(): number;
  /** A fault of the gateway itself: to be logged, the client is told only that it happened. */
  onFault(error: unknown): void;
  /** An account's credential was refused: to be stored, so that it is still out of service after a restart. */
  onRefused(account: Account, reason: string): void;
}
