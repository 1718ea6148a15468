// A rate limit on tokens: a bucket that refills all the time and holds one minute's worth. Pure: the caller tells the time.

const DEPTH_MS = 60_000;

export class TokenBucket {
  readonly capTokens: number;
  #tokens: number;
  #atMs: number;

  /** Full at first. */
  constructor({ tokensPerMinute, nowMs }: { tokensPerMinute: number; nowMs: number }) {
    this.capTokens = tokensPerMinute;
    this.#tokens = tokensPerMinute;
    this.#atMs = nowMs;
  }

  /** Below 0 when the last request took more than there was. */
  level(nowMs: number): number {
    this.#tokens = Math.min(
      this.capTokens,
      this.#tokens + ((nowMs - this.#atMs) * this.capTokens) / DEPTH_MS,
    );
    this.#atMs = nowMs;
    return this.#tokens;
  }

  /** Until it holds so much; 0 = it does. */
  msUntil(tokens: number, nowMs: number): number {
    const missing = Math.min(tokens, this.capTokens) - this.level(nowMs);
    return missing <= 0 ? 0 : (missing / this.capTokens) * DEPTH_MS;
  }

  /** Takes the tokens if there is anything left; what is missing is owed. */
  take(tokens: number, nowMs: number): boolean {
    if (this.level(nowMs) <= 0) return false;
    this.#tokens -= tokens;
    return true;
  }
}
