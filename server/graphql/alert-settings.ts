// The settings of alerts: as they are read and entered, and the webhook's URL, of which only the origin is ever shown.

import * as v from 'valibot';
import { type AlertSettings, WEBHOOK_PURPOSE } from '../gateway/cache-alert.ts';
import { builder, VIEWER } from './builder.ts';
import { decimal, switchField, tooLong, WEB_URL, wholeNumber } from './fields.ts';
import type { AdminParts } from './parts.ts';
import { inputFailure } from './user-error.ts';

const MAX_URL_CHARACTERS = 2_000;

export const AlertSettingsRef = builder.objectRef<AlertSettings>('AlertSettings').implement({
  description:
    'Alerts when the prompt-cache hit rate of an API key, model or account falls below its own baseline.',
  authScopes: VIEWER,
  fields: (t) => ({
    enabled: t.exposeBoolean('enabled', { description: 'Hit rates are watched.' }),
    webhookOrigin: t.string({
      nullable: true,
      description:
        'Where alerts are sent, without path and query, which may hold a token; null = they are only logged and listed.',
      resolve: ({ webhook }) => webhook?.origin ?? null,
    }),
    allowPrivateNetwork: t.exposeBoolean('allowPrivateNetwork', {
      description: 'The webhook may be a loopback or private address, or plain http.',
    }),
    minRequests: t.exposeInt('minRequests', {
      description: 'Requests in the window below which nothing is judged.',
    }),
    dropShare: t.exposeFloat('dropShare', {
      description: 'How far below its baseline the rate must fall, as a fraction of the baseline, 0.01 to 1.',
    }),
    windowMinutes: t.exposeInt('windowMinutes', {
      description: 'Minutes that are compared with the baseline.',
    }),
    baselineHours: t.exposeInt('baselineHours', {
      description: 'Hours that the baseline remembers; older requests count less.',
    }),
    cooldownMinutes: t.exposeInt('cooldownMinutes', {
      description: 'Least minutes between two alerts of one subject.',
    }),
  }),
});

export const AlertSettingsInput = builder.inputType('AlertSettingsInput', {
  description:
    'Alerts when the prompt-cache hit rate of an API key, model or account falls below its own baseline.',
  fields: (t) => ({
    enabled: t.boolean({ description: 'Watches hit rates.' }),
    webhookUrl: t.string({
      description: 'Where alerts are sent by POST, http or https. An empty text takes the webhook away.',
    }),
    allowPrivateNetwork: t.boolean({
      description: 'The webhook may be a loopback or private address, or plain http.',
    }),
    minRequests: t.int({
      description: 'Requests in the window below which nothing is judged, 1 to 1000000.',
    }),
    dropShare: t.float({ description: 'Fall below the baseline as a fraction of it, 0.01 to 1.' }),
    windowMinutes: t.int({ description: 'Minutes that are compared with the baseline, 1 to 1440.' }),
    baselineHours: t.int({ description: 'Hours that the baseline remembers, 1 to 720.' }),
    cooldownMinutes: t.int({ description: 'Least minutes between two alerts of one subject, 0 to 10080.' }),
  }),
});

export const alertFields = v.partial(
  v.object({
    enabled: switchField,
    webhookUrl: v.pipe(
      v.string('must be a text'),
      v.trim(),
      v.maxLength(MAX_URL_CHARACTERS, tooLong(MAX_URL_CHARACTERS, 'characters')),
      v.check((text) => text === '' || isWebhookUrl(text), WEB_URL),
    ),
    allowPrivateNetwork: switchField,
    minRequests: wholeNumber(1, 1_000_000),
    dropShare: decimal(0.01, 1),
    windowMinutes: wholeNumber(1, 24 * 60),
    baselineHours: wholeNumber(1, 24 * 30),
    cooldownMinutes: wholeNumber(0, 7 * 24 * 60),
  }),
);

/** The settings with what is given in its place. */
export async function changedAlerts(
  current: AlertSettings,
  given: v.InferOutput<typeof alertFields> | undefined,
  vault: AdminParts['vault'],
): Promise<AlertSettings> {
  const { webhookUrl, ...others } = given ?? {};
  const changed = changedBlock(current, others);
  if (webhookUrl === undefined) return changed;
  if (webhookUrl === '') return { ...changed, webhook: null };
  const { protocol, origin } = new URL(webhookUrl);
  if (protocol === 'http:' && !changed.allowPrivateNetwork) {
    const message = 'Cannot accept alerts.webhookUrl: it must use https unless private networks are allowed';
    throw inputFailure('invalid-url', message, {
      path: ['input', 'alerts', 'webhookUrl'],
      problem: 'needs-https',
    });
  }
  const webhook = {
    sealedUrl: await vault.seal(webhookUrl, WEBHOOK_PURPOSE),
    origin,
    fingerprint: vault.fingerprint(webhookUrl),
  };
  return { ...changed, webhook };
}

function changedBlock<Block extends object>(
  current: Block,
  given: { [Key in keyof Block]?: Block[Key] | undefined },
): Block {
  return { ...current, ...given };
}

function isWebhookUrl(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '';
}
