// Bounds the retries in flight by what is active, so that failures of a provider never multiply the load on it.

/** As Envoy's retry budget: a share of the active requests, and a few in any case. */
const SHARE = 0.2;
const MIN_RETRIES = 3;

/** Owns the count of retries in flight. */
export class RetryBudget {
  readonly #active: () => number;
  #inFlight = 0;

  /** `active` tells the requests under way now. */
  constructor(active: () => number) {
    this.#active = active;
  }

  /** Takes a place for one retry, null when there is none; the returned function gives it back and is idempotent. */
  tryTake(): (() => void) | null {
    if (this.#inFlight + 1 > Math.max(MIN_RETRIES, SHARE * this.#active())) return null;
    this.#inFlight += 1;
    let isHeld = true;
    return () => {
      if (isHeld) this.#inFlight -= 1;
      isHeld = false;
    };
  }
}
