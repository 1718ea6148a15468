// Testing an account on an operator's word.

import type { AccountTestResult } from '../gateway/account-test.ts';
import { UNTESTABLE } from '../gateway/account-test-request.ts';
import { BY_OPERATOR, builder, VIEWER } from './builder.ts';
import type { AdminContext } from './context.ts';
import { rawId } from './global-id.ts';
import { EndpointRef, ModelRef, RequestLogRef } from './refs.ts';
import {
  ERRORS,
  failure,
  inputFailure,
  notFound,
  payload,
  type UserError,
  UserErrorRef,
} from './user-error.ts';

const AccountTestRef = builder.objectRef<AccountTestResult>('AccountTest').implement({
  description:
    'What came of one tiny request to an account. It changes nothing: `resetAccountHealth` puts an account back into service.',
  authScopes: VIEWER,
  fields: (t) => ({
    ok: t.boolean({ description: 'It answered.', resolve: ({ row }) => row.outcome === 'ok' }),
    status: t.exposeInt('status', {
      nullable: true,
      description: 'HTTP status of the upstream; null when none arrived.',
    }),
    latencyMs: t.int({
      description: 'Milliseconds until the whole reply, or the failure.',
      resolve: ({ row }) => row.latencyMs,
    }),
    timeToFirstTokenMs: t.int({
      nullable: true,
      description: 'Milliseconds until the reply began; null when it did not, or came whole.',
      resolve: ({ row }) => row.timeToFirstTokenMs,
    }),
    model: t.field({
      type: ModelRef,
      nullable: true,
      description: 'What was asked for; null when it has been deleted since.',
      resolve: ({ candidate }, _args, { parts }) =>
        parts.catalog.current.models.get(candidate.model.id) ?? null,
    }),
    endpoint: t.field({
      type: EndpointRef,
      nullable: true,
      description: 'Where it went; null when it has been deleted since.',
      resolve: ({ candidate }, _args, { parts }) =>
        parts.catalog.current.endpoints.get(candidate.endpoint.id) ?? null,
    }),
    errorCode: t.string({
      nullable: true,
      description:
        "For programs: what went wrong, as of attempts, or the provider's own word. Null when it answered.",
      resolve: ({ row }) => row.errorCode,
    }),
    errorMessage: t.string({
      nullable: true,
      description: 'For people, without secrets. Null when it answered.',
      resolve: ({ row }) => row.errorMessage,
    }),
    requestLog: t.field({
      type: RequestLogRef,
      description: 'Its row in the request log, with the path /admin/test-account and no API key.',
      resolve: ({ row }) => ({ ...row }),
    }),
  }),
});

interface TestShape {
  test: AccountTestResult | null;
}

const AccountTestPayload = builder
  .objectRef<TestShape & { errors: UserError[] }>('AccountTestPayload')
  .implement({
    description: 'Result of testing an account. An account that does not work is a result too.',
    authScopes: VIEWER,
    fields: (t) => ({
      test: t.field({
        type: AccountTestRef,
        nullable: true,
        description: 'Null when nothing was sent.',
        resolve: ({ test }) => test,
      }),
      errors: t.field({ type: [UserErrorRef], description: ERRORS, resolve: ({ errors }) => errors }),
    }),
  });

builder.mutationField('testAccount', (t) =>
  t.field({
    ...BY_OPERATOR,
    type: AccountTestPayload,
    description:
      'Sends one tiny real request to the account, also when it is paused, disabled or resting, and waits at most a minute. Billed as any other; routing learns nothing from it.',
    args: {
      id: t.arg.id({ required: true }),
      modelId: t.arg.id({ description: 'Absent = the first model of its provider.' }),
    },
    resolve: (_root, { id, modelId }, context) =>
      payload<TestShape>({ test: null }, () => testAccount(context, { id, modelId: modelId ?? null })),
  }),
);

async function testAccount(
  { parts }: AdminContext,
  asked: { id: string; modelId: string | null },
): Promise<TestShape> {
  const account = parts.catalog.current.accounts.get(rawId('Account', asked.id));
  if (!account) throw notFound('the account', ['id']);
  const modelId = asked.modelId === null ? null : rawId('Model', asked.modelId);
  if (modelId !== null && !parts.catalog.current.models.has(modelId))
    throw notFound('the model', ['modelId']);
  const outcome = await parts.accountTests.test(account.id, modelId);
  switch (outcome.kind) {
    case 'tested':
      return { test: outcome.result };
    case 'running':
      throw failure('already-running', `Cannot test "${account.name}": a test of it is under way`, ['id']);
    case 'untestable':
      throw inputFailure('not-testable', `Cannot test "${account.name}": ${UNTESTABLE[outcome.reason]}`, {
        path: ['id'],
        problem: outcome.reason,
      });
    default:
      return outcome satisfies never;
  }
}
