// What the log of requests says of one: the facts of its row that hold no secret and nothing of what was said.

import type { Catalog } from '../gateway/catalog.ts';
import type { RequestRow } from '../gateway/ports.ts';

/** Fields of the event `request`. The path has no query, which may hold a key. */
export function accessFields(
  row: RequestRow,
  { method, accounts, providers }: { method: string } & Pick<Catalog, 'accounts' | 'providers'>,
): Record<string, unknown> {
  return {
    requestId: row.requestId,
    method,
    path: row.path,
    surface: row.surface,
    model: row.requestedModel || null,
    status: row.status,
    outcome: row.outcome,
    errorCode: row.errorCode,
    stream: row.isStreamed,
    latencyMs: row.latencyMs,
    firstTokenMs: row.timeToFirstTokenMs,
    queueMs: row.queueMs,
    inputTokens: row.inputTokens,
    outputTokens: row.outputTokens,
    cacheReadTokens: row.cacheReadTokens,
    cacheWriteTokens: row.cacheWriteTokens,
    costUsd: row.costNanoUsd === null ? null : row.costNanoUsd / 1e9,
    apiKey: row.apiKeyName,
    provider: providers.get(row.providerId ?? '')?.name ?? null,
    account: accounts.get(row.accountId ?? '')?.name ?? null,
    affinity: row.affinity,
    missCause: row.missCause,
    attempts: row.attempts.length,
    keepWarm: row.isKeepWarm || undefined,
  };
}
