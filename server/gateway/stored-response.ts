// Replies that the provider keeps: read, cancelled or deleted at the account that made them.

import { dialectOf } from '../wire/dialects.ts';
import type { Operation } from '../wire/surface.ts';
import { attempt } from './attempt.ts';
import { hostOf } from './base-url.ts';
import { isBoundTo } from './catalog.ts';
import { GatewayError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { tenantOf } from './identity.ts';
import { allowsProvider } from './key-access.ts';
import { providersRefused } from './key-refusals.ts';
import type { GatewayParts } from './parts.ts';
import { streamReply, wholeReply } from './reply.ts';
import type { Destination } from './route.ts';
import { abandoned, noteFailure } from './try-account.ts';

/** Only the caller who made the response through this gateway finds it; there is one account to ask, so no failover. */
export async function callStoredResponse(
  exchange: Exchange,
  operation: Extract<Operation, { kind: 'stored-response' }>,
  parts: GatewayParts,
): Promise<Response> {
  const { request, catalog, row } = exchange;
  row.affinityCode = 'not-a-model-call';
  row.affinityReason = 'not a model call';
  const destination = maker(exchange, operation.responseId, parts);
  if (!allowsProvider(exchange.caller, destination.provider.id)) throw providersRefused('this response');
  row.providerId = destination.provider.id;
  row.endpointId = destination.endpoint.id;
  row.accountId = destination.account.id;
  row.endpointSurface = destination.endpoint.surface;
  const dialect = dialectOf('openai-responses');
  const release = parts.slots.take(destination.account);
  exchange.releases.push(release);
  const startedMs = parts.clock.monotonicMs();
  const result = await attempt(
    {
      destination,
      dialect,
      method: methodOf(request.method),
      path: dialect.upstreamPath({
        kind: 'stored-response',
        responseId: operation.responseId,
        rest: operation.rest,
      }),
      headers: request.headers,
      traceparent: null,
      body: null,
      isStreamed: false,
      framing: 'sse',
      translation: null,
      stop: exchange.stop,
      connectTimeoutMs: catalog.settings.timeouts.connectSeconds * 1000,
      limitMs: catalog.settings.timeouts.firstByteSeconds * 1000,
    },
    parts,
  );
  const way = { upstreamModel: '', host: hostOf(destination.endpoint.baseUrl) };
  const reply = { context: parts, destination, way, translation: null, startedMs, release };
  switch (result.kind) {
    case 'reply':
      return result.reply.kind === 'stream'
        ? streamReply(exchange, result.reply, reply)
        : wholeReply(exchange, { reply: result.reply, error: null }, reply);
    case 'rejected':
      return wholeReply(exchange, result, reply);
    case 'abandoned':
      throw abandoned(exchange, { destination, startedMs }, parts);
    case 'retryable':
      parts.health.failed(destination.account, way, result);
      if (result.fault === 'refused') parts.onRefused(destination.account, result.reason);
      // A refused credential is the operator's matter: told as 401 it would make clients log their user out.
      if (result.reply && result.fault !== 'refused')
        return wholeReply(exchange, { reply: result.reply, error: result.error }, reply);
      noteFailure(exchange, { destination, startedMs, failure: result }, parts);
      throw new GatewayError(result.code, `Cannot reach the account of the response: ${result.reason}`);
    default:
      return result satisfies never;
  }
}

function maker(exchange: Exchange, responseId: string, { pins }: GatewayParts): Destination {
  const { catalog, caller } = exchange;
  const accountId = pins.find(tenantOf(caller), responseId);
  const account = accountId === null ? undefined : catalog.accounts.get(accountId);
  const endpoint = catalog.rows.endpoints.find(
    (row) =>
      row.providerId === account?.providerId && row.surface === 'openai-responses' && isBoundTo(account, row),
  );
  const provider = account && catalog.providers.get(account.providerId);
  if (!account || !endpoint || !provider) {
    throw new GatewayError(
      'model-not-found',
      `Cannot find response "${responseId.slice(0, 80)}": not made through this gateway`,
    );
  }
  return { account, endpoint, provider, credential: catalog.credential(account.id) };
}

function methodOf(method: string): 'GET' | 'POST' | 'DELETE' {
  return method === 'POST' || method === 'DELETE' ? method : 'GET';
}
