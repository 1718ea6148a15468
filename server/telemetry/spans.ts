// Spans of one exchange: one for the whole and one for each attempt. Never any content. Pure but for the ids it draws.

import type { AttemptRow, RequestRow } from '../gateway/ports.ts';
import { newSpanId, type TraceContext } from '../gateway/trace.ts';
import {
  conversationId,
  ERROR_TYPE,
  errorType,
  modelName,
  type Names,
  OPERATION_NAME,
  operationName,
  PROVIDER_NAME,
  providerName,
  REQUEST_MODEL,
  SERVER_ADDRESS,
  SERVER_PORT,
  type Settled,
  serverOf,
} from './gen-ai.ts';
import { attributes, nanoseconds, type OtlpAttribute } from './otlp-json.ts';

/** Of a call to another service. */
const KIND_CLIENT = 3;
const STATUS = { unset: 0, ok: 1, error: 2 } as const;

export interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: OtlpAttribute[];
  status: { code: number; message?: string };
}

const FRACTIONS: ReadonlySet<string> = new Set([
  'gen_ai.response.time_to_first_chunk',
  'warmpath.cost_usd',
  'warmpath.saved_usd',
]);

/** None for what calls no model. */
export function spansOf(
  { row, operation }: Settled,
  { trace, names }: { trace: TraceContext; names: Names },
): OtlpSpan[] {
  const name = operationName(operation);
  if (name === null) return [];
  return [
    exchangeSpan(row, { name, trace, names }),
    ...row.attempts.map((attempt, index) => attemptSpan(attempt, { trace, number: index + 1 })),
  ];
}

function exchangeSpan(
  row: RequestRow,
  { name, trace, names }: { name: string; trace: TraceContext; names: Names },
): OtlpSpan {
  const model = modelName(row, names);
  return {
    traceId: trace.traceId,
    spanId: trace.spanId,
    ...(trace.parentSpanId !== null && { parentSpanId: trace.parentSpanId }),
    name: model === null ? name : `${name} ${model}`,
    kind: KIND_CLIENT,
    startTimeUnixNano: nanoseconds(row.startedAtMs),
    endTimeUnixNano: nanoseconds(row.finishedAtMs),
    attributes: attributes(
      { ...genAiFacts(row, { name, model, names }), ...ownFacts(row, names) },
      FRACTIONS,
    ),
    status: statusOf(row),
  };
}

function genAiFacts(
  row: RequestRow,
  { name, model, names }: { name: string; model: string | null; names: Names },
) {
  const server = serverOf(row, names);
  const isFirstChunkKnown = row.isStreamed && row.timeToFirstTokenMs !== null;
  return {
    [OPERATION_NAME]: name,
    [PROVIDER_NAME]: providerName(row, server),
    [REQUEST_MODEL]: model,
    'gen_ai.request.stream': row.isStreamed,
    'gen_ai.conversation.id': conversationId(row),
    'gen_ai.usage.input_tokens': row.inputTokens,
    'gen_ai.usage.output_tokens': row.outputTokens,
    'gen_ai.usage.cache_read.input_tokens': row.cacheReadTokens,
    'gen_ai.usage.cache_creation.input_tokens': row.cacheWriteTokens,
    'gen_ai.usage.reasoning.output_tokens': row.reasoningTokens,
    'gen_ai.response.time_to_first_chunk': isFirstChunkKnown ? (row.timeToFirstTokenMs ?? 0) / 1000 : null,
    [ERROR_TYPE]: errorType(row),
    [SERVER_ADDRESS]: server?.address ?? null,
    [SERVER_PORT]: server?.port ?? null,
    'http.response.status_code': row.status,
  };
}

/** What only a gateway knows. */
function ownFacts(row: RequestRow, { accounts, providers }: Names) {
  return {
    'warmpath.request_id': row.requestId,
    'warmpath.surface': row.surface,
    'warmpath.outcome': row.outcome,
    'warmpath.provider': providers.get(row.providerId ?? '')?.name ?? null,
    'warmpath.account': accounts.get(row.accountId ?? '')?.name ?? null,
    'warmpath.upstream_model': row.upstreamModel,
    'warmpath.affinity': row.affinity,
    'warmpath.affinity_code': row.affinityCode,
    'warmpath.miss_cause': row.missCause,
    'warmpath.expected_warm_tokens': row.expectedWarmTokens,
    'warmpath.cost_usd': usd(row.costNanoUsd),
    'warmpath.saved_usd': usd(row.savedNanoUsd),
    'warmpath.queue_ms': row.queueMs,
    'warmpath.attempts': row.attempts.length,
    'warmpath.keep_warm': row.isKeepWarm,
  };
}

function usd(nanoUsd: number | null): number | null {
  return nanoUsd === null ? null : nanoUsd / 1e9;
}

/** A client that hung up is no error of anybody's. */
function statusOf(row: RequestRow): OtlpSpan['status'] {
  if (row.outcome === 'ok' || row.outcome === 'client-gone') return { code: STATUS.unset };
  return { code: STATUS.error, message: errorType(row) ?? row.outcome };
}

function attemptSpan(
  attempt: AttemptRow,
  { trace, number }: { trace: TraceContext; number: number },
): OtlpSpan {
  const isFault = attempt.fault !== null || attempt.outcome === 'retryable';
  const type = attempt.fault ?? (attempt.outcome === 'ok' ? null : attempt.outcome);
  return {
    traceId: trace.traceId,
    spanId: newSpanId(),
    parentSpanId: trace.spanId,
    name: `attempt ${attempt.providerName}`,
    kind: KIND_CLIENT,
    startTimeUnixNano: nanoseconds(attempt.startedAtMs),
    endTimeUnixNano: nanoseconds(attempt.startedAtMs + attempt.durationMs),
    attributes: attributes({
      'warmpath.attempt': number,
      'warmpath.attempt.outcome': attempt.outcome,
      'warmpath.provider': attempt.providerName,
      'warmpath.account': attempt.accountName,
      'warmpath.connect_ms': attempt.connectMs,
      'warmpath.first_byte_ms': attempt.firstByteMs,
      'http.response.status_code': attempt.status,
      [ERROR_TYPE]: type,
    }),
    status: isFault ? { code: STATUS.error, message: type ?? 'failed' } : { code: STATUS.unset },
  };
}
