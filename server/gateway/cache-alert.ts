// Alerts about prompt caches that serve less than they used to. Types, and the defaults of their settings.

/** `account`: an upstream identity; `api-key`: a caller; `model`: what callers ask for. */
export const ALERT_SUBJECTS = ['api-key', 'model', 'account'] as const;
export type AlertSubject = (typeof ALERT_SUBJECTS)[number];

/** Why an alert is over. `recovered`: the rate is back; `no-traffic`: nothing to judge it by any more. */
export type AlertEnd = 'recovered' | 'no-traffic';

export interface CacheAlert {
  id: string;
  subject: AlertSubject;
  subjectId: string;
  /** As it was when the alert began. */
  subjectName: string;
  startedAtMs: number;
  endedAtMs: number | null;
  end: AlertEnd | null;
  /** Share of input tokens read from prompt caches, 0 to 1: in the window, and before it. */
  hitRate: number;
  baselineHitRate: number;
  windowMinutes: number;
  requests: number;
  /** What the window's input cost more than at the earlier rate; null = not known: no price, or nothing saved before. */
  lostUsd: number | null;
}

/** A webhook as stored: the URL may hold a token, so that only its origin is ever shown. */
export interface AlertWebhook {
  sealedUrl: string;
  origin: string;
  /** Keyed hash that tells two URLs apart. */
  fingerprint: string;
}

export interface AlertSettings {
  enabled: boolean;
  /** Null = alerts are only logged and listed. */
  webhook: AlertWebhook | null;
  /** Lets the webhook be a loopback or private address, or plain http. */
  allowPrivateNetwork: boolean;
  /** Requests in the window below which nothing is judged. */
  minRequests: number;
  /** How far below its baseline the rate must fall, as a share of the baseline. */
  dropShare: number;
  windowMinutes: number;
  baselineHours: number;
  /** Least time between two alerts of one subject. */
  cooldownMinutes: number;
}

export const DEFAULT_ALERTS: AlertSettings = {
  enabled: false,
  webhook: null,
  allowPrivateNetwork: false,
  minRequests: 20,
  dropShare: 0.3,
  windowMinutes: 15,
  baselineHours: 24,
  cooldownMinutes: 60,
};

/** What the sealed URL of a webhook is bound to. */
export const WEBHOOK_PURPOSE = 'alert-webhook';

/**
 * Why a message did not reach the webhook. `not-configured`: there is none. `busy`: too many messages are under way.
 * `bad-url`: its URL cannot be opened. `refused`: it answered with a status that is none of success. The others as of attempts.
 */
export const WEBHOOK_FAULTS = [
  'not-configured',
  'busy',
  'bad-url',
  'refused',
  'timeout',
  'blocked',
  'unreachable',
  'broken',
] as const;
export type WebhookFault = (typeof WEBHOOK_FAULTS)[number];

/** What came of a message to the webhook, in words that hold nothing of the URL. */
export type WebhookResult =
  | { isDelivered: true }
  | {
      isDelivered: false;
      code: WebhookFault;
      reason: string;
      /** HTTP status; null = none came. */
      status: number | null;
    };

/** What the admin API asks of the alerts. */
export interface CacheAlerts {
  /** Active and over, newest first; at most 200. */
  list(): readonly CacheAlert[];
  testWebhook(): Promise<WebhookResult>;
}
