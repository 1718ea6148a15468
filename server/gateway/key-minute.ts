// Counts something over the last minute, by seconds: constant memory, whatever the numbers.

const SECOND_MS = 1_000;
const WINDOW_SECONDS = 60;
/** The oldest second counts whole, although part of it is more than a minute ago. */
const SLOTS = WINDOW_SECONDS + 1;

/**
 * Owns the counts of the current second and the 60 before it. Their sum is never less than what any 60 s that end now
 * hold, so that who admits only while the sum is below N never admits more than N in any minute; and never more than
 * what the last 61 s hold. Times are monotonic milliseconds.
 */
export class MinuteCounter {
  readonly #counts = new Float64Array(SLOTS);
  /** The latest second that has a slot; null = nothing was counted yet. */
  #second: number | null = null;
  /** Of all slots. */
  #sum = 0;

  add(amount: number, nowMs: number): void {
    const second = this.#advance(nowMs);
    this.#counts[second % SLOTS] = this.#at(second) + amount;
    this.#sum += amount;
  }

  sum(nowMs: number): number {
    this.#advance(nowMs);
    return this.#sum;
  }

  /** Until the sum is below the limit when nothing more comes; 0 = it is. */
  untilBelowMs(limit: number, nowMs: number): number {
    const second = this.#advance(nowMs);
    let left = this.#sum;
    for (let oldest = second - WINDOW_SECONDS; left >= limit && oldest <= second; oldest += 1) {
      left -= oldest < 0 ? 0 : this.#at(oldest);
      if (left < limit) return (oldest + SLOTS) * SECOND_MS - nowMs;
    }
    return 0;
  }

  #at(second: number): number {
    return this.#counts[second % SLOTS] ?? 0;
  }

  /** Clears the slots of the seconds that have begun since. */
  #advance(nowMs: number): number {
    const second = Math.floor(nowMs / SECOND_MS);
    const known = this.#second ?? second - SLOTS;
    if (second <= known) return known;
    for (let each = Math.max(known + 1, second - WINDOW_SECONDS, 0); each <= second; each += 1) {
      this.#sum -= this.#at(each);
      this.#counts[each % SLOTS] = 0;
    }
    this.#second = second;
    return second;
  }
}
