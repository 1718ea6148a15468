// Which accounts may be used now: cooldowns stated by providers, failure streaks, refused credentials.

import type { Account, Clock } from './ports.ts';

export type AccountCondition =
  | { state: 'available' }
  | { state: 'cooling-down'; untilMs: number; reason: string }
  | { state: 'disabled'; reason: string }
  | { state: 'paused' };

/** Cooldown after a 429 that states no time. */
const UNSTATED_COOLDOWN_MS = 5_000;
/** Cooldown of a spent budget that states no time. */
const UNSTATED_QUOTA_MS = 3600_000;
/** Longest cooldown believed (a weekly quota), so that a broken header cannot retire an account for ever. */
const MAX_COOLDOWN_MS = 8 * 24 * 3600_000;
/** So many server errors or connection failures in a row put an account aside … */
const FAILURE_STREAK = 5;
/** … for this long, times the number of streaks, as Envoy's outlier ejection does. */
const EJECTION_MS = 30_000;
const MAX_EJECTION_MS = 300_000;

interface Mark {
  /** Cooldown per upstream model; the key '' stands for every model. */
  coolings: Map<string, { untilMs: number; reason: string }>;
  failuresInRow: number;
  ejections: number;
  /** Set at once on 401/403, before the stored flag arrives with the next snapshot. */
  disabledReason: string | null;
}

/** Owns what was learned about accounts from their answers; one small entry per account, models expire with it. */
export class HealthTable {
  readonly #clock: Clock;
  readonly #marks = new Map<string, Mark>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The account's condition, for one upstream model when given: a 429 cools only the model it was answered for. */
  condition(account: Account, upstreamModel?: string): AccountCondition {
    if (account.isPaused) return { state: 'paused' };
    const mark = this.#marks.get(account.id);
    const disabledReason = account.disabledReason ?? mark?.disabledReason ?? null;
    if (disabledReason !== null) return { state: 'disabled', reason: disabledReason };
    const cooling = mark && this.#cooling(mark, upstreamModel);
    return cooling ? { state: 'cooling-down', ...cooling } : { state: 'available' };
  }

  /** A 429: the model rests until the stated time. */
  rateLimited(accountId: string, upstreamModel: string, retryAfterMs: number | null): void {
    const delayMs = Math.min(retryAfterMs ?? UNSTATED_COOLDOWN_MS, MAX_COOLDOWN_MS);
    this.#cool(accountId, upstreamModel, { delayMs, reason: 'rate limited by the provider (429)' });
  }

  /** A spent budget: waiting a little does not help, so every model rests until the stated time, or an hour. */
  exhausted(accountId: string, retryAfterMs: number | null): void {
    const delayMs = Math.min(retryAfterMs ?? UNSTATED_QUOTA_MS, MAX_COOLDOWN_MS);
    this.#cool(accountId, '', { delayMs, reason: 'budget spent at the provider' });
  }

  /** A refused credential (401, 403): out of service until someone looks. */
  disabled(accountId: string, reason: string): void {
    this.#mark(accountId).disabledReason = reason;
  }

  /** A server error, a broken connection or a timeout. Returns true when the streak put the account aside. */
  failed(accountId: string): boolean {
    const mark = this.#mark(accountId);
    mark.failuresInRow += 1;
    if (mark.failuresInRow < FAILURE_STREAK) return false;
    mark.failuresInRow = 0;
    mark.ejections += 1;
    const delayMs = Math.min(EJECTION_MS * mark.ejections, MAX_EJECTION_MS);
    this.#cool(accountId, '', { delayMs, reason: `${FAILURE_STREAK} failures in a row` });
    return true;
  }

  succeeded(accountId: string): void {
    const mark = this.#marks.get(accountId);
    if (!mark) return;
    mark.failuresInRow = 0;
    mark.ejections = 0;
  }

  /** Forgets everything learned about the account. */
  reset(accountId: string): void {
    this.#marks.delete(accountId);
  }

  #mark(accountId: string): Mark {
    let mark = this.#marks.get(accountId);
    if (!mark) {
      mark = { coolings: new Map(), failuresInRow: 0, ejections: 0, disabledReason: null };
      this.#marks.set(accountId, mark);
    }
    return mark;
  }

  #cool(accountId: string, upstreamModel: string, cooldown: { delayMs: number; reason: string }): void {
    const { coolings } = this.#mark(accountId);
    const untilMs = this.#clock.nowMs() + cooldown.delayMs;
    const running = coolings.get(upstreamModel);
    if (!running || running.untilMs < untilMs)
      coolings.set(upstreamModel, { untilMs, reason: cooldown.reason });
  }

  #cooling(mark: Mark, upstreamModel: string | undefined): { untilMs: number; reason: string } | null {
    const nowMs = this.#clock.nowMs();
    let latest: { untilMs: number; reason: string } | null = null;
    for (const [model, cooling] of mark.coolings) {
      if (cooling.untilMs <= nowMs) mark.coolings.delete(model);
      else if (upstreamModel !== undefined && model !== '' && model !== upstreamModel) continue;
      else if (!latest || cooling.untilMs > latest.untilMs) latest = cooling;
    }
    return latest;
  }
}
