// Alerts about prompt caches that serve less than they used to: the list, its changes, and a test of the webhook.

import type {
  AlertEnd,
  AlertSubject,
  CacheAlert,
  WebhookFault,
  WebhookResult,
} from '../gateway/cache-alert.ts';
import { BY_OPERATOR, builder, VIEWER } from './builder.ts';
import { encodeGlobalId } from './global-id.ts';
import { whileLoggedIn } from './subscription.ts';
import { ERRORS, payload, type UserError, UserErrorRef } from './user-error.ts';

const AlertSubjectRef = builder.enumType('CacheAlertSubject', {
  description: 'Whose hit rate is watched.',
  values: {
    API_KEY: { value: 'api-key', description: 'A caller.' },
    MODEL: { value: 'model', description: 'A model that callers ask for.' },
    ACCOUNT: { value: 'account', description: 'An account at a provider.' },
  } as const,
});

const AlertEndRef = builder.enumType('CacheAlertEnd', {
  description: 'Why an alert is over.',
  values: {
    RECOVERED: { value: 'recovered', description: 'The hit rate is back.' },
    NO_TRAFFIC: { value: 'no-traffic', description: 'There is nothing to judge it by any more.' },
  } as const,
});

const SUBJECT_TYPES: Readonly<Record<AlertSubject, string>> = {
  'api-key': 'ApiKey',
  model: 'Model',
  account: 'Account',
};

const CacheAlertRef = builder.objectRef<CacheAlert>('CacheAlert').implement({
  description: 'The prompt-cache hit rate of a subject fell below its own baseline.',
  authScopes: VIEWER,
  fields: (t) => ({
    id: t.id({ description: 'Tells alerts apart.', resolve: ({ id }) => id }),
    subject: t.field({
      type: AlertSubjectRef,
      description: 'What kind of thing it is about.',
      resolve: ({ subject }): AlertSubject => subject,
    }),
    subjectId: t.id({
      description: 'Global id of the API key, model or account; it may be deleted since.',
      resolve: ({ subject, subjectId }) => encodeGlobalId(SUBJECT_TYPES[subject], subjectId),
    }),
    subjectName: t.exposeString('subjectName', { description: 'Its name when the alert began.' }),
    startedAt: t.field({
      type: 'DateTime',
      description: 'When it began.',
      resolve: ({ startedAtMs }) => startedAtMs,
    }),
    endedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'When it was over; null = it is active.',
      resolve: ({ endedAtMs }) => endedAtMs,
    }),
    end: t.field({
      type: AlertEndRef,
      nullable: true,
      description: 'Why it is over; null = it is active.',
      resolve: ({ end }): AlertEnd | null => end,
    }),
    hitRate: t.exposeFloat('hitRate', {
      description:
        'Share of input tokens read from prompt caches in the window, 0 to 1: when it began, or when it was over.',
    }),
    baselineHitRate: t.exposeFloat('baselineHitRate', {
      description: 'The same over the hours before, when the alert began.',
    }),
    windowMinutes: t.exposeInt('windowMinutes', { description: 'Length of the window in minutes.' }),
    requests: t.exposeInt('requests', { description: 'Requests in the window when the alert began.' }),
    lostUsd: t.exposeFloat('lostUsd', {
      nullable: true,
      description:
        "Estimate of what the window's input cost more than at the baseline rate, in USD; null = not known.",
    }),
  }),
});

builder.queryField('alerts', (t) =>
  t.field({
    type: [CacheAlertRef],
    description: 'The latest alerts since this node started, newest first; at most 200.',
    args: { activeOnly: t.arg.boolean({ description: 'Only those that are not over. Default: all.' }) },
    resolve: (_root, { activeOnly }, { parts }) =>
      parts.alerts.list().filter(({ endedAtMs }) => !activeOnly || endedAtMs === null),
  }),
);

builder.subscriptionField('alertChanged', (t) =>
  t.field({
    type: CacheAlertRef,
    description: 'An alert that began or is over.',
    subscribe: (_root, _args, context) =>
      whileLoggedIn(context, (signal) => alertsOf(context.parts.live.subscribe('alert', signal))),
    resolve: (alert: CacheAlert) => alert,
  }),
);

async function* alertsOf(events: AsyncIterable<{ alert: CacheAlert }>): AsyncGenerator<CacheAlert> {
  for await (const { alert } of events) yield alert;
}

const WebhookFaultRef = builder.enumType('WebhookFault', {
  description: 'Why a message did not reach the webhook.',
  values: {
    NOT_CONFIGURED: { value: 'not-configured', description: 'There is no webhook.' },
    BUSY: { value: 'busy', description: 'Too many messages are under way.' },
    BAD_URL: { value: 'bad-url', description: 'The stored URL cannot be opened.' },
    REFUSED: { value: 'refused', description: 'It answered with a status that is not 200 to 299.' },
    TIMEOUT: { value: 'timeout', description: 'It did not answer in time.' },
    BLOCKED: { value: 'blocked', description: 'The outbound guard refused its address.' },
    UNREACHABLE: { value: 'unreachable', description: 'No connection: name, network or TLS.' },
    BROKEN: { value: 'broken', description: 'The connection or its framing broke.' },
  } as const,
});

interface TestShape {
  delivered: boolean;
  reason: string | null;
  reasonCode: WebhookFault | null;
  status: number | null;
}

/** What the payload holds beside errors. */
const NOT_SENT = { delivered: false, reason: null, reasonCode: null, status: null };

const TestPayload = builder
  .objectRef<TestShape & { errors: UserError[] }>('TestAlertWebhookPayload')
  .implement({
    description: 'Result of a test message to the webhook.',
    authScopes: VIEWER,
    fields: (t) => ({
      delivered: t.exposeBoolean('delivered', {
        description: 'The webhook answered with a status of 200 to 299.',
      }),
      reason: t.exposeString('reason', {
        nullable: true,
        description: 'Why it was not delivered, in English; null when it was.',
      }),
      reasonCode: t.field({
        type: WebhookFaultRef,
        nullable: true,
        description: 'The same for programs; null when it was delivered.',
        resolve: ({ reasonCode }): WebhookFault | null => reasonCode,
      }),
      status: t.exposeInt('status', {
        nullable: true,
        description: 'HTTP status that it was refused with; null when it was not, or none came.',
      }),
      errors: t.field({ type: [UserErrorRef], description: ERRORS, resolve: ({ errors }) => errors }),
    }),
  });

builder.mutationField('testAlertWebhook', (t) =>
  t.field({
    type: TestPayload,
    ...BY_OPERATOR,
    description: 'Sends a message of the kind `test` to the webhook; takes up to 30 seconds.',
    resolve: (_root, _args, { parts }) =>
      payload<TestShape>(NOT_SENT, async () => testShape(await parts.alerts.testWebhook())),
  }),
);

function testShape(result: WebhookResult): TestShape {
  if (result.isDelivered) return { ...NOT_SENT, delivered: true };
  const { reason, code, status } = result;
  return { delivered: false, reason, reasonCode: code, status };
}
