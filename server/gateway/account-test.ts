// Tries one account with one tiny request of the gateway's own, whatever its state: to see whether it works, not to serve
// anybody. What comes of it is logged and shown; routing, affinity, health and warmth learn nothing from it.

import { dialectOf } from '../wire/dialects.ts';
import { UsageTally } from '../wire/usage.ts';
import {
  type AccountTestRequest,
  testCandidate,
  testRequest,
  type Untestable,
} from './account-test-request.ts';
import { type AttemptResult, attempt, type StreamReply } from './attempt.ts';
import type { Candidate, Catalog } from './catalog.ts';
import { type AttemptNote, type Exchange, noteAttempt, openExchange } from './exchange.ts';
import type { GatewayParts } from './parts.ts';
import type { RequestRow } from './ports.ts';
import { type Ending, type SettleParts, settle } from './settle.ts';
import { UpstreamFault } from './upstream.ts';

/** How the row of a test says that it is one. */
const ACCOUNT_TEST_PATH = '/admin/test-account';

export type AccountTestOutcome =
  | { kind: 'tested'; result: AccountTestResult }
  /** It is being tried already. */
  | { kind: 'running' }
  /** There is nothing to send, or nowhere to send it. */
  | { kind: 'untestable'; reason: Untestable };

export interface AccountTestResult {
  /** HTTP status of the upstream; null when none arrived. */
  status: number | null;
  candidate: Candidate;
  /** As settled: outcome, error, times, counts, cost. */
  row: RequestRow;
}

type AccountTestParts = Pick<GatewayParts, 'upstream' | 'slots' | 'open' | 'catalog'> & SettleParts;

/** Until the reply begins, and from then on until it has ended: somebody sits and waits. */
const BEGIN_LIMIT_MS = 30_000;
const END_LIMIT_MS = 30_000;

/** Owns which accounts are being tried at this moment. */
export class AccountTests {
  readonly #parts: AccountTestParts;
  readonly #running = new Set<string>();

  constructor(parts: AccountTestParts) {
    this.#parts = parts;
  }

  /** `modelId` null = the first model that its provider has. Rejects for faults of the gateway only. */
  async test(accountId: string, modelId: string | null): Promise<AccountTestOutcome> {
    if (this.#running.has(accountId)) return { kind: 'running' };
    const catalog = this.#parts.catalog();
    const found = testCandidate(catalog, { accountId, modelId });
    if (found.candidate === null) return { kind: 'untestable', reason: found.reason };
    this.#running.add(accountId);
    try {
      return { kind: 'tested', result: await run(catalog, found.candidate, this.#parts) };
    } finally {
      this.#running.delete(accountId);
    }
  }
}

async function run(
  catalog: Catalog,
  candidate: Candidate,
  parts: AccountTestParts,
): Promise<AccountTestResult> {
  const asked = testRequest(candidate);
  const exchange = openTest(catalog, { candidate, asked, parts });
  const startedMs = parts.clock.monotonicMs();
  try {
    const result = await send(exchange, { candidate, asked, parts });
    const { note, ending } = await endOf(exchange, { candidate, result, parts });
    noteAttempt(exchange, candidate, { ...note, startedMs, endedMs: parts.clock.monotonicMs() });
    settle(exchange, ending, parts);
    return { status: note.status, candidate, row: exchange.row };
  } finally {
    // Also when something of ours broke: the slot is given back, and the row says so.
    settle(exchange, { status: 500, outcome: 'failed', errorCode: 'internal-error' }, parts);
    parts.live.publish({ kind: 'account', accountId: candidate.account.id });
  }
}

interface Test {
  candidate: Candidate;
  asked: AccountTestRequest;
  parts: AccountTestParts;
}

/** Nobody called: the row has no key, and its path says what it is. */
function openTest(catalog: Catalog, { candidate, asked, parts }: Test): Exchange {
  const { account, provider, endpoint, model, upstreamModel } = candidate;
  const request = new Request(`http://gateway.invalid${ACCOUNT_TEST_PATH}`, { method: 'POST' });
  const { operation } = asked;
  const exchange = openExchange({
    request,
    path: ACCOUNT_TEST_PATH,
    operation,
    catalog,
    onBodyRead: () => undefined,
    clock: parts.clock,
  });
  Object.assign(exchange.row, {
    requestedModel: model.name,
    modelId: model.id,
    upstreamModel,
    isStreamed: asked.isStreamed,
    providerId: provider.id,
    endpointId: endpoint.id,
    endpointSurface: endpoint.surface,
    accountId: account.id,
    affinityReason: 'sent by an operator to test the account',
  } satisfies Partial<RequestRow>);
  exchange.candidate = candidate;
  parts.open.add(exchange);
  exchange.releases.push(() => parts.open.delete(exchange), parts.slots.take(account));
  return exchange;
}

function send(exchange: Exchange, { candidate, asked, parts }: Test): Promise<AttemptResult> {
  return attempt(
    {
      destination: candidate,
      dialect: dialectOf(candidate.endpoint.surface),
      method: 'POST',
      path: asked.path,
      headers: new Headers(),
      traceparent: null,
      body: asked.body,
      isStreamed: asked.isStreamed,
      framing: 'sse',
      translation: null,
      stop: exchange.stop,
      connectTimeoutMs: exchange.catalog.settings.timeouts.connectSeconds * 1000,
      limitMs: BEGIN_LIMIT_MS,
    },
    parts,
  );
}

interface End {
  note: Omit<AttemptNote, 'startedMs' | 'endedMs'>;
  ending: Ending;
}

async function endOf(
  exchange: Exchange,
  { candidate, result, parts }: { candidate: Candidate; result: AttemptResult; parts: AccountTestParts },
): Promise<End> {
  const nowMs = parts.clock.monotonicMs();
  switch (result.kind) {
    case 'reply': {
      const { reply } = result;
      if (reply.kind === 'stream') return endOfStream(exchange, reply, parts);
      const { status, connectMs, facts } = reply;
      const tally = new UsageTally(dialectOf(candidate.endpoint.surface).readUsage);
      if (facts.usage !== undefined) tally.see(facts.usage);
      return {
        note: { status, connectMs, outcome: 'ok', reason: 'answered', firstByteMs: nowMs },
        ending: { status, outcome: 'ok', tally },
      };
    }
    case 'rejected': {
      const { reply, error } = result;
      const { status, connectMs } = reply;
      const reason = `refused by the upstream (${status})`;
      return {
        note: { status, connectMs, outcome: 'rejected', reason, firstByteMs: nowMs },
        ending: {
          status,
          outcome: 'rejected',
          errorCode: error?.type ?? 'upstream-rejected',
          errorMessage: error?.message ?? reason,
        },
      };
    }
    case 'retryable': {
      const { status, fault, reason, error, isPossibleDuplicate } = result;
      return {
        note: { status, outcome: 'retryable', fault, reason, isPossibleDuplicate, firstByteMs: null },
        ending: {
          status: status ?? 502,
          outcome: 'failed',
          errorCode: fault,
          errorMessage: error?.message || reason,
        },
      };
    }
    case 'abandoned': {
      const reason = 'the gateway was shut down';
      return {
        note: { status: null, outcome: 'interrupted', reason, firstByteMs: null },
        ending: { status: 503, outcome: 'failed', errorCode: 'shutting-down', errorMessage: reason },
      };
    }
    default:
      return result satisfies never;
  }
}

async function endOfStream(
  exchange: Exchange,
  reply: StreamReply,
  { clock }: AccountTestParts,
): Promise<End> {
  const { status, connectMs, tap } = reply;
  const firstByteMs = clock.monotonicMs();
  exchange.row.timeToFirstTokenMs = Math.round(firstByteMs - exchange.startedMs);
  const isWhole = await readToEnd(exchange, reply, clock);
  const error = tap?.watch.error ?? null;
  const tally = tap ? { tally: tap.watch.tally } : {};
  if (isWhole && !error && tap?.watch.isComplete !== false) {
    return {
      note: { status, connectMs, outcome: 'ok', reason: 'answered', firstByteMs },
      ending: { status, outcome: 'ok', ...tally },
    };
  }
  const reason = error ? `error in the stream (${error.type})` : 'the reply broke off, or took too long';
  const fault = error ? 'server-error' : 'incomplete';
  return {
    note: { status, connectMs, outcome: 'interrupted', fault, reason, firstByteMs },
    ending: {
      status,
      outcome: 'failed',
      errorCode: error?.type ?? 'stream-interrupted',
      errorMessage: error?.message ?? reason,
      isWhole: false,
      ...tally,
    },
  };
}

/** False when the reply broke off or was given up. */
async function readToEnd(
  exchange: Exchange,
  { body, pending, tap }: StreamReply,
  clock: AccountTestParts['clock'],
): Promise<boolean> {
  const cancelTimer = clock.setTimer(() => body.cancel(), END_LIMIT_MS);
  exchange.interrupt = () => body.cancel();
  try {
    let chunk = await (pending ?? body.read());
    while (chunk !== null) {
      tap?.pass(chunk);
      chunk = await body.read();
    }
    return true;
  } catch (error) {
    if (error instanceof UpstreamFault) return false;
    throw error;
  } finally {
    cancelTimer();
    exchange.interrupt = null;
  }
}
