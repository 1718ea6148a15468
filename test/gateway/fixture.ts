// A gateway in memory with a scripted upstream, for tests of the request path.

import assert from 'node:assert/strict';
import { hashSecret } from '../../server/auth/api-keys.ts';
import { identifyCaller } from '../../server/auth/caller.ts';
import { AffinityTable } from '../../server/gateway/affinity.ts';
import { buildCatalog, type Catalog } from '../../server/gateway/catalog.ts';
import { GatewayError } from '../../server/gateway/errors.ts';
import { type GatewayParts, handleExchange } from '../../server/gateway/gateway.ts';
import { HealthTable } from '../../server/gateway/health.ts';
import { Slots } from '../../server/gateway/limits.ts';
import { Live } from '../../server/gateway/live.ts';
import {
  type Account,
  type AffinityEvent,
  type CatalogRows,
  DEFAULT_SETTINGS,
  type RequestLog,
  type RequestRow,
  type Settings,
} from '../../server/gateway/ports.ts';
import { RoundRobin } from '../../server/gateway/route.ts';
import { SignalTrust } from '../../server/gateway/signal-trust.ts';
import { matchOperation } from '../../server/wire/surface.ts';
import { ManualClock } from '../manual-clock.ts';

export const ADA_KEY = 'wp_ada-0123456789abcdef';
export const BOB_KEY = 'wp_bob-0123456789abcdef';

/** One request as the upstream saw it. */
export interface UpstreamCall {
  account: string;
  url: string;
  headers: Headers;
  body: string;
  signal: AbortSignal | null | undefined;
}

export type Upstream = (call: UpstreamCall) => Response | Promise<Response>;

export interface Bench {
  parts: GatewayParts;
  clock: ManualClock;
  rows: RequestRow[];
  calls: UpstreamCall[];
  refused: string[];
  faults: unknown[];
  catalog: Catalog;
  /** Sends a request through the gateway and waits for the whole reply. */
  send(options?: SendOptions): Promise<{ status: number; headers: Headers; text: string; row: RequestRow }>;
  /** Sends a request and leaves the body to the test. */
  open(options?: SendOptions): Promise<Response>;
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
    ...part,
  };
}

export function rowsOf(options: BenchOptions): CatalogRows {
  const accounts = options.accounts ?? [{ name: 'a' }, { name: 'b' }, { name: 'c' }, { name: 'd' }];
  const key = (id: string, secret: string) => ({
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
    ],
    accounts: accounts.map((part) => ({ ...account({ name: 'a', ...part }), sealedCredential: '' })),
    models: [
      { id: 'm1', name: 'claude-sonnet-4-5', displayName: null, price: null },
      { id: 'm2', name: 'other', displayName: 'Other', price: null },
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
  const parts: GatewayParts = {
    catalog: () => catalog,
    authenticate(headers) {
      const { requireApiKey } = catalog.settings;
      const verdict = identifyCaller(headers, { apiKeyByHash: catalog.apiKeyByHash, requireApiKey });
      if (verdict.kind === 'refused')
        throw new GatewayError(verdict.code, `Cannot identify the caller: ${verdict.code}`);
      return verdict;
    },
    affinity: new AffinityTable({ clock, live, ...(maxBindings === undefined ? {} : { maxBindings }) }),
    health: new HealthTable(clock),
    slots: new Slots(),
    rotation: new RoundRobin(),
    signalTrust: new SignalTrust(),
    log: memoryLog(rows),
    live,
    clock,
    onFault: (error) => faults.push(error),
    onRefused: (refusedAccount) => refused.push(refusedAccount.name),
    fetch: async (url, init) => {
      const headers = new Headers(init.headers);
      const secret = headers.get('x-api-key') ?? headers.get('authorization')?.slice('Bearer '.length) ?? '';
      assert.ok(init.body instanceof Uint8Array);
      const call = {
        account: secret.replace('secret-', ''),
        url,
        headers,
        body: new TextDecoder().decode(init.body),
        signal: init.signal,
      };
      calls.push(call);
      return upstream(call);
    },
  };
  const open = (sent: SendOptions = {}) => {
    const request = requestOf(sent);
    const path = new URL(request.url).pathname;
    const operation = matchOperation(request.method, path, request.headers);
    assert.ok(operation);
    return handleExchange(request, { path, operation, onBodyRead: () => undefined }, parts);
  };
  return {
    parts,
    clock,
    rows,
    calls,
    refused,
    faults,
    catalog,
    open,
    async send(sent) {
      const response = await open(sent);
      const text = await response.text();
      const row = rows.at(-1);
      assert.ok(row);
      return { status: response.status, headers: response.headers, text, row };
    },
  };
}

function requestOf(sent: SendOptions): Request {
  const headers = new Headers({ 'content-type': 'application/json', ...sent.headers });
  const key = sent.key === undefined ? ADA_KEY : sent.key;
  if (key !== null) headers.set('authorization', `Bearer ${key}`);
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

function memoryLog(rows: RequestRow[]): RequestLog {
  const unused = () => Promise.reject(new Error('not used in these tests'));
  return {
    append: (row) => rows.push(row),
    health: () => ({ queuedRows: 0, droppedRows: 0, lastError: null }),
    page: unused,
    get: unused,
    count: unused,
    totals: unused,
    clear: unused,
  };
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
