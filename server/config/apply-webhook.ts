// The webhook that a configuration file asks for: sealed, because its URL may hold a token.

import { type AlertWebhook, WEBHOOK_PURPOSE } from '../gateway/cache-alert.ts';
import type { Settings } from '../gateway/ports.ts';
import type { PlanTools } from './plan.ts';
import type { ConfigFile } from './schema.ts';

/** A webhook that the file leaves out stays as the database holds it. */
export async function withWebhook(
  { alerts }: ConfigFile,
  desired: Settings,
  tools: Pick<PlanTools, 'seal' | 'fingerprint'>,
): Promise<Settings> {
  const url = alerts?.webhookUrl;
  if (!url) return desired;
  const webhook = await sealedWebhook(url, { current: desired.alerts.webhook, tools });
  return { ...desired, alerts: { ...desired.alerts, webhook } };
}

/** Sealing the same text twice gives two texts, so an unchanged one is left alone. */
async function sealedWebhook(
  url: string,
  { current, tools }: { current: AlertWebhook | null; tools: Pick<PlanTools, 'seal' | 'fingerprint'> },
): Promise<AlertWebhook> {
  const fingerprint = tools.fingerprint(url);
  if (current?.fingerprint === fingerprint) return current;
  return { sealedUrl: await tools.seal(url, WEBHOOK_PURPOSE), origin: new URL(url).origin, fingerprint };
}
