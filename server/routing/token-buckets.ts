// Input tokens that each account may still be sent this minute, learned from the rate-limit headers of its replies.
//
// Providers refill the bucket continuously, the whole limit in a minute. A header's count is brought forward by that, and
// what was sent since and not yet answered is taken off: the header may not know of it. That errs on the safe side.
// All models of an account are taken to share one bucket, until a header of one model tells of more than another's can have
// left: then each has its own (Anthropic's classes of models).

import type { Clock } from '../gateway/ports.ts';
import type { BucketLevel } from './contender.ts';

/** One limit as a reply's headers state it; null = not stated. */
export interface TokenWindow {
  name: string;
  limit: number | null;
  remaining: number | null;
  /** Wall time at which it will be full again. */
  resetAtMs: number | null;
}

/**
 * Names of windows that count input tokens, the exacter first: `input-tokens` (Anthropic), `tokens` (OpenAI and those that
 * follow it; Anthropic: the tightest limit of all).
 * https://docs.claude.com/en/api/rate-limits#response-headers
 * https://platform.openai.com/docs/guides/rate-limits#rate-limits-in-headers
 */
const WINDOW_NAMES = ['input-tokens', 'tokens'] as const;
const MINUTE_MS = 60_000;
/** A reset that is further off than a minute and this belongs to a longer window (per day): it refills more slowly. */
const RESET_SLACK_MS = 5_000;
/** Limits per hour or day are hours off when they are used up. */
const MOST_DEBT_MS = 600_000;
/** An older header says nothing: the bucket is full again, or the limit another one. */
const BELIEVED_MS = 600_000;
/** A bucket that is nearly full is full for a prompt larger than all of it: small requests never let it get quite full. */
const FULL_SHARE = 0.95;

/** Buckets kept; beyond it the one that was new first is forgotten (it learns again). */
const MAX_BUCKETS = 10_000;

/** What a request counts, by what the limit counts: known only once a header was seen. */
export interface TokenSpend {
  uncachedTokens: number;
  allTokens: number;
}

/** Whose tokens are counted. */
export interface BucketKey {
  accountId: string;
  upstreamModel: string;
}

interface Bucket {
  /** Null = no header was seen yet. */
  stated: { capTokens: number; refillTokensPerMs: number; countsUncachedOnly: boolean; atMs: number } | null;
  /** Left at `atMs`, but for what is not answered yet. */
  tokens: number;
  atMs: number;
  /** Sent, and no reply yet. */
  readonly unanswered: TokenSpend;
  /** What the last header said, and of which model's reply it was. */
  last: { remaining: number; atMs: number; upstreamModel: string } | null;
}

/** Of the limit: a header that says so much more than another model's can have left is about another bucket. */
const APART_SHARE = 0.02;

/** Owns what is known of each bucket. */
export class TokenBuckets {
  readonly #clock: Clock;
  readonly #maxBuckets: number;
  readonly #buckets = new Map<string, Bucket>();
  /** Accounts that have a bucket for each model; at most as many as there are buckets. */
  readonly #apart = new Set<string>();

  constructor({ clock, maxBuckets = MAX_BUCKETS }: { clock: Clock; maxBuckets?: number }) {
    this.#clock = clock;
    this.#maxBuckets = maxBuckets;
  }

  /** A reply's rate-limit windows. To be called after its `settled` and before `refused`. */
  sawWindows(
    key: BucketKey,
    windows: readonly TokenWindow[],
    { countsUncachedOnly }: { countsUncachedOnly: boolean },
  ): void {
    const window = tokenWindowOf(windows);
    if (!window) return;
    const { limit, remaining } = window;
    const nowMs = this.#clock.monotonicMs();
    const refillTokensPerMs = refillOf(window, this.#clock.nowMs());
    this.#tellApart(key, { limit, remaining, refillTokensPerMs, nowMs });
    const bucket = this.#bucket(this.#nameOf(key));
    bucket.stated = { capTokens: limit, refillTokensPerMs, countsUncachedOnly, atMs: nowMs };
    const fullInMs = window.resetAtMs === null ? 0 : window.resetAtMs - this.#clock.nowMs();
    bucket.tokens = Math.min(limit, remaining) - debtOf({ limit, remaining, fullInMs });
    bucket.atMs = nowMs;
    bucket.last = { remaining, atMs: nowMs, upstreamModel: key.upstreamModel };
  }

  /**
   * A request is sent that is expected to count so many tokens. The returned function, idempotent, says that its reply has
   * begun or that it failed, and how many it did count: null = as expected, 0 = none.
   */
  spend(key: BucketKey, { uncachedTokens, allTokens }: TokenSpend): (actualTokens: number | null) => void {
    const bucket = this.#bucket(this.#nameOf(key));
    bucket.unanswered.uncachedTokens += uncachedTokens;
    bucket.unanswered.allTokens += allTokens;
    let isOpen = true;
    return (actualTokens) => {
      if (!isOpen) return;
      isOpen = false;
      bucket.unanswered.uncachedTokens -= uncachedTokens;
      bucket.unanswered.allTokens -= allTokens;
      if (!bucket.stated) return;
      bringForward(bucket, this.#clock.monotonicMs());
      bucket.tokens -= actualTokens ?? (bucket.stated.countsUncachedOnly ? uncachedTokens : allTokens);
    };
  }

  /** The provider refused a request for its input tokens; `retryAfterMs` null = it did not say for how long. */
  refused(key: BucketKey, retryAfterMs: number | null): void {
    const bucket = this.#buckets.get(this.#nameOf(key));
    if (!bucket?.stated) return;
    bringForward(bucket, this.#clock.monotonicMs());
    const missing = bucket.stated.refillTokensPerMs * Math.min(retryAfterMs ?? 0, BELIEVED_MS);
    bucket.tokens = Math.min(bucket.tokens, unansweredTokens(bucket) - missing);
  }

  /** As of now; null = no header was seen of late. */
  level(key: BucketKey): BucketLevel | null {
    const bucket = this.#buckets.get(this.#nameOf(key));
    if (!bucket?.stated) return null;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - bucket.stated.atMs > BELIEVED_MS) return null;
    const { capTokens, refillTokensPerMs, countsUncachedOnly } = bucket.stated;
    const availableTokens = tokensAt(bucket, nowMs) - unansweredTokens(bucket);
    return { capTokens, availableTokens, refillTokensPerMs, countsUncachedOnly };
  }

  #nameOf({ accountId, upstreamModel }: BucketKey): string {
    return this.#apart.has(accountId) ? `${accountId}|${upstreamModel}` : accountId;
  }

  #tellApart(
    { accountId, upstreamModel }: BucketKey,
    seen: { limit: number; remaining: number; refillTokensPerMs: number; nowMs: number },
  ): void {
    const { stated, last } = this.#buckets.get(accountId) ?? { stated: null, last: null };
    if (!stated || !last || last.upstreamModel === upstreamModel || this.#apart.has(accountId)) return;
    const { limit, remaining, refillTokensPerMs, nowMs } = seen;
    const most = last.remaining + refillTokensPerMs * (nowMs - last.atMs) + APART_SHARE * limit;
    if (limit === stated.capTokens && remaining <= most) return;
    if (this.#apart.size >= this.#maxBuckets) this.#apart.clear();
    this.#apart.add(accountId);
  }

  #bucket(key: string): Bucket {
    const known = this.#buckets.get(key);
    if (known) return known;
    const oldest = this.#buckets.keys().next().value;
    if (this.#buckets.size >= this.#maxBuckets && oldest !== undefined) this.#buckets.delete(oldest);
    const bucket: Bucket = {
      stated: null,
      tokens: 0,
      atMs: 0,
      unanswered: { uncachedTokens: 0, allTokens: 0 },
      last: null,
    };
    this.#buckets.set(key, bucket);
    return bucket;
  }
}

/**
 * Time until a prompt that counts `needTokens` may be sent: it has to fit, and the bucket to be above `reserveTokens`,
 * what such a prompt leaves to others. A nearly full bucket is enough for any.
 */
export function readyInMs(
  { capTokens, availableTokens, refillTokensPerMs }: BucketLevel,
  { needTokens, reserveTokens }: { needTokens: number; reserveTokens: number },
): number {
  const wantedTokens = Math.min(Math.max(needTokens, reserveTokens), FULL_SHARE * capTokens);
  const missing = wantedTokens - availableTokens;
  if (missing <= 0) return 0;
  return refillTokensPerMs > 0 ? missing / refillTokensPerMs : Number.POSITIVE_INFINITY;
}

function tokenWindowOf(windows: readonly TokenWindow[]): (TokenWindow & Counted) | null {
  for (const name of WINDOW_NAMES) {
    const window = windows.find((other) => other.name === name);
    if (window && isCounted(window)) return window;
  }
  return null;
}

interface Counted {
  limit: number;
  remaining: number;
}

function isCounted(window: TokenWindow): window is TokenWindow & Counted {
  return window.limit !== null && window.limit > 0 && window.remaining !== null;
}

/** An empty bucket that takes some minutes to fill owes tokens: the last requests were let through beyond its limit. */
function debtOf({
  limit,
  remaining,
  fullInMs,
}: {
  limit: number;
  remaining: number;
  fullInMs: number;
}): number {
  if (remaining > 0 || fullInMs > MOST_DEBT_MS) return 0;
  return Math.max(0, (limit / MINUTE_MS) * fullInMs - limit);
}

function refillOf({ limit, remaining, resetAtMs }: TokenWindow & Counted, nowMs: number): number {
  const perMinute = limit / MINUTE_MS;
  const fullInMs = resetAtMs === null ? 0 : resetAtMs - nowMs;
  if (fullInMs <= MINUTE_MS + RESET_SLACK_MS || debtOf({ limit, remaining, fullInMs }) > 0) return perMinute;
  return Math.min(perMinute, Math.max(limit - remaining, 1) / fullInMs);
}

function unansweredTokens({ stated, unanswered }: Bucket): number {
  return stated?.countsUncachedOnly ? unanswered.uncachedTokens : unanswered.allTokens;
}

function bringForward(bucket: Bucket, nowMs: number): void {
  bucket.tokens = tokensAt(bucket, nowMs);
  bucket.atMs = nowMs;
}

function tokensAt({ stated, tokens, atMs }: Bucket, nowMs: number): number {
  if (!stated) return tokens;
  return Math.min(stated.capTokens, tokens + stated.refillTokensPerMs * (nowMs - atMs));
}
