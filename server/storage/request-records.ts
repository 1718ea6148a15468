// Rows of the request log as the table holds them, and back.

import type { RequestRow } from '../gateway/ports.ts';
import { flag, type RequestRecord, type RowValues } from './database.ts';

/** In the order in which `requestValues` gives them. */
export const REQUEST_COLUMNS = [
  'id',
  'requestId',
  'startedAtMs',
  'finishedAtMs',
  'path',
  'surface',
  'isStreamed',
  'requestedModel',
  'modelId',
  'upstreamModel',
  'status',
  'outcome',
  'errorCode',
  'errorMessage',
  'apiKeyId',
  'apiKeyName',
  'userId',
  'sessionId',
  'providerId',
  'endpointId',
  'accountId',
  'inputTokens',
  'outputTokens',
  'reasoningTokens',
  'cacheReadTokens',
  'cacheWriteTokens',
  'cacheWrite5mTokens',
  'cacheWrite1hTokens',
  'usageSource',
  'costNanoUsd',
  'savedNanoUsd',
  'credits',
  'priceVersion',
  'queueMs',
  'timeToFirstTokenMs',
  'latencyMs',
  'affinity',
  'affinityReason',
  'expectedWarmTokens',
  'missCause',
  'attempts',
] as const satisfies readonly (keyof RequestRecord)[];

export function requestValues(row: RequestRow): RowValues {
  const record: RequestRecord = {
    ...row,
    isStreamed: flag(row.isStreamed),
    attempts: JSON.stringify(row.attempts),
  };
  return REQUEST_COLUMNS.map((column) => record[column]);
}

export function requestOf(record: Pick<RequestRecord, (typeof REQUEST_COLUMNS)[number]>): RequestRow {
  return { ...record, isStreamed: record.isStreamed === 1, attempts: JSON.parse(record.attempts) };
}
