// Folds new rows of the request log into its sums, a while after they are written and a step at a time.

import type { Clock } from '../gateway/ports.ts';
import type { LogDatabase, SqlEngine } from './database.ts';

/** The more rows are folded together, the less one costs; queries look through what is not folded yet. */
const FOLD_DELAY_MS = 1_000;
/**
 * About 60 ms of the thread on a log of 20,000 rows, more on a large one, for which the writing of new rows waits: 28 µs a
 * row, a fifth of it for its attempts.
 */
const STEP_ROWS = 2_000;
/** Between the steps of a long way: leaves others their turn. */
const STEP_PAUSE_MS = 5;
const RETRY_DELAY_MS = 5_000;
/** Steps that are put off in favour of writing, one after the other. */
const MAX_PUT_OFF = 10;

export interface LogFolderOptions {
  engine: SqlEngine<LogDatabase>;
  clock: Clock;
  /** True while writing needs the thread more. */
  isBusy(): boolean;
}

export class LogFolder {
  readonly #options: LogFolderOptions;
  #cancelTimer: (() => void) | null = null;
  #folding: Promise<void> | null = null;
  /** There may be rows that the folding under way does not see. */
  #isWoken = false;
  #putOff = 0;
  #isClosed = false;

  constructor(options: LogFolderOptions) {
    this.#options = options;
  }

  /** There are new rows, or may be. */
  wake(delayMs = FOLD_DELAY_MS): void {
    this.#isWoken ||= this.#folding !== null;
    if (this.#isClosed || this.#cancelTimer || this.#folding) return;
    this.#cancelTimer = this.#options.clock.setTimer(() => {
      this.#cancelTimer = null;
      this.#folding = this.#step();
    }, delayMs);
  }

  /** Folds everything there is. */
  async foldAll(): Promise<void> {
    while ((await this.#fold()) > 0);
  }

  /** What is not folded will be by the next process. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    await this.#folding;
  }

  async #step(): Promise<void> {
    const nextMs = await this.#nextDelay();
    this.#folding = null;
    if (nextMs !== null) this.wake(nextMs);
    else if (this.#isWoken) this.wake();
    this.#isWoken = false;
  }

  async #nextDelay(): Promise<number | null> {
    if (this.#options.isBusy() && this.#putOff < MAX_PUT_OFF) {
      this.#putOff += 1;
      return FOLD_DELAY_MS;
    }
    this.#putOff = 0;
    try {
      return (await this.#fold()) > 0 ? STEP_PAUSE_MS : null;
    } catch {
      // A full or locked disk: the sums lag behind, answers stay right.
      return RETRY_DELAY_MS;
    }
  }

  /** One step; resolves to how many rows are left. */
  async #fold(): Promise<number> {
    const { engine, clock } = this.#options;
    const { foldedSeq, lastSeq } = await engine.work('fold', { maxRows: STEP_ROWS, nowMs: clock.nowMs() });
    const { isBehind } = await engine.work('fold-intervals', {
      maxRows: STEP_ROWS / 2,
      nowMs: clock.nowMs(),
    });
    return lastSeq - foldedSeq + (isBehind ? 1 : 0);
  }
}
