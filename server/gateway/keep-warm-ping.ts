// Sends one ping as an exchange of its own: same prompt, same account, one token of output, a row that says what it was.

import { matchOperation } from '../wire/surface.ts';
import type { Catalog } from './catalog.ts';
import { type Exchange, openExchange } from './exchange.ts';
import type { PingResult } from './keep-warm.ts';
import type { Clock, RequestRow } from './ports.ts';
import { shortForm, type WarmRequest } from './warm-request.ts';

export interface PingParts {
  catalog(): Catalog;
  clock: Clock;
  /** Exchanges under way. */
  open: Set<Exchange>;
  /**
   * Sends the exchange's request to this one account, without a binding and without waiting for a place, and answers what
   * the client would get. Settles it whatever happens; never rejects.
   */
  callAccount(exchange: Exchange, accountId: string): Promise<Response>;
}

/** Never rejects. */
export async function sendKeepWarm(held: WarmRequest, parts: PingParts): Promise<PingResult> {
  const { clock, open, callAccount } = parts;
  const catalog = parts.catalog();
  const body = mayStillCall(held, catalog) ? shortForm(held.bytes) : null;
  const { pathname: path, search: query } = new URL(held.url);
  const operation = matchOperation('POST', { path, query }, held.headers);
  if (!body || !operation) return { isOk: false, costUsd: null, isPossiblyBilled: false, readTokens: null };
  const headers = new Headers(held.headers);
  headers.set('content-length', String(body.length));
  const request = new Request(held.url, { method: 'POST', headers, body });
  const exchange = openExchange({ request, path, operation, catalog, onBodyRead, clock });
  introduce(exchange, held);
  open.add(exchange);
  exchange.releases.push(() => open.delete(exchange));
  try {
    const response = await callAccount(exchange, held.accountId);
    await response.arrayBuffer();
  } catch {
    // A reply that broke off: the row tells.
  }
  return resultOf(exchange.row);
}

/** Nothing is sent at the expense of a key that was switched off or deleted since. */
function mayStillCall({ caller }: WarmRequest, { apiKeyByHash, settings }: Catalog): boolean {
  if (caller.kind === 'anonymous') return !settings.requireApiKey;
  return apiKeyByHash.get(caller.apiKey.hash)?.isEnabled ?? false;
}

/** There is no connection that could fall silent. */
const onBodyRead = () => undefined;

/** Whose prefix it is: its price is theirs too. */
function introduce(exchange: Exchange, { caller, sessionId }: WarmRequest): void {
  const { row } = exchange;
  exchange.caller = caller;
  row.isKeepWarm = true;
  row.sessionId = sessionId;
  row.affinity = 'none';
  row.affinityCode = 'keep-warm';
  row.affinityReason = 'sent by the gateway to keep a prefix warm';
  if (caller.kind !== 'api-key') return;
  row.apiKeyId = caller.apiKey.id;
  row.apiKeyName = caller.apiKey.name;
  row.userId = caller.apiKey.userId;
}

function resultOf({ outcome, costNanoUsd, cacheReadTokens, attempts }: RequestRow): PingResult {
  return {
    isOk: outcome === 'ok',
    costUsd: costNanoUsd === null ? null : costNanoUsd / 1e9,
    isPossiblyBilled: attempts.some((attempt) => attempt.outcome === 'ok' || attempt.isPossibleDuplicate),
    readTokens: cacheReadTokens,
  };
}
