// A finished exchange, and the configuration it was made with.

import { buildCatalog, type Catalog } from '../../server/gateway/catalog.ts';
import { openExchange } from '../../server/gateway/exchange.ts';
import type { AttemptRow, RequestRow } from '../../server/gateway/ports.ts';
import type { TraceContext } from '../../server/gateway/trace.ts';
import type { Settled } from '../../server/telemetry/gen-ai.ts';
import type { Operation } from '../../server/wire/surface.ts';
import { rowsOf } from '../gateway/fixture.ts';
import { ManualClock } from '../manual-clock.ts';

/** 2026-11-21T22:00:00Z. */
export const START_MS = Date.UTC(2026, 10, 21, 22);

export function sampleCatalog(): Catalog {
  const rows = rowsOf({ accounts: [{ name: 'a' }, { name: 'b' }] });
  return buildCatalog(rows, new Map(rows.accounts.map(({ id }) => [id, `secret-${id}`])));
}

const OPERATION: Operation = {
  kind: 'generate',
  surface: 'anthropic-messages',
  inPath: null,
  framing: 'sse',
};

/** A streamed reply that came from account `a` at the first try, 800 of its 1,000 input tokens from the cache. */
export function settled(
  part: Partial<RequestRow> = {},
  { operation = OPERATION, trace = null }: { operation?: Operation; trace?: TraceContext | null } = {},
): Settled {
  const { row } = openExchange({
    request: new Request('http://gateway.test/v1/messages', { method: 'POST' }),
    path: '/v1/messages',
    operation,
    catalog: sampleCatalog(),
    onBodyRead: () => undefined,
    clock: new ManualClock(START_MS),
  });
  Object.assign(row, {
    id: 'row-1',
    requestId: 'req-1',
    finishedAtMs: START_MS + 2_500,
    latencyMs: 2_500,
    timeToFirstTokenMs: 400,
    isStreamed: true,
    requestedModel: 'sonnet',
    modelId: 'm1',
    upstreamModel: 'claude-sonnet-4-5-20250929',
    endpointSurface: 'anthropic-messages',
    status: 200,
    outcome: 'ok',
    apiKeyId: 'ada',
    apiKeyName: 'ada',
    sessionId: 'session-1',
    providerId: 'p1',
    endpointId: 'e1',
    accountId: 'a',
    inputTokens: 1_000,
    outputTokens: 50,
    cacheReadTokens: 800,
    cacheWriteTokens: 100,
    costNanoUsd: 1_500_000,
    savedNanoUsd: 2_160_000,
    affinity: 'hit',
    affinityCode: 'bound-account',
    missCause: 'prefix-changed',
    misses: [
      { cause: 'prefix-changed', tokens: 150, costNanoUsd: 400_000, detail: 'message 3', facts: null },
      { cause: 'new-content', tokens: 50, costNanoUsd: 130_000, detail: null, facts: null },
    ],
    attempts: [attempt()],
    ...part,
  } satisfies Partial<RequestRow>);
  return { row, operation, trace };
}

export function attempt(part: Partial<AttemptRow> = {}): AttemptRow {
  return {
    accountId: 'a',
    accountName: 'a',
    providerName: 'one',
    status: 200,
    outcome: 'ok',
    fault: null,
    reason: 'answered',
    isPossibleDuplicate: false,
    connectMs: 12,
    startedAtMs: START_MS + 1,
    firstByteMs: 390,
    durationMs: 2_499,
    ...part,
  };
}
