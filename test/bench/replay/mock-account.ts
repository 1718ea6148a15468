// One account of the mock provider: its cache, slots, token bucket and bad times.

import { Random } from '../../../server/demo/random.ts';
import { MockCache } from './mock-cache.ts';
import type { MockPrompt } from './mock-prompt.ts';
import type { MockError, MockUsage } from './mock-reply.ts';
import { firstTokenMs, serviceMs } from './service-time.ts';
import { TokenBucket } from './token-bucket.ts';

/** Overloaded, out of service, or out of quota with a `retry-after`. */
export const DOWN_STATUSES = [529, 503, 429] as const;
export type DownStatus = (typeof DOWN_STATUSES)[number];

export interface MockAccountOptions {
  name: string;
  credential: string;
  /** Requests at a time; null = any number. */
  slots: number | null;
  cache: { ttlMs: number; minTokens: number };
  /** Sent tokens per minute that are not read from the cache; null = no limit. */
  uncachedTokensPerMinute: number | null;
  /** Trace tokens for one sent token: what is processed takes as long as it did when it was traced. */
  scale: number;
  /** Share of the requests whose cache writes are lost. */
  lostWrites: number;
  /** Refuses everything for `ms` of every `everyMs`, the first time from `firstMs` on; null = never. */
  downtime: { firstMs: number; ms: number; everyMs: number; status: DownStatus } | null;
  seed: number;
}

/** A request that was taken in. Times are of the clock. */
export interface Job {
  usage: MockUsage;
  startedAtMs: number;
  firstTokenAtMs: number;
  endsAtMs: number;
  begin(): void;
  /** Gives the slot back, once. */
  end(): void;
}

export interface BucketState {
  limit: number;
  remaining: number;
  resetAtMs: number;
}

/** When an account was busy with a request. */
export interface Service {
  startedAtMs: number;
  endedAtMs: number;
}

export class MockAccount {
  readonly options: MockAccountOptions;
  readonly services: Service[] = [];
  readonly #cache: MockCache;
  readonly #bucket: TokenBucket | null;
  readonly #random: Random;
  readonly #startMs: number;
  readonly #jobs = new Set<Job>();
  refusals = { slots: 0, bucket: 0, down: 0 };

  constructor(options: MockAccountOptions, nowMs: number) {
    this.options = options;
    this.#cache = new MockCache(options.cache);
    const { uncachedTokensPerMinute: tokensPerMinute } = options;
    this.#bucket = tokensPerMinute === null ? null : new TokenBucket({ tokensPerMinute, nowMs });
    this.#random = new Random(options.seed);
    this.#startMs = nowMs;
  }

  take(prompt: MockPrompt, nowMs: number): Job | MockError {
    const { slots } = this.options;
    const down = this.#downError(nowMs);
    if (down) {
      this.refusals.down++;
      return down;
    }
    if (slots !== null && this.#jobs.size >= slots) {
      this.refusals.slots++;
      const endMs = [...this.#jobs].reduce((least, job) => Math.min(least, job.endsAtMs), Infinity);
      return tooMany('Number of concurrent connections has exceeded your rate limit.', endMs - nowMs);
    }
    const waitMs = this.#bucket?.msUntil(1, nowMs) ?? 0;
    if (waitMs > 0) {
      this.refusals.bucket++;
      return tooMany('This request would exceed your rate limit of input tokens per minute.', waitMs);
    }
    return this.#begin(prompt, nowMs);
  }

  /** Null = there is no limit to tell of. */
  bucketState(nowMs: number): BucketState | null {
    if (!this.#bucket) return null;
    const { capTokens: limit } = this.#bucket;
    const remaining = Math.max(0, Math.floor(this.#bucket.level(nowMs)));
    return { limit, remaining, resetAtMs: nowMs + this.#bucket.msUntil(limit, nowMs) };
  }

  #begin(prompt: MockPrompt, nowMs: number): Job {
    const { scale, lostWrites } = this.options;
    const use = this.#cache.use(prompt.chain, nowMs);
    const { readTokens, writeTokens } = use;
    const inputTokens = prompt.totalTokens - readTokens - writeTokens;
    this.#bucket?.take(inputTokens + writeTokens, nowMs);
    const isLost = this.#random.chance(lostWrites);
    const work = {
      inputTokens: prompt.totalTokens * scale,
      readTokens: readTokens * scale,
      outputTokens: prompt.maxTokens,
    };
    const service: Service = { startedAtMs: nowMs, endedAtMs: nowMs + serviceMs(work) };
    const job: Job = {
      usage: { inputTokens, readTokens, writeTokens, outputTokens: prompt.maxTokens },
      startedAtMs: nowMs,
      firstTokenAtMs: nowMs + firstTokenMs(work),
      endsAtMs: service.endedAtMs,
      begin: () => {
        if (!isLost) use.publish();
      },
      end: () => void this.#jobs.delete(job),
    };
    this.services.push(service);
    this.#jobs.add(job);
    return job;
  }

  #downError(nowMs: number): MockError | null {
    const { downtime } = this.options;
    if (!downtime) return null;
    const sinceMs = nowMs - this.#startMs - downtime.firstMs;
    const intoMs = sinceMs % downtime.everyMs;
    if (sinceMs < 0 || intoMs >= downtime.ms) return null;
    const { status } = downtime;
    if (status === 429) return tooMany('This request would exceed your rate limit.', downtime.ms - intoMs);
    const type = status === 529 ? 'overloaded_error' : 'api_error';
    return { status, type, message: 'Overloaded', retryAfterMs: null };
  }
}

function tooMany(message: string, retryAfterMs: number): MockError {
  return { status: 429, type: 'rate_limit_error', message, retryAfterMs };
}
