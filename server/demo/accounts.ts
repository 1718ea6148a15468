// One pretend account: its credential, prompt cache, slots, rate window, failure switch and counters.

import type { Clock } from '../gateway/ports.ts';
import { DemoError } from './demo-error.ts';
import type { CacheUse, RateWindow } from './dialect.ts';
import type { DemoProviderName } from './models.ts';
import { PromptCache } from './prompt-cache.ts';

export const DEFAULT_ACCOUNT_COUNT = 4;
export const DEFAULT_MAX_CONCURRENT = 8;

/** Advertised in the rate limit headers; no demo reaches it. */
const REQUESTS_PER_MINUTE = 4000;
const MINUTE_MS = 60_000;

/** How an account misbehaves. The last answers 200, begins its stream, and fails before anything was generated. */
export type DemoFailure = 'none' | 'rate-limited' | 'unauthorized' | 'server-error' | 'overloaded-in-stream';

/** Counters since the start. `inputTokens` counts all input, cache reads and writes included. */
export interface DemoAccountStats {
  provider: DemoProviderName;
  account: string;
  /** Every request with this account's credential, refused ones included. */
  requests: number;
  /** Of those, answered with an error, an error inside a stream included. */
  refused: number;
  inFlight: number;
  inputTokens: number;
  cacheReadTokens: number;
  cacheWriteTokens: number;
  outputTokens: number;
}

export interface DemoAccountIdentity {
  provider: DemoProviderName;
  name: string;
  credential: string;
}

/** Names `anthropic-a`, `anthropic-b`, …; the credential is the name behind `demo-`. */
export function demoAccountIdentities(provider: DemoProviderName, count: number): DemoAccountIdentity[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `${provider.slice('demo-'.length)}-${letters(index)}`;
    return { provider, name, credential: `demo-${name}` };
  });
}

/** a, b, … z, aa, ab, … as in a spreadsheet. */
function letters(index: number): string {
  const last = String.fromCharCode(97 + (index % 26));
  return index < 26 ? last : letters(Math.floor(index / 26) - 1) + last;
}

export class DemoAccount {
  readonly identity: DemoAccountIdentity;
  readonly cache: PromptCache;
  failure: DemoFailure = 'none';
  readonly #clock: Clock;
  readonly #maxConcurrent: number;
  readonly #stats: DemoAccountStats;
  #windowStartMs = 0;
  #windowRequests = 0;

  constructor(
    identity: DemoAccountIdentity,
    { clock, maxConcurrent }: { clock: Clock; maxConcurrent: number },
  ) {
    this.identity = identity;
    this.cache = new PromptCache(() => clock.nowMs());
    this.#clock = clock;
    this.#maxConcurrent = maxConcurrent;
    this.#stats = {
      provider: identity.provider,
      account: identity.name,
      requests: 0,
      refused: 0,
      inFlight: 0,
      inputTokens: 0,
      cacheReadTokens: 0,
      cacheWriteTokens: 0,
      outputTokens: 0,
    };
  }

  get stats(): DemoAccountStats {
    return { ...this.#stats };
  }

  countRequest(): void {
    this.#stats.requests += 1;
    const nowMs = this.#clock.nowMs();
    if (nowMs - this.#windowStartMs >= MINUTE_MS) {
      this.#windowStartMs = nowMs;
      this.#windowRequests = 0;
    }
    this.#windowRequests += 1;
  }

  countRefusal(): void {
    this.#stats.refused += 1;
  }

  countTokens(use: CacheUse, outputTokens: number): void {
    this.#stats.inputTokens += use.totalTokens;
    this.#stats.cacheReadTokens += use.readTokens;
    this.#stats.cacheWriteTokens += use.write5mTokens + use.write1hTokens;
    this.#stats.outputTokens += outputTokens;
  }

  rateWindow(): RateWindow {
    const resetAtMs = this.#windowStartMs + MINUTE_MS;
    return {
      limit: REQUESTS_PER_MINUTE,
      remaining: Math.max(0, REQUESTS_PER_MINUTE - this.#windowRequests),
      resetAtMs,
      resetInMs: resetAtMs - this.#clock.nowMs(),
    };
  }

  /** Takes a slot, or throws when all are taken; the returned function gives it back, once. */
  takeSlot(): () => void {
    if (this.#stats.inFlight >= this.#maxConcurrent) {
      throw new DemoError('rate-limited', 'Number of concurrent connections has exceeded your rate limit.');
    }
    this.#stats.inFlight += 1;
    let isHeld = true;
    return () => {
      if (isHeld) this.#stats.inFlight -= 1;
      isHeld = false;
    };
  }
}
