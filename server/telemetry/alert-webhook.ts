// Tells a webhook of alerts: one JSON message each, a short time limit, a few tries. Says nothing of its URL.

import type { CacheAlert, WebhookFault, WebhookResult } from '../gateway/cache-alert.ts';
import type { Clock } from '../gateway/ports.ts';
import { type Upstream, UpstreamFault, type UpstreamFaultKind } from '../gateway/upstream.ts';

const LIMIT_MS = 5_000;
const MAX_TRIES = 3;
const PAUSE_MS = 2_000;
/** Messages under way or waiting for their next try; further ones are not sent. */
const MAX_PENDING = 20;
const MAX_REPLY_BYTES = 64 * 1024;

interface WebhookParts {
  clock: Clock;
  upstream: Upstream;
  /** Where to and by which rule; null = nowhere. Asked for each message, so that a change holds at once. */
  target(): Promise<{ url: string; allowPrivateNetwork: boolean } | null>;
}

/** Owns how many messages are under way. */
export class AlertSender {
  readonly #parts: WebhookParts;
  #pending = 0;

  constructor(parts: WebhookParts) {
    this.#parts = parts;
  }

  /** Never rejects. */
  async send(message: object): Promise<WebhookResult> {
    if (this.#pending >= MAX_PENDING) return undelivered('busy', 'too many messages are under way');
    this.#pending += 1;
    try {
      return await this.#sendOften(new TextEncoder().encode(JSON.stringify(message)));
    } catch {
      return undelivered('bad-url', 'the URL of the webhook cannot be opened');
    } finally {
      this.#pending -= 1;
    }
  }

  async #sendOften(body: Uint8Array<ArrayBuffer>): Promise<WebhookResult> {
    const target = await this.#parts.target();
    if (!target) return undelivered('not-configured', 'no webhook is configured');
    for (let tries = 1; ; tries += 1) {
      const { result, mayTryAgain } = await this.#sendOnce(target, body);
      if (result.isDelivered || !mayTryAgain || tries >= MAX_TRIES) return result;
      await new Promise<void>((resolve) => this.#parts.clock.setTimer(resolve, PAUSE_MS * tries));
    }
  }

  async #sendOnce(
    { url, allowPrivateNetwork }: { url: string; allowPrivateNetwork: boolean },
    body: Uint8Array<ArrayBuffer>,
  ): Promise<{ result: WebhookResult; mayTryAgain: boolean }> {
    const abort = new AbortController();
    const cancel = this.#parts.clock.setTimer(() => abort.abort(), LIMIT_MS);
    try {
      const { status, body: reply } = await this.#parts.upstream({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/json', 'user-agent': 'warmpath' },
        body,
        signal: abort.signal,
        allowPrivateNetwork,
        connectTimeoutMs: LIMIT_MS,
      });
      await reply.bytes(MAX_REPLY_BYTES).catch(() => reply.cancel());
      if (status >= 200 && status < 300) return { result: { isDelivered: true }, mayTryAgain: false };
      const result = undelivered('refused', `it answered HTTP ${status}`, status);
      return { result, mayTryAgain: status === 429 || status >= 500 };
    } catch (error) {
      const result = faultResult(error, abort.signal.aborted);
      return { result, mayTryAgain: result.code !== 'blocked' };
    } finally {
      cancel();
    }
  }
}

type Undelivered = Extract<WebhookResult, { isDelivered: false }>;

function undelivered(code: WebhookFault, reason: string, status: number | null = null): Undelivered {
  return { isDelivered: false, code, reason, status };
}

const CODES: Readonly<Record<UpstreamFaultKind, WebhookFault>> = {
  blocked: 'blocked',
  dns: 'unreachable',
  connect: 'unreachable',
  'connect-timeout': 'unreachable',
  tls: 'unreachable',
  reset: 'broken',
  'bad-framing': 'broken',
  'reply-too-large': 'broken',
  aborted: 'timeout',
};

/** The faults' own words never quote a URL. */
function faultResult(error: unknown, isLate: boolean): Undelivered {
  if (isLate) return undelivered('timeout', `no reply within ${LIMIT_MS / 1000} s`);
  if (error instanceof UpstreamFault) return undelivered(CODES[error.kind], error.message);
  return undelivered('unreachable', 'it could not be reached');
}

/** The message of one alert. */
export function alertMessage(alert: CacheAlert): object {
  const isOver = alert.endedAtMs !== null;
  return {
    event: isOver ? 'cache-hit-rate.resolved' : 'cache-hit-rate.dropped',
    id: alert.id,
    subject: { kind: alert.subject, name: alert.subjectName },
    hitRate: rounded(alert.hitRate),
    baselineHitRate: rounded(alert.baselineHitRate),
    windowMinutes: alert.windowMinutes,
    requests: alert.requests,
    lostUsd: alert.lostUsd === null ? null : rounded(alert.lostUsd),
    at: new Date(alert.endedAtMs ?? alert.startedAtMs).toISOString(),
    startedAt: new Date(alert.startedAtMs).toISOString(),
    ...(isOver && { reason: alert.end }),
  };
}

export function testMessage(atMs: number): object {
  return { event: 'test', at: new Date(atMs).toISOString() };
}

function rounded(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}
