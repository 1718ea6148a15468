// Concurrency slots per account, and the limit learned from its 429s where none is configured (AIMD).
//
// Nothing learned = no limit. A 429 about concurrency sets the limit to 85 % of what is in flight, one of unknown cause
// to 90 % of the limit (50 before any), one about requests per minute is only counted; never below 3 or above 200.
// One burst of 429s is one event: the limit is lowered once in 10 s. And while fewer than a tenth of the last 20 answers
// were 429s they are not about concurrency: they are counted only. Without these two rules a provider that answers 429
// now and then at random ratchets every account down to the least limit.
// It grows by 2 once 5 minutes have passed since a 429 and at least 60 % of 5 or more samples of the last 120 s used
// 70 % of it; and, to find room again that was taken by mistake, as a probe: 30 minutes after the last 429 and the last
// probe, with 10 or more samples that used 30 % on average. A sample is the share of the limit in use when a slot is
// taken; every change starts sampling anew. Durations are monotonic.

import type { Account, Clock } from './ports.ts';
import type { RateLimitKind } from './rate-limits.ts';

export interface LimitAdjustment {
  /** Wall time. */
  atMs: number;
  /** Null = there was none. */
  from: number | null;
  to: number;
  reason: string;
}

export interface LearnedLimit {
  /** Null = 429s were counted, none of which says anything of concurrency. */
  limit: number | null;
  rateLimitCounts: Readonly<Record<RateLimitKind, number>>;
  /** Wall time; null = none yet. */
  lastRateLimitedAtMs: number | null;
  /** The last 20, oldest first. */
  history: readonly LimitAdjustment[];
}

const FIRST_LIMIT = 50;
const MIN_LIMIT = 3;
const MAX_LIMIT = 200;
const CONCURRENT_FACTOR = 0.85;
const UNKNOWN_FACTOR = 0.9;
const STEP = 2;
const LOWER_EVERY_MS = 10_000;
/** Answers looked at, how many of them are needed, and the share of 429s from which they are about concurrency. */
const ANSWERS = { kept: 20, needed: 10, refusedShare: 0.1 };
const HISTORY_KEPT = 20;

const SAMPLES_KEPT = 20;
const SAMPLES_MS = 120_000;
const GROWTH = { samples: 5, busyShare: 0.6, busyUse: 0.7, quietMs: 300_000 };
const PROBE = { samples: 10, averageUse: 0.3, quietMs: 1800_000 };

/** Accounts with something learned; beyond it the one learned first is forgotten (it learns again). */
const MAX_LEARNED = 10_000;

interface Learning {
  limit: number | null;
  counts: Record<RateLimitKind, number>;
  /** Monotonic. */
  rateLimitedAtMs: number;
  /** Null = there was none. */
  rateLimitedAtWallMs: number | null;
  loweredAtMs: number;
  /** The last answers, oldest first: true = a 429. */
  answers: boolean[];
  probedAtMs: number;
  /** Oldest first, at most `SAMPLES_KEPT`. */
  samples: { atMs: number; use: number }[];
  history: LimitAdjustment[];
}

/** Owns the count of requests in flight per account (bounded by the accounts in use at once) and what was learned. */
export class Slots {
  readonly #clock: Clock;
  /** Never 0 or less: an account without requests has no entry. */
  readonly #inFlight = new Map<string, number>();
  readonly #learned = new Map<string, Learning>();
  #total = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  inFlight(accountId: string): number {
    return this.#inFlight.get(accountId) ?? 0;
  }

  /** Requests in flight over all accounts. */
  total(): number {
    return this.#total;
  }

  isFull(account: Account): boolean {
    const limit = this.limitOf(account);
    return limit !== null && this.inFlight(account.id) >= limit;
  }

  /** Free slots; endless where no limit is known, never negative. */
  room(account: Account): number {
    const limit = this.limitOf(account);
    return limit === null ? Number.POSITIVE_INFINITY : Math.max(0, limit - this.inFlight(account.id));
  }

  /** The configured limit, else the learned one; null = none. */
  limitOf(account: Account): number | null {
    return account.maxConcurrent ?? this.#learned.get(account.id)?.limit ?? null;
  }

  /**
   * Takes a slot, full or not; to be held until the reply's stream has ended. The returned function gives it back, once,
   * however often it is called.
   */
  take(account: Account): () => void {
    const { id } = account;
    this.#inFlight.set(id, this.inFlight(id) + 1);
    this.#total += 1;
    if (account.maxConcurrent === null) this.#sample(id);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#total -= 1;
      const left = this.inFlight(id) - 1;
      if (left > 0) this.#inFlight.set(id, left);
      else this.#inFlight.delete(id);
    };
  }

  /** The account took a request. */
  succeeded(account: Account): void {
    if (account.maxConcurrent === null) answered(this.#learning(account.id), false);
  }

  /** A 429. Call it before the refused request gives back its slot. A configured limit is never changed. */
  rateLimited(account: Account, kind: RateLimitKind): void {
    if (account.maxConcurrent !== null) return;
    const learning = this.#learning(account.id);
    learning.counts[kind] += 1;
    const nowMs = this.#clock.monotonicMs();
    learning.rateLimitedAtMs = nowMs;
    learning.rateLimitedAtWallMs = this.#clock.nowMs();
    const inFlight = this.inFlight(account.id);
    answered(learning, true);
    if (nowMs - learning.loweredAtMs < LOWER_EVERY_MS || isNoise(learning)) return;
    const to = lowered(learning.limit, { kind, inFlight });
    if (to === null) return;
    learning.loweredAtMs = nowMs;
    this.#adjust(learning, to, kind === 'concurrent' ? 'too many at once (429)' : '429');
  }

  /** What was learned from 429s; null = there was none. */
  learned(accountId: string): LearnedLimit | null {
    const learning = this.#learned.get(accountId);
    if (!learning || learning.rateLimitedAtWallMs === null) return null;
    return {
      limit: learning.limit,
      rateLimitCounts: { ...learning.counts },
      lastRateLimitedAtMs: learning.rateLimitedAtWallMs,
      history: [...learning.history],
    };
  }

  /** Forgets what was learned; requests in flight stay counted. */
  reset(accountId: string): void {
    this.#learned.delete(accountId);
  }

  #sample(accountId: string): void {
    const learning = this.#learned.get(accountId);
    if (!learning || learning.limit === null) return;
    const nowMs = this.#clock.monotonicMs();
    learning.samples.push({ atMs: nowMs, use: this.inFlight(accountId) / learning.limit });
    learning.samples = learning.samples.slice(-SAMPLES_KEPT).filter(({ atMs }) => atMs > nowMs - SAMPLES_MS);
    const reason = whyGrow(learning, nowMs);
    if (reason === null || learning.limit >= MAX_LIMIT) return;
    if (reason === 'probe') learning.probedAtMs = nowMs;
    this.#adjust(learning, Math.min(learning.limit + STEP, MAX_LIMIT), reason);
  }

  #adjust(learning: Learning, to: number, reason: string): void {
    learning.samples = [];
    if (to === learning.limit) return;
    learning.history.push({ atMs: this.#clock.nowMs(), from: learning.limit, to, reason });
    if (learning.history.length > HISTORY_KEPT) learning.history.shift();
    learning.limit = to;
  }

  #learning(accountId: string): Learning {
    const known = this.#learned.get(accountId);
    if (known) return known;
    const oldest = this.#learned.keys().next().value;
    if (this.#learned.size >= MAX_LEARNED && oldest !== undefined) this.#learned.delete(oldest);
    const learning: Learning = {
      limit: null,
      counts: { 'requests-per-minute': 0, concurrent: 0, unknown: 0 },
      rateLimitedAtMs: 0,
      rateLimitedAtWallMs: null,
      loweredAtMs: Number.NEGATIVE_INFINITY,
      answers: [],
      probedAtMs: Number.NEGATIVE_INFINITY,
      samples: [],
      history: [],
    };
    this.#learned.set(accountId, learning);
    return learning;
  }
}

function answered({ answers }: Learning, isRefused: boolean): void {
  answers.push(isRefused);
  if (answers.length > ANSWERS.kept) answers.shift();
}

/** Nearly all requests were taken: the 429 was about something else. */
function isNoise({ answers }: Learning): boolean {
  const refused = answers.filter((isRefused) => isRefused).length;
  return answers.length >= ANSWERS.needed && refused / answers.length < ANSWERS.refusedShare;
}

/** The limit after a 429; null = no change. Never higher than it was. */
function lowered(
  limit: number | null,
  { kind, inFlight }: { kind: RateLimitKind; inFlight: number },
): number | null {
  switch (kind) {
    case 'requests-per-minute':
      return null;
    case 'concurrent': {
      const base = inFlight > 0 ? inFlight : (limit ?? FIRST_LIMIT);
      return Math.min(limit ?? MAX_LIMIT, within(base * CONCURRENT_FACTOR));
    }
    case 'unknown':
      return within((limit ?? FIRST_LIMIT) * UNKNOWN_FACTOR);
    default:
      return kind satisfies never;
  }
}

function within(limit: number): number {
  return Math.min(MAX_LIMIT, Math.max(MIN_LIMIT, Math.floor(limit)));
}

function whyGrow(
  { samples, rateLimitedAtMs, probedAtMs }: Learning,
  nowMs: number,
): 'well used' | 'probe' | null {
  const uses = samples.map(({ use }) => use);
  const quietMs = nowMs - rateLimitedAtMs;
  if (quietMs >= GROWTH.quietMs && isBusy(uses)) return 'well used';
  const isProbeDue = quietMs >= PROBE.quietMs && nowMs - probedAtMs >= PROBE.quietMs;
  return isProbeDue && isInUse(uses) ? 'probe' : null;
}

function isBusy(uses: readonly number[]): boolean {
  const busy = uses.filter((use) => use >= GROWTH.busyUse);
  return uses.length >= GROWTH.samples && busy.length / uses.length >= GROWTH.busyShare;
}

function isInUse(uses: readonly number[]): boolean {
  const sum = uses.reduce((total, use) => total + use, 0);
  return uses.length >= PROBE.samples && sum / uses.length >= PROBE.averageUse;
}
