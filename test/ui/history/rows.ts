// A row of the log bench as the demo's log would have it: costs by the gateway's price code, and what is rare. Pure.

import type { Catalog } from '../../../server/gateway/catalog.ts';
import { type MissFacts, missFacts, missWords } from '../../../server/gateway/miss-facts.ts';
import type { RequestRow } from '../../../server/gateway/ports.ts';
import { costOf } from '../../../server/gateway/pricing.ts';
import type { Miss, MissCause } from '../../../server/gateway/route-record.ts';
import { NO_USAGE } from '../../../server/wire/usage.ts';
import type { Chance } from '../../bench/log-scale/chance.ts';

const RESPONSES_SHARE = 0.2;
const LONG_LIVED_SHARE = 0.15;

/** What a cause of the bench stands for as well, and how often. */
const OTHER_CAUSES: readonly { of: MissCause; share: number; cause: MissCause; facts: MissFacts }[] = [
  { of: 'prefix-changed', share: 0.3, cause: 'model-changed', facts: missFacts('setting-changed') },
  {
    of: 'prefix-changed',
    share: 0.3,
    cause: 'lookback-exceeded',
    facts: missFacts('too-many-blocks', { count: 20 }),
  },
  { of: 'cold-start', share: 0.2, cause: 'not-cacheable', facts: missFacts('no-mark') },
];

export function demoRow(
  row: RequestRow,
  { catalog, chance }: { catalog: Catalog; chance: Chance },
): RequestRow {
  const draws = { refusal: chance.next(), cause: chance.next() };
  if (row.errorCode === 'invalid-request') return refused(row, draws.refusal);
  const known = withOtherCause(withLongLife(translated(row)), draws.cause);
  return priced(known, catalog);
}

/** Callers' mistakes are of several kinds. */
function refused(row: RequestRow, draw: number): RequestRow {
  const early = { ...row, ...NO_USAGE, accountId: null, providerId: null, endpointId: null };
  const unrouted: RequestRow = {
    ...early,
    endpointSurface: null,
    upstreamModel: null,
    modelId: null,
    route: null,
    attempts: [],
    latencyMs: 2,
    finishedAtMs: row.startedAtMs + 2,
    affinity: 'none',
    affinityCode: 'request-refused',
    affinityReason: 'the request was refused',
    expectedWarmTokens: null,
    prefixParentId: null,
    prefixSharedTokens: null,
  };
  if (draw < 0.4) {
    return {
      ...unrouted,
      requestedModel: 'claude-sonnet-six',
      status: 404,
      errorCode: 'model-not-found',
      errorMessage: 'Cannot find model "claude-sonnet-six"',
    };
  }
  if (draw < 0.6) {
    return {
      ...unrouted,
      status: 401,
      errorCode: 'unknown-api-key',
      errorMessage: 'Cannot find the API key',
      apiKeyId: null,
      apiKeyName: null,
      userId: null,
    };
  }
  return row;
}

/** Some sessions speak another dialect than the account. */
function translated(row: RequestRow): RequestRow {
  const isOther = row.endpointSurface === 'openai-chat' && shareOf(row.sessionId) < RESPONSES_SHARE;
  return isOther ? { ...row, surface: 'openai-responses', path: '/v1/responses', losses: ['store'] } : row;
}

/** Some sessions pause so often that their marks were set to the longer lifetime. */
function withLongLife(row: RequestRow): RequestRow {
  const isLong = row.cacheWrite1hTokens !== null && shareOf(row.sessionId) < LONG_LIVED_SHARE;
  if (!isLong) return row;
  const written = row.cacheWriteTokens ?? 0;
  return {
    ...row,
    cacheWrite5mTokens: 0,
    cacheWrite1hTokens: written,
    rawUsage:
      row.rawUsage?.replace(
        `"ephemeral_5m_input_tokens":${written},"ephemeral_1h_input_tokens":0`,
        `"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":${written}`,
      ) ?? null,
    cacheLevers: {
      ttl: '1h',
      ttlReason: 'by its own pauses 1 h saves $0.12 of writing again and costs $0.018 more to write',
      ttlSums: { isOwn: true, savedUsd: 0.12, extraUsd: 0.018 },
      breakpointsPlaced: 0,
      promptCacheKeySet: false,
    },
  };
}

/** The same for every request of a session. */
function shareOf(sessionId: string | null): number {
  return sessionId === null ? 1 : Number.parseInt(sessionId.slice(0, 4), 16) / 0x1_0000;
}

function withOtherCause(row: RequestRow, draw: number): RequestRow {
  let left = draw;
  for (const { of, share, cause, facts } of OTHER_CAUSES) {
    if (of !== row.missCause) continue;
    left -= share;
    if (left >= 0) continue;
    const told = { cause, detail: missWords(facts, null), facts };
    const misses = row.misses?.map((miss) => (miss.cause === of ? { ...miss, ...told } : miss)) ?? null;
    return { ...row, missCause: cause, misses };
  }
  return row;
}

function priced(row: RequestRow, catalog: Catalog): RequestRow {
  const { modelId, accountId, endpointId, outcome } = row;
  const model = modelId === null ? undefined : catalog.models.get(modelId);
  const account = accountId === null ? undefined : catalog.accounts.get(accountId);
  const endpoint = endpointId === null ? undefined : catalog.endpoints.get(endpointId);
  if (outcome !== 'ok' || !model || !account || !endpoint) return row;
  const { rateMultiplier, usdPerCredit } = account;
  const upstreamModel = row.upstreamModel ?? model.name;
  const cost = costOf(row, { model, upstreamModel, baseUrl: endpoint.baseUrl, rateMultiplier, usdPerCredit });
  if (cost) return { ...row, ...cost };
  return {
    ...row,
    costNanoUsd: null,
    savedNanoUsd: null,
    cacheReadNanoUsd: null,
    cacheWriteNanoUsd: null,
    priceVersion: null,
    priceSheet: null,
    misses: row.misses?.map((miss): Miss => ({ ...miss, costNanoUsd: null })) ?? null,
    route: row.route && { ...row.route, isUnpriced: true },
  };
}
