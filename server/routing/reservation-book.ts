// Keeps what the reservation of each account rests on: how many requests it took, and when it last refused one.

import type { Clock } from '../gateway/ports.ts';
import type { ReservationSettings } from '../gateway/routing-settings.ts';
import { type AccountHistory, type AccountLoad, type Reservation, reservationOf } from './reservation.ts';

/** What 429s taught about an account. */
export interface Lessons {
  rateLimitCounts: AccountHistory['rateLimitCounts'];
  /** Wall time; null = none yet. */
  lastRateLimitedAtMs: number | null;
  history: readonly { to: number }[];
}

export interface ReservationLoad extends AccountLoad {
  /** Null = nothing was learned. */
  learned: Lessons | null;
}

export interface ReservationStats {
  totalChecks: number;
  /** Smoothed over the checks (weight of the newest 0.1); null = none yet. */
  averageRatio: number | null;
  /** Share of the checks that found an account in its probe phase. */
  probePhaseShare: number;
  lastResult: Reservation | null;
}

interface Counts {
  requests: number;
  successes: number;
  /** Monotonic; null = there was no 429. */
  rateLimitedAtMs: number | null;
}

const NEWEST_WEIGHT = 0.1;
const HOUR_MS = 3600_000;
/** Accounts kept, deleted ones among them; beyond it the one first seen is forgotten (and probed anew). */
const MAX_ACCOUNTS = 10_000;
const NO_COUNTS: Readonly<Counts> = { requests: 0, successes: 0, rateLimitedAtMs: null };
const NO_RATE_LIMITS: Lessons['rateLimitCounts'] = {
  'requests-per-minute': 0,
  concurrent: 0,
  unknown: 0,
};

/** Owns the counts per account, since the start of the process, and the figures over all checks. */
export class ReservationBook {
  readonly #clock: Clock;
  readonly #counts = new Map<string, Counts>();
  #totalChecks = 0;
  #probeChecks = 0;
  #averageRatio: number | null = null;
  #lastResult: Reservation | null = null;

  constructor({ clock }: { clock: Clock }) {
    this.#clock = clock;
  }

  /** What the account holds back from a request that is being placed. Counts as a check. */
  ratioFor(accountId: string, load: ReservationLoad, settings: ReservationSettings): Reservation {
    const result = this.look(accountId, load, settings);
    this.#totalChecks += 1;
    if (result.phase === 'probe') this.#probeChecks += 1;
    const before = this.#averageRatio ?? result.ratio;
    this.#averageRatio = before + NEWEST_WEIGHT * (result.ratio - before);
    this.#lastResult = result;
    return result;
  }

  /** The same for those who only want to know. */
  look(accountId: string, load: ReservationLoad, settings: ReservationSettings): Reservation {
    return reservationOf(this.#history(accountId, load.learned), settings, load);
  }

  succeeded(accountId: string): void {
    const counts = this.#own(accountId);
    counts.requests += 1;
    counts.successes += 1;
  }

  failed(accountId: string): void {
    this.#own(accountId).requests += 1;
  }

  /** A failure was a 429; told beside `failed`. Nobody else notes it for accounts with a configured limit. */
  rateLimited(accountId: string): void {
    this.#own(accountId).rateLimitedAtMs = this.#clock.monotonicMs();
  }

  /** The account begins anew, with its probe phase. */
  reset(accountId: string): void {
    this.#counts.delete(accountId);
  }

  stats(): ReservationStats {
    return {
      totalChecks: this.#totalChecks,
      averageRatio: this.#averageRatio,
      probePhaseShare: this.#totalChecks === 0 ? 0 : this.#probeChecks / this.#totalChecks,
      lastResult: this.#lastResult,
    };
  }

  #history(accountId: string, learned: Lessons | null): AccountHistory {
    const counts = this.#counts.get(accountId) ?? NO_COUNTS;
    return {
      requestCount: counts.requests,
      successCount: counts.successes,
      rateLimitCounts: learned?.rateLimitCounts ?? NO_RATE_LIMITS,
      hoursSinceRateLimit: this.#hoursSinceRateLimit(counts, learned),
      limitHistory: learned?.history.map(({ to }) => to) ?? [],
    };
  }

  #hoursSinceRateLimit({ rateLimitedAtMs }: Readonly<Counts>, learned: Lessons | null): number | null {
    const ages: number[] = [];
    if (rateLimitedAtMs !== null) ages.push(this.#clock.monotonicMs() - rateLimitedAtMs);
    const learnedAtMs = learned?.lastRateLimitedAtMs ?? null;
    if (learnedAtMs !== null) ages.push(this.#clock.nowMs() - learnedAtMs);
    return ages.length === 0 ? null : Math.max(0, Math.min(...ages)) / HOUR_MS;
  }

  #own(accountId: string): Counts {
    const known = this.#counts.get(accountId);
    if (known) return known;
    const first = this.#counts.keys().next().value;
    if (this.#counts.size >= MAX_ACCOUNTS && first !== undefined) this.#counts.delete(first);
    const counts = { ...NO_COUNTS };
    this.#counts.set(accountId, counts);
    return counts;
  }
}
