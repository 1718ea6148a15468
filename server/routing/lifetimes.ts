// Learns how long a provider keeps a prefix that nobody uses, where it does not say so: from pauses and what was read after them.

/** Upper ends of the buckets that pauses are counted in, in seconds. */
const BUCKET_SECONDS = [
  30, 60, 120, 180, 240, 300, 360, 480, 600, 900, 1_200, 1_800, 2_700, 3_600, 7_200, 21_600, 86_400,
] as const;
/** About so many of the latest pauses count in each bucket. */
const WINDOW = 16;
/** Pauses that must speak for another lifetime than the rule's: a belief too short costs more than one too long. */
const WEIGHT_AGAINST_SHORTER = 4;
const WEIGHT_AGAINST_LONGER = 1.5;

/** Owns the counts of one family. */
export class LifetimeEstimate {
  /** By bucket: hits less misses of late. */
  readonly #balance: number[] = BUCKET_SECONDS.map(() => 0);

  /** A prefix unused for `gapMs` was read again, or was not. */
  saw(gapMs: number, isHit: boolean): void {
    const bucket = bucketOf(gapMs);
    this.#balance[bucket] = (this.#balance[bucket] ?? 0) * (1 - 1 / WINDOW) + (isHit ? 1 : -1);
  }

  /**
   * The lifetime that explains the most pauses: hits before its end, misses after it. `defaultMs` where nothing speaks
   * against it; 0 = not even the shortest pause was survived.
   */
  lifetimeMs(defaultMs: number): number {
    const before = BUCKET_SECONDS.findIndex((seconds) => seconds * 1_000 > defaultMs);
    const isBefore = (bucket: number) => before === -1 || bucket < before;
    let score = 0;
    let best = { lifetimeMs: 0, score: -WEIGHT_AGAINST_SHORTER };
    let atDefault = 0;
    this.#balance.forEach((balance, bucket) => {
      score += balance;
      if (isBefore(bucket)) atDefault = score;
      const lifetimeMs = (BUCKET_SECONDS[bucket] ?? 0) * 1_000;
      // Buckets that nobody saw belong to the nearer side: no shorter than the misses say, no longer than the hits do.
      const isBetter = isBefore(bucket)
        ? score - WEIGHT_AGAINST_SHORTER >= best.score
        : score - WEIGHT_AGAINST_LONGER > best.score;
      if (!isBetter) return;
      best = {
        lifetimeMs,
        score: score - (isBefore(bucket) ? WEIGHT_AGAINST_SHORTER : WEIGHT_AGAINST_LONGER),
      };
    });
    return atDefault >= best.score ? defaultMs : best.lifetimeMs;
  }
}

/** The last bucket has no upper end. */
function bucketOf(gapMs: number): number {
  const index = BUCKET_SECONDS.findIndex((seconds) => gapMs <= seconds * 1_000);
  return index === -1 ? BUCKET_SECONDS.length - 1 : index;
}
