// A request that can be sent once more to keep its prefix warm: which ones can, what is kept of them, and their short form.

import { cacheRuleOf } from '../routing/cache-rules.ts';
import type { GapKey } from '../routing/ttl-choice.ts';
import { isObject } from '../wire/json.ts';
import { readField, replaceSpan, scanObject } from '../wire/scan.ts';
import type { RequestBody } from './body.ts';
import type { Candidate } from './catalog.ts';
import type { Exchange } from './exchange.ts';
import { upstreamHeaders } from './headers.ts';
import type { Caller } from './identity.ts';
import type { Binding } from './ports.ts';
import { inputPricesAt } from './pricing.ts';

/** Never stored or logged: it holds a client's prompt. */
export interface WarmRequest {
  key: GapKey;
  accountId: string;
  caller: Caller;
  sessionId: string | null;
  /** The binding it could have, by which an administrator clears it. */
  binding: Binding;
  /** The client's path; of its query only what an upstream gets. */
  url: string;
  /** The client's headers that an upstream gets; no credential is among them. */
  headers: Headers;
  /** As it was sent, but for the model's name. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Read from the cache or written to it. */
  warmTokens: number;
  uncachedTokens: number;
  /** USD per token. */
  prices: { inputUsd: number; readUsd: number; writeUsd: number };
  ttlMs: number;
  /** When its last request was sent, or before; monotonic. */
  startedMs: number;
}

/** Smaller prefixes are not worth a request of their own. */
const LEAST_WARM_TOKENS = 10_000;
const SHORT_TTL_MS = 5 * 60_000;
const LONG_TTL_MS = 60 * 60_000;
/** They say that it is the same request, or when its client loses patience. */
const OWN_HEADERS = [
  'idempotency-key',
  'x-client-request-id',
  'x-stainless-retry-count',
  'x-stainless-timeout',
  'x-stainless-read-timeout',
  'accept-encoding',
];

/**
 * What to keep of a settled exchange; null = its prefix is not to be kept warm. Claude models alone: other providers
 * state no lifetime that a ping could extend. `body` is what was sent, cache levers pulled.
 */
export function warmRequestOf(
  exchange: Exchange,
  { body, key }: { body: RequestBody; key: GapKey },
): WarmRequest | null {
  const { row, candidate, request, caller } = exchange;
  const isNative = row.surface === 'anthropic-messages' && row.endpointSurface === 'anthropic-messages';
  const isModelCall = exchange.operation.kind === 'generate' && row.outcome === 'ok';
  if (!candidate || !isNative || !isModelCall || row.isKeepWarm || row.inputTokens === null) return null;
  if (exchange.ticket?.isRevoked || !hasStatedLifetime(candidate)) return null;
  const warmTokens = (row.cacheReadTokens ?? 0) + (row.cacheWriteTokens ?? 0);
  if (warmTokens < LEAST_WARM_TOKENS) return null;
  const { account } = candidate;
  const prices = inputPricesAt(candidate, row.inputTokens);
  if (!prices || !canBeShort(body.bytes)) return null;
  const is1h = isMarkedFor1h(body);
  return {
    key,
    accountId: account.id,
    caller,
    sessionId: row.sessionId,
    binding: bindingOf(exchange, candidate),
    url: keptUrl(request.url),
    headers: keptHeaders(request.headers),
    bytes: body.bytes,
    warmTokens,
    uncachedTokens: Math.max(0, row.inputTokens - warmTokens),
    prices: { ...prices, writeUsd: is1h ? prices.write1hUsd : prices.write5mUsd },
    ttlMs: is1h ? LONG_TTL_MS : SHORT_TTL_MS,
    startedMs: exchange.startedMs + exchange.waitedMs,
  };
}

function hasStatedLifetime({ account, endpoint, upstreamModel, host }: Candidate): boolean {
  const { caches, lifetime } = cacheRuleOf(endpoint.surface, upstreamModel, host);
  return caches && lifetime === 'stated' && account.cacheTtlMinutes !== 0;
}

function bindingOf({ row, ticket }: Exchange, { account, provider, endpoint }: Candidate): Binding {
  return {
    key: ticket?.identity.key ?? '',
    apiKeyId: row.apiKeyId,
    userId: row.userId,
    sessionId: row.sessionId,
    modelId: row.modelId ?? '',
    surface: row.surface,
    providerId: provider.id,
    endpointId: endpoint.id,
    accountId: account.id,
    createdAtMs: row.startedAtMs,
    expiresAtMs: row.startedAtMs,
    lastHitAtMs: row.startedAtMs,
    requestCount: 1,
    warmTokens: 0,
    cacheReadTokens: 0,
    isPinned: false,
  };
}

/** One token of output, and no stream. Null = the request cannot be shortened without changing what is cached. */
export function shortForm(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> | null {
  const fields = scanObject(bytes);
  const maxTokens = fields.get('max_tokens');
  if (!maxTokens || hasThinkingBudget(bytes, fields)) return null;
  const stream = fields.get('stream');
  const edits = [{ span: maxTokens, value: 1 as unknown }];
  if (stream) edits.push({ span: stream, value: false });
  // From the end on, so that the other position stays right.
  edits.sort((a, b) => b.span.start - a.span.start);
  return edits.reduce((short, { span, value }) => replaceSpan(short, span, value), bytes);
}

function canBeShort(bytes: Uint8Array<ArrayBuffer>): boolean {
  const fields = scanObject(bytes);
  return fields.has('max_tokens') && !hasThinkingBudget(bytes, fields);
}

/** A budget must be below `max_tokens` and at least 1,024; without it the messages would be cached anew. */
function hasThinkingBudget(bytes: Uint8Array<ArrayBuffer>, fields: ReturnType<typeof scanObject>): boolean {
  const thinking = readField(bytes, fields, 'thinking');
  return isObject(thinking) && 'budget_tokens' in thinking;
}

/** The shortest lifetime is what expires first. */
function isMarkedFor1h({ outline }: RequestBody): boolean {
  if (!outline || outline.hasAutomaticMark) return false;
  return outline.marks.length > 0 && outline.marks.every(({ ttl }) => ttl === '1h');
}

function keptUrl(url: string): string {
  const { origin, pathname, searchParams } = new URL(url);
  const beta = searchParams.get('beta');
  return origin + pathname + (beta === null ? '' : `?beta=${encodeURIComponent(beta)}`);
}

function keptHeaders(client: Headers): Headers {
  const headers = new Headers(
    upstreamHeaders(client, { defaults: {}, credential: {}, isTranslated: false, hasBody: false }),
  );
  for (const name of OWN_HEADERS) headers.delete(name);
  return headers;
}
