// Waits after refusals: one credential's per upstream model or for all, and those that accounts share (host, provider).

import type { ConditionCode } from './condition-codes.ts';

/** Stands for every model of the credential's account. */
export const EVERY_MODEL = '';

/** Wait where the provider states none … */
const UNSTATED_MS = 5_000;
/** … twice as long each time it refuses again after the wait, up to this. */
const MAX_UNSTATED_MS = 60_000;
/** Longest cooldown believed (a weekly quota), so that a broken header cannot retire an account for ever. */
const MAX_COOLDOWN_MS = 8 * 24 * 3600_000;
/** A cooldown that ended so long ago is not continued by the next one. */
const FORGET_MS = 600_000;
/** A client cannot name more upstream models than are configured; this many never share one account. */
const MAX_MODELS = 1_000;

/** Why one waits: for programs, and in words. */
interface Cause<Code = ConditionCode> {
  code: Code;
  reason: string;
}

export interface Wait<Code = ConditionCode> extends Cause<Code> {
  /** Monotonic. */
  untilMs: number;
}

/**
 * Owns the cooldowns of one credential; at most `MAX_MODELS`, each forgotten a while after its end. None is ever shortened.
 * Times are monotonic.
 */
export class Cooldowns {
  readonly #byModel = new Map<string, Wait & { unstated: number }>();

  /** `delayMs` null = not stated. */
  cool(model: string, cooling: { nowMs: number; delayMs: number | null } & Cause): void {
    const { nowMs, delayMs, code, reason } = cooling;
    this.#forget(nowMs);
    const last = this.#byModel.get(model);
    const isRunning = last !== undefined && last.untilMs > nowMs;
    let unstated = last?.unstated ?? 0;
    // A time that is over already is no advice: the provider's clock is ahead of ours.
    const isStated = delayMs !== null && delayMs > 0;
    // Refusals that arrive while it runs are of requests sent before it: they are one event, not several.
    if (!isStated && (!isRunning || unstated === 0)) unstated += 1;
    const waitMs = isStated ? delayMs : Math.min(UNSTATED_MS * 2 ** (unstated - 1), MAX_UNSTATED_MS);
    const untilMs = nowMs + Math.min(waitMs, MAX_COOLDOWN_MS);
    if (isRunning && last.untilMs >= untilMs) last.unstated = unstated;
    else this.#byModel.set(model, { untilMs, code, reason, unstated });
  }

  /** The model answered: the next unstated wait is short again. A running cooldown stays. */
  succeeded(model: string): void {
    const cooldown = this.#byModel.get(model);
    if (cooldown) cooldown.unstated = 0;
  }

  /** The running cooldown that ends last: for this model or every model; without a model any. Null = none. */
  running(nowMs: number, model?: string): Wait | null {
    if (this.#byModel.size === 0) return null;
    if (model === undefined) return latest([...this.#byModel.values()], nowMs);
    const both = [this.#byModel.get(model), this.#byModel.get(EVERY_MODEL)];
    return latest(
      both.filter((cooldown) => cooldown !== undefined),
      nowMs,
    );
  }

  #forget(nowMs: number): void {
    for (const [model, { untilMs }] of this.#byModel) {
      if (untilMs + FORGET_MS <= nowMs) this.#byModel.delete(model);
    }
    const oldest = this.#byModel.keys().next().value;
    if (this.#byModel.size >= MAX_MODELS && oldest !== undefined) this.#byModel.delete(oldest);
  }
}

function latest(cooldowns: readonly Wait[], nowMs: number): Wait | null {
  let last: Wait | null = null;
  for (const cooldown of cooldowns) {
    if (cooldown.untilMs > nowMs && (!last || cooldown.untilMs > last.untilMs)) last = cooldown;
  }
  return last;
}

/** Owns growing waits after faults of what several accounts share: endpoint hosts, providers. Bounded by what is configured. */
export class SharedWaits<Code> {
  readonly #growth: { stepMs: number; maxMs: number };
  readonly #waits = new Map<string, Wait<Code> & { inRow: number }>();

  constructor(growth: { stepMs: number; maxMs: number }) {
    this.#growth = growth;
  }

  /** Makes or prolongs the wait: `stepMs` times the faults in a row, or at least `minMs`. */
  extend(key: string, fault: { nowMs: number; minMs?: number } & Cause<Code>): void {
    const { nowMs, minMs = 0, code, reason } = fault;
    this.#forget(nowMs);
    const last = this.#waits.get(key);
    const isRunning = last !== undefined && last.untilMs > nowMs;
    // Requests that were under way together fail together: one event.
    const inRow = isRunning ? Math.max(1, last.inRow) : (last?.inRow ?? 0) + 1;
    const waitMs = Math.max(minMs, Math.min(this.#growth.stepMs * inRow, this.#growth.maxMs));
    const untilMs = Math.max(nowMs + waitMs, last?.untilMs ?? 0);
    this.#waits.set(key, { untilMs, code, reason, inRow });
  }

  succeeded(key: string): void {
    const wait = this.#waits.get(key);
    if (wait) wait.inRow = 0;
  }

  running(key: string, nowMs: number): Wait<Code> | null {
    const wait = this.#waits.get(key);
    return wait && wait.untilMs > nowMs ? wait : null;
  }

  /** Entries end by themselves; hosts and providers are as many as are configured, so the sweep is short. */
  #forget(nowMs: number): void {
    for (const [key, { untilMs }] of this.#waits) {
      if (untilMs + FORGET_MS <= nowMs) this.#waits.delete(key);
    }
  }
}
