// The embedded demo upstream: two pretend providers behind a `fetch`, with real prompt-cache clocks and no sockets.

import type { Clock, Fetch } from '../gateway/ports.ts';
import {
  DEFAULT_ACCOUNT_COUNT,
  DEFAULT_MAX_CONCURRENT,
  DemoAccount,
  type DemoAccountStats,
  type DemoFailure,
  demoAccountIdentities,
} from './accounts.ts';
import { ANTHROPIC_DIALECT } from './anthropic.ts';
import { DemoError } from './demo-error.ts';
import type { DemoReply, DemoRequest, Dialect, Frame } from './dialect.ts';
import { parseJsonObject } from './json.ts';
import type { DemoProviderName } from './models.ts';
import { OPENAI_DIALECT } from './openai.ts';
import { pacedBody, pause } from './pacing.ts';
import { PromptCache } from './prompt-cache.ts';
import { Random } from './random.ts';
import { decideReply } from './reply-content.ts';

export const DEMO_ANTHROPIC_BASE_URL = 'https://anthropic.demo.invalid';
export const DEMO_OPENAI_BASE_URL = 'https://openai.demo.invalid';

/** Fitted to traces of a coding agent: time to first token, and pace after it. */
const BASE_TTFT_MS = 1300;
const TTFT_MS_PER_COLD_TOKEN = 0.017;
const TTFT_MS_PER_CACHED_TOKEN = 0.012;
const MS_PER_OUTPUT_TOKEN = 15;

const DEFAULT_REPLY_TOKENS = [40, 320] as const;

export interface DemoUpstreamOptions {
  clock: Clock;
  seed?: number;
  /** Accounts of each provider. */
  accounts?: number;
  /** Concurrent requests an account allows; one more is answered with 429. */
  maxConcurrent?: number;
  /** Factor on every delay; 0 = no delays and no timers. */
  latency?: number;
  /** Bounds of a text reply's length before the caller's own limit. */
  replyTokens?: readonly [min: number, max: number];
}

export interface DemoUpstream {
  fetch: Fetch;
  /** By account name or credential; throws for an unknown one. */
  setFailure(account: string, failure: DemoFailure): void;
  failure(account: string): DemoFailure;
  stats(): DemoAccountStats[];
}

interface DemoProvider {
  dialect: Dialect;
  host: string;
  accounts: readonly DemoAccount[];
}

export function createDemoUpstream(options: DemoUpstreamOptions): DemoUpstream {
  const server = new DemoServer(options);
  return {
    fetch: (url, init) => server.answer(url, init),
    setFailure: (account, failure) => {
      server.account(account).failure = failure;
    },
    failure: (account) => server.account(account).failure,
    stats: () => server.accounts().map((account) => account.stats),
  };
}

/** One request under way: who answers it, and what ends it early. */
interface Call {
  dialect: Dialect;
  account: DemoAccount;
  signal: AbortSignal;
  headers: Headers;
}

class DemoServer {
  readonly #clock: Clock;
  readonly #seed: number;
  readonly #latency: number;
  readonly #replyTokens: readonly [min: number, max: number];
  readonly #ids: Random;
  readonly #providers: readonly DemoProvider[];

  constructor({
    clock,
    seed = 1,
    latency = 1,
    replyTokens = DEFAULT_REPLY_TOKENS,
    ...rest
  }: DemoUpstreamOptions) {
    const { accounts = DEFAULT_ACCOUNT_COUNT, maxConcurrent = DEFAULT_MAX_CONCURRENT } = rest;
    this.#clock = clock;
    this.#seed = seed;
    this.#latency = latency;
    this.#replyTokens = replyTokens;
    this.#ids = new Random(seed);
    const accountsOf = (provider: DemoProviderName) =>
      demoAccountIdentities(provider, accounts).map((row) => new DemoAccount(row, { clock, maxConcurrent }));
    this.#providers = [
      {
        dialect: ANTHROPIC_DIALECT,
        host: new URL(DEMO_ANTHROPIC_BASE_URL).host,
        accounts: accountsOf('demo-anthropic'),
      },
      {
        dialect: OPENAI_DIALECT,
        host: new URL(DEMO_OPENAI_BASE_URL).host,
        accounts: accountsOf('demo-openai'),
      },
    ];
  }

  accounts(): DemoAccount[] {
    return this.#providers.flatMap((provider) => provider.accounts);
  }

  account(nameOrCredential: string): DemoAccount {
    const found = this.accounts().find(
      ({ identity }) => identity.name === nameOrCredential || identity.credential === nameOrCredential,
    );
    if (found) return found;
    throw new Error(`Cannot find demo account "${nameOrCredential}": no such name or credential`);
  }

  async answer(url: string, init: RequestInit): Promise<Response> {
    const signal = init.signal ?? new AbortController().signal;
    signal.throwIfAborted();
    const { host, pathname } = new URL(url);
    const provider = this.#providers.find((row) => row.host === host);
    const dialect = provider?.dialect ?? OPENAI_DIALECT;
    const headers = new Headers({
      [dialect.requestIdHeader]: dialect.requestIdPrefix + this.#ids.base62(20),
    });
    let account: DemoAccount | null = null;
    try {
      if (
        !provider ||
        init.method !== 'POST' ||
        !(pathname === dialect.path || pathname === dialect.countPath)
      ) {
        throw new DemoError('unknown-path', `Not found: ${init.method ?? 'GET'} ${pathname}`);
      }
      account = authenticate(provider, new Headers(init.headers));
      account.countRequest();
      const body = init.body ?? null;
      if (pathname === dialect.countPath)
        return await this.#count({ dialect, account, signal, headers }, body);
      return await this.#serve({ dialect, account, signal, headers }, body);
    } catch (error) {
      if (!(error instanceof DemoError)) throw error;
      account?.countRefusal();
      return errorResponse(error, { dialect, headers });
    }
  }

  /** Counts the prompt against an empty cache, so that nothing is read, written or refreshed by it. */
  async #count({ account, dialect, headers }: Call, body: BodyInit | null): Promise<Response> {
    refuseIfFailing(account);
    const fields = parseJsonObject(await new Response(body).text());
    const request = dialect.readRequest(JSON.stringify({ ...fields, max_tokens: 1 }));
    const { totalTokens } = request.useCache(new PromptCache(() => this.#clock.nowMs()));
    return Response.json({ input_tokens: totalTokens }, { headers });
  }

  async #serve(call: Call, body: BodyInit | null): Promise<Response> {
    const { account, dialect, headers } = call;
    refuseIfFailing(account);
    for (const [name, value] of Object.entries(dialect.limitHeaders(account.rateWindow()))) {
      headers.set(name, value);
    }
    const request = dialect.readRequest(await new Response(body).text());
    const release = account.takeSlot();
    try {
      return await this.#generate(call, { request, release });
    } catch (error) {
      release();
      throw error;
    }
  }

  async #generate(
    call: Call,
    { request, release }: { request: DemoRequest; release: () => void },
  ): Promise<Response> {
    const { account, dialect, headers, signal } = call;
    const startedAtMs = this.#clock.nowMs();
    const use = request.useCache(account.cache);
    const beginReading = account.cache.stage(use.writes);
    const id = dialect.replyIdPrefix + this.#ids.base62(22);
    const content = decideReply(request, { seed: this.#seed, tokens: this.#replyTokens });
    const reply: DemoReply = { request, content, use, id, startedAtMs };
    await this.#pause(ttftMs(use), signal);
    // The prompt was never processed, so nothing is cached and nothing billed.
    if (account.failure === 'overloaded-in-stream') return this.#overloaded(call, { reply, release });

    beginReading();
    account.countTokens(use, content.outputTokens);
    if (request.isStreamed) return this.#stream(call, { frames: dialect.frames(reply), release });
    await this.#pause(content.outputTokens * MS_PER_OUTPUT_TOKEN, signal);
    release();
    return Response.json(dialect.body(reply), { headers });
  }

  #overloaded(call: Call, { reply, release }: { reply: DemoReply; release: () => void }): Response {
    if (!reply.request.isStreamed) throw new DemoError('overloaded', 'Overloaded');
    call.account.countRefusal();
    return this.#stream(call, { frames: call.dialect.overloadedFrames(reply), release });
  }

  #stream(
    { headers, signal }: Call,
    { frames, release }: { frames: Iterable<Frame>; release: () => void },
  ): Response {
    headers.set('content-type', 'text/event-stream; charset=utf-8');
    headers.set('cache-control', 'no-cache');
    const msPerToken = MS_PER_OUTPUT_TOKEN * this.#latency;
    const body = pacedBody(frames, { clock: this.#clock, msPerToken, signal, onEnd: release });
    return new Response(body, { headers });
  }

  #pause(ms: number, signal: AbortSignal): Promise<void> {
    return pause(this.#clock, ms * this.#latency, signal);
  }
}

function authenticate({ accounts, dialect }: DemoProvider, headers: Headers): DemoAccount {
  const bearer = /^Bearer\s+(.+)$/i.exec(headers.get('authorization') ?? '')?.[1]?.trim();
  const apiKey = headers.get('x-api-key');
  const credential = apiKey ?? bearer;
  const account = accounts.find(({ identity }) => identity.credential === credential);
  if (account) return account;
  throw unauthorized(dialect, { isBearer: apiKey === null && bearer !== undefined });
}

/** The wording of the real API; the credential itself is never repeated. */
function unauthorized(dialect: Dialect, { isBearer }: { isBearer: boolean }): DemoError {
  if (dialect === OPENAI_DIALECT) return new DemoError('unauthorized', 'Incorrect API key provided.');
  return new DemoError('unauthorized', isBearer ? 'Invalid bearer token' : 'invalid x-api-key');
}

function refuseIfFailing(account: DemoAccount): void {
  switch (account.failure) {
    case 'rate-limited':
      throw new DemoError(
        'rate-limited',
        "This request would exceed your account's rate limit. Please try again later.",
      );
    case 'unauthorized':
      throw new DemoError('unauthorized', 'This credential was revoked.');
    case 'server-error':
      throw new DemoError('server-error', 'Internal server error');
    case 'none':
    case 'overloaded-in-stream':
      return;
  }
}

function ttftMs({ totalTokens, readTokens }: { totalTokens: number; readTokens: number }): number {
  const coldTokens = totalTokens - readTokens;
  return BASE_TTFT_MS + coldTokens * TTFT_MS_PER_COLD_TOKEN + readTokens * TTFT_MS_PER_CACHED_TOKEN;
}

function errorResponse(
  error: DemoError,
  { dialect, headers }: { dialect: Dialect; headers: Headers },
): Response {
  const reply = dialect.error(error, headers.get(dialect.requestIdHeader) ?? '');
  for (const [name, value] of Object.entries(reply.headers)) headers.set(name, value);
  return Response.json(reply.body, { status: reply.status, headers });
}
