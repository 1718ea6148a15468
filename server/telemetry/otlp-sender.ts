// Sends one OTLP message over HTTP as JSON: with a time limit, and again after a while when the collector asks for it.

import type { Clock, Fetch } from '../gateway/ports.ts';
import type { OtlpSignal } from './otlp-options.ts';

/** `rejected`: items that the collector took the message without. */
export type SendResult = { kind: 'sent'; rejected: number } | { kind: 'failed'; reason: string };

interface SenderParts {
  clock: Clock;
  fetch: Fetch;
  timeoutMs: number;
  /** 0 to 1, to spread retries; a fixed one in tests. */
  random(): number;
}

const MAX_TRIES = 5;
const FIRST_BACKOFF_MS = 1_000;
const MAX_BACKOFF_MS = 30_000;
/** A collector that asks for more is given up for this message. */
const MAX_RETRY_AFTER_MS = 60_000;
/** Replies may be tried again only for these (OTLP 1.x, "Failures"). */
const RETRYABLE = new Set([429, 502, 503, 504]);
const MAX_REPLY_CHARACTERS = 100_000;

type Try = SendResult | { kind: 'again'; reason: string; retryAfterMs: number | null };

/** Owns the waits between tries, so that they can be cut short at the end. */
export class OtlpSender {
  readonly #parts: SenderParts;
  #isClosing = false;
  readonly #wakes = new Set<() => void>();

  constructor(parts: SenderParts) {
    this.#parts = parts;
  }

  /** Never rejects. */
  async send({ url, headers }: OtlpSignal, message: object): Promise<SendResult> {
    const body = JSON.stringify(message);
    for (let tries = 1; ; tries += 1) {
      const result = await this.#try({ url, headers }, body);
      if (result.kind !== 'again') return result;
      const waitMs = result.retryAfterMs ?? this.#backoffMs(tries);
      if (tries >= MAX_TRIES || waitMs > MAX_RETRY_AFTER_MS || this.#isClosing)
        return { kind: 'failed', reason: result.reason };
      await this.#pause(waitMs);
    }
  }

  /** From now on nothing is tried twice; who waits tries once more at once. */
  close(): void {
    this.#isClosing = true;
    for (const wake of this.#wakes) wake();
  }

  #backoffMs(tries: number): number {
    const longest = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** (tries - 1));
    return longest * (0.5 + this.#parts.random() / 2);
  }

  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        cancel();
        this.#wakes.delete(done);
        resolve();
      };
      const cancel = this.#parts.clock.setTimer(done, delayMs);
      this.#wakes.add(done);
    });
  }

  async #try({ url, headers }: OtlpSignal, body: string): Promise<Try> {
    const { clock, fetch, timeoutMs } = this.#parts;
    const abort = new AbortController();
    const cancelTimer = clock.setTimer(() => abort.abort(), timeoutMs);
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body,
        redirect: 'manual',
        signal: abort.signal,
      });
      const text = await beginningOf(response);
      if (response.ok) return { kind: 'sent', rejected: rejectedIn(text) };
      const reason = `HTTP ${response.status}`;
      if (!RETRYABLE.has(response.status)) return { kind: 'failed', reason };
      return { kind: 'again', reason, retryAfterMs: statedWaitMs(response.headers, clock.nowMs()) };
    } catch {
      // The error may quote the URL, which may hold a secret.
      const reason = abort.signal.aborted ? `no reply within ${timeoutMs} ms` : 'no connection';
      return { kind: 'again', reason, retryAfterMs: null };
    } finally {
      cancelTimer();
    }
  }
}

/** A collector that is none may answer without an end. */
async function beginningOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  // Leaving the loop cancels what is left.
  for await (const chunk of body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    if (text.length >= MAX_REPLY_CHARACTERS) break;
  }
  return text.slice(0, MAX_REPLY_CHARACTERS);
}

function statedWaitMs(headers: Headers, nowMs: number): number | null {
  const stated = headers.get('retry-after')?.trim();
  if (!stated) return null;
  const seconds = Number(stated);
  const waitMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(stated) - nowMs;
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : null;
}

/** `{"partialSuccess":{"rejectedSpans":"3"}}`. */
function rejectedIn(text: string): number {
  const match = /"rejected(?:Spans|DataPoints)"\s*:\s*"?(\d+)/.exec(text);
  return match ? Number(match[1]) : 0;
}
