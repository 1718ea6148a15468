// The columns of an export of the request log: their names, in order, and how each is read off a row. Pure.

import type { Catalog } from '../gateway/catalog.ts';
import type { RequestRow } from '../gateway/ports.ts';
import { encodeGlobalId } from './global-id.ts';

/** Text, a number, a yes or no; null = not reported, or gone since. */
export type Cell = string | number | boolean | null;

export interface ExportColumn {
  name: string;
  read: (row: RequestRow, catalog: Catalog) => Cell;
  /** Says which upstream answered: an API key gets null. */
  isInternal?: true;
}

/** Times are ISO 8601 in UTC, durations milliseconds, money USD. Names of entries are those of today. */
export const EXPORT_COLUMNS: readonly ExportColumn[] = [
  { name: 'id', read: ({ id }) => encodeGlobalId('RequestLog', id) },
  { name: 'requestId', read: ({ requestId }) => requestId },
  { name: 'startedAt', read: ({ startedAtMs }) => instant(startedAtMs) },
  { name: 'finishedAt', read: ({ finishedAtMs }) => instant(finishedAtMs) },
  { name: 'path', read: ({ path }) => path },
  { name: 'surface', read: ({ surface }) => surface },
  { name: 'endpointSurface', read: ({ endpointSurface }) => endpointSurface },
  { name: 'streamed', read: ({ isStreamed }) => isStreamed },
  { name: 'requestedModel', read: ({ requestedModel }) => requestedModel },
  { name: 'model', read: ({ modelId }, { models }) => models.get(modelId ?? '')?.name ?? null },
  { name: 'upstreamModel', read: ({ upstreamModel }) => upstreamModel },
  { name: 'status', read: ({ status }) => status },
  { name: 'outcome', read: ({ outcome }) => outcome },
  { name: 'errorCode', read: ({ errorCode }) => errorCode },
  { name: 'errorMessage', read: ({ errorMessage }) => errorMessage },
  { name: 'apiKey', read: ({ apiKeyName }) => apiKeyName },
  { name: 'user', read: ({ userId }, { users }) => users.get(userId ?? '')?.username ?? null },
  { name: 'sessionId', read: ({ sessionId }) => sessionId },
  {
    name: 'provider',
    read: ({ providerId }, { providers }) => providers.get(providerId ?? '')?.name ?? null,
    isInternal: true,
  },
  {
    name: 'endpoint',
    read: ({ endpointId }, { endpoints }) => endpoints.get(endpointId ?? '')?.name ?? null,
    isInternal: true,
  },
  {
    name: 'account',
    read: ({ accountId }, { accounts }) => accounts.get(accountId ?? '')?.name ?? null,
    isInternal: true,
  },
  { name: 'attempts', read: ({ attempts }) => attempts.length },
  { name: 'inputTokens', read: ({ inputTokens }) => inputTokens },
  { name: 'outputTokens', read: ({ outputTokens }) => outputTokens },
  { name: 'reasoningTokens', read: ({ reasoningTokens }) => reasoningTokens },
  { name: 'cacheReadTokens', read: ({ cacheReadTokens }) => cacheReadTokens },
  { name: 'cacheWriteTokens', read: ({ cacheWriteTokens }) => cacheWriteTokens },
  { name: 'cacheWrite5mTokens', read: ({ cacheWrite5mTokens }) => cacheWrite5mTokens },
  { name: 'cacheWrite1hTokens', read: ({ cacheWrite1hTokens }) => cacheWrite1hTokens },
  { name: 'usageSource', read: ({ usageSource }) => usageSource },
  { name: 'costUsd', read: ({ costNanoUsd }) => usd(costNanoUsd) },
  { name: 'savedUsd', read: ({ savedNanoUsd }) => usd(savedNanoUsd) },
  { name: 'cacheReadUsd', read: ({ cacheReadNanoUsd }) => usd(cacheReadNanoUsd) },
  { name: 'cacheWriteUsd', read: ({ cacheWriteNanoUsd }) => usd(cacheWriteNanoUsd) },
  { name: 'credits', read: ({ credits }) => credits },
  { name: 'priceVersion', read: ({ priceVersion }) => priceVersion },
  { name: 'queueMs', read: ({ queueMs }) => queueMs },
  { name: 'timeToFirstTokenMs', read: ({ timeToFirstTokenMs }) => timeToFirstTokenMs },
  { name: 'latencyMs', read: ({ latencyMs }) => latencyMs },
  { name: 'affinity', read: ({ affinity }) => affinity },
  { name: 'affinityReason', read: ({ affinityReason }) => affinityReason },
  { name: 'expectedWarmTokens', read: ({ expectedWarmTokens }) => expectedWarmTokens },
  { name: 'missCause', read: ({ missCause }) => missCause },
  { name: 'keepWarm', read: ({ isKeepWarm }) => isKeepWarm },
];

function instant(ms: number): string {
  return new Date(ms).toISOString();
}

function usd(nanoUsd: number | null): number | null {
  return nanoUsd === null ? null : nanoUsd / 1e9;
}
