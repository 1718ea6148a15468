// What the core needs from outside, and the plain data that passes between the rooms. Types, and their few constants.

import type { Loss } from '../wire/losses.ts';
import type { Surface } from '../wire/surface.ts';
import type { Usage, UsageFlag, UsageSource } from '../wire/usage.ts';
import { type AlertSettings, DEFAULT_ALERTS } from './cache-alert.ts';
import type { AttemptFault } from './faults.ts';
import type { KeyRestrictions } from './key-restrictions.ts';
import type { PriceSheet } from './price-sheet.ts';
import type { AffinityCode, CacheLeverRecord, Miss, MissCause, RouteRecord } from './route-record.ts';
import {
  type CacheLeverSettings,
  DEFAULT_CACHE_LEVERS,
  DEFAULT_RESERVATION,
  DEFAULT_ROUTING,
  type ReservationSettings,
  type RoutePolicy,
  type RouteProfile,
  type RoutingSettings,
} from './routing-settings.ts';

/** Time as the core sees it, so that tests and replays can run on their own clock. */
export interface Clock {
  /** Milliseconds since the Unix epoch: for stamps that people read and that outlive the process. May be set back or ahead. */
  nowMs(): number;
  /** Milliseconds since some moment; never runs backward: for durations, limits and cooldowns. */
  monotonicMs(): number;
  /** Runs `fire` once after `delayMs`; the returned function cancels it. Never keeps the process alive. */
  setTimer(fire: () => void, delayMs: number): () => void;
}

/** `fetch` as the demo upstream and the fakes of tests offer it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

// ---- the catalogue: what is configured -------------------------------------------------------------

/** A company or server that is called. */
export interface Provider {
  id: string;
  name: string;
  /** True lets base URLs be loopback or private addresses (self-hosted upstreams). */
  allowPrivateNetwork: boolean;
}

/** One (base URL, surface) of a provider; where an attempt goes. */
export interface Endpoint {
  id: string;
  providerId: string;
  name: string;
  surface: Surface;
  /** Origin and path prefix without a trailing slash; the surface's own path (`/v1/messages`) is appended. */
  baseUrl: string;
}

/** One billable identity at a provider: unit of health, limits and prompt cache. The credential is never in here. */
export interface Account {
  id: string;
  providerId: string;
  name: string;
  /** Share in weighted round robin; at least 1. */
  weight: number;
  /** Concurrent requests allowed; null = learned from the provider's rate limits. */
  maxConcurrent: number | null;
  /** Lifetime of a binding after its last use; null = the affinity setting's; 0 = does not cache, no binding is kept. */
  cacheTtlMinutes: number | null;
  /** Factor on list prices. */
  rateMultiplier: number;
  /** What one credit of an account that is billed in credits costs; null = it is not. */
  usdPerCredit: number | null;
  /** Accounts of one domain share a prompt cache; null = the account alone. */
  cacheDomain: string | null;
  isPaused: boolean;
  /** Why the account was taken out of service (401, 403); null = it was not. Cleared by hand. */
  disabledReason: string | null;
  /** Last four characters of the credential, and a short keyed hash that tells two credentials apart. */
  credentialLast4: string;
  credentialFingerprint: string;
  /**
   * Origins (`https://host:port`) the credential was given for: it is sent nowhere else, whoever edits the endpoints
   * later. Giving the credential anew binds it to the origins of the provider's endpoints at that time.
   */
  credentialOrigins: string[];
}

/** USD per million tokens, as published; null = not stated. */
export interface TokenPrices {
  inputUsdPerMillion: number | null;
  outputUsdPerMillion: number | null;
  cacheReadUsdPerMillion: number | null;
  cacheWrite5mUsdPerMillion: number | null;
  cacheWrite1hUsdPerMillion: number | null;
}

export interface ModelPrice extends TokenPrices {
  /** Other prices for whole requests with more input than this; the highest one exceeded counts. Null in a tier = as below it. */
  tiers: (TokenPrices & { aboveInputTokens: number })[];
}

/** A name that clients ask for. */
export interface Model {
  id: string;
  name: string;
  displayName: string | null;
  /** Overrides the bundled price table; null = use the table. */
  price: ModelPrice | null;
  /** Null = the routing settings'. */
  routePolicy: RoutePolicy | null;
  routeProfile: RouteProfile | null;
}

/** Rule between a model and the name a provider knows it by. */
export interface ModelMapping {
  id: string;
  providerId: string;
  modelId: string;
  upstreamModel: string;
  /** Other names under which clients may ask for the model. */
  aliases: string[];
}

export interface User {
  id: string;
  username: string;
  email: string | null;
}

/** The secret a client presents. Only its hash is kept. */
export interface ApiKey extends KeyRestrictions {
  id: string;
  name: string;
  /** Hex SHA-256 of the whole key. */
  hash: string;
  /** Masked form for people: first 4 … last 4. */
  masked: string;
  /** Null = standalone: belongs to no user. */
  userId: string | null;
  isEnabled: boolean;
  createdAtMs: number;
}

export type AffinityScope = 'session' | 'api-key';

export interface Settings {
  requireApiKey: boolean;
  /** Addresses and CIDR ranges whose `x-forwarded-for` is believed, beside this machine's own. */
  trustedProxies: string[];
  affinity: { enabled: boolean; ttlSeconds: number; scope: AffinityScope };
  routing: RoutingSettings;
  reservation: ReservationSettings;
  cacheLevers: CacheLeverSettings;
  /** Rows older than `maxAgeDays` or beyond the newest `maxRows` are deleted. */
  retention: { maxAgeDays: number; maxRows: number };
  /** Replies carry `x-warmpath-account` and `x-warmpath-affinity`. */
  routingHeaders: boolean;
  /** Requests may go to endpoints of another surface when no account speaks the caller's. */
  translation: boolean;
  timeouts: TimeoutSettings;
  limits: LimitSettings;
  /**
   * When the client hangs up: `cancel` the upstream at once (what was generated may still be billed, its usage is then
   * partial), or `drain`: read on to learn the exact usage, for so many seconds at most.
   */
  clientGone: { policy: 'cancel' | 'drain'; drainSeconds: number };
  /** Keeps request and reply bodies, redacted and cut at `maxKb` each, for `ttlHours`. */
  bodyLog: { enabled: boolean; maxKb: number; ttlHours: number };
  alerts: AlertSettings;
}

/** Seconds; fractions are allowed. */
export interface TimeoutSettings {
  /** Name lookup, connection and TLS together. */
  connectSeconds: number;
  /** Until the first byte of a reply that is not streamed: a long prompt may think for minutes. */
  firstByteSeconds: number;
  /** Until the first generated event of a stream. */
  streamFirstByteSeconds: number;
  /** Longest silence inside a stream. */
  streamGapSeconds: number;
  /** A silent stream gets a comment this often, so that proxies and clients keep it open. */
  keepAliveSeconds: number;
  /** All attempts of one request together, until its reply begins. */
  deadlineSeconds: number;
  /** Longest wait for a free place when the gateway itself is full. */
  queueSeconds: number;
  /** Running replies may take this long after SIGTERM. */
  shutdownSeconds: number;
}

export interface LimitSettings {
  /** Largest request body, after decompression. */
  maxBodyMb: number;
  /** Requests under way in the whole gateway; further ones wait in a queue of the same length at most. */
  maxInFlight: number;
  /** Request bodies held in memory together. */
  maxBufferedMb: number;
}

export const DEFAULT_SETTINGS: Settings = {
  requireApiKey: true,
  trustedProxies: [],
  affinity: { enabled: true, ttlSeconds: 300, scope: 'session' },
  routing: DEFAULT_ROUTING,
  reservation: DEFAULT_RESERVATION,
  cacheLevers: DEFAULT_CACHE_LEVERS,
  retention: { maxAgeDays: 30, maxRows: 1_000_000 },
  routingHeaders: true,
  translation: true,
  timeouts: {
    connectSeconds: 10,
    firstByteSeconds: 600,
    streamFirstByteSeconds: 300,
    streamGapSeconds: 120,
    keepAliveSeconds: 15,
    deadlineSeconds: 600,
    queueSeconds: 10,
    shutdownSeconds: 30,
  },
  // Anthropic accepts 32 MB; a little more, so that the provider's own refusal is what the client sees.
  limits: { maxBodyMb: 34, maxInFlight: 10_000, maxBufferedMb: 1_024 },
  clientGone: { policy: 'cancel', drainSeconds: 60 },
  bodyLog: { enabled: false, maxKb: 64, ttlHours: 24 },
  alerts: DEFAULT_ALERTS,
};

/** An account as stored: with its sealed credential (AES-256-GCM, bound to the account's id). */
export interface AccountRow extends Account {
  sealedCredential: string;
}

/** Everything configured, as stored. */
export interface CatalogRows {
  providers: Provider[];
  endpoints: Endpoint[];
  accounts: AccountRow[];
  models: Model[];
  mappings: ModelMapping[];
  users: User[];
  apiKeys: ApiKey[];
  settings: Settings;
}

/** One change of the catalogue. Deleting a provider deletes its endpoints, accounts and mappings; a model its mappings. */
export type CatalogChange =
  | { kind: 'put-provider'; row: Provider }
  | { kind: 'put-endpoint'; row: Endpoint }
  | { kind: 'put-account'; row: AccountRow }
  | { kind: 'put-model'; row: Model }
  | { kind: 'put-mapping'; row: ModelMapping }
  | { kind: 'put-user'; row: User }
  | { kind: 'put-api-key'; row: ApiKey }
  | { kind: 'put-settings'; row: Settings }
  | { kind: 'delete'; table: CatalogTable; id: string };
export type CatalogTable = 'provider' | 'endpoint' | 'account' | 'model' | 'mapping' | 'user' | 'api-key';

export interface CatalogStore {
  load(): Promise<CatalogRows>;
  /** Applies all changes or none. */
  apply(changes: readonly CatalogChange[]): Promise<void>;
}

// ---- the request log: what happened ----------------------------------------------------------------

/** How an exchange ended. `rejected`: the caller's own mistake or refusal; `failed`: ours or the upstream's. */
export type RequestOutcome = 'ok' | 'rejected' | 'failed' | 'client-gone';
/** How one attempt ended. `retryable`: another account may be tried. `interrupted`: broke after the first byte. */
export type AttemptOutcome = 'ok' | 'retryable' | 'rejected' | 'interrupted' | 'client-gone';

/**
 * What the routing did with the binding. `hit`: went to the bound account; `new`: first binding; `moved`: bound to
 * another account than before; `borrowed`: went elsewhere for once, the binding stays; `none`: nothing was bound
 * (refused before routing, or the account does not cache); `off`: affinity is switched off.
 */
export type AffinityOutcome = 'hit' | 'new' | 'moved' | 'borrowed' | 'none' | 'off';

/** One try at one account. Times are milliseconds; `firstByteMs` and `durationMs` count from `startedAtMs`. */
export interface AttemptRow {
  accountId: string;
  accountName: string;
  providerName: string;
  /** HTTP status of the upstream; null when none arrived. */
  status: number | null;
  outcome: AttemptOutcome;
  /** What went wrong, for machines; null = nothing, or the caller's own mistake. */
  fault: AttemptFault | null;
  reason: string;
  /** The request had been sent when the connection broke: the provider may have worked on it and may bill it. */
  isPossibleDuplicate: boolean;
  /** Time spent on name lookup, connection and handshake; null = none was made. */
  connectMs: number | null;
  startedAtMs: number;
  firstByteMs: number | null;
  durationMs: number;
}

/** One exchange: a client request and its reply with all attempts. Money is integer nano-USD. */
export interface RequestRow extends Usage {
  /** UUIDv7, so ids sort by time. */
  id: string;
  requestId: string;
  startedAtMs: number;
  finishedAtMs: number;
  path: string;
  surface: Surface;
  isStreamed: boolean;
  requestedModel: string;
  modelId: string | null;
  upstreamModel: string | null;
  /** The surface of the endpoint that was called; another one than `surface` when the request was translated. */
  endpointSurface: Surface | null;
  /** What the translation had to leave out. */
  losses: Loss[];
  status: number;
  outcome: RequestOutcome;
  errorCode: string | null;
  errorMessage: string | null;
  apiKeyId: string | null;
  apiKeyName: string | null;
  userId: string | null;
  sessionId: string | null;
  /** Of W3C trace context: 32 hex digits; null = the client stated none and none was begun. */
  traceId: string | null;
  providerId: string | null;
  endpointId: string | null;
  accountId: string | null;
  usageSource: UsageSource;
  /** The provider's own usage object (or its first and last) as JSON text; null = it sent none. */
  rawUsage: string | null;
  usageFlags: UsageFlag[];
  costNanoUsd: number | null;
  savedNanoUsd: number | null;
  /** What the cache reads and writes cost themselves; part of `costNanoUsd`, null when it is or no counts were reported. */
  cacheReadNanoUsd: number | null;
  cacheWriteNanoUsd: number | null;
  credits: number | null;
  priceVersion: string | null;
  /** Null = it was not priced, or is from before prices were kept. */
  priceSheet: PriceSheet | null;
  queueMs: number;
  timeToFirstTokenMs: number | null;
  latencyMs: number;
  affinity: AffinityOutcome;
  affinityCode: AffinityCode;
  /** The same in words, with what it was about. */
  affinityReason: string;
  /** Input tokens expected to be read from the prompt cache of the account that was called; null = not predicted. */
  expectedWarmTokens: number | null;
  /** The costliest cause that another routing, caller or provider could have avoided; null = none. */
  missCause: MissCause | null;
  /** Every cold token with its cause, costliest first; null = the provider reported no cache counts. */
  misses: readonly Miss[] | null;
  /** Null = no account was chosen by a policy. */
  route: RouteRecord | null;
  /** Null = the request was sent as it came. */
  cacheLevers: CacheLeverRecord | null;
  /** Sent by the gateway itself to keep a prefix warm. */
  isKeepWarm: boolean;
  /** The latest earlier request with the longest common prefix, and how many tokens they share; null = none known. */
  prefixParentId: string | null;
  prefixSharedTokens: number | null;
  attempts: AttemptRow[];
}

/** Every given field must match. Times are half-open `[fromMs, toMs)`. */
export interface RequestFilter {
  fromMs?: number;
  toMs?: number;
  apiKeyId?: string;
  /** Case-insensitive part of the API key's name. */
  apiKeyName?: string;
  userId?: string;
  modelId?: string;
  /** Case-insensitive part of the requested model. */
  requestedModel?: string;
  providerId?: string;
  accountId?: string;
  sessionId?: string;
  surface?: Surface;
  outcome?: RequestOutcome;
  affinity?: AffinityOutcome;
  missCause?: MissCause;
  isStreamed?: boolean;
  /** Sent by the gateway itself to keep a prefix warm. */
  isKeepWarm?: boolean;
  status?: number;
  /** Inclusive bounds. */
  minStatus?: number;
  maxStatus?: number;
  /** What is not known is not at least anything. */
  minLatencyMs?: number;
  minTimeToFirstTokenMs?: number;
  minInputTokens?: number;
  minCostNanoUsd?: number;
  /** Case-insensitive part of request id, session id, requested model, key name or error message. */
  search?: string;
}

/** Filter fields that must equal the row's field of the same name. */
export const EQUAL_FILTER_FIELDS = [
  'apiKeyId',
  'userId',
  'modelId',
  'providerId',
  'accountId',
  'sessionId',
  'surface',
  'outcome',
  'affinity',
  'missCause',
  'status',
] as const satisfies readonly (keyof RequestFilter & keyof RequestRow)[];

/** Filter fields that state the least value of a row's field. */
export const LEAST_FILTER_FIELDS = {
  minLatencyMs: 'latencyMs',
  minTimeToFirstTokenMs: 'timeToFirstTokenMs',
  minInputTokens: 'inputTokens',
  minCostNanoUsd: 'costNanoUsd',
} as const satisfies Partial<Record<keyof RequestFilter, keyof RequestRow>>;

/** Row fields in which `search` looks. */
export const SEARCHED_ROW_FIELDS = [
  'requestId',
  'sessionId',
  'requestedModel',
  'apiKeyName',
  'errorMessage',
] as const satisfies readonly (keyof RequestRow)[];

export interface Percentiles {
  p50: number | null;
  p90: number | null;
  p95: number | null;
  p99: number | null;
}

/** Cold tokens of one cause in requests for one model, over every row that matches a filter. */
export interface MissTotal {
  modelId: string | null;
  cause: MissCause;
  /** Requests with any such token. */
  requests: number;
  tokens: number;
  /** Of the tokens that have a price. */
  costNanoUsd: number;
  unpricedTokens: number;
}

/** Position of a row in newest-first order. */
export interface RequestCursor {
  startedAtMs: number;
  id: string;
}

// ---- affinity --------------------------------------------------------------------------------------

/** One stored fact: this caller's session is warm on this account. */
export interface Binding {
  /** Opaque digest of tenant, model, surface and session; unique. */
  key: string;
  /** Null = an anonymous caller (keys not required). */
  apiKeyId: string | null;
  userId: string | null;
  sessionId: string | null;
  modelId: string;
  surface: Surface;
  providerId: string;
  endpointId: string;
  accountId: string;
  createdAtMs: number;
  expiresAtMs: number;
  lastHitAtMs: number;
  requestCount: number;
  /** Input tokens of the last reply that reported usage: what is expected to be warm now. */
  warmTokens: number;
  /** Cache reads summed over the binding's life. */
  cacheReadTokens: number;
  /** It neither expires nor moves by itself while its account serves the model. */
  isPinned: boolean;
}

export interface BindingStore {
  load(nowMs: number): Promise<Binding[]>;
  save(changes: { put: readonly Binding[]; delete: readonly string[] }): Promise<void>;
}
