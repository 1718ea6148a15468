// One proxied request from top to bottom: who calls, what for, which account, attempts, reply. Owns the attempt loop.

import { dialectOf } from '../wire/dialects.ts';
import { replaceSpan } from '../wire/scan.ts';
import type { Operation } from '../wire/surface.ts';
import type { AffinityTable } from './affinity.ts';
import { type AttemptResult, attempt, type StreamReply, type WholeReply } from './attempt.ts';
import { type RequestBody, readBody } from './body.ts';
import type { Candidate, Catalog } from './catalog.ts';
import { bindingTtlMs, openTicket } from './conversation.ts';
import { GatewayError } from './errors.ts';
import { type Exchange, noteAttempt, openExchange } from './exchange.ts';
import type { HealthTable } from './health.ts';
import type { Caller } from './identity.ts';
import type { Slots } from './limits.ts';
import type { Live } from './live.ts';
import { listModels } from './models.ts';
import type { Account, Clock, Fetch, RequestLog } from './ports.ts';
import { errorReply, type ReplyParts, streamReply, wholeReply } from './reply.ts';
import { chooseAccount, type RoundRobin, type RouteChoice } from './route.ts';
import type { SignalTrust } from './signal-trust.ts';
import type { AttemptFault } from './ticket.ts';

/** What the gateway works with. All state has its owner here; nothing is global. */
export interface GatewayParts {
  /** The current snapshot; an exchange keeps the one it began with. */
  catalog(): Catalog;
  /** Throws GatewayError when the caller is refused. */
  authenticate(headers: Headers, catalog: Catalog): Caller;
  affinity: AffinityTable;
  health: HealthTable;
  slots: Slots;
  rotation: RoundRobin;
  signalTrust: SignalTrust;
  log: RequestLog;
  live: Live;
  clock: Clock;
  fetch: Fetch;
  /** A fault of the gateway itself: to be logged, the client is told only that it happened. */
  onFault(error: unknown): void;
  /** An account's credential was refused: to be stored, so that it is still out of service after a restart. */
  onRefused(account: Account, reason: string): void;
}

/** Accounts tried for one request at most, all before the first byte reaches the client. */
const MAX_ATTEMPTS = 3;

type Retryable = Extract<AttemptResult, { kind: 'retryable' }>;

/** Answers one data-plane request; never throws. Every call becomes exactly one row of the request log. */
export async function handleExchange(
  request: Request,
  route: { path: string; operation: Operation; onBodyRead: () => void },
  parts: GatewayParts,
): Promise<Response> {
  const exchange = openExchange({ request, ...route, catalog: parts.catalog(), nowMs: parts.clock.nowMs() });
  try {
    identify(exchange, parts);
    switch (route.operation.kind) {
      case 'unavailable':
        throw new GatewayError(
          'surface-unavailable',
          `Cannot serve ${request.method} ${route.path}: not available`,
        );
      case 'list-models':
        return listModels(exchange, parts);
      case 'generate':
        return await generate(exchange, parts);
      default:
        return route.operation satisfies never;
    }
  } catch (error) {
    const known = asGatewayError(error, request);
    if (known.code === 'internal-error') parts.onFault(error);
    return errorReply(exchange, known, parts);
  }
}

function identify(exchange: Exchange, parts: GatewayParts): void {
  const { row, request, catalog } = exchange;
  exchange.caller = parts.authenticate(request.headers, catalog);
  if (exchange.caller.kind !== 'api-key') return;
  const { apiKey } = exchange.caller;
  row.apiKeyId = apiKey.id;
  row.apiKeyName = apiKey.name;
  row.userId = apiKey.userId;
}

async function generate(exchange: Exchange, parts: GatewayParts): Promise<Response> {
  const body = await readBody(exchange.request);
  exchange.onBodyRead();
  const { row, surface } = exchange;
  row.requestedModel = body.model.slice(0, 300);
  row.isStreamed = body.isStreamed;
  const candidates = candidatesFor(exchange, body.model);
  openTicket(exchange, { body, candidates }, parts);
  const failures: Retryable[] = [];
  const pool = { name: `${row.modelId}|${surface}`, candidates, rotation: parts.rotation };
  const excluded = new Set<string>();
  for (;;) {
    const choice = choose(exchange, pool, { excluded, isOut: failures.length >= MAX_ATTEMPTS }, parts);
    if (choice.kind !== 'chosen') return giveUp(exchange, { choice, failures }, parts);
    excluded.add(choice.candidate.account.id);
    const tried = await tryAccount(exchange, { candidate: choice.candidate, body }, parts);
    if (tried.kind === 'done') return tried.response;
    failures.push(tried.failure);
  }
}

/** Every account that serves the model on this surface; throws with what exists when none does. */
function candidatesFor(exchange: Exchange, requestedModel: string): readonly Candidate[] {
  const { catalog, surface, row } = exchange;
  const model = catalog.resolveModel(requestedModel);
  const candidates = model ? catalog.candidates(model.id, surface) : [];
  if (model && candidates.length > 0) {
    row.modelId = model.id;
    return candidates;
  }
  const names = catalog.rows.models
    .filter((other) => catalog.candidates(other.id, surface).length > 0)
    .map((other) => other.name);
  const known =
    names.length > 0 ? `Available here: ${names.join(', ')}` : 'No model is configured for this surface';
  throw new GatewayError('model-not-found', `Cannot find model "${requestedModel.slice(0, 300)}". ${known}`, {
    param: 'model',
  });
}

function choose(
  exchange: Exchange,
  pool: { name: string; candidates: readonly Candidate[]; rotation: RoundRobin },
  tried: { excluded: ReadonlySet<string>; isOut: boolean },
  parts: GatewayParts,
): RouteChoice {
  if (tried.isOut) return { kind: 'none' };
  const { ticket } = exchange;
  const preferred = [ticket?.boundAccountId ?? null, ticket?.borrowedAccountId ?? null];
  return chooseAccount(
    pool,
    {
      condition: (account, upstreamModel) => parts.health.condition(account, upstreamModel),
      inFlight: (accountId) => parts.slots.inFlight(accountId),
      isFull: (account) => parts.slots.isFull(account),
    },
    { excluded: tried.excluded, preferred, nowMs: parts.clock.nowMs() },
  );
}

type Tried = { kind: 'done'; response: Response } | { kind: 'failed'; failure: Retryable };

/** One attempt with its slot, its binding and its verdict. */
async function tryAccount(
  exchange: Exchange,
  asked: { candidate: Candidate; body: RequestBody },
  parts: GatewayParts,
): Promise<Tried> {
  const { candidate, body } = asked;
  const dialect = dialectOf(exchange.surface);
  if (!dialect) {
    throw new GatewayError('surface-unavailable', `Cannot serve ${exchange.row.path}: not available`);
  }
  const release = parts.slots.take(candidate.account.id);
  parts.live.publish({ kind: 'account', accountId: candidate.account.id });
  target(exchange, candidate, parts);
  const startedAtMs = parts.clock.nowMs();
  const { upstreamModel } = candidate;
  const bytes =
    upstreamModel === body.model ? body.bytes : replaceSpan(body.bytes, body.modelSpan, upstreamModel);
  const { headers, url } = exchange.request;
  const input = {
    candidate,
    dialect,
    headers,
    url,
    body: bytes,
    isStreamed: body.isStreamed,
    signal: exchange.gone,
  };
  const result = await attempt(input, parts);
  const reply: ReplyParts = { ...parts, candidate, startedAtMs, release };
  switch (result.kind) {
    case 'reply':
      parts.health.succeeded(candidate.account.id);
      return { kind: 'done', response: accept(exchange, result.reply, reply) };
    case 'rejected':
      return { kind: 'done', response: reject(exchange, result, reply) };
    case 'client-gone': {
      const endedAtMs = parts.clock.nowMs();
      const reason = 'the client hung up';
      noteAttempt(exchange, candidate, {
        status: null,
        outcome: 'client-gone',
        reason,
        startedAtMs,
        firstByteAtMs: null,
        endedAtMs,
      });
      release();
      throw new GatewayError('client-gone', 'The client hung up before the reply began');
    }
    case 'retryable':
      release();
      blame(exchange, { candidate, startedAtMs, failure: result }, parts);
      return { kind: 'failed', failure: result };
    default:
      return result satisfies never;
  }
}

/** The request is about to go to this account. */
function target(exchange: Exchange, candidate: Candidate, parts: GatewayParts): void {
  const { row, ticket } = exchange;
  exchange.candidate = candidate;
  row.providerId = candidate.provider.id;
  row.endpointId = candidate.endpoint.id;
  row.accountId = candidate.account.id;
  row.upstreamModel = candidate.upstreamModel;
  if (ticket) parts.affinity.reserve(ticket, candidate, bindingTtlMs(exchange, candidate));
}

/** The reply has begun: the point of no return. */
function accept(exchange: Exchange, reply: WholeReply | StreamReply, parts: ReplyParts): Response {
  const { row, ticket } = exchange;
  if (ticket) {
    const ttlMs = bindingTtlMs(exchange, parts.candidate);
    const { outcome, reason } = parts.affinity.confirm(ticket, parts.candidate, ttlMs);
    row.affinity = outcome;
    row.affinityReason = reason;
  }
  return reply.kind === 'stream'
    ? streamReply(exchange, reply, parts)
    : wholeReply(exchange, { reply, error: null }, parts);
}

function reject(
  exchange: Exchange,
  result: Extract<AttemptResult, { kind: 'rejected' }>,
  parts: ReplyParts,
): Response {
  exchange.row.affinityReason = 'the request itself was refused; the binding is untouched';
  return wholeReply(exchange, result, parts);
}

const ATTEMPT_BLAME: Record<
  AttemptFault,
  (parts: GatewayParts, candidate: Candidate, failure: Retryable) => void
> = {
  'rate-limited': (parts, { account, upstreamModel }, { retryAfterMs }) =>
    parts.health.rateLimited(account.id, upstreamModel, retryAfterMs),
  quota: (parts, { account }, { retryAfterMs }) => parts.health.exhausted(account.id, retryAfterMs),
  refused: (parts, { account }, { reason }) => {
    parts.health.disabled(account.id, reason);
    parts.onRefused(account, reason);
  },
  failure: (parts, { account }) => {
    parts.health.failed(account.id);
  },
};

/** Notes a failed attempt and what it says of the account and its binding. */
function blame(
  exchange: Exchange,
  tried: { candidate: Candidate; startedAtMs: number; failure: Retryable },
  parts: GatewayParts,
): void {
  const { candidate, startedAtMs, failure } = tried;
  const { status, reason, fault } = failure;
  const endedAtMs = parts.clock.nowMs();
  noteAttempt(exchange, candidate, {
    status,
    outcome: 'retryable',
    reason,
    startedAtMs,
    firstByteAtMs: null,
    endedAtMs,
  });
  ATTEMPT_BLAME[fault](parts, candidate, failure);
  if (exchange.ticket) parts.affinity.attemptFailed(exchange.ticket, candidate, { kind: fault, reason });
  parts.live.publish({ kind: 'account', accountId: candidate.account.id });
}

/** No account is left to try: what the client is told. */
function giveUp(
  exchange: Exchange,
  ended: { choice: RouteChoice; failures: readonly Retryable[] },
  parts: GatewayParts,
): Response {
  const { choice, failures } = ended;
  const model = exchange.row.requestedModel;
  const limited = failures.filter(({ fault }) => fault === 'rate-limited' || fault === 'quota');
  const waits = limited.map(({ retryAfterMs }) => retryAfterMs ?? 5_000);
  if ('retryAfterMs' in choice) waits.push(choice.retryAfterMs);
  const last = failures.at(-1);
  if (limited.length > 0 || (!last && choice.kind === 'cooling-down')) {
    const retryAfterMs = Math.min(...waits);
    throw new GatewayError('rate-limited', `Cannot send to any account of "${model}": all are rate limited`, {
      retryAfterMs,
    });
  }
  if (!last && choice.kind === 'full') {
    throw new GatewayError('accounts-full', `Cannot send to any account of "${model}": all are busy`, {
      retryAfterMs: choice.retryAfterMs,
    });
  }
  if (last?.reply && last.code === 'upstream-error') {
    return errorReply(
      exchange,
      new GatewayError('upstream-error', last.reason, { status: last.reply.status }),
      parts,
      last.reply,
    );
  }
  // A refused credential is the operator's matter: told as 401 it would make clients log their user out.
  if (!last || last.fault === 'refused') {
    throw new GatewayError(
      'no-healthy-account',
      `Cannot send to any account of "${model}": none is in service`,
    );
  }
  const status = last.error?.status;
  throw new GatewayError(
    last.code,
    last.error?.message ?? `Cannot reach any account of "${model}": ${last.reason}`,
    {
      ...(status === undefined ? {} : { status }),
    },
  );
}

function asGatewayError(error: unknown, request: Request): GatewayError {
  if (error instanceof GatewayError) return error;
  if (request.signal.aborted) return new GatewayError('client-gone', 'The client hung up while sending');
  return new GatewayError('internal-error', 'Cannot serve the request: internal error', { cause: error });
}
