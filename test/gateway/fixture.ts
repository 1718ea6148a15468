// A gateway in memory with a scripted upstream, for tests of the request path.

import assert from 'node:assert/strict';
import test from 'node:test';
import { hashSecret } from '../../server/auth/api-keys.ts';
import { Admission } from '../../server/gateway/admission.ts';
import { AffinityTable } from '../../server/gateway/affinity.ts';
import type { AffinityEvent } from '../../server/gateway/affinity-event.ts';
import { buildCatalog, type Catalog } from '../../server/gateway/catalog.ts';
import { callAccount, handleExchange } from '../../server/gateway/gateway.ts';
import { HealthTable } from '../../server/gateway/health.ts';
import { KeepWarm } from '../../server/gateway/keep-warm.ts';
import { sendKeepWarm } from '../../server/gateway/keep-warm-ping.ts';
import { UNRESTRICTED } from '../../server/gateway/key-restrictions.ts';
import { KeyUsage } from '../../server/gateway/key-usage.ts';
import { Slots } from '../../server/gateway/limits.ts';
import { Live } from '../../server/gateway/live.ts';
import { ModelMappingCache } from '../../server/gateway/model-mapping-cache.ts';
import type { GatewayParts } from '../../server/gateway/parts.ts';
import { Pins } from '../../server/gateway/pins.ts';
import {
  type Account,
  type CatalogRows,
  DEFAULT_SETTINGS,
  type RequestRow,
  type Settings,
} from '../../server/gateway/ports.ts';
import { RetryBudget } from '../../server/gateway/retry-budget.ts';
import { ROUTE_POLICY_FUNCTIONS } from '../../server/gateway/route.ts';
import { createRoutingState } from '../../server/gateway/routing-state.ts';
import { SignalTrust } from '../../server/gateway/signal-trust.ts';
import { UpstreamFault, type UpstreamReply } from '../../server/gateway/upstream.ts';
import { upstreamOfFetch } from '../../server/upstream/fetch-upstream.ts';
import { matchOperation, type Surface } from '../../server/wire/surface.ts';
import { ManualClock } from '../manual-clock.ts';
import { callerOf } from './fixture-caller.ts';
import { assertAtRest, callOf, memoryLog, type UpstreamCall } from './fixture-ends.ts';
import { furtherRows } from './further-providers.ts';

/** Requests of this gateway wait for no account. */
export const IMPATIENT: Partial<Settings> = {
  routing: { ...DEFAULT_SETTINGS.routing, maxWaitSeconds: 0 },
};

/** Longer than the gateway pauses before another account of an overloaded provider. */
const PAUSE_MS = 500;

export const ADA_KEY = 'wp_ada-0123456789abcdef';
export const BOB_KEY = 'wp_bob-0123456789abcdef';

type Answer = Response | UpstreamReply;
export type Upstream = (call: UpstreamCall) => Answer | Promise<Answer>;

export interface Bench {
  parts: GatewayParts;
  clock: ManualClock;
  rows: RequestRow[];
  calls: UpstreamCall[];
  refused: string[];
  faults: unknown[];
  /** How often the gateway has said that a request's body is here. */
  bodiesRead(): number;
  catalog: Catalog;
  /** Sends a request through the gateway and waits for the whole reply. */
  send(options?: SendOptions): Promise<{ status: number; headers: Headers; text: string; row: RequestRow }>;
  /** Sends a request and leaves the body to the test. */
  open(options?: SendOptions): Promise<Response>;
  /** The same with a request of the test's own making. */
  openRequest(request: Request): Promise<Response>;
}

export interface SendOptions {
  key?: string | null;
  path?: string;
  method?: string;
  session?: string;
  model?: string;
  stream?: boolean;
  headers?: Record<string, string>;
  body?: string | Uint8Array<ArrayBuffer>;
  signal?: AbortSignal;
}

export interface BenchOptions {
  accounts?: Partial<Account>[];
  /** Further providers by id: each at https://<id>.test with these surfaces, and the first model as `<id>-model`. */
  providers?: Record<string, readonly Surface[]>;
  settings?: Partial<Settings>;
  maxBindings?: number;
}

export function account(part: Partial<Account> & { name: string }): Account {
  return {
    id: part.name,
    providerId: 'p1',
    weight: 1,
    maxConcurrent: null,
    cacheTtlMinutes: 5,
    rateMultiplier: 1,
    cacheDomain: null,
    isPaused: false,
    disabledReason: null,
    credentialLast4: '',
    credentialFingerprint: '',
    credentialOrigins: ['https://one.test', 'https://two.test', `https://${part.providerId}.test`],
    usdPerCredit: null,
    ...part,
  };
}

export function rowsOf(options: BenchOptions): CatalogRows {
  const further = furtherRows(options.providers ?? {});
  const accounts = options.accounts ?? [{ name: 'a' }, { name: 'b' }, { name: 'c' }, { name: 'd' }];
  const key = (id: string, secret: string) => ({
    ...UNRESTRICTED,
    id,
    name: id,
    hash: hashSecret(secret),
    masked: '',
    userId: `user-${id}`,
    isEnabled: true,
    createdAtMs: 0,
  });
  return {
    providers: [
      { id: 'p1', name: 'one', allowPrivateNetwork: false },
      { id: 'p2', name: 'two', allowPrivateNetwork: false },
      ...further.providers,
    ],
    endpoints: [
      {
        id: 'e1',
        providerId: 'p1',
        name: 'main',
        surface: 'anthropic-messages',
        baseUrl: 'https://one.test',
      },
      { id: 'e2', providerId: 'p1', name: 'chat', surface: 'openai-chat', baseUrl: 'https://one.test/v1' },
      {
        id: 'e3',
        providerId: 'p2',
        name: 'main',
        surface: 'anthropic-messages',
        baseUrl: 'https://two.test',
      },
      ...further.endpoints,
    ],
    accounts: accounts.map((part) => ({ ...account({ name: 'a', ...part }), sealedCredential: '' })),
    models: [
      {
        id: 'm1',
        name: 'claude-sonnet-4-5',
        displayName: null,
        price: null,
        routePolicy: null,
        routeProfile: null,
      },
      { id: 'm2', name: 'other', displayName: 'Other', price: null, routePolicy: null, routeProfile: null },
    ],
    mappings: [
      {
        id: 'x1',
        providerId: 'p1',
        modelId: 'm1',
        upstreamModel: 'claude-sonnet-4-5-20250929',
        aliases: ['sonnet'],
      },
      { id: 'x2', providerId: 'p1', modelId: 'm2', upstreamModel: 'other', aliases: [] },
      { id: 'x3', providerId: 'p2', modelId: 'm1', upstreamModel: 'claude-sonnet-4-5', aliases: [] },
      ...further.mappings,
    ],
    users: [],
    apiKeys: [key('ada', ADA_KEY), key('bob', BOB_KEY)],
    settings: { ...DEFAULT_SETTINGS, ...options.settings },
  };
}

export function createBench(upstream: Upstream, options: BenchOptions = {}): Bench {
  const clock = new ManualClock();
  const live = new Live();
  const rows: RequestRow[] = [];
  const calls: UpstreamCall[] = [];
  const refused: string[] = [];
  const faults: unknown[] = [];
  const catalogRows = rowsOf(options);
  const catalog = buildCatalog(
    catalogRows,
    new Map(catalogRows.accounts.map(({ id }) => [id, `secret-${id}`])),
  );
  const maxBindings = options.maxBindings;
  const slots = new Slots(clock);
  const routing = createRoutingState(clock);
  const parts: GatewayParts = {
    catalog: () => catalog,
    modelMappings: new ModelMappingCache({ clock, catalog: () => catalog }),
    authenticate: (headers) => callerOf(headers, { catalog, nowMs: clock.nowMs() }),
    affinity: new AffinityTable({ clock, live, ...(maxBindings === undefined ? {} : { maxBindings }) }),
    health: new HealthTable(clock),
    slots,
    policies: ROUTE_POLICY_FUNCTIONS,
    routing,
    keepWarm: new KeepWarm({
      clock,
      settings: () => catalog.settings.cacheLevers.keepWarm,
      returnOdds: (key, idleMs, withinMs) => routing.gaps.returnOdds(key, idleMs, withinMs),
      hasRoom: () => true,
      send: (held) =>
        sendKeepWarm(held, {
          ...parts,
          callAccount: (exchange, accountId) => callAccount(exchange, accountId, parts),
        }),
    }),
    keyUsage: new KeyUsage(clock),
    signalTrust: new SignalTrust(),
    pins: new Pins(clock),
    admission: new Admission(clock),
    retries: new RetryBudget(() => slots.total()),
    open: new Set(),
    bodies: null,
    random: () => 0.5,
    log: memoryLog(rows),
    live,
    clock,
    onFault: (error) => faults.push(error),
    onRefused: (refusedAccount) => refused.push(refusedAccount.name),
    async upstream(request) {
      if (request.signal.aborted) throw new UpstreamFault('aborted', 'given up', { isSent: false });
      const call = callOf(request);
      calls.push(call);
      let thrown: unknown;
      const answer = await Promise.resolve(call)
        .then(upstream)
        .catch((error: unknown) => {
          thrown = error;
          return null;
        });
      if (answer && !(answer instanceof Response)) return answer;
      return upstreamOfFetch(() => (answer ? Promise.resolve(answer) : Promise.reject(thrown)))(request);
    },
  };
  let openedCount = 0;
  let bodiesRead = 0;
  const onBodyRead = () => {
    bodiesRead += 1;
  };
  const openRequest = (request: Request) => {
    openedCount += 1;
    const path = new URL(request.url).pathname;
    const { search } = new URL(request.url);
    const operation = matchOperation(request.method, { path, query: search }, request.headers);
    assert.ok(operation);
    return handleExchange(request, { path, operation, onBodyRead }, parts);
  };
  const open = (sent?: SendOptions) => openRequest(requestOf({ key: ADA_KEY, ...sent }));
  benches.push(() => assertAtRest({ parts, clock, rows, openedCount }));
  return {
    parts,
    clock,
    rows,
    calls,
    refused,
    faults,
    bodiesRead: () => bodiesRead,
    catalog,
    open,
    openRequest,
    async send(sent) {
      const response = await overPauses(open(sent), clock);
      const text = await response.text();
      const row = rows.at(-1);
      assert.ok(row);
      return { status: response.status, headers: response.headers, text, row };
    },
  };
}

/** What each bench of the running test must show when it is over. */
const benches: (() => Promise<void>)[] = [];

/** A test after which everything taken has been given back, and every request has made exactly one row. */
export function gatewayTest(name: string, run: () => Promise<void>): void {
  test(name, async () => {
    benches.length = 0;
    await run();
    for (const isAtRest of benches) await isAtRest();
  });
}

/** Waits for a reply, and moves time on over the gateway's own short pauses between attempts. */
export async function overPauses(reply: Promise<Response>, clock: ManualClock): Promise<Response> {
  let isHere = false;
  const here = reply.finally(() => {
    isHere = true;
  });
  for (let round = 0; round < 4; round += 1) {
    await clock.advance(0);
    if (isHere || clock.pendingTimers === 0) break;
    await clock.advance(PAUSE_MS);
  }
  return here;
}

function requestOf(sent: SendOptions): Request {
  const headers = new Headers({ 'content-type': 'application/json', ...sent.headers });
  if (typeof sent.key === 'string') headers.set('authorization', `Bearer ${sent.key}`);
  if (sent.session) headers.set('x-claude-code-session-id', sent.session);
  const method = sent.method ?? 'POST';
  const body =
    sent.body ??
    JSON.stringify({
      model: sent.model ?? 'claude-sonnet-4-5',
      max_tokens: 10,
      stream: sent.stream ?? false,
      messages: [{ role: 'user', content: 'hi' }],
    });
  return new Request(`http://gateway.test${sent.path ?? '/v1/messages'}`, {
    method,
    headers,
    ...(method === 'GET' ? {} : { body }),
    ...(sent.signal ? { signal: sent.signal } : {}),
  });
}

/** Every affinity event from now on. */
export function followEvents(bench: Bench): AffinityEvent[] {
  const events: AffinityEvent[] = [];
  const { live } = bench.parts;
  const publish = live.publish.bind(live);
  live.publish = (event) => {
    if (event.kind === 'affinity') events.push(event.event);
    publish(event);
  };
  return events;
}

// ---- upstream replies --------------------------------------------------------------------------------

export function jsonAnswer(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { 'content-type': 'application/json', 'request-id': 'req_upstream', ...headers },
  });
}

export function message(usage: object = { input_tokens: 10, output_tokens: 2 }): Response {
  return jsonAnswer(200, { type: 'message', content: [{ type: 'text', text: 'hi' }], usage });
}

export function anthropicError(status: number, type: string, headers: Record<string, string> = {}): Response {
  return jsonAnswer(status, { type: 'error', error: { type, message: `${type}!` } }, headers);
}

export const sse = (type: string, fields: object = {}) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;

export const STREAM_START = sse('message_start', {
  message: { usage: { input_tokens: 10, cache_read_input_tokens: 90, output_tokens: 1 } },
});
export const STREAM_TEXT = sse('content_block_delta', {
  index: 0,
  delta: { type: 'text_delta', text: 'hi' },
});
export const STREAM_END =
  sse('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 7 } }) +
  sse('message_stop');

/** A stream of the given chunks; `hang` leaves it open, `fail` breaks it off. `onCancel` tells when it is let go. */
export function stream(
  chunks: readonly string[],
  end: 'close' | 'hang' | 'fail' = 'close',
  onCancel: () => void = () => undefined,
): Response {
  const left = [...chunks];
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = left.shift();
      if (chunk !== undefined) controller.enqueue(new TextEncoder().encode(chunk));
      else if (end === 'close') controller.close();
      else if (end === 'fail') controller.error(new Error('connection reset'));
      else return new Promise(() => undefined);
    },
    cancel: onCancel,
  });
  return new Response(body, { headers: { 'content-type': 'text/event-stream', 'request-id': 'req_stream' } });
}
