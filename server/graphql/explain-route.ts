// `explainRoute`: what the router would do with a request now, candidate by candidate, and why. Sends nothing.

import { readBody } from '../gateway/body.ts';
import { GatewayError, type GatewayErrorCode } from '../gateway/errors.ts';
import { explainRoute, type RouteExplanation, type RouteReasonCode } from '../gateway/explain-route.ts';
import type { Caller } from '../gateway/identity.ts';
import type { InputProblem } from '../gateway/input-faults.ts';
import type { Surface } from '../wire/surface.ts';
import { PASSED_OVER_VALUES } from './binding-reason.ts';
import { builder, VIEWER } from './builder.ts';
import type { AdminContext } from './context.ts';
import { rawId } from './global-id.ts';
import { AccountRef, ModelRef } from './refs.ts';
import { RouteRecordRef } from './route-record.ts';
import { SurfaceRef } from './surface.ts';
import { type UserError, UserErrorRef } from './user-error.ts';

const MAX_BODY_BYTES = 1_000_000;

const ExplainRouteInput = builder.inputType('ExplainRouteInput', {
  description: 'A request, as far as it matters where it goes.',
  fields: (t) => ({
    surface: t.field({ type: SurfaceRef, required: true, description: 'The API dialect it would come in.' }),
    model: t.string({ required: true, description: 'As the client would ask for it.' }),
    apiKeyId: t.id({ description: 'Who asks; without one, an anonymous caller.' }),
    sessionId: t.string({
      description: "The conversation: as the client's session header says it, or as a logged request has it.",
    }),
    body: t.string({
      description: 'The JSON of the request; without one nothing is known of what is warm. At most 1 MB.',
    }),
    betas: t.string({ description: 'The `anthropic-beta` header.' }),
  }),
});

const RouteDecisionRef = builder.enumType('RouteDecision', {
  description: 'What would become of the request.',
  values: {
    SEND: { value: 'send', description: 'It would go to the account now.' },
    WAIT: { value: 'wait', description: 'It would wait for the account.' },
    REFUSE: { value: 'refuse', description: 'It would be answered with an error.' },
  } as const,
});

const RouteReasonRef = builder.enumType('RouteReason', {
  description: 'Why the router would do that.',
  values: {
    BEST_PLACE: { value: 'best-place', description: 'The best place now.' },
    WAITING_PAYS: { value: 'waiting-pays', description: 'Waiting costs less than going elsewhere.' },
    ALL_BUSY: { value: 'all-busy', description: 'Every account is busy.' },
    ALL_BUSY_TOO_LONG: {
      value: 'all-busy-too-long',
      description: 'Every account is busy, for longer than a request may wait.',
    },
    ALL_RESTING: { value: 'all-resting', description: 'Every account rests: see `retryAfterSeconds`.' },
    NONE_IN_SERVICE: { value: 'none-in-service', description: 'No account is in service.' },
    ...PASSED_OVER_VALUES,
  } as const satisfies Record<string, { value: RouteReasonCode; description: string }>,
});

interface Explained {
  explanation: RouteExplanation | null;
  errors: UserError[];
}

const RouteExplanationRef = builder.objectRef<Explained>('RouteExplanation').implement({
  description: 'What the router would do now, and why.',
  authScopes: VIEWER,
  fields: (t) => ({
    decision: t.field({
      type: RouteDecisionRef,
      description: 'REFUSE when the request itself is in error.',
      resolve: ({ explanation }) => explanation?.decision ?? 'refuse',
    }),
    model: t.field({
      type: ModelRef,
      nullable: true,
      description: 'What the name stands for.',
      resolve: ({ explanation }) => explanation?.model ?? null,
    }),
    account: t.field({
      type: AccountRef,
      nullable: true,
      description: 'Where it would go; null = nowhere.',
      resolve: ({ explanation }, _args, { parts }) =>
        parts.catalog.current.accounts.get(explanation?.account?.id ?? '') ?? null,
    }),
    boundAccount: t.field({
      type: AccountRef,
      nullable: true,
      description: 'Where the conversation is bound; null = nowhere.',
      resolve: ({ explanation }, _args, { parts }) =>
        parts.catalog.current.accounts.get(explanation?.boundAccountId ?? '') ?? null,
    }),
    expectedWarmTokens: t.field({
      type: 'Long',
      nullable: true,
      description:
        'Input tokens expected to be read from the prompt cache there; null = nobody would take it.',
      resolve: ({ explanation }) => explanation?.expectedWarmTokens ?? null,
    }),
    reason: t.string({
      description: 'In words.',
      resolve: ({ explanation, errors }) => explanation?.reason ?? errors[0]?.message ?? '',
    }),
    reasonCode: t.field({
      type: RouteReasonRef,
      nullable: true,
      description: 'The same for programs; null when the request itself is in error.',
      resolve: ({ explanation }) => explanation?.code ?? null,
    }),
    retryAfterSeconds: t.int({
      nullable: true,
      description: 'Seconds until the first account that rests is back; null unless every account rests.',
      resolve: ({ explanation }) =>
        explanation?.retryAfterMs == null ? null : Math.ceil(explanation.retryAfterMs / 1000),
    }),
    route: t.field({
      type: RouteRecordRef,
      nullable: true,
      description: 'The candidates with their costs; null when nobody would take it.',
      resolve: ({ explanation }) => explanation?.record ?? null,
    }),
    errors: t.field({
      type: [UserErrorRef],
      description: 'What is wrong with the request; empty when nothing is.',
      resolve: ({ errors }) => errors,
    }),
  }),
});

builder.queryField('explainRoute', (t) =>
  t.field({
    type: RouteExplanationRef,
    description:
      'What the router would do with this request now, candidate by candidate, and why. Sends nothing.',
    args: { input: t.arg({ type: ExplainRouteInput, required: true, description: 'The request.' }) },
    resolve: (_root, { input }, context) => explained(input, context),
  }),
);

interface Input {
  surface: Surface;
  model: string;
  apiKeyId?: string | null | undefined;
  sessionId?: string | null | undefined;
  body?: string | null | undefined;
  betas?: string | null | undefined;
}

async function explained(input: Input, { parts }: AdminContext): Promise<Explained> {
  const catalog = parts.catalog.current;
  const caller = callerOf(input, catalog.apiKeys);
  if (!caller) {
    const message = 'Cannot explain the route: there is no such API key';
    return refused({ code: 'not-found', message, path: ['input', 'apiKeyId'] });
  }
  try {
    const headers = headersOf(input);
    const request = new Request('http://explain.invalid/', {
      method: 'POST',
      body: input.body ?? '{}',
      headers,
    });
    const inPath = { model: input.model, isStreamed: false };
    const read = { inPath, maxBytes: MAX_BODY_BYTES, surface: input.surface, hasPrompt: true };
    const body = await readBody(request, read);
    const { surface, sessionId = null } = input;
    const explanation = explainRoute(
      { catalog, caller, surface, headers, body, knownSessionId: isLogged(sessionId) ? sessionId : null },
      parts,
    );
    return { explanation, errors: [] };
  } catch (error) {
    if (!(error instanceof GatewayError)) throw error;
    const { message, code } = error;
    const { at, problem } = FAULTS[code] ?? { at: 'body', problem: null };
    const path = ['input', at];
    const isUnknown = code === 'model-not-found';
    return refused({
      code: isUnknown ? 'not-found' : 'invalid-value',
      message,
      path,
      ...(problem === null ? {} : { problem }),
    });
  }
}

/** What of the input the gateway's errors are about; those that are not here are about the body. */
const FAULTS: Partial<Record<GatewayErrorCode, { at: string; problem: InputProblem }>> = {
  'model-not-found': { at: 'model', problem: 'not-served' },
  'model-not-allowed': { at: 'model', problem: 'model-not-allowed' },
  'provider-not-allowed': { at: 'model', problem: 'no-provider-allowed' },
  'invalid-json': { at: 'body', problem: 'not-json' },
};

function refused(error: Omit<UserError, 'retryAfterSeconds'>): Explained {
  return { explanation: null, errors: [{ ...error, retryAfterSeconds: null }] };
}

function callerOf(
  { apiKeyId }: Input,
  apiKeys: AdminContext['parts']['catalog']['current']['apiKeys'],
): Caller | null {
  if (apiKeyId == null) return { kind: 'anonymous', fingerprint: null };
  const apiKey = apiKeys.get(rawId('ApiKey', apiKeyId));
  return apiKey ? { kind: 'api-key', apiKey } : null;
}

/** What a client may send in headers; anything else would not reach the gateway either. */
function headersOf({ sessionId, betas }: Input): Headers {
  const headers = new Headers();
  const isHeader = (text: string) => /^[\x20-\x7e]*$/.test(text);
  if (sessionId != null && !isLogged(sessionId) && isHeader(sessionId))
    headers.set('x-warmpath-session-id', sessionId);
  if (betas != null && isHeader(betas)) headers.set('anthropic-beta', betas);
  return headers;
}

/** A session as the request log has it: hashed already. */
function isLogged(sessionId: string | null | undefined): sessionId is string {
  return sessionId != null && /^[0-9a-f]{32}$/.test(sessionId);
}
