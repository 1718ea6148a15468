// Sends one ping as an exchange of its own: same prompt, same account, one token of output, a row that says what it was.

import { matchOperation } from '../wire/surface.ts';
import type { Catalog } from './catalog.ts';
import { type Exchange, openExchange } from './exchange.ts';
import type { Caller } from './identity.ts';
import type { PingResult } from './keep-warm.ts';
import { keyStateOf } from './key-restrictions.ts';
import type { KeyUsage } from './key-usage.ts';
import type { Clock, RequestRow } from './ports.ts';
import { shortForm, type WarmRequest } from './warm-request.ts';

export interface PingParts {
  catalog(): Catalog;
  clock: Clock;
  keyUsage: Pick<KeyUsage, 'isSpent'>;
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
  const caller = callerNow(held, { ...parts, catalog });
  const body = caller ? shortForm(held.bytes) : null;
  const { pathname: path, search: query } = new URL(held.url);
  const operation = matchOperation('POST', { path, query }, held.headers);
  if (!caller || !body || !operation)
    return { isOk: false, costUsd: null, isPossiblyBilled: false, readTokens: null };
  const headers = new Headers(held.headers);
  headers.set('content-length', String(body.length));
  const request = new Request(held.url, { method: 'POST', headers, body });
  const exchange = openExchange({ request, path, operation, catalog, onBodyRead, clock });
  introduce(exchange, { ...held, caller });
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

/**
 * The caller with the key as it is now. Null: nothing is sent at the expense of a key that has ended, was deleted or has
 * spent its budget since.
 */
function callerNow(
  { caller }: WarmRequest,
  { catalog, clock, keyUsage }: Pick<PingParts, 'clock' | 'keyUsage'> & { catalog: Catalog },
): Caller | null {
  if (caller.kind === 'anonymous') return catalog.settings.requireApiKey ? null : caller;
  const apiKey = catalog.apiKeyByHash.get(caller.apiKey.hash);
  const mayPay = apiKey && keyStateOf(apiKey, clock.nowMs()) === 'active' && !keyUsage.isSpent(apiKey);
  return mayPay ? { kind: 'api-key', apiKey } : null;
}

/** There is no connection that could fall silent. */
const onBodyRead = () => undefined;

/** Whose prefix it is: its price is theirs too. */
function introduce(
  exchange: Exchange,
  { caller, sessionId }: Pick<WarmRequest, 'caller' | 'sessionId'>,
): void {
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
