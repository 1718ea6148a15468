// Accounts with prompt caches of their own, by Anthropic's rules, behind a gateway under test; and the prompts sent to them.

import assert from 'node:assert/strict';
import { readAnthropicRequest } from '../../server/demo/anthropic-request.ts';
import type { CacheUse } from '../../server/demo/dialect.ts';
import { PromptCache } from '../../server/demo/prompt-cache.ts';
import { buildCatalog } from '../../server/gateway/catalog.ts';
import type { Account, CatalogRows, RequestRow, Settings } from '../../server/gateway/ports.ts';
import {
  type Bench,
  type BenchOptions,
  createBench,
  message,
  rowsOf,
  type SendOptions,
  sse,
} from './fixture.ts';
import type { UpstreamCall } from './fixture-ends.ts';

/** A request that an account is working on. */
export interface HeldCall {
  call: UpstreamCall;
  /** The first byte of its stream. */
  begin(): void;
  /** The end of the stream, or the whole reply. */
  end(): void;
  /** Another answer than the one expected; before `begin` only. */
  answer(response: Response): void;
}

export interface CachingBench extends Bench {
  /** Calls that wait for the test, in order of arrival: those of requests that ask for a stream. */
  held: HeldCall[];
  /** A request and its whole reply; time is left to the test. */
  ask(options?: SendOptions & { prompt?: PromptOptions }): Promise<Asked>;
  /** Opens a stream that holds its slot until it is ended. */
  hold(options?: SendOptions & { prompt?: PromptOptions }): Promise<HeldSlot>;
  /** The account's cache is gone. */
  forget(accountId: string): void;
  /** These settings and models from the next request on. */
  reconfigure(change: { settings?: Partial<Settings>; rows?: (rows: CatalogRows) => void }): void;
}

export interface Asked {
  status: number;
  headers: Headers;
  text: string;
  row: RequestRow;
}

export interface HeldSlot {
  account: string;
  end(): Promise<void>;
}

export interface CachingOptions extends BenchOptions {
  /** Accounts that read and write nothing. */
  uncached?: readonly string[];
}

/** Requests that ask for a stream are held until the test ends them; all others are answered at once. */
export function createCachingBench(options: CachingOptions = {}): CachingBench {
  const caches = new Map<string, PromptCache>();
  const held: HeldCall[] = [];
  const cacheOf = (name: string) => {
    const known = caches.get(name) ?? new PromptCache(() => bench.clock.monotonicMs());
    caches.set(name, known);
    return known;
  };
  const bench: Bench = createBench((call) => {
    const request = readAnthropicRequest(call.body.replace('"model":"other"', '"model":"claude-sonnet-5"'));
    const isCached = !options.uncached?.includes(call.account);
    const cache = isCached ? cacheOf(call.account) : new PromptCache(() => 0);
    const use = request.useCache(cache);
    const publish = cache.stage(use.writes);
    const usage = usageOf(isCached ? use : { ...use, readTokens: 0, write5mTokens: 0, write1hTokens: 0 });
    if (!request.isStreamed) {
      publish();
      return message(usage);
    }
    return new Promise((resolve, reject) => {
      call.signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
      held.push(holdStream({ call, usage, publish, resolve }));
    });
  }, options);
  return {
    ...bench,
    held,
    ask: (sent) => asked(bench, sent),
    hold: (sent) => slotHeld({ ...bench, held }, sent),
    forget: (accountId) => caches.delete(accountId),
    reconfigure({ settings = {}, rows: change = () => undefined }) {
      const rows = rowsOf({ ...options, settings: { ...options.settings, ...settings } });
      change(rows);
      const credentials = new Map(rows.accounts.map(({ id }) => [id, `secret-${id}`]));
      const catalog = buildCatalog(rows, credentials);
      bench.parts.catalog = () => catalog;
    },
  };
}

let requests = 0;

async function asked(
  bench: Bench,
  { prompt, ...sent }: SendOptions & { prompt?: PromptOptions } = {},
): Promise<Asked> {
  requests += 1;
  const requestId = `request-${requests}`;
  const headers = { ...sent.headers, 'x-request-id': requestId };
  const reply = await bench.open({ body: promptOf(prompt), ...sent, headers });
  const text = await reply.text();
  const row = bench.rows.find((other) => other.requestId === requestId);
  assert.ok(row);
  return { status: reply.status, headers: reply.headers, text, row };
}

async function slotHeld(
  bench: Bench & { held: readonly HeldCall[] },
  { prompt, ...sent }: SendOptions & { prompt?: PromptOptions } = {},
): Promise<HeldSlot> {
  const before = bench.held.length;
  const opening = bench.open({ body: promptOf({ ...prompt, isStreamed: true }), ...sent });
  await bench.clock.advance(0);
  const held = bench.held[before];
  assert.ok(held, 'the request waits');
  held.begin();
  const reply = await opening;
  return {
    account: held.call.account,
    async end() {
      held.end();
      await reply.text();
    },
  };
}

function holdStream(of: {
  call: UpstreamCall;
  usage: object;
  publish: () => void;
  resolve: (response: Response) => void;
}): HeldCall {
  const { call, usage, publish, resolve } = of;
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  const write = (text: string) => controller?.enqueue(new TextEncoder().encode(text));
  const body = new ReadableStream<Uint8Array>({
    start: (given) => {
      controller = given;
    },
    cancel: () => {
      controller = null;
    },
  });
  let hasBegun = false;
  const begin = () => {
    if (hasBegun) return;
    hasBegun = true;
    publish();
    write(sse('message_start', { message: { usage } }));
    write(sse('content_block_delta', { index: 0, delta: { type: 'text_delta', text: 'hi' } }));
    resolve(new Response(body, { headers: { 'content-type': 'text/event-stream' } }));
  };
  return {
    call,
    begin,
    end() {
      begin();
      write(sse('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 2 } }));
      write(sse('message_stop'));
      controller?.close();
      controller = null;
    },
    answer: resolve,
  };
}

function usageOf({ totalTokens, readTokens, write5mTokens, write1hTokens }: CacheUse) {
  const writtenTokens = write5mTokens + write1hTokens;
  return {
    input_tokens: totalTokens - readTokens - writtenTokens,
    cache_creation_input_tokens: writtenTokens,
    cache_read_input_tokens: readTokens,
    cache_creation: {
      ephemeral_5m_input_tokens: write5mTokens,
      ephemeral_1h_input_tokens: write1hTokens,
    },
    output_tokens: 2,
  };
}

export interface PromptOptions {
  /** Of the system prompt, some; 0 = there is none. Default 6,000. */
  systemTokens?: number;
  /** What the system prompt is about: others are other prompts. */
  about?: string;
  /** Turns so far, the last of them a question. Default 1. */
  turns?: number;
  /** Blocks of the last message. */
  blocks?: number;
  /** Sets this conversation's messages apart. */
  topic?: string;
  /** Default: the end of the system prompt and of the last message. */
  marks?: readonly ('tools' | 'system' | 'last')[];
  tools?: readonly string[];
  model?: string;
  isStreamed?: boolean;
  /** Added to the body. */
  fields?: object;
}

const MARK = { cache_control: { type: 'ephemeral' } };

/** The body of a conversation's n-th request; equal options give equal prompts, one more turn goes on from the one before. */
export function promptOf(options: PromptOptions = {}): string {
  const { systemTokens = 6_000, about = 'parsers', turns = 1, blocks = 1, topic = 'it' } = options;
  const { marks = ['system', 'last'], tools = [], model = 'sonnet', isStreamed = false } = options;
  const last = 2 * turns - 2;
  const messages = Array.from({ length: last + 1 }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: Array.from({ length: index === last ? blocks : 1 }, (_block, block) => ({
      type: 'text',
      text: `message ${index}.${block} about ${topic} ${'so it goes on '.repeat(20)}`,
      ...(index === last && block === blocks - 1 && marks.includes('last') && MARK),
    })),
  }));
  const toolRows = tools.map((name, index) => ({
    name,
    description: `The tool ${name} ${'reads and writes '.repeat(60)}`,
    input_schema: { type: 'object' },
    ...(index === tools.length - 1 && marks.includes('tools') && MARK),
  }));
  const text = `All about ${about}. `.repeat(Math.ceil((systemTokens * 4) / (about.length + 12)));
  const system = [{ type: 'text', text, ...(marks.includes('system') && MARK) }];
  return JSON.stringify({
    model,
    max_tokens: 10,
    stream: isStreamed,
    ...(toolRows.length > 0 && { tools: toolRows }),
    ...(systemTokens > 0 && { system }),
    messages,
    ...options.fields,
  });
}

/** Accounts of the same number of slots each. */
export function accountsOf(names: string, maxConcurrent: number | null): Partial<Account>[] {
  return [...names].map((name) => ({ name, maxConcurrent }));
}
