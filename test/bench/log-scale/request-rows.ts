// A turn of a conversation as the row that the gateway would log of it. Pure.

import { type MissFacts, missFacts, missWords } from '../../../server/gateway/miss-facts.ts';
import type { AttemptRow, RequestRow } from '../../../server/gateway/ports.ts';
import type { ConsideredCandidate, Miss, RouteRecord } from '../../../server/gateway/route-record.ts';
import { NO_USAGE, type Usage } from '../../../server/wire/usage.ts';
import type { Turn } from './conversation.ts';
import type { WorldAccount } from './world.ts';

export function requestRowOf(turn: Turn): RequestRow {
  const { key, model, failure, startedAtMs } = turn;
  const { endpoint } = model;
  const isOk = failure === null;
  const latencyMs = failure ? failedAfterMs(turn) : turn.latencyMs;
  const misses = isOk ? missesOf(turn) : null;
  return {
    ...usageOf(turn),
    ...moneyOf(turn),
    id: turn.id,
    requestId: turn.id,
    startedAtMs,
    finishedAtMs: startedAtMs + latencyMs,
    path: endpoint.surface === 'anthropic-messages' ? '/v1/messages' : '/v1/chat/completions',
    surface: endpoint.surface,
    isStreamed: turn.sessionId !== null,
    requestedModel: model.name,
    modelId: model.id,
    upstreamModel: model.upstreamModel,
    endpointSurface: endpoint.surface,
    losses: [],
    status: failure?.status ?? 200,
    outcome: failure?.outcome ?? 'ok',
    errorCode: failure?.code ?? null,
    errorMessage: failure?.message ?? null,
    apiKeyId: key.row.id,
    apiKeyName: key.row.name,
    userId: key.row.userId,
    sessionId: turn.sessionId,
    providerId: endpoint.providerId,
    endpointId: endpoint.id,
    accountId: turn.account.id,
    usageSource: isOk ? 'upstream' : 'none',
    rawUsage: isOk ? rawUsageOf(turn) : null,
    usageFlags: [],
    credits: null,
    priceVersion: isOk ? `genai-prices@0.1.8:${model.providerName}/${model.name}` : null,
    priceSheet: isOk ? model.priceSheet : null,
    queueMs: turn.latencyMs % 3,
    timeToFirstTokenMs: isOk ? turn.firstTokenMs : null,
    latencyMs,
    ...affinityOf(turn),
    expectedWarmTokens: turn.sharedTokens,
    missCause: turn.cause !== null && isOk ? turn.cause : null,
    misses,
    route: turn.isKeepWarm || failure?.attempts === 0 ? null : routeOf(turn),
    cacheLevers: null,
    isKeepWarm: turn.isKeepWarm,
    prefixParentId: turn.parentId,
    prefixSharedTokens: turn.parentId === null ? null : turn.sharedTokens,
    traceId: null,
    attempts: attemptsOf(turn, latencyMs),
  };
}

/** Refusals come at once, a provider that does not answer takes its time. */
function failedAfterMs({ failure, firstTokenMs }: Turn): number {
  return failure?.fault === 'timeout' ? 120_000 : Math.ceil(firstTokenMs / 4);
}

function writtenTokens({ promptTokens, readTokens, model }: Turn): number {
  return model.writeFactor === 0 || promptTokens < model.minCachedTokens ? 0 : promptTokens - readTokens;
}

function usageOf(turn: Turn): Usage {
  if (turn.failure !== null) return NO_USAGE;
  const written = writtenTokens(turn);
  return {
    ...NO_USAGE,
    inputTokens: turn.promptTokens,
    outputTokens: turn.isKeepWarm ? 1 : turn.outputTokens,
    cacheReadTokens: turn.readTokens,
    cacheWriteTokens: written,
    cacheWrite5mTokens: turn.model.writeFactor === 0 ? null : written,
    cacheWrite1hTokens: turn.model.writeFactor === 0 ? null : 0,
  };
}

function moneyOf(
  turn: Turn,
): Pick<RequestRow, 'costNanoUsd' | 'savedNanoUsd' | 'cacheReadNanoUsd' | 'cacheWriteNanoUsd'> {
  const { model, promptTokens, readTokens, outputTokens, failure } = turn;
  if (failure !== null) {
    return { costNanoUsd: null, savedNanoUsd: null, cacheReadNanoUsd: null, cacheWriteNanoUsd: null };
  }
  const written = writtenTokens(turn);
  const plain = promptTokens - readTokens - written;
  const cacheReadNanoUsd = Math.round(readTokens * model.inputNanoUsd * model.readFactor);
  const cacheWriteNanoUsd = Math.round(written * model.inputNanoUsd * model.writeFactor);
  const cost = plain * model.inputNanoUsd + outputTokens * model.outputNanoUsd;
  return {
    costNanoUsd: Math.round(cost) + cacheReadNanoUsd + cacheWriteNanoUsd,
    savedNanoUsd:
      Math.round((readTokens + written) * model.inputNanoUsd) - cacheReadNanoUsd - cacheWriteNanoUsd,
    cacheReadNanoUsd,
    cacheWriteNanoUsd,
  };
}

/** In the shape of the provider: for a stream the first of its objects and the last. */
function rawUsageOf(turn: Turn): string {
  const { promptTokens: input, readTokens: read, outputTokens: output, sessionId, model } = turn;
  if (model.writeFactor === 0) {
    return `{"prompt_tokens":${input},"completion_tokens":${output},"total_tokens":${input + output},"prompt_tokens_details":{"cached_tokens":${read}}}`;
  }
  const written = writtenTokens(turn);
  const counts = `"input_tokens":${input - read - written},"cache_creation_input_tokens":${written},"cache_read_input_tokens":${read}`;
  const last = `{${counts},"output_tokens":${output}}`;
  if (sessionId === null) return last;
  const parts = `"cache_creation":{"ephemeral_5m_input_tokens":${written},"ephemeral_1h_input_tokens":0}`;
  return `[{${counts},${parts},"output_tokens":1,"service_tier":"standard"},${last}]`;
}

function missesOf(turn: Turn): Miss[] {
  const { promptTokens, sharedTokens, readTokens, cause } = turn;
  const misses: Miss[] = [];
  const lost = sharedTokens - readTokens;
  if (cause !== null && lost > 0) misses.push(miss(turn, { cause, tokens: lost, facts: factsOf(turn) }));
  if (promptTokens > sharedTokens) {
    misses.push(miss(turn, { cause: 'new-content', tokens: promptTokens - sharedTokens, facts: null }));
  }
  return misses;
}

function miss({ model }: Turn, { cause, tokens, facts }: Pick<Miss, 'cause' | 'tokens' | 'facts'>): Miss {
  const extra = Math.max(1, model.writeFactor) - model.readFactor;
  const costNanoUsd = Math.round(tokens * model.inputNanoUsd * extra);
  return { cause, tokens, costNanoUsd, detail: facts && missWords(facts, WHY_MOVED), facts };
}

const WHY_MOVED = 'the bound account was full';

function factsOf({ cause, idleMs }: Turn): MissFacts | null {
  switch (cause) {
    case 'ttl-expired':
      return missFacts('unused-for', { ms: idleMs });
    case 'account-moved':
      return missFacts('routed-away');
    case 'prefix-changed':
      return missFacts('message', { count: 14 });
    default:
      return null;
  }
}

function affinityOf(turn: Turn): Pick<RequestRow, 'affinity' | 'affinityCode' | 'affinityReason'> {
  if (turn.isKeepWarm) {
    return {
      affinity: 'none',
      affinityCode: 'keep-warm',
      affinityReason: 'sent by the gateway to keep a prefix warm',
    };
  }
  if (turn.failure !== null) {
    return { affinity: 'none', affinityCode: 'no-account', affinityReason: 'no account took the request' };
  }
  return { affinity: turn.affinity, affinityCode: turn.affinityCode, affinityReason: REASONS[turn.affinity] };
}

const REASONS: Record<Turn['affinity'], string> = {
  hit: 'went to the account it is bound to',
  new: 'nothing was bound',
  moved: 'the bound account rests for 30 s',
  borrowed: 'the bound account was full',
  none: 'no account took the request',
  off: 'affinity is switched off',
};

function routeOf(turn: Turn): RouteRecord {
  const { account, model, promptTokens, sharedTokens } = turn;
  const others = model.accounts.filter((other) => other !== account);
  return {
    policy: model.policy,
    profile: 'balanced',
    promptTokens,
    isUnpriced: false,
    waitedMs: 0,
    considered: [
      candidate(turn, account, turn.affinity === 'hit' ? sharedTokens : 0),
      ...others.map((other) => candidate(turn, other, 0)),
    ],
  };
}

function candidate(turn: Turn, { id, name }: WorldAccount, warmTokens: number): ConsideredCandidate {
  const { model, promptTokens } = turn;
  const seen = { accountId: id, accountName: name, state: 'open', warmTokens } as const;
  if (model.policy !== 'warm-cost') return { ...seen, waitMs: 0, cost: null };
  const missUsd = ((promptTokens - warmTokens) * model.inputNanoUsd * Math.max(1, model.writeFactor)) / 1e9;
  const readUsd = (warmTokens * model.inputNanoUsd * model.readFactor) / 1e9;
  const cost = { missUsd, readUsd, othersUsd: 0, waitUsd: 0, loadUsd: 0, failureUsd: 0, headroomUsd: 0 };
  return { ...seen, waitMs: 0, cost: { ...cost, totalUsd: missUsd + readUsd } };
}

function attemptsOf(turn: Turn, latencyMs: number): AttemptRow[] {
  const { failure, account, model } = turn;
  const triedMs = Math.max(0, latencyMs - ROUTED_MS);
  if (failure !== null) {
    const durationMs = Math.floor(triedMs / failure.attempts);
    return Array.from({ length: failure.attempts }, (_, index) =>
      attempt(turn, {
        account: model.accounts[index] ?? account,
        status: failure.fault === 'unreachable' || failure.outcome === 'client-gone' ? null : failure.status,
        outcome: failure.outcome === 'failed' ? 'retryable' : failure.outcome,
        fault: failure.fault,
        reason: failure.message,
        afterMs: index * durationMs,
        durationMs,
      }),
    );
  }
  const refusedMs = turn.isRetried ? Math.min(REFUSED_MS, triedMs) : 0;
  const last = attempt(turn, {
    account,
    afterMs: refusedMs,
    status: 200,
    outcome: 'ok',
    fault: null,
    reason: 'answered',
    durationMs: triedMs - refusedMs,
  });
  if (!turn.isRetried) return [last];
  const refused = attempt(turn, {
    account: model.accounts.find((other) => other !== account) ?? account,
    status: 429,
    outcome: 'retryable',
    fault: 'rate-limited',
    reason: 'rate limited (429)',
    afterMs: 0,
    durationMs: refusedMs,
  });
  return [refused, last];
}

/** From the arrival to the first attempt. */
const ROUTED_MS = 2;
/** A refusal comes soon. */
const REFUSED_MS = 80;

function attempt(
  turn: Turn,
  parts: Pick<AttemptRow, 'status' | 'outcome' | 'fault' | 'reason' | 'durationMs'> & {
    account: WorldAccount;
    /** Since the first attempt began. */
    afterMs: number;
  },
): AttemptRow {
  const { account, afterMs, ...ending } = parts;
  const beginMs = ROUTED_MS + afterMs;
  return {
    accountId: account.id,
    accountName: account.name,
    providerName: turn.model.providerName,
    isPossibleDuplicate: false,
    connectMs: 0,
    startedAtMs: turn.startedAtMs + beginMs,
    firstByteMs:
      ending.status === null ? null : Math.min(Math.max(0, turn.firstTokenMs - beginMs), ending.durationMs),
    ...ending,
  };
}
