// The filter of the request log as callers write it, and the step to the one the log understands.

import type { RequestFilter } from '../gateway/ports.ts';
import { builder } from './builder.ts';
import { rawId } from './global-id.ts';
import { AffinityOutcomeRef, MissCauseRef, RequestOutcomeRef } from './request-enums.ts';
import { SurfaceRef } from './surface.ts';

export const RequestLogFilter = builder.inputType('RequestLogFilter', {
  description: 'Every given field must match.',
  fields: (t) => ({
    from: t.field({ type: 'DateTime', description: 'Half-open: from <= startedAt < to.' }),
    to: t.field({ type: 'DateTime', description: 'Half-open: from <= startedAt < to.' }),
    apiKeyId: t.id({ description: 'Asked with this API key.' }),
    apiKeyName: t.string({ description: 'Part of the name of the API key, whatever the case.' }),
    userId: t.id({ description: 'Asked with an API key of this user.' }),
    modelId: t.id({ description: 'Asked for this model.' }),
    requestedModel: t.string({
      description: 'Part of the model name as the client wrote it, whatever the case.',
    }),
    providerId: t.id({ description: 'Answered by this provider.' }),
    accountId: t.id({ description: 'Answered by this account.' }),
    sessionId: t.string({ description: 'Of exactly this session.' }),
    surface: t.field({ type: SurfaceRef, description: 'In this API dialect.' }),
    outcome: t.field({ type: RequestOutcomeRef, description: 'Ended like this.' }),
    affinity: t.field({ type: AffinityOutcomeRef, description: 'The routing did this with the binding.' }),
    missCause: t.field({ type: MissCauseRef, description: 'Mostly cold for this reason.' }),
    keepWarm: t.boolean({
      description: 'Whether it was sent by the gateway itself to keep a prompt cache warm.',
    }),
    streamed: t.boolean({ description: 'Whether the client asked for a stream.' }),
    status: t.int({ description: 'Exactly this HTTP status.' }),
    minStatus: t.int({ description: 'HTTP status at least this.' }),
    maxStatus: t.int({ description: 'HTTP status at most this.' }),
    minLatencyMs: t.int({ description: 'Took at least so many milliseconds.' }),
    minTimeToFirstTokenMs: t.int({
      description: 'Its first generated token came after so many milliseconds at the earliest.',
    }),
    minInputTokens: t.int({ description: 'Reported at least so many input tokens.' }),
    minCostUsd: t.float({ description: 'Cost at least so many US dollars; unpriced ones do not match.' }),
    search: t.string({
      description:
        'Part of request id, session id, requested model, API key name or error message, whatever the case.',
    }),
  }),
});

type Input = typeof RequestLogFilter.$inferInput;

/** Absent and null fields do not filter. */
export function requestFilter(input: Input | null | undefined): RequestFilter {
  const given = input ?? {};
  return {
    ...(given.from != null && { fromMs: given.from }),
    ...(given.to != null && { toMs: given.to }),
    ...(given.apiKeyId != null && { apiKeyId: rawId('ApiKey', given.apiKeyId) }),
    ...(given.apiKeyName != null && { apiKeyName: given.apiKeyName }),
    ...(given.userId != null && { userId: rawId('User', given.userId) }),
    ...(given.modelId != null && { modelId: rawId('Model', given.modelId) }),
    ...(given.requestedModel != null && { requestedModel: given.requestedModel }),
    ...(given.providerId != null && { providerId: rawId('Provider', given.providerId) }),
    ...(given.accountId != null && { accountId: rawId('Account', given.accountId) }),
    ...(given.sessionId != null && { sessionId: given.sessionId }),
    ...(given.surface != null && { surface: given.surface }),
    ...(given.outcome != null && { outcome: given.outcome }),
    ...(given.affinity != null && { affinity: given.affinity }),
    ...(given.missCause != null && { missCause: given.missCause }),
    ...(given.keepWarm != null && { isKeepWarm: given.keepWarm }),
    ...(given.streamed != null && { isStreamed: given.streamed }),
    ...(given.status != null && { status: given.status }),
    ...(given.minStatus != null && { minStatus: given.minStatus }),
    ...(given.maxStatus != null && { maxStatus: given.maxStatus }),
    ...(given.minLatencyMs != null && { minLatencyMs: given.minLatencyMs }),
    ...(given.minTimeToFirstTokenMs != null && { minTimeToFirstTokenMs: given.minTimeToFirstTokenMs }),
    ...(given.minInputTokens != null && { minInputTokens: given.minInputTokens }),
    ...(given.minCostUsd != null && { minCostNanoUsd: Math.round(given.minCostUsd * 1e9) }),
    ...(given.search != null && { search: given.search }),
  };
}
