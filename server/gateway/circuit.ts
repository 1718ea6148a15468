// One account's circuit: opens when its requests keep failing, then lets few of them through until it works again.
//
// closed → open at 5 failures in a row, or when half of at least 5 results of the last 5 minutes (20 at most) failed.
// open → half-open after 30 s, twice as long each time it re-opens (300 s at most), as Envoy's outlier ejection does.
// half-open → closed at 3 successes, → open at 2 failures. Results that arrive while it is open change nothing: they
// are of requests sent before. All times are monotonic.

const RESULTS_KEPT = 20;
const RESULTS_MS = 300_000;
const RESULTS_TO_JUDGE = 5;
const ERROR_SHARE = 0.5;
const FAILURE_STREAK = 5;
const OPEN_MS = 30_000;
const MAX_DOUBLINGS = 4;
const MAX_OPEN_MS = 300_000;
const PROBES_AT_ONCE = 2;
const SUCCESSES_TO_CLOSE = 3;
const FAILURES_TO_REOPEN = 2;

export type CircuitState = 'closed' | 'open' | 'half-open';

/** One time of trying again; what began in an earlier one does not count in it. */
interface Trial {
  /** Never negative: each probe ends once. */
  probes: number;
  successes: number;
  failures: number;
}

/** Owns the last results and the state; `nowMs` is monotonic everywhere. */
export class Circuit {
  /** Oldest first. */
  #results: { atMs: number; isFailure: boolean }[] = [];
  #failuresInRow = 0;
  /** Times it opened since it was last closed. */
  #openings = 0;
  /** Null = not open. */
  #openUntilMs: number | null = null;
  /** Not null = half-open. */
  #trial: Trial | null = null;

  state(nowMs: number): CircuitState {
    if (this.#openUntilMs !== null && nowMs >= this.#openUntilMs) {
      this.#openUntilMs = null;
      this.#trial = { probes: 0, successes: 0, failures: 0 };
    }
    if (this.#trial) return 'half-open';
    return this.#openUntilMs === null ? 'closed' : 'open';
  }

  /** When it will try again; null unless it is open. */
  openUntilMs(nowMs: number): number | null {
    return this.state(nowMs) === 'open' ? this.#openUntilMs : null;
  }

  /** Requests that may be sent now to try again; 0 unless it is half-open. */
  freeProbes(nowMs: number): number {
    if (this.state(nowMs) !== 'half-open' || !this.#trial) return 0;
    return Math.max(0, PROBES_AT_ONCE - this.#trial.probes);
  }

  /** Counts a probe while half-open; the returned function ends it and is idempotent. */
  begin(nowMs: number): () => void {
    this.state(nowMs);
    const trial = this.#trial;
    if (!trial) return () => {};
    trial.probes += 1;
    let isRunning = true;
    return () => {
      if (isRunning) trial.probes -= 1;
      isRunning = false;
    };
  }

  succeeded(nowMs: number): void {
    if (this.state(nowMs) === 'open') return;
    this.#failuresInRow = 0;
    if (this.#trial) {
      this.#trial.successes += 1;
      if (this.#trial.successes >= SUCCESSES_TO_CLOSE) this.#close();
      return;
    }
    this.#record({ atMs: nowMs, isFailure: false });
  }

  failed(nowMs: number): void {
    if (this.state(nowMs) === 'open') return;
    if (this.#trial) {
      this.#trial.failures += 1;
      if (this.#trial.failures >= FAILURES_TO_REOPEN) this.#open(nowMs);
      return;
    }
    this.#record({ atMs: nowMs, isFailure: true });
    this.#failuresInRow += 1;
    const { results, failures } = this.recent(nowMs);
    const isBad = results >= RESULTS_TO_JUDGE && failures / results >= ERROR_SHARE;
    if (isBad || this.#failuresInRow >= FAILURE_STREAK) this.#open(nowMs);
  }

  recent(nowMs: number): { results: number; failures: number } {
    const oldestMs = nowMs - RESULTS_MS;
    this.#results = this.#results.filter(({ atMs }) => atMs > oldestMs);
    return {
      results: this.#results.length,
      failures: this.#results.filter(({ isFailure }) => isFailure).length,
    };
  }

  #record(result: { atMs: number; isFailure: boolean }): void {
    this.#results.push(result);
    if (this.#results.length > RESULTS_KEPT) this.#results.shift();
  }

  #open(nowMs: number): void {
    const openMs = OPEN_MS * 2 ** Math.min(this.#openings, MAX_DOUBLINGS);
    this.#openUntilMs = nowMs + Math.min(openMs, MAX_OPEN_MS);
    this.#openings += 1;
    this.#trial = null;
    this.#failuresInRow = 0;
  }

  #close(): void {
    this.#trial = null;
    this.#openings = 0;
    this.#failuresInRow = 0;
    this.#results = [];
  }
}
